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

/// Length of most texts, in bytes. Longer ones are searched with vector instructions, whose start
/// takes longer.
const SHORT: usize = 16;

/// Returns the place of the next quote.
fn quote(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().take(SHORT / 8).enumerate() {
        let quotes = quotes(u64::from_le_bytes(*word));
        if quotes != 0 {
            return Some(index * 8 + quotes.trailing_zeros() as usize / 8);
        }
    }
    let searched = words.len().min(SHORT / 8) * 8;
    let rest = if words.len() > SHORT / 8 { &bytes[searched..] } else { rest };
    memchr::memchr(b'"', rest).map(|place| searched + place)
}

/// Returns a word whose lowest set bit is the highest bit of the first quote, or 0. Bits above it
/// have no meaning. Source: "Bit Twiddling Hacks" of S. E. Anderson, "Determine if a word has a
/// zero byte".
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
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.place += 1;
            self.skip_blanks();
        }
        is_next
    }

    /// Returns the next byte.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    /// `true` if nothing is left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.place == self.text.len()
    }

    /// Reads a text.
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
