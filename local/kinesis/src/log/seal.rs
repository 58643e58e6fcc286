//! Seal of a segment that takes no more records: a small file beside it with its figures. So a
//! start reads the last segment of a shard, and of the others the seal.
//!
//! A seal follows from its segment. If it is missing, damaged or not of this length, the segment is
//! read and sealed again.
//!
//! ```text
//! magic 8 bytes | first u64 | next u64 | bytes u64 | earliest i64 | latest i64 | crc32 u32
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut};

use super::index::SegmentSummary;

/// Name and version of the format.
const MAGIC: [u8; 8] = *b"DMKSEAL1";
/// Length in bytes, without the checksum.
const FIGURES: usize = 48;

/// Path of the seal of a segment.
fn path_of(segment: &Path) -> PathBuf {
    segment.with_extension("seal")
}

/// Seals a segment durably. A torn seal counts as none.
pub(super) fn write(segment: &Path, summary: &SegmentSummary) -> io::Result<()> {
    let mut file = File::create(path_of(segment))?;
    file.write_all(&encode(summary))?;
    file.sync_all()
}

/// Reads the seal of a segment of `length` bytes. `None` if there is none that fits.
pub(super) fn read(segment: &Path, length: u64) -> Option<SegmentSummary> {
    let summary = decode(&fs::read(path_of(segment)).ok()?)?;
    (summary.bytes == length).then_some(summary)
}

/// Removes the seal of a segment that takes records again, or is deleted.
pub(super) fn remove(segment: &Path) -> io::Result<()> {
    match fs::remove_file(path_of(segment)) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn encode(summary: &SegmentSummary) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.put_u64_le(summary.first);
    bytes.put_u64_le(summary.next);
    bytes.put_u64_le(summary.bytes);
    bytes.put_i64_le(summary.earliest_ms);
    bytes.put_i64_le(summary.latest_ms);
    let crc = crc32fast::hash(&bytes);
    bytes.put_u32_le(crc);
    bytes
}

fn decode(bytes: &[u8]) -> Option<SegmentSummary> {
    let (figures, mut crc) = bytes.split_at_checked(FIGURES)?;
    let is_valid = crc.len() == 4 && crc.get_u32_le() == crc32fast::hash(figures);
    let mut figures = figures.strip_prefix(&MAGIC).filter(|_| is_valid)?;
    Some(SegmentSummary {
        first: figures.get_u64_le(),
        next: figures.get_u64_le(),
        bytes: figures.get_u64_le(),
        earliest_ms: figures.get_i64_le(),
        latest_ms: figures.get_i64_le(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_with_any_flipped_or_missing_bit_counts_as_none() {
        let summary =
            SegmentSummary { first: 7, next: 9, bytes: 300, earliest_ms: -5, latest_ms: 12 };
        let bytes = encode(&summary);
        assert_eq!(decode(&bytes), Some(summary));
        for at in 0..bytes.len() {
            assert_eq!(decode(&bytes[..at]), None, "cut at {at}");
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert_eq!(decode(&flipped), None, "bit {bit} of {at}");
            }
        }
    }
}
