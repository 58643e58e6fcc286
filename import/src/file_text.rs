//! Text of a file: its encoding, given or found, and the decoded characters.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use domain::excerpt;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Stands in a decoded text for bytes that are no character. A line with it is refused.
const NO_CHARACTER: char = '\u{fffd}';
/// Number of bytes at the beginning of a file in which UTF-16 without a mark is looked for.
const SAMPLE_BYTES: usize = 4096;
/// Number of characters of a word in a note.
const WORD_CHARS_MAX: usize = 40;

/// Encoding of a file, by a name of the Encoding Standard like `utf-8` or `windows-1252`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileEncoding(&'static Encoding);

impl std::str::FromStr for FileEncoding {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Encoding::for_label(name.trim().as_bytes()).map(Self).ok_or_else(|| {
            format!(
                "{} is no encoding; names are utf-8, utf-16le, windows-1252, windows-1251, \
                 iso-8859-2, shift_jis, euc-kr and the others of https://encoding.spec.whatwg.org",
                excerpt(name)
            )
        })
    }
}

impl FileEncoding {
    /// Returns the name of the encoding.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

/// Decoded content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileText<'a> {
    /// Text without byte order mark. Bytes that are no character are U+FFFD.
    pub text: Cow<'a, str>,
    /// Encoding that was found instead of UTF-8, with the reason. `None` if a flag names it.
    pub note: Option<String>,
}

/// Returns the text of a file. Without `encoding` the byte order mark decides. Without a mark the
/// file is UTF-8 if its bytes allow it, and otherwise the encoding is guessed and told in the note.
///
/// ```
/// use import::file_text;
///
/// assert_eq!(file_text(b"\xEF\xBB\xBFsku,price\n", None)?.text, "sku,price\n");
/// let file = file_text(b"sku,name\nrye,Br\xF6tchen\n", None)?;
/// assert_eq!(file.text, "sku,name\nrye,Brötchen\n");
/// let note = file.note.expect("a guess is told");
/// assert!(note.starts_with("read as windows-1252, such as \"Brötchen\" on line 2"), "{note}");
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// Returns an error if the file ends inside a character, or is no text.
pub fn file_text(bytes: &[u8], encoding: Option<FileEncoding>) -> Result<FileText<'_>, String> {
    if let Some(FileEncoding(encoding)) = encoding {
        let (text, _) = encoding.decode_with_bom_removal(bytes);
        return Ok(FileText { text, note: None });
    }
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_with_bom_removal(bytes);
        let note = (encoding != UTF_8).then(|| format!("read as {}", encoding.name()));
        return Ok(FileText { text, note });
    }
    if let Some(encoding) = utf_16_without_mark(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        return Ok(FileText { text, note: Some(format!("read as {}", encoding.name())) });
    }
    if let Some(place) = memchr_nul(bytes) {
        return Err(format!(
            "line {}: the file is no text; it has a zero byte",
            line(bytes, place)
        ));
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(FileText { text: Cow::Borrowed(text), note: None }),
        Err(error) => error,
    };
    let valid = &bytes[..error.valid_up_to()];
    if is_utf_8_with_errors(bytes) {
        if error.error_len().is_none() {
            let line = line(bytes, valid.len());
            return Err(format!("line {line}: the file ends inside a character; it is cut off"));
        }
        let text = String::from_utf8_lossy(bytes);
        return Ok(FileText { text, note: None });
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let line = line(bytes, valid.len());
    let note = format!(
        "read as {}, such as {:?} on line {line}, where byte 0x{:02X} is not UTF-8; --encoding \
         names another",
        encoding.name(),
        first_foreign_word(&text),
        bytes[valid.len()]
    );
    Ok(FileText { text, note: Some(note) })
}

/// Returns the reason for refusing a line with bytes that are no character.
pub(crate) fn unreadable(line: &str) -> Option<&'static str> {
    line.contains(NO_CHARACTER).then_some(
        "has bytes that are no character of the file's encoding; save the file as UTF-8, or name \
         its encoding with --encoding",
    )
}

fn line(bytes: &[u8], place: usize) -> usize {
    bytes[..place].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn memchr_nul(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == 0)
}

/// Finds UTF-16 by its zero bytes: the high bytes of digits, separators and Latin letters.
fn utf_16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let zeros = |first: usize| sample.iter().skip(first).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let quarter = sample.len() / 4;
    match (even, odd) {
        (0, odd) if odd > quarter => Some(UTF_16LE),
        (even, 0) if even > quarter => Some(UTF_16BE),
        _ => None,
    }
}

/// `true` if as many characters above ASCII are UTF-8 as bytes are not. Such a file is UTF-8 with
/// single damaged lines, and any other encoding would spoil its names.
fn is_utf_8_with_errors(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += chunk.invalid().len();
    }
    good >= bad
}

/// Returns the first word of a text with a character above ASCII.
fn first_foreign_word(text: &str) -> String {
    let end_of_word = |c: char| c.is_whitespace() || c.is_ascii_punctuation();
    let word = text.split(end_of_word).find(|word| !word.is_ascii()).unwrap_or_default();
    word.chars().take(WORD_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, String) {
        let FileText { text, note } = file_text(bytes, None).expect("a text");
        (text.into_owned(), note.unwrap_or_default())
    }

    fn utf_16(text: &str, mark: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.encode_utf16().chain(text.encode_utf16()).flat_map(bytes_of).collect()
    }

    #[test]
    fn utf_16_is_read_in_both_orders_with_a_mark_and_without() {
        let text = "item,qty\r\nKäse,1\r\n소금빵,2\r\n";
        for mark in ["\u{feff}", ""] {
            let (read_text, note) = read(&utf_16(text, mark, u16::to_le_bytes));
            assert_eq!((&*read_text, &*note), (text, "read as UTF-16LE"));
            let (read_text, note) = read(&utf_16(text, mark, u16::to_be_bytes));
            assert_eq!((&*read_text, &*note), (text, "read as UTF-16BE"));
        }
    }

    #[test]
    fn an_encoding_that_is_not_utf_8_is_guessed_and_told() {
        for (label, text) in [
            ("windows-1252", "item,qty\nKäse,1\nCrème brûlée,2\nBrötchen,1\n"),
            ("windows-1251", "item,qty\nХлеб ржаной,1\nБулочка с маком,2\nПирожок,1\n"),
            ("Shift_JIS", "item,qty\nあんパン,1\nメロンパン,2\nカレーパン,1\n"),
            ("EUC-KR", "item,qty\n소금빵,1\n단팥빵,2\n크루아상,1\n"),
        ] {
            let encoding: FileEncoding = label.parse().expect("an encoding");
            let (bytes, ..) = encoding.0.encode(text);
            let (read_text, note) = read(&bytes);
            assert_eq!(read_text, text, "{label}");
            assert!(note.starts_with(&format!("read as {label}, such as ")), "{note}");
            let given = file_text(&bytes, Some(encoding)).expect("a text");
            assert_eq!((&*given.text, given.note), (text, None));
        }
    }

    #[test]
    fn a_damaged_line_of_a_utf_8_file_does_not_change_the_others() {
        let (text, note) = read(b"Br\xC3\xB6tchen\nK\xC3\xA4se\nK\xE4se\n");
        assert_eq!((&*text, &*note), ("Brötchen\nKäse\nK\u{fffd}se\n", ""));
        assert_eq!(
            text.lines().map(|line| unreadable(line).is_some()).filter(|bad| *bad).count(),
            1
        );
    }

    #[test]
    fn a_file_that_is_cut_off_or_no_text_is_refused() {
        let error = file_text(b"sku\nk\xC3\xA4se\nk\xC3\xA4\xC3", None).unwrap_err();
        assert_eq!(error, "line 3: the file ends inside a character; it is cut off");
        let error = file_text(b"a\nPK\0\x01\x02", None).unwrap_err();
        assert_eq!(error, "line 2: the file is no text; it has a zero byte");
        assert_eq!(read("\u{feff}{}".as_bytes()).0, "{}");
        assert_eq!(read(b"").0, "");
    }
}
