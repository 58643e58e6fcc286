//! Reads of a page of records. A page lies within one segment.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::frame;
use super::index::{Horizon, LogIndex, Segment, SegmentBody, SegmentSummary};
use super::records::{IndexEntry, SegmentRecords};
use super::recovery::{RecoveryError, scan_sealed};
use super::shared_index::SharedIndex;

/// Record read from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRecord {
    /// Position in the shard, from 1.
    pub(crate) counter: u64,
    /// Arrival, milliseconds since 1970.
    pub(crate) arrival_ms: i64,
    pub(crate) partition_key: String,
    pub(crate) data: Bytes,
}

/// Records of one read, in order, and the position after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordPage {
    pub(crate) records: Vec<StoredRecord>,
    /// Counter at which the next read begins.
    pub(crate) next: u64,
    /// Counter of the next record to be appended; equal to `next` at the end of the log.
    pub(crate) tip: u64,
}

/// Largest page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageLimits {
    pub(crate) records: usize,
    /// Bytes as stored. The first record of a page may exceed them.
    pub(crate) bytes: usize,
}

/// Failure to read records.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The file could not be read.
    #[error("{path}: {cause}")]
    Io {
        /// File of the segment.
        path: PathBuf,
        /// Error of the system.
        cause: io::Error,
    },
    /// The bytes of a record do not match its checksum.
    #[error(
        "the record {counter} at byte {offset} of {segment} does not match its checksum; restore \
         the file from a copy"
    )]
    Damaged {
        /// Counter of the record.
        counter: u64,
        /// Offset of the record, in bytes.
        offset: u32,
        /// File of the segment.
        segment: String,
    },
    /// The segment was damaged after it was sealed.
    #[error(transparent)]
    Segment(#[from] RecoveryError),
}

impl ReadError {
    /// File that is missing, if that is the reason.
    fn missing_file(&self) -> Option<&Path> {
        let (Self::Io { path, cause } | Self::Segment(RecoveryError::Io { path, cause })) = self
        else {
            return None;
        };
        (cause.kind() == io::ErrorKind::NotFound).then_some(path)
    }
}

/// Consecutive records in one segment.
struct RecordRun {
    first: u64,
    entries: Vec<IndexEntry>,
    source: RunSource,
}

enum RunSource {
    File(PathBuf),
    Memory(Vec<Bytes>),
}

/// Result of a lookup in the index.
enum Lookup<T> {
    Found(T),
    OnDisk(OnDisk),
}

/// Segment whose records are only on disk.
struct OnDisk {
    path: PathBuf,
    first: u64,
}

/// Reads records from counter `from` on, except those before the horizon. Returns at least one
/// record if there is one.
pub(super) fn read(
    index: &SharedIndex,
    from: u64,
    horizon: Horizon,
    limits: PageLimits,
) -> Result<RecordPage, ReadError> {
    let look = |index: &LogIndex, records: &RecordsOf<'_>| {
        for segment in &index.segments {
            let summary = &segment.summary;
            if summary.next <= from || horizon.is_past(summary) {
                continue;
            }
            let records = match records(segment) {
                Ok(records) => records,
                Err(on_disk) => return Lookup::OnDisk(on_disk),
            };
            let Some(skip) = first_kept(summary, &records, from, horizon) else { continue };
            let entries = page(&records.entries()[skip..], limits);
            let first = summary.first + skip as u64;
            let next = first + entries.len() as u64;
            let run = RecordRun { first, source: source(segment, &entries), entries };
            return Lookup::Found((Some(run), next, index.next));
        }
        Lookup::Found((None, index.next, index.next))
    };
    resolve(index, look, |(run, next, tip)| {
        let mut records = Vec::new();
        if let Some(run) = run {
            load(run, &mut records)?;
        }
        Ok(RecordPage { records, next, tip })
    })
}

/// Returns the counter of the first record that arrived at or after an instant, or of the next
/// record.
pub(super) fn first_at(index: &SharedIndex, at_ms: i64) -> Result<u64, ReadError> {
    let look = |index: &LogIndex, records: &RecordsOf<'_>| {
        let found = index.segments.iter().find(|segment| segment.summary.latest_ms >= at_ms);
        let Some(segment) = found else { return Lookup::Found(index.next) };
        match records(segment) {
            Ok(records) => {
                let position = records.first_at(at_ms).unwrap_or(records.entries().len());
                Lookup::Found(segment.summary.first + position as u64)
            }
            Err(on_disk) => Lookup::OnDisk(on_disk),
        }
    };
    resolve(index, look, Ok)
}

/// Returns the records of a segment, or tells where they are.
type RecordsOf<'a> = dyn Fn(&Segment) -> Result<Arc<SegmentRecords>, OnDisk> + 'a;

/// Looks up until all records that the lookup needs are in memory.
fn resolve<T, R>(
    index: &SharedIndex,
    look: impl Fn(&LogIndex, &RecordsOf<'_>) -> Lookup<T>,
    finish: impl Fn(T) -> Result<R, ReadError>,
) -> Result<R, ReadError> {
    let mut read: Option<(u64, Arc<SegmentRecords>)> = None;
    loop {
        let found = look(&index.read(), &|segment| {
            let first = segment.summary.first;
            let own = read.as_ref().filter(|(read, _)| *read == first).map(|(_, own)| own.clone());
            let records = segment.records.clone().or(own).or_else(|| index.loaded(first));
            match (records, &segment.body) {
                (Some(records), _) => Ok(records),
                (None, SegmentBody::File(path)) => Err(OnDisk { path: path.clone(), first }),
                (None, SegmentBody::Memory(_)) => Ok(Arc::default()),
            }
        });
        let done = match found {
            Lookup::Found(found) => finish(found).map(Some),
            Lookup::OnDisk(OnDisk { path, first }) => match scan_sealed(&path, first) {
                Ok(records) => {
                    let records = Arc::new(records);
                    index.keep_loaded(first, records.clone());
                    read = Some((first, records));
                    Ok(None)
                }
                Err(error) => Err(error.into()),
            },
        };
        match done {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => {}
            // Retention deleted the segment after the lookup.
            Err(error) if error.missing_file().is_some_and(|path| !index.lists(path)) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Position of the first record of a segment from counter `from` on that is not past the horizon.
fn first_kept(
    summary: &SegmentSummary,
    records: &SegmentRecords,
    from: u64,
    horizon: Horizon,
) -> Option<usize> {
    let count = records.entries().len();
    let position =
        |counter: u64| usize::try_from(counter.saturating_sub(summary.first)).unwrap_or(usize::MAX);
    let by_age = records.first_at(horizon.at_ms).unwrap_or(count);
    let kept = by_age.min(position(horizon.kept_from)).max(position(from));
    (kept < count).then_some(kept)
}

/// Returns the first entries that fit a page.
fn page(entries: &[IndexEntry], limits: PageLimits) -> Vec<IndexEntry> {
    let mut bytes_left = limits.bytes;
    let fits = |(position, entry): &(usize, &IndexEntry)| {
        let length = entry.length as usize;
        let fits = *position == 0 || length <= bytes_left;
        bytes_left = bytes_left.saturating_sub(length);
        fits
    };
    let entries = entries.iter().take(limits.records).enumerate();
    entries.take_while(fits).map(|(_, entry)| *entry).collect()
}

fn source(segment: &Segment, entries: &[IndexEntry]) -> RunSource {
    match &segment.body {
        SegmentBody::File(path) => RunSource::File(path.clone()),
        SegmentBody::Memory(frames) => RunSource::Memory(
            entries
                .iter()
                .filter_map(|entry| {
                    let at = frames.partition_point(|(offset, _)| *offset <= entry.offset);
                    let (offset, frame) = frames.get(at.checked_sub(1)?)?;
                    let start = (entry.offset - offset) as usize;
                    Some(frame.slice(start..start + entry.length as usize))
                })
                .collect(),
        ),
    }
}

fn load(run: RecordRun, records: &mut Vec<StoredRecord>) -> Result<(), ReadError> {
    let (slices, name) = match run.source {
        RunSource::Memory(slices) => (slices, "memory".to_owned()),
        RunSource::File(path) => {
            let slices = read_file(&path, &run.entries)
                .map_err(|cause| ReadError::Io { path: path.clone(), cause })?;
            (slices, path.display().to_string())
        }
    };
    for ((counter, entry), bytes) in (run.first..).zip(&run.entries).zip(&slices) {
        let (partition_key, data) = frame::decode_record(bytes).ok_or_else(|| {
            ReadError::Damaged { counter, offset: entry.offset, segment: name.clone() }
        })?;
        records.push(StoredRecord { counter, arrival_ms: entry.arrival_ms, partition_key, data });
    }
    Ok(())
}

/// Reads the whole run at once. Only frame heads lie between neighbouring records.
fn read_file(path: &PathBuf, entries: &[IndexEntry]) -> io::Result<Vec<Bytes>> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return Ok(Vec::new());
    };
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(u64::from(first.offset)))?;
    let mut bytes = vec![0; (last.offset - first.offset + last.length) as usize];
    file.read_exact(&mut bytes)?;
    let bytes = Bytes::from(bytes);
    Ok(entries
        .iter()
        .map(|entry| {
            let start = (entry.offset - first.offset) as usize;
            bytes.slice(start..start + entry.length as usize)
        })
        .collect())
}
