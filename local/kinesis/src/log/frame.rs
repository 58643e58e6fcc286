//! Byte format of a segment, without I/O.
//!
//! A segment is 8 bytes of magic followed by frames. One sync makes one frame durable. Therefore
//! only the last frame of a log can be torn, and an invalid frame before a valid one is damage.
//!
//! ```text
//! frame  = length u32 | crc32 u32 | body            length and crc32 of the body
//! body   = first counter u64 | arrival, ms since 1970 i64 | record*
//! record = length u32 | crc32 u32 | key length u16 | key | data      length and crc32 of the rest
//! ```
//!
//! Numbers are little-endian. Each record has a checksum because records are read one by one.

use bytes::{Buf, BufMut, Bytes};

use super::NewRecord;
use super::records::IndexEntry;

/// Name and version of the format.
pub(super) const MAGIC: [u8; 8] = *b"DMKLOG01";
const FRAME_HEAD: usize = 8;
const BODY_HEAD: usize = 16;
const RECORD_HEAD: usize = 8;

/// Encoded frame and the index entries of its records.
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) entries: Vec<IndexEntry>,
}

/// Encodes records into a frame that begins at `offset` of its segment.
pub(super) fn encode<'a>(
    first: u64,
    arrival_ms: i64,
    offset: u64,
    records: impl IntoIterator<Item = &'a NewRecord>,
) -> Frame {
    let mut bytes = vec![0; FRAME_HEAD];
    bytes.put_u64_le(first);
    bytes.put_i64_le(arrival_ms);
    let mut entries = Vec::new();
    for record in records {
        let start = bytes.len();
        let key = record.partition_key.as_bytes();
        bytes.put_bytes(0, RECORD_HEAD);
        bytes.put_u16_le(key.len() as u16);
        bytes.put_slice(key);
        bytes.put_slice(&record.data);
        seal(&mut bytes[start..]);
        entries.push(IndexEntry {
            offset: offset as u32 + start as u32,
            length: (bytes.len() - start) as u32,
            arrival_ms,
        });
    }
    seal(&mut bytes);
    Frame { bytes, entries }
}

/// Writes the length and the checksum of `bytes[8..]` into the first eight bytes.
fn seal(bytes: &mut [u8]) {
    let (head, body) = bytes.split_at_mut(8);
    head[..4].copy_from_slice(&(body.len() as u32).to_le_bytes());
    head[4..].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
}

/// Returns the body at the front of `bytes`, or `None` if its length or checksum is wrong.
fn unseal(mut bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.try_get_u32_le().ok()? as usize;
    let crc = bytes.try_get_u32_le().ok()?;
    let body = bytes.get(..length)?;
    (crc32fast::hash(body) == crc).then_some(body)
}

/// Decodes a stored record into key and data, or `None` if it does not match its checksum.
pub(super) fn decode_record(bytes: &Bytes) -> Option<(String, Bytes)> {
    let mut body = unseal(bytes)?;
    let key_length = usize::from(body.try_get_u16_le().ok()?);
    let key = std::str::from_utf8(body.get(..key_length)?).ok()?.to_owned();
    Some((key, bytes.slice(RECORD_HEAD + 2 + key_length..RECORD_HEAD + 2 + body.len())))
}

/// Result of reading a whole segment.
pub(super) struct SegmentScan {
    pub(super) entries: Vec<IndexEntry>,
    /// End of the last valid frame, in bytes from the start; 0 if the magic is missing.
    pub(super) valid_bytes: u64,
    pub(super) end: SegmentEnd,
}

/// End of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SegmentEnd {
    /// The segment ends with a valid frame.
    Clean,
    /// Invalid bytes follow the last valid frame.
    Torn,
    /// A valid frame follows invalid bytes.
    Damaged {
        /// Offset of that frame.
        valid_again_at: u64,
    },
}

/// Reads a whole segment. Its first record has the counter `first`.
pub(super) fn scan(segment: &[u8], first: u64) -> SegmentScan {
    let mut entries = Vec::new();
    let mut at = 0;
    if segment.starts_with(&MAGIC) {
        at = MAGIC.len();
        while let Some(body) =
            frame_at(segment, at, |counter| counter == first + entries.len() as u64)
        {
            let Some(found) = records_of(body, at) else { break };
            entries.extend(found);
            at += FRAME_HEAD + body.len();
        }
    }
    let end = if at == segment.len() && at > 0 {
        SegmentEnd::Clean
    } else {
        let next = first + entries.len() as u64;
        // The length of a torn frame can be anything, so the next frame can begin at any later
        // byte. The torn frame may also contain whole records, which have the same header as a
        // frame. So the counter must be possible after the bytes in between, and the body must
        // consist of records to its end.
        let valid = (at + 1..segment.len()).find(|later| {
            let last = next + ((later - at) / RECORD_HEAD) as u64;
            let body = frame_at(segment, *later, |counter| (next..=last).contains(&counter));
            body.and_then(|body| records_of(body, *later)).is_some()
        });
        match valid {
            Some(later) => SegmentEnd::Damaged { valid_again_at: later as u64 },
            None => SegmentEnd::Torn,
        }
    };
    SegmentScan { entries, valid_bytes: at as u64, end }
}

/// Returns the body of the valid frame at an offset, if there is one. The counter is checked
/// before the checksum, which keeps a search through arbitrary bytes cheap.
fn frame_at(segment: &[u8], at: usize, expected: impl Fn(u64) -> bool) -> Option<&[u8]> {
    let bytes = segment.get(at..)?;
    let length = bytes.get(..4)?.try_get_u32_le().ok()? as usize;
    let counter = bytes.get(FRAME_HEAD..FRAME_HEAD + 8)?.try_get_u64_le().ok()?;
    let plausible = length >= BODY_HEAD && length <= bytes.len() - FRAME_HEAD && expected(counter);
    plausible.then(|| unseal(bytes)).flatten()
}

fn records_of(body: &[u8], frame_offset: usize) -> Option<Vec<IndexEntry>> {
    let arrival_ms = body.get(8..BODY_HEAD)?.try_get_i64_le().ok()?;
    let mut entries = Vec::new();
    let mut at = BODY_HEAD;
    while at < body.len() {
        let length = RECORD_HEAD + body.get(at..at + 4)?.try_get_u32_le().ok()? as usize;
        body.get(at..at + length)?;
        entries.push(IndexEntry {
            offset: u32::try_from(frame_offset + FRAME_HEAD + at).ok()?,
            length: length as u32,
            arrival_ms,
        });
        at += length;
    }
    (!entries.is_empty()).then_some(entries)
}
