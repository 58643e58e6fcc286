//! The bytes of a segment. Pure.
//!
//! A segment is 8 bytes of magic and then frames. One frame is what one sync made durable, so at
//! most the last frame of a log can be torn, and a broken frame before a good one is damage.
//!
//! ```text
//! frame  = length u32 | crc32 u32 | body            length and crc32 are the body's
//! body   = first counter u64 | arrival, ms since 1970 i64 | record*
//! record = length u32 | crc32 u32 | key length u16 | key | data      both are of what follows
//! ```
//!
//! Numbers are little-endian. A record has its own checksum because it is read on its own.

use bytes::{Buf, BufMut, Bytes};

use super::NewRecord;
use super::index::Entry;

/// Names the format and its version.
pub(super) const MAGIC: [u8; 8] = *b"DMKLOG01";
const FRAME_HEAD: usize = 8;
const BODY_HEAD: usize = 16;
const RECORD_HEAD: usize = 8;

/// A frame ready to be written, and where its records will be.
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    pub(super) entries: Vec<Entry>,
}

/// Lays out records that will begin at `offset` of their segment.
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
        entries.push(Entry {
            offset: offset as u32 + start as u32,
            length: (bytes.len() - start) as u32,
            arrival_ms,
        });
    }
    seal(&mut bytes);
    Frame { bytes, entries }
}

/// Writes length and checksum of what follows the first eight bytes into them.
fn seal(bytes: &mut [u8]) {
    let (head, body) = bytes.split_at_mut(8);
    head[..4].copy_from_slice(&(body.len() as u32).to_le_bytes());
    head[4..].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
}

/// Cuts one length-prefixed, checksummed body off the front.
fn unseal(mut bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.try_get_u32_le().ok()? as usize;
    let crc = bytes.try_get_u32_le().ok()?;
    let body = bytes.get(..length)?;
    (crc32fast::hash(body) == crc).then_some(body)
}

/// Reads a record as it lies in its segment; `None` when its bytes are not what was written.
pub(super) fn decode_record(bytes: &Bytes) -> Option<(String, Bytes)> {
    let mut body = unseal(bytes)?;
    let key_length = usize::from(body.try_get_u16_le().ok()?);
    let key = std::str::from_utf8(body.get(..key_length)?).ok()?.to_owned();
    Some((key, bytes.slice(RECORD_HEAD + 2 + key_length..RECORD_HEAD + 2 + body.len())))
}

/// What a segment holds.
pub(super) struct Scan {
    pub(super) entries: Vec<Entry>,
    /// Where the good frames end, in bytes from the segment's start; 0 without its magic.
    pub(super) good_bytes: u64,
    pub(super) end: End,
}

/// How a segment ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With its last good frame.
    Clean,
    /// With bytes that are no frame, and nothing good behind them.
    Torn,
    /// A good frame lies behind bytes that are none.
    Damaged {
        /// Where the good frame is.
        good_again_at: u64,
    },
}

/// Reads a whole segment whose first record has the counter `first`.
pub(super) fn scan(segment: &[u8], first: u64) -> Scan {
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
        End::Clean
    } else {
        let next = first + entries.len() as u64;
        // A torn frame may claim any length, so every later byte may be where the next one is. It
        // may also hold whole records, which are sealed as a frame is: so the counter must be one
        // that can follow what lies between, and the body must be records to its end.
        let good = (at + 1..segment.len()).find(|later| {
            let last = next + ((later - at) / RECORD_HEAD) as u64;
            let body = frame_at(segment, *later, |counter| (next..=last).contains(&counter));
            body.and_then(|body| records_of(body, *later)).is_some()
        });
        match good {
            Some(later) => End::Damaged { good_again_at: later as u64 },
            None => End::Torn,
        }
    };
    Scan { entries, good_bytes: at as u64, end }
}

/// The body of the good frame at an offset. The counter is looked at before the checksum is
/// computed, which keeps a search through arbitrary bytes cheap.
fn frame_at(segment: &[u8], at: usize, expected: impl Fn(u64) -> bool) -> Option<&[u8]> {
    let bytes = segment.get(at..)?;
    let length = bytes.get(..4)?.try_get_u32_le().ok()? as usize;
    let counter = bytes.get(FRAME_HEAD..FRAME_HEAD + 8)?.try_get_u64_le().ok()?;
    let plausible = length >= BODY_HEAD && length <= bytes.len() - FRAME_HEAD && expected(counter);
    plausible.then(|| unseal(bytes)).flatten()
}

fn records_of(body: &[u8], frame_offset: usize) -> Option<Vec<Entry>> {
    let arrival_ms = body.get(8..BODY_HEAD)?.try_get_i64_le().ok()?;
    let mut entries = Vec::new();
    let mut at = BODY_HEAD;
    while at < body.len() {
        let length = RECORD_HEAD + body.get(at..at + 4)?.try_get_u32_le().ok()? as usize;
        body.get(at..at + length)?;
        entries.push(Entry {
            offset: u32::try_from(frame_offset + FRAME_HEAD + at).ok()?,
            length: length as u32,
            arrival_ms,
        });
        at += length;
    }
    (!entries.is_empty()).then_some(entries)
}
