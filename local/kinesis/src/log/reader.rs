//! Reads of a page of records.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use bytes::Bytes;

use super::SharedIndex;
use super::frame;
use super::index::{IndexEntry, Segment, SegmentBody};

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
    #[error("the record {counter} at byte {offset} of {segment} does not match its checksum")]
    Damaged {
        /// Counter of the record.
        counter: u64,
        /// Offset of the record, in bytes.
        offset: u32,
        /// File of the segment.
        segment: String,
    },
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

pub(super) fn read(
    index: &SharedIndex,
    from: u64,
    horizon_ms: i64,
    records_max: usize,
    bytes_max: usize,
) -> Result<RecordPage, ReadError> {
    loop {
        let (runs, next, tip) = plan(index, from, horizon_ms, records_max, bytes_max);
        let mut records = Vec::new();
        let outcome = runs.into_iter().try_for_each(|run| load(run, &mut records));
        match outcome {
            // Retention deleted the segment after the lookup. Look it up again.
            Err(ReadError::Io { ref path, ref cause })
                if cause.kind() == io::ErrorKind::NotFound && !listed(index, path) => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(RecordPage { records, next, tip }),
        }
    }
}

fn listed(index: &SharedIndex, path: &PathBuf) -> bool {
    let index = index.read();
    index
        .segments
        .iter()
        .any(|segment| matches!(&segment.body, SegmentBody::File(file) if file == path))
}

fn plan(
    index: &SharedIndex,
    from: u64,
    horizon_ms: i64,
    records_max: usize,
    bytes_max: usize,
) -> (Vec<RecordRun>, u64, u64) {
    let index = index.read();
    let mut next = from.max(index.first_at(horizon_ms)).min(index.next);
    let (mut records_left, mut bytes_left) = (records_max, bytes_max);
    let mut runs = Vec::new();
    for segment in &index.segments {
        if next < segment.first || next >= segment.next() {
            continue;
        }
        let skip = (next - segment.first) as usize;
        let mut entries = Vec::new();
        for entry in &segment.entries()[skip..] {
            let length = entry.length as usize;
            let first_of_all = runs.is_empty() && entries.is_empty();
            if records_left == 0 || (length > bytes_left && !first_of_all) {
                break;
            }
            records_left -= 1;
            bytes_left = bytes_left.saturating_sub(length);
            entries.push(*entry);
        }
        if entries.is_empty() {
            break;
        }
        let first = next;
        next += entries.len() as u64;
        let source = source(segment, &entries);
        runs.push(RecordRun { first, entries, source });
    }
    (runs, next, index.next)
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
