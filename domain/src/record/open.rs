//! Opening of a record, or of one part of an aggregated record.

use std::io::Read;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::limits::{RECORD_INFLATED_BYTES_MAX, RECORD_TEXTS_MAX};

/// First bytes of a zstd frame. Source: RFC 8878, section 3.1.1.
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// First bytes of a gzip member. Source: RFC 1952, section 2.3.1.
const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
/// Largest window that a frame may request: 8 MiB, which every decoder has to support. Without this
/// limit a frame of a few bytes could request 128 MiB. Source: RFC 8878, section 3.1.1.1.2.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

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
    #[error("the record inflates to more than {RECORD_INFLATED_BYTES_MAX} bytes")]
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
/// the other, on one line or several; plain, gzip or zstd; with a byte order mark. A line that is
/// not JSON is returned as it is, so that it does not prevent the other lines.
///
/// # Errors
/// Returns an error if the record has no readable text.
pub fn open(data: &[u8]) -> Result<Vec<String>, Unopenable> {
    let text = text_of(data)?;
    let whole = text.strip_prefix('\u{feff}').unwrap_or(&text).trim();
    let texts = if has_one_object_a_line(whole) { None } else { json_values(whole) };
    let Texts { kept, count } = texts.unwrap_or_else(|| lines(whole).collect());
    match count {
        0 => Err(Unopenable::Empty),
        1..=RECORD_TEXTS_MAX => Ok(kept.into_iter().map(str::to_owned).collect()),
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

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// `true` if each line seems to be one object, as [`pack`](super::pack) writes them.
fn has_one_object_a_line(text: &str) -> bool {
    lines(text).all(|line| line.starts_with('{') && line.ends_with('}')) && !text.contains("}{")
}

/// Returns the JSON values in `text`, with the elements instead of each array; `None` if the text
/// is not a sequence of JSON values.
fn json_values(text: &str) -> Option<Texts<'_>> {
    let mut values = Texts::default();
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.ok()?.get();
        if value.starts_with('[') {
            // Counted first, which takes no memory.
            let count = serde_json::from_str::<Vec<IgnoredAny>>(value).ok()?.len();
            if values.count + count > RECORD_TEXTS_MAX {
                values.count += count;
                continue;
            }
            let elements: Vec<&RawValue> = serde_json::from_str(value).ok()?;
            values.extend(elements.into_iter().map(RawValue::get));
        } else {
            values.extend([value]);
        }
    }
    Some(values)
}

fn text_of(data: &[u8]) -> Result<String, Unopenable> {
    let bytes = if data.starts_with(ZSTD_MAGIC) {
        inflate("zstd", zstd_decoder(data))?
    } else if data.starts_with(GZIP_MAGIC) {
        inflate("gzip", Ok(flate2::read::MultiGzDecoder::new(data)))?
    } else {
        data.to_vec()
    };
    String::from_utf8(bytes).map_err(|error| Unopenable::NotUtf8(error.utf8_error().valid_up_to()))
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
    let limit = RECORD_INFLATED_BYTES_MAX as u64 + 1;
    let mut inflated = Vec::new();
    let read = decoder.and_then(|decoder| decoder.take(limit).read_to_end(&mut inflated));
    read.map_err(|error| Unopenable::Compression(encoding, error.to_string()))?;
    if inflated.len() > RECORD_INFLATED_BYTES_MAX {
        return Err(Unopenable::TooLarge);
    }
    Ok(inflated)
}
