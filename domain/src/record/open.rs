//! Opening of a record, or of one part of an aggregated record.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Read;
use std::str::Utf8Error;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use zstd::bulk::Decompressor;
use zstd::zstd_safe::get_frame_content_size;

use crate::limits::{RECORD_OPENED_BYTES_MAX, RECORD_TEXTS_MAX};

/// First bytes of a zstd frame. Source: RFC 8878, section 3.1.1.
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// First bytes of a gzip member. Source: RFC 1952, section 2.3.1.
const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
/// Largest window that a frame may request: 8 MiB, which every decoder has to support. Without this
/// limit a frame of a few bytes could request 128 MiB. Source: RFC 8878, section 3.1.1.1.2.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// Number of texts over several lines that are not JSON. The rest of the record is then read line
/// by line, so that the work stays in proportion to the size of the record.
const INVALID_TEXTS_MAX: usize = 64;
/// Depth of arrays within arrays whose elements are read. A deeper one is a text that is no event.
const ARRAY_DEPTH_MAX: usize = 16;

/// Reason for failing to open a record. A retry would fail in the same way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopenable {
    /// The record has no event.
    #[error("the record is empty")]
    Empty,
    /// The record starts like one of the Kinesis Producer Library, and is not one.
    #[error("the record starts like one of the Kinesis Producer Library, but {0}")]
    Aggregated(&'static str),
    /// The compression is malformed.
    #[error("the record starts like {0} but cannot be inflated: {1}")]
    Compression(&'static str, String),
    /// The inflated record is too large.
    #[error(
        "the record inflates to more than {RECORD_OPENED_BYTES_MAX} bytes; put its events into \
         several records"
    )]
    TooLarge,
    /// The text is not UTF-8; the number is the offset of the first invalid byte.
    #[error("the record is not UTF-8 (byte {0})")]
    NotUtf8(usize),
    /// The record holds too many texts.
    #[error("the record holds {0} events; at most {RECORD_TEXTS_MAX} are allowed")]
    TooManyEvents(usize),
}

/// Returns the JSON texts of the events in a record. Accepts the output of
/// [`pack`](super::pack) and what other producers put: JSON objects and arrays of them, one after
/// the other, on one line or several; plain, gzip or zstd; with a byte order mark. What is not JSON
/// is returned as it is, up to the next line that begins with an object or an array, so that it
/// does not prevent the others.
///
/// # Errors
/// Returns an error if the record has no readable text.
pub fn open(data: &[u8]) -> Result<Vec<String>, Unopenable> {
    let text = text(data)?;
    Ok(split(&text)?.into_iter().map(str::to_owned).collect())
}

/// Returns the JSON texts of the events in the text of a record, as [`open()`] does.
///
/// # Errors
/// Returns an error if there is no text, or more than [`RECORD_TEXTS_MAX`].
pub fn split(text: &str) -> Result<Vec<&str>, Unopenable> {
    let whole = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    let texts = if has_one_object_a_line(whole) { lines(whole).collect() } else { values(whole) };
    let Texts { kept, count } = texts;
    match count {
        0 => Err(Unopenable::Empty),
        1..=RECORD_TEXTS_MAX => Ok(kept),
        _ => Err(Unopenable::TooManyEvents(count)),
    }
}

/// Texts of a record. Those beyond the limit are counted and not kept: a hundred bytes can inflate
/// to half a million.
#[derive(Default)]
struct Texts<'a> {
    kept: Vec<&'a str>,
    count: usize,
}

impl<'a> Texts<'a> {
    /// Adds a JSON value: the elements of an array, and of arrays in it down to `depth`.
    fn add(&mut self, value: &'a str, depth: usize) {
        if depth == 0 || !value.starts_with('[') {
            return self.extend([value]);
        }
        // Counted first, which takes no memory.
        let count = serde_json::from_str::<Vec<IgnoredAny>>(value).map_or(0, |all| all.len());
        if self.count + count > RECORD_TEXTS_MAX {
            self.count += count;
            return;
        }
        let elements: Vec<&RawValue> = serde_json::from_str(value).unwrap_or_default();
        elements.into_iter().for_each(|element| self.add(element.get(), depth - 1));
    }
}

impl<'a> Extend<&'a str> for Texts<'a> {
    fn extend<T: IntoIterator<Item = &'a str>>(&mut self, texts: T) {
        for text in texts {
            self.count += 1;
            if self.count <= RECORD_TEXTS_MAX {
                self.kept.push(text);
            }
        }
    }
}

impl<'a> FromIterator<&'a str> for Texts<'a> {
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        let mut all = Self::default();
        all.extend(texts);
        all
    }
}

/// Returns the lines of a text that are not blank, without the blanks around them.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    let mut start = 0;
    let lines = ends.map(move |end| {
        let line = &text[start..end];
        start = end + 1;
        line.trim()
    });
    lines.filter(|line| !line.is_empty())
}

/// `true` if each line seems to be one object, as [`pack`](super::pack) writes them.
fn has_one_object_a_line(text: &str) -> bool {
    let has_one = |line: &str| line.starts_with('{') && line.ends_with('}');
    lines(text).all(has_one) && !text.contains("}{") && !text.contains("} {")
}

/// Returns the JSON values in `text`, with the elements instead of each array. What is not JSON is
/// one text up to the next line that begins with an object or an array.
fn values(text: &str) -> Texts<'_> {
    let mut values = Texts::default();
    let mut rest = text;
    let mut invalid_left = INVALID_TEXTS_MAX;
    while !rest.is_empty() {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        match stream.next() {
            Some(Ok(value)) => {
                values.add(value.get(), ARRAY_DEPTH_MAX);
                rest = rest[stream.byte_offset()..].trim_start();
            }
            // Each such text may be read to the end of the record.
            Some(Err(error)) if error.line() > 1 && invalid_left == 0 => {
                values.extend(lines(rest));
                break;
            }
            Some(Err(error)) => {
                invalid_left -= usize::from(error.line() > 1);
                let (invalid, next) = rest.split_at(end_of_invalid(rest));
                // A separator of a broken array says nothing.
                let invalid = invalid.trim();
                values.extend((invalid != "," && invalid != "]").then_some(invalid));
                rest = next.trim_start();
            }
            None => break,
        }
    }
    values
}

/// Returns the length of the text that is not JSON: to the next line that begins with an object or
/// an array, in the first column.
fn end_of_invalid(text: &str) -> usize {
    let next = |from: usize| text[from..].find('\n').map(|place| from + place + 1);
    let mut line = next(0);
    while let Some(start) = line {
        if text[start..].starts_with(['{', '[']) {
            return start;
        }
        line = next(start);
    }
    text.len()
}

/// Returns the text of a record: inflated, or the data as they are.
///
/// # Errors
/// Returns an error if the data cannot be inflated or are no text.
pub fn text(data: &[u8]) -> Result<Cow<'_, str>, Unopenable> {
    let inflated = if data.starts_with(ZSTD_MAGIC) {
        match inflate_frame(data) {
            Some(inflated) => inflated,
            None => inflate("zstd", zstd_decoder(data))?,
        }
    } else if data.starts_with(GZIP_MAGIC) {
        inflate("gzip", Ok(flate2::read::MultiGzDecoder::new(data)))?
    } else {
        let text = std::str::from_utf8(data);
        return text.map(Cow::Borrowed).map_err(|error| not_utf8(&error));
    };
    String::from_utf8(inflated).map(Cow::Owned).map_err(|error| not_utf8(&error.utf8_error()))
}

fn not_utf8(error: &Utf8Error) -> Unopenable {
    Unopenable::NotUtf8(error.valid_up_to())
}

thread_local! {
    /// Kept, because creating one takes longer than inflating a record.
    static DECOMPRESSOR: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::new().expect("memory for zstd"));
}

/// Inflates one zstd frame that tells its size. `None` for anything else, which [`zstd_decoder`]
/// inflates or refuses.
fn inflate_frame(data: &[u8]) -> Option<Vec<u8>> {
    let told = usize::try_from(get_frame_content_size(data).ok()??).ok()?;
    if told > RECORD_OPENED_BYTES_MAX {
        return None;
    }
    DECOMPRESSOR.with_borrow_mut(|zstd| zstd.decompress(data, told)).ok()
}

fn zstd_decoder(data: &[u8]) -> std::io::Result<impl Read> {
    let mut decoder = zstd::stream::read::Decoder::new(data)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

/// Inflates up to one byte beyond the limit, so that a decompression bomb costs no more than a full
/// record.
fn inflate(
    encoding: &'static str,
    decoder: std::io::Result<impl Read>,
) -> Result<Vec<u8>, Unopenable> {
    let limit = RECORD_OPENED_BYTES_MAX as u64 + 1;
    let mut inflated = Vec::new();
    let read = decoder.and_then(|decoder| decoder.take(limit).read_to_end(&mut inflated));
    read.map_err(|error| Unopenable::Compression(encoding, error.to_string()))?;
    if inflated.len() > RECORD_OPENED_BYTES_MAX {
        return Err(Unopenable::TooLarge);
    }
    Ok(inflated)
}
