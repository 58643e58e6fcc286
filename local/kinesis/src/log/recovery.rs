//! Recovery of the segments of a shard after a stop or a crash.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::frame::{self, SegmentEnd, SegmentScan};
use super::index::{LogIndex, Segment, SegmentBody, SegmentSummary};
use super::records::SegmentRecords;
use super::seal;
use crate::LogFigures;

/// Reason for not opening a log. The files are unchanged.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// A file could not be read or truncated.
    #[error("{path}: {cause}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Error of the system.
        cause: io::Error,
    },
    /// Valid records follow invalid bytes.
    #[error(
        "{path}: damaged at byte {offset}, with valid records after it{}; only the end of the last \
         segment of a shard can be cut, so restore this file from a copy", again(.valid_again_at)
    )]
    Damaged {
        /// File of the segment.
        path: PathBuf,
        /// End of the last valid frame before the damage, in bytes.
        offset: u64,
        /// Offset of the next valid frame in the same segment, if there is one.
        valid_again_at: Option<u64>,
    },
    /// Records between two segments, or at the end of a closed shard, are missing.
    #[error(
        "{path}: the records {expected} to {} of the shard are missing; restore the segment that \
         held them", .found - 1
    )]
    Missing {
        /// Segment or folder in which the gap was found.
        path: PathBuf,
        /// First missing counter.
        expected: u64,
        /// Counter after the gap.
        found: u64,
    },
}

fn again(at: &Option<u64>) -> String {
    at.map(|at| format!(" (from byte {at} on)")).unwrap_or_default()
}

/// Path of the segment that begins with the counter `first`.
pub(super) fn segment_path(folder: &Path, shard: &str, first: u64) -> PathBuf {
    folder.join(format!("{shard}.{first:020}.log"))
}

/// Lists the segments of a shard: first counter and path, in order.
fn segments(folder: &Path, shard: &str) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let first = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix(shard)?.strip_prefix('.'))
            .and_then(|rest| rest.strip_suffix(".log")?.parse().ok());
        found.extend(first.map(|first| (first, path)));
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads the last segment, the seals of the others, and each segment with records from the counter
/// `unread_from` on. `closed_at` is the last counter of a closed shard. All records of a closed
/// shard were acknowledged, so a missing end is a loss and not a torn write.
pub(super) fn recover(
    folder: &Path,
    shard: &str,
    closed_at: Option<u64>,
    unread_from: u64,
) -> Result<LogIndex, RecoveryError> {
    let listed = segments(folder, shard)
        .map_err(|cause| RecoveryError::Io { path: folder.to_owned(), cause })?;
    let mut index = LogIndex::empty();
    let count = listed.len();
    for (position, (first, path)) in listed.into_iter().enumerate() {
        // Retention deletes the oldest segments, so the first counter can be any.
        if position > 0 && first != index.next {
            return Err(RecoveryError::Missing { path, expected: index.next, found: first });
        }
        let takes_records = position + 1 == count && closed_at.is_none();
        let segment = if takes_records {
            open_last(path, first)?
        } else {
            open_sealed(path, first, unread_from)?
        };
        index.next = segment.summary.next;
        index.segments.push_back(segment);
    }
    if let Some(last) = closed_at {
        if index.next <= last {
            let path = folder.join(shard);
            return Err(RecoveryError::Missing { path, expected: index.next, found: last + 1 });
        }
        index.next = last + 1;
    }
    Ok(index)
}

/// Reads every segment, and changes none. A torn end of an open shard is no damage.
pub(crate) fn verify(
    folder: &Path,
    shard: &str,
    closed_at: Option<u64>,
) -> Result<LogFigures, Vec<RecoveryError>> {
    let listed = segments(folder, shard);
    let listed =
        listed.map_err(|cause| vec![RecoveryError::Io { path: folder.to_owned(), cause }])?;
    let (mut figures, mut damage, mut next) = (LogFigures::default(), Vec::new(), None);
    let count = listed.len();
    for (position, (first, path)) in listed.into_iter().enumerate() {
        if let Some(expected) = next.filter(|next| *next != first) {
            damage.push(RecoveryError::Missing { path: path.clone(), expected, found: first });
        }
        let may_be_torn = position + 1 == count && closed_at.is_none();
        next = match scan(&path, first) {
            Err(error) => {
                damage.push(error);
                None
            }
            Ok((scan, _)) => {
                let records = scan.entries.len() as u64;
                figures.segments += 1;
                figures.records += records;
                let valid_again_at = match scan.end {
                    SegmentEnd::Damaged { valid_again_at } => Some(Some(valid_again_at)),
                    SegmentEnd::Torn if !may_be_torn => Some(None),
                    SegmentEnd::Clean | SegmentEnd::Torn => None,
                };
                let is_sound = valid_again_at.is_none();
                damage.extend(valid_again_at.map(|again| damaged(path, &scan, again)));
                is_sound.then_some(first + records)
            }
        };
    }
    let expected = next.unwrap_or(1);
    if let Some(last) = closed_at.filter(|last| damage.is_empty() && expected <= *last) {
        let path = folder.join(shard);
        damage.push(RecoveryError::Missing { path, expected, found: last + 1 });
    }
    if damage.is_empty() { Ok(figures) } else { Err(damage) }
}

/// Opens the segment that takes records. A torn end is cut.
fn open_last(path: PathBuf, first: u64) -> Result<Segment, RecoveryError> {
    let failed = |cause| RecoveryError::Io { path: path.clone(), cause };
    // The figures of a seal would become wrong with the next record.
    seal::remove(&path).map_err(failed)?;
    let (scan, length) = scan(&path, first)?;
    match scan.end {
        SegmentEnd::Clean => {}
        SegmentEnd::Damaged { valid_again_at } => {
            return Err(damaged(path, &scan, Some(valid_again_at)));
        }
        SegmentEnd::Torn => {
            cut(&path, scan.valid_bytes).map_err(failed)?;
            tracing::warn!(
                file = %path.display(),
                cut_bytes = length - scan.valid_bytes,
                kept_bytes = scan.valid_bytes,
                "kinesis: the last write of this log is incomplete and was cut; an interrupted \
                 write was never acknowledged"
            );
        }
    }
    let records = scan.entries.into_iter().collect();
    Ok(Segment::new(first, scan.valid_bytes, records, SegmentBody::File(path)))
}

/// Opens a segment that takes no more records by its seal. It is read and sealed if it has no seal
/// that fits, and read if a record was not read yet.
fn open_sealed(path: PathBuf, first: u64, unread_from: u64) -> Result<Segment, RecoveryError> {
    let length =
        fs::metadata(&path).map_err(|cause| RecoveryError::Io { path: path.clone(), cause })?.len();
    let sealed = seal::read(&path, length).filter(|summary| summary.first == first);
    if let Some(summary) = sealed.filter(|summary| summary.next <= unread_from) {
        return Ok(Segment::on_disk(summary, path));
    }
    let summary = SegmentSummary::new(first, length, &scan_sealed(&path, first)?);
    if sealed != Some(summary)
        && let Err(cause) = seal::write(&path, &summary)
    {
        let file = path.display();
        tracing::warn!(%file, %cause, "kinesis: not sealed; each start reads the segment whole");
    }
    Ok(Segment::on_disk(summary, path))
}

/// Reads and verifies a segment that takes no more records. Blocks.
pub(super) fn scan_sealed(path: &Path, first: u64) -> Result<SegmentRecords, RecoveryError> {
    let (scan, _) = scan(path, first)?;
    match scan.end {
        SegmentEnd::Clean => Ok(scan.entries.into_iter().collect()),
        SegmentEnd::Torn => Err(damaged(path.to_owned(), &scan, None)),
        SegmentEnd::Damaged { valid_again_at } => {
            Err(damaged(path.to_owned(), &scan, Some(valid_again_at)))
        }
    }
}

/// Reads a segment. Returns its length in bytes as well.
fn scan(path: &Path, first: u64) -> Result<(SegmentScan, u64), RecoveryError> {
    let bytes =
        fs::read(path).map_err(|cause| RecoveryError::Io { path: path.to_owned(), cause })?;
    Ok((frame::scan(&bytes, first), bytes.len() as u64))
}

fn damaged(path: PathBuf, scan: &SegmentScan, valid_again_at: Option<u64>) -> RecoveryError {
    RecoveryError::Damaged { path, offset: scan.valid_bytes, valid_again_at }
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}
