//! Cursor over JSON text that is read once, from left to right, without allocation.
//!
//! It knows the plain forms only: texts of printable ASCII without escapes, and numbers without
//! exponents. It returns `None` for anything else, and the caller then uses a complete parser.

/// Cursor over JSON text.
///
/// ```
/// use domain::JsonCursor;
///
/// let mut cursor = JsonCursor::new(r#"{"sku": "rye", "quantity": 1.50}"#);
/// cursor.take(b'{');
/// assert_eq!((cursor.text(), cursor.take(b':'), cursor.text()), (Some("sku"), true, Some("rye")));
/// cursor.take(b',');
/// assert_eq!((cursor.text(), cursor.take(b':')), (Some("quantity"), true));
/// assert_eq!((cursor.number(), cursor.take(b'}'), cursor.is_at_end()), (Some("1.50"), true, true));
/// assert_eq!(JsonCursor::new(r#""a\n""#).text(), None);
/// ```
#[derive(Debug, Clone)]
pub struct JsonCursor<'a> {
    text: &'a str,
    place: usize,
}

/// `true` for the bytes of a plain text: printable ASCII except quotes and backslashes.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7F {
        plain[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    plain
};

impl<'a> JsonCursor<'a> {
    /// Creates a cursor at the start of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, place: 0 }
    }

    /// Consumes `byte` and the blanks on both sides. Returns `false`, and consumes at most blanks,
    /// if another byte is next.
    pub fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.place += 1;
            self.skip_blanks();
        }
        is_next
    }

    /// Returns the next byte.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    /// `true` if nothing is left.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.place == self.text.len()
    }

    /// Reads a plain text.
    pub fn text(&mut self) -> Option<&'a str> {
        self.quoted(|rest| rest.iter().position(|byte| !PLAIN[usize::from(*byte)]))
    }

    /// Reads a plain text that is long, such as base64. It may contain control characters, which
    /// JSON does not allow: the caller refuses them.
    pub fn long_text(&mut self) -> Option<&'a str> {
        self.quoted(|rest| memchr::memchr2(b'"', b'\\', rest))
    }

    fn quoted(&mut self, end: impl Fn(&[u8]) -> Option<usize>) -> Option<&'a str> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let start = self.place + 1;
        let length = end(&self.text.as_bytes()[start..])?;
        let after = start + length;
        if self.text.as_bytes()[after] != b'"' {
            return None;
        }
        self.place = after + 1;
        self.text.get(start..after)
    }

    /// Reads a number that is not negative and has no exponent.
    pub fn number(&mut self) -> Option<&'a str> {
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

    /// Reads past `null`, `true` or `false`, a plain text, or a number.
    pub fn skip_scalar(&mut self) -> Option<()> {
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
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.place += 1;
        }
    }
}
