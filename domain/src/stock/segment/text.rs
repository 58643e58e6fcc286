//! Stored form of one text. Its number tells the form and the length: 0 is a UUID in lowercase
//! with hyphens, `2n + 1` is `n` decimal digits, two in a byte, and `2n` is any other text of `n`
//! bytes.

use std::borrow::Cow;
use std::ops::Deref;

use super::columns::size;

/// Number of a UUID.
pub(super) const UUID: u64 = 0;
const UUID_BYTES: usize = 16;
const UUID_CHARS: usize = 36;
/// Places of the two digits of each byte in the text of a UUID.
const PLACES: [usize; UUID_BYTES] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
/// Places of the hyphens in the text of a UUID.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";

/// Bytes of a text in its stored form.
pub(super) enum Stored<'a> {
    Uuid([u8; UUID_BYTES]),
    Digits(Vec<u8>),
    Text(&'a [u8]),
}

impl Deref for Stored<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Uuid(bytes) => bytes,
            Self::Digits(bytes) => bytes,
            Self::Text(bytes) => bytes,
        }
    }
}

/// Returns the number and the bytes of a text.
pub(super) fn stored(text: &str) -> (u64, Stored<'_>) {
    let bytes = text.as_bytes();
    if let Some(uuid) = uuid(bytes) {
        return (UUID, Stored::Uuid(uuid));
    }
    let length = size(bytes.len());
    if !bytes.iter().all(u8::is_ascii_digit) {
        return (2 * length, Stored::Text(bytes));
    }
    let pair = |pair: &[u8]| (pair[0] - b'0') << 4 | pair.get(1).map_or(0, |digit| digit - b'0');
    (2 * length + 1, Stored::Digits(bytes.chunks(2).map(pair).collect()))
}

/// Returns the number of bytes of a text, from its number.
pub(super) fn stored_length(number: u64) -> u64 {
    match number {
        UUID => size(UUID_BYTES),
        _ if number.is_multiple_of(2) => number / 2,
        _ => (number / 2).div_ceil(2),
    }
}

/// Returns the text of a number and its bytes; `None` if they are of no text.
pub(super) fn read(number: u64, bytes: &[u8]) -> Option<Cow<'_, str>> {
    if number == UUID {
        let mut text = [b'-'; UUID_CHARS];
        for (byte, place) in bytes.iter().zip(PLACES) {
            text[place] = HEXADECIMAL[usize::from(byte >> 4)];
            text[place + 1] = HEXADECIMAL[usize::from(byte & 0x0F)];
        }
        return str::from_utf8(&text).ok().map(|text| Cow::Owned(text.to_owned()));
    }
    if number.is_multiple_of(2) {
        return str::from_utf8(bytes).ok().map(Cow::Borrowed);
    }
    let digit = |half: u8| (half < 10).then_some(char::from(b'0' + half));
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).map(digit);
    digits.take(usize::try_from(number / 2).ok()?).collect()
}

/// Returns the bytes of a UUID in lowercase with hyphens.
fn uuid(text: &[u8]) -> Option<[u8; UUID_BYTES]> {
    let text: &[u8; UUID_CHARS] = text.try_into().ok()?;
    if HYPHENS.iter().any(|place| text[*place] != b'-') {
        return None;
    }
    let half = |place: usize| match text[place] {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        digit @ b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; UUID_BYTES];
    for (byte, place) in bytes.iter_mut().zip(PLACES) {
        *byte = half(place)? << 4 | half(place + 1)?;
    }
    Some(bytes)
}
