//! Bytes of a UUID in its usual text: lowercase, with hyphens.

pub(super) const UUID_BYTES: usize = 16;
const TEXT_BYTES: usize = 36;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Places of the two digits of each byte in the text.
const PLACES: [usize; UUID_BYTES] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
/// Places of the hyphens in the text.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Returns the bytes, if [`text`] returns `text` for them.
pub(super) fn bytes(text: &str) -> Option<[u8; UUID_BYTES]> {
    let text: &[u8; TEXT_BYTES] = text.as_bytes().try_into().ok()?;
    if HYPHENS.iter().any(|place| text[*place] != b'-') {
        return None;
    }
    let digit = |place: usize| match text[place] {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        digit @ b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; UUID_BYTES];
    for (byte, place) in bytes.iter_mut().zip(PLACES) {
        *byte = digit(place)? << 4 | digit(place + 1)?;
    }
    Some(bytes)
}

/// Returns the text of 16 bytes.
pub(super) fn text(bytes: &[u8]) -> Option<[u8; TEXT_BYTES]> {
    let bytes: &[u8; UUID_BYTES] = bytes.try_into().ok()?;
    let mut text = [b'-'; TEXT_BYTES];
    for (byte, place) in bytes.iter().zip(PLACES) {
        text[place] = DIGITS[usize::from(byte >> 4)];
        text[place + 1] = DIGITS[usize::from(byte & 0x0F)];
    }
    Some(text)
}
