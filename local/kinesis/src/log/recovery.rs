//! Recovery of the segments of a shard after a stop or a crash.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::frame::{self, SegmentEnd};
use super::index::{LogIndex, Segment, SegmentBody};

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

/// Reads all segments. `closed_at` is the last counter of a closed shard. All records of a closed
/// shard were acknowledged, so a missing end is a loss and not a torn write.
pub(super) fn recover(
    folder: &Path,
    shard: &str,
    closed_at: Option<u64>,
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
        let may_be_torn = position + 1 == count && closed_at.is_none();
        let segment = open_segment(path, first, may_be_torn)?;
        index.next = segment.next();
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

fn open_segment(path: PathBuf, first: u64, may_be_torn: bool) -> Result<Segment, RecoveryError> {
    let failed = |cause| RecoveryError::Io { path: path.clone(), cause };
    let bytes = fs::read(&path).map_err(failed)?;
    let scan = frame::scan(&bytes, first);
    let damaged = |valid_again_at| RecoveryError::Damaged {
        path: path.clone(),
        offset: scan.valid_bytes,
        valid_again_at,
    };
    match scan.end {
        SegmentEnd::Clean => {}
        SegmentEnd::Damaged { valid_again_at } => return Err(damaged(Some(valid_again_at))),
        SegmentEnd::Torn if !may_be_torn => return Err(damaged(None)),
        SegmentEnd::Torn => {
            let cut_bytes = bytes.len() as u64 - scan.valid_bytes;
            cut(&path, scan.valid_bytes).map_err(failed)?;
            tracing::warn!(
                file = %path.display(),
                cut_bytes,
                kept_bytes = scan.valid_bytes,
                "kinesis: the last write of this log is incomplete and was cut; an interrupted \
                 write was never acknowledged"
            );
        }
    }
    let mut segment = Segment::new(first, scan.valid_bytes, SegmentBody::File(path));
    scan.entries.into_iter().for_each(|entry| segment.push(entry));
    Ok(segment)
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}
