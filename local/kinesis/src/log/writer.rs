//! The one hand that writes a shard's log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::frame::{self, Frame, MAGIC};
use super::index::{Body, Segment};
use super::recovery::segment_path;
use super::{AppendError, LogSettings, NewRecord, Place, SharedIndex, retention_ms};
use crate::metadata::sync_folder;

/// Waiting records are gathered up to this many bytes for one sync.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// Records that wait for the disk.
pub(super) struct Append {
    pub(super) records: Vec<NewRecord>,
    pub(super) reply: oneshot::Sender<Result<u64, AppendError>>,
}

impl Append {
    fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.data.len() + record.partition_key.len()).sum()
    }
}

/// What the writing thread holds.
pub(super) struct Writer {
    settings: Arc<LogSettings>,
    index: Arc<SharedIndex>,
    /// The open last segment, once something was written.
    file: Option<File>,
    /// Set when a sync failed: what the disk holds is then unknown until the log is read again.
    broken: Option<String>,
}

impl Writer {
    pub(super) fn new(settings: Arc<LogSettings>, index: Arc<SharedIndex>) -> Self {
        Self { settings, index, file: None, broken: None }
    }

    /// Writes until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, waiting: Receiver<Append>) {
        while let Ok(first) = waiting.recv() {
            let mut bytes = first.bytes();
            let mut group = vec![first];
            while bytes < GROUP_BYTES {
                let Ok(more) = waiting.try_recv() else { break };
                bytes += more.bytes();
                group.push(more);
            }
            let outcome = self.commit(&group);
            answer(group, outcome);
        }
    }

    /// Makes a group durable and readable; gives the counter of its first record.
    fn commit(&mut self, group: &[Append]) -> Result<u64, AppendError> {
        if let Some(cause) = &self.broken {
            return Err(AppendError::Write(cause.clone()));
        }
        if group.iter().all(|append| append.records.is_empty()) {
            return Ok(self.index.read().next);
        }
        let stored = self.roll_if_full().and_then(|()| self.store(group));
        stored.map_err(|cause| {
            let log = &self.settings.place;
            tracing::error!(%cause, %log, "kinesis: not written; who sent it is told so");
            AppendError::Write(cause.to_string())
        })
    }

    fn store(&mut self, group: &[Append]) -> io::Result<u64> {
        let now_ms = (self.settings.clock)().timestamp_millis();
        let (first, arrival_ms, offset) = {
            let index = self.index.read();
            let offset = index.segments.back().map_or(0, |segment| segment.bytes);
            // Arrivals never fall, whatever the clock does: searches by time rely on it.
            (index.next, now_ms.max(index.last_arrival_ms), offset)
        };
        let records = group.iter().flat_map(|append| &append.records);
        let frame = frame::encode(first, arrival_ms, offset, records);
        if self.file.is_some() {
            self.write_durably(&frame.bytes, offset)?;
        }
        self.publish(frame, offset, arrival_ms);
        Ok(first)
    }

    fn write_durably(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if let Err(cause) = file.write_all(bytes) {
            // Nothing of this frame may stay in front of the next one.
            let undone = file.set_len(offset).and_then(|()| file.seek(SeekFrom::Start(offset)));
            if let Err(second) = undone {
                self.broken = Some(format!("{cause}; cutting the rest failed too: {second}"));
            }
            return Err(cause);
        }
        // After a failed sync the system may drop the pages and report the next one as fine.
        file.sync_data().inspect_err(|cause| {
            self.broken = Some(format!("a sync failed ({cause}); start again to go on"));
        })
    }

    fn publish(&self, frame: Frame, offset: u64, arrival_ms: i64) {
        let mut index = self.index.write();
        index.next += frame.entries.len() as u64;
        index.last_arrival_ms = arrival_ms;
        if let Some(segment) = index.segments.back_mut() {
            segment.bytes += frame.bytes.len() as u64;
            segment.entries.extend(frame.entries);
            if let Body::Memory(frames) = &mut segment.body {
                frames.push((offset as u32, Bytes::from(frame.bytes)));
            }
        }
    }

    /// Sees to it that there is a last segment with room, open for writing.
    fn roll_if_full(&mut self) -> io::Result<()> {
        let (next, last_bytes) = {
            let index = self.index.read();
            (index.next, index.segments.back().map(|segment| segment.bytes))
        };
        let room = last_bytes.is_some_and(|bytes| bytes < self.settings.segment_bytes);
        let in_memory = matches!(self.settings.place, Place::Memory);
        if room && (self.file.is_some() || in_memory) {
            return Ok(());
        }
        if room {
            return self.open_last();
        }
        let (body, bytes) = match &self.settings.place {
            Place::Memory => (Body::Memory(Vec::new()), 0),
            Place::Folder { folder, shard } => {
                let path = segment_path(folder, shard, next);
                self.file = None;
                self.file = Some(create(&path, folder)?);
                (Body::File(path), MAGIC.len() as u64)
            }
        };
        let segment = Segment { first: next, entries: Vec::new(), bytes, body };
        self.index.write().segments.push_back(segment);
        trim(&self.settings, &self.index);
        Ok(())
    }

    /// Opens the segment that was last when the log was opened.
    fn open_last(&mut self) -> io::Result<()> {
        let mut index = self.index.write();
        let Some(segment) = index.segments.back_mut() else { return Ok(()) };
        let Body::File(path) = &segment.body else { return Ok(()) };
        let mut file = OpenOptions::new().write(true).open(path)?;
        if segment.bytes < MAGIC.len() as u64 {
            file.write_all(&MAGIC)?;
            segment.bytes = MAGIC.len() as u64;
        }
        file.seek(SeekFrom::Start(segment.bytes))?;
        self.file = Some(file);
        Ok(())
    }
}

fn create(path: &Path, folder: &Path) -> io::Result<File> {
    // A leftover of a failed roll holds nothing: its counter was never given.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(&MAGIC)?;
    file.sync_all()?;
    sync_folder(folder)?;
    Ok(file)
}

fn answer(group: Vec<Append>, outcome: Result<u64, AppendError>) {
    let mut next = outcome;
    for append in group {
        let count = append.records.len() as u64;
        // A caller that hung up does not want to know.
        let _ = append.reply.send(next.clone());
        next = next.map(|first| first + count);
    }
}

/// Deletes the segments all of whose records are past retention.
pub(super) fn trim(settings: &LogSettings, index: &SharedIndex) {
    let now_ms = (settings.clock)().timestamp_millis();
    let horizon_ms = now_ms - retention_ms(&settings.retention_hours);
    let gone = index.write().trim(horizon_ms);
    for segment in gone {
        if let Body::File(path) = segment.body
            && let Err(cause) = fs::remove_file(&path)
        {
            tracing::warn!(file = %path.display(), %cause, "kinesis: an expired segment stays");
        }
    }
}
