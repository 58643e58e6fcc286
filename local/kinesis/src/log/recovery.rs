//! Opening a shard's segments after a stop of any kind.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::frame::{self, End};
use super::index::{Body, Index, Segment};

/// Why a log is not opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// A file could not be read or cut.
    #[error("{path}: {cause}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Good records lie behind bytes that are none.
    #[error(
        "{path}: damaged at byte {offset}, with good records behind it{}; only the end of a \
         shard's last segment can be cut, so restore this file from a copy", again(.good_again_at)
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the good frames end.
        offset: u64,
        /// Where a good frame follows in the same segment.
        good_again_at: Option<u64>,
    },
    /// Records between two segments, or at the end of a closed shard, are not there.
    #[error(
        "{path}: the records {expected} to {} of the shard are missing; restore the segment that \
         held them", .found - 1
    )]
    Missing {
        /// The segment or folder where they were noticed.
        path: PathBuf,
        /// The first missing counter.
        expected: u64,
        /// The counter that is there, or would be next.
        found: u64,
    },
}

fn again(at: &Option<u64>) -> String {
    at.map(|at| format!(" (from byte {at} on)")).unwrap_or_default()
}

/// The file of the segment that begins with a counter.
pub(super) fn segment_path(folder: &Path, shard: &str, first: u64) -> PathBuf {
    folder.join(format!("{shard}.{first:020}.log"))
}

/// The segments of a shard: first counter and file, in order.
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

/// Reads all segments. `closed_at` is the last counter of a closed shard, whose records were all
/// acknowledged: there a missing end is a loss, not a torn write.
pub(super) fn recover(
    folder: &Path,
    shard: &str,
    closed_at: Option<u64>,
) -> Result<Index, RecoveryError> {
    let listed = segments(folder, shard)
        .map_err(|cause| RecoveryError::Io { path: folder.to_owned(), cause })?;
    let mut index = Index::empty();
    let count = listed.len();
    for (position, (first, path)) in listed.into_iter().enumerate() {
        // Before the first segment nothing is missing: retention took it.
        if position > 0 && first != index.next {
            return Err(RecoveryError::Missing { path, expected: index.next, found: first });
        }
        let may_be_torn = position + 1 == count && closed_at.is_none();
        let segment = open_segment(path, first, may_be_torn)?;
        index.next = segment.next();
        index.last_arrival_ms = segment
            .entries
            .last()
            .map_or(index.last_arrival_ms, |entry| entry.arrival_ms.max(index.last_arrival_ms));
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
    let damaged = |good_again_at| RecoveryError::Damaged {
        path: path.clone(),
        offset: scan.good_bytes,
        good_again_at,
    };
    match scan.end {
        End::Clean => {}
        End::Damaged { good_again_at } => return Err(damaged(Some(good_again_at))),
        End::Torn if !may_be_torn => return Err(damaged(None)),
        End::Torn => {
            let cut_bytes = bytes.len() as u64 - scan.good_bytes;
            cut(&path, scan.good_bytes).map_err(failed)?;
            tracing::warn!(
                file = %path.display(),
                cut_bytes,
                kept_bytes = scan.good_bytes,
                "kinesis: this log ended in what is no whole write; cut. A write that a stop \
                 interrupts was never acknowledged"
            );
        }
    }
    Ok(Segment { first, entries: scan.entries, bytes: scan.good_bytes, body: Body::File(path) })
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}
