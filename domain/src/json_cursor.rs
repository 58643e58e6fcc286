//! Cursor over JSON text that is read once, from left to right, without allocation.
//!
//! It knows the plain form only: one line of printable ASCII without escapes, and numbers without
//! sign and exponent. It returns `None` for anything else, and the caller then uses a complete
//! parser.

/// Cursor over JSON text in its plain form.
#[derive(Debug, Clone)]
pub(crate) struct JsonCursor<'a> {
    text: &'a str,
    place: usize,
}

/// Name of a member with its quotes and the colon, at most 16 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemberName {
    bytes: u128,
    mask: u128,
    length: usize,
}

impl MemberName {
    /// Creates a name of at most 13 bytes.
    pub(crate) const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        let (mut bytes, mut mask) = ([0; 16], [0; 16]);
        let mut place = 0;
        while place < name.len() {
            bytes[place + 1] = name[place];
            place += 1;
        }
        (bytes[0], bytes[place + 1], bytes[place + 2]) = (b'"', b'"', b':');
        let length = place + 3;
        place = 0;
        while place < length {
            mask[place] = 0xFF;
            place += 1;
        }
        Self { bytes: u128::from_le_bytes(bytes), mask: u128::from_le_bytes(mask), length }
    }
}

/// Returns the place of the next quote.
#[inline]
fn quote(bytes: &[u8]) -> Option<usize> {
    // Most texts are short. The start of a search with vector instructions takes longer than this.
    if let Some((words, _)) = bytes.split_first_chunk::<16>() {
        let (first, second) = (word(words, 0), word(words, 8));
        if first != 0 {
            return Some(first.trailing_zeros() as usize / 8);
        }
        if second != 0 {
            return Some(8 + second.trailing_zeros() as usize / 8);
        }
    }
    memchr::memchr(b'"', bytes)
}

/// Returns the quotes in eight bytes.
#[inline]
fn word(bytes: &[u8; 16], start: usize) -> u64 {
    let bytes = bytes[start..start + 8].try_into().expect("eight bytes");
    quotes(u64::from_le_bytes(bytes))
}

/// Returns a word whose lowest set bit is the highest bit of the first quote, or 0. Bits above it
/// have no meaning. Source: "Bit Twiddling Hacks" of S. E. Anderson, "Determine if a word has a
/// zero byte".
#[inline]
fn quotes(word: u64) -> u64 {
    let others = word ^ u64::from_le_bytes([b'"'; 8]);
    let borrowed = others.wrapping_sub(u64::from_le_bytes([0x01; 8]));
    borrowed & !others & u64::from_le_bytes([0x80; 8])
}

impl<'a> JsonCursor<'a> {
    /// Creates a cursor at the start of `text`; `None` if a byte of it is not plain.
    pub(crate) fn new(text: &'a str) -> Option<Self> {
        let is_plain = |byte: &u8| (*byte >= 0x20) & (*byte < 0x7F) & (*byte != b'\\');
        // Without an early end, the bytes are checked with vector instructions.
        let are_plain = text.as_bytes().iter().fold(true, |all, byte| all & is_plain(byte));
        are_plain.then_some(Self { text, place: 0 })
    }

    /// Consumes `byte` and the blanks on both sides. Returns `false`, and consumes at most blanks,
    /// if another byte is next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.place += 1;
            self.skip_blanks();
        }
        is_next
    }

    /// Consumes one of the names, which are tried at `places` in this order. Returns its place.
    /// `None` may also mean that a blank is in between, or that the end of the text is near.
    #[inline]
    pub(crate) fn take_one_of(
        &mut self,
        names: &[MemberName],
        mut places: impl Iterator<Item = usize>,
    ) -> Option<usize> {
        let next = self.text.as_bytes()[self.place..].first_chunk()?;
        let next = u128::from_le_bytes(*next);
        let place = places.find(|place| next & names[*place].mask == names[*place].bytes)?;
        self.place += names[place].length;
        self.skip_blanks();
        Some(place)
    }

    /// Returns the next byte.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    /// `true` if nothing is left.
    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.place == self.text.len()
    }

    /// Reads a text.
    #[inline]
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.place + 1;
        let end = start + quote(&self.text.as_bytes()[start..])?;
        self.place = end + 1;
        self.text.get(start..end)
    }

    /// Reads a number that is not negative and has no exponent.
    pub(crate) fn number(&mut self) -> Option<&'a str> {
        let start = self.place;
        let whole = self.skip_digits();
        let has_zeros = whole > 1 && self.text.as_bytes()[start] == b'0';
        if whole == 0 || has_zeros {
            return None;
        }
        if self.peek() == Some(b'.') {
            self.place += 1;
            if self.skip_digits() == 0 {
                return None;
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            return None;
        }
        self.text.get(start..self.place)
    }

    /// Reads past `null`, `true` or `false`, a text, or a number.
    pub(crate) fn skip_scalar(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.text().map(|_| ()),
            b'0'..=b'9' => self.number().map(|_| ()),
            _ => {
                let rest = &self.text.as_bytes()[self.place..];
                let word = ["null", "true", "false"];
                let word = word.iter().find(|word| rest.starts_with(word.as_bytes()))?;
                self.place += word.len();
                Some(())
            }
        }
    }

    fn skip_digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.place..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.place += count;
        count
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_at_its_next_quote() {
        for length in 0..40 {
            let text = "x".repeat(length);
            let json = format!("\"{text}\":\"\"");
            let mut cursor = JsonCursor::new(&json).expect("plain JSON");
            assert_eq!(cursor.text(), Some(&*text));
            assert!(cursor.take(b':'));
            assert_eq!((cursor.text(), cursor.is_at_end()), (Some(""), true));
            assert_eq!(JsonCursor::new(&format!("\"{text}")).and_then(|mut c| c.text()), None);
        }
    }

    #[test]
    fn a_byte_that_is_not_plain_is_found_anywhere() {
        for place in 0..40 {
            for unusual in ["\\", "\n", "\u{7f}", "é"] {
                let mut text = "x".repeat(40);
                text.replace_range(place..=place, unusual);
                assert!(JsonCursor::new(&text).is_none(), "{text}");
            }
        }
    }
}
