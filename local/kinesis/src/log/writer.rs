//! Writer of the log of one shard.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::frame::{self, Frame, MAGIC};
use super::index::{Horizon, Segment, SegmentBody};
use super::records::SegmentRecords;
use super::recovery::segment_path;
use super::shared_index::SharedIndex;
use super::{AppendError, LogPlace, LogSettings, NewRecord, retention_ms, seal};
use crate::metadata::sync_folder;

/// Most bytes of waiting records that one sync makes durable, except for a single larger request.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// Records to append, and the channel for the result.
pub(super) struct AppendRequest {
    pub(super) records: Vec<NewRecord>,
    pub(super) reply: oneshot::Sender<Result<u64, AppendError>>,
}

impl AppendRequest {
    fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.data.len() + record.partition_key.len()).sum()
    }
}

/// State of the writing thread.
pub(super) struct LogWriter {
    settings: Arc<LogSettings>,
    index: Arc<SharedIndex>,
    /// Open file of the last segment, after the first write.
    file: Option<File>,
    /// Set when a sync failed. The content of the disk is then unknown until the log is reopened.
    broken: Option<String>,
}

impl LogWriter {
    pub(super) fn new(settings: Arc<LogSettings>, index: Arc<SharedIndex>) -> Self {
        Self { settings, index, file: None, broken: None }
    }

    /// Writes until all senders are dropped and the queue is empty.
    pub(super) fn run(mut self, waiting: Receiver<AppendRequest>) {
        while let Ok(first) = waiting.recv() {
            let mut bytes = first.bytes();
            let mut group = vec![first];
            while bytes < GROUP_BYTES {
                let Ok(more) = waiting.try_recv() else { break };
                bytes += more.bytes();
                group.push(more);
            }
            let outcome = self.commit(&group);
            reply(group, outcome);
        }
    }

    /// Makes a group durable and readable, and returns the counter of its first record.
    fn commit(&mut self, group: &[AppendRequest]) -> Result<u64, AppendError> {
        if let Some(cause) = &self.broken {
            return Err(AppendError::Write(cause.clone()));
        }
        if group.iter().all(|append| append.records.is_empty()) {
            return Ok(self.index.read().next);
        }
        let stored = self.roll_if_full().and_then(|()| self.store(group));
        stored.map_err(|cause| {
            let log = &self.settings.place;
            tracing::error!(%cause, %log, "kinesis: records not written; the caller gets an error");
            AppendError::Write(cause.to_string())
        })
    }

    fn store(&mut self, group: &[AppendRequest]) -> io::Result<u64> {
        // The clock of now, even if earlier records are stamped later: after a start with a wrong
        // clock, the age of new records would otherwise be wrong until that time has come.
        let arrival_ms = (self.settings.clock)().timestamp_millis();
        let (first, offset) = {
            let index = self.index.read();
            (index.next, index.segments.back().map_or(0, |segment| segment.summary.bytes))
        };
        let records = group.iter().flat_map(|append| &append.records);
        let frame = frame::encode(first, arrival_ms, offset, records);
        if self.file.is_some() {
            self.write_durably(&frame.bytes, offset)?;
        }
        self.publish(frame, offset);
        Ok(first)
    }

    fn write_durably(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if let Err(cause) = file.write_all(bytes) {
            // No part of this frame may remain before the next one.
            let undone = file.set_len(offset).and_then(|()| file.seek(SeekFrom::Start(offset)));
            if let Err(second) = undone {
                self.broken = Some(format!("{cause}; truncating the file failed too: {second}"));
            }
            return Err(cause);
        }
        // After a failed sync the system may drop the pages and report success for the next sync.
        file.sync_data().inspect_err(|cause| {
            self.broken =
                Some(format!("a sync failed ({cause}); restart the endpoint to continue"));
        })
    }

    fn publish(&self, frame: Frame, offset: u64) {
        let mut index = self.index.write();
        index.next += frame.entries.len() as u64;
        if let Some(segment) = index.segments.back_mut() {
            segment.extend(frame.entries, frame.bytes.len() as u64);
            if let SegmentBody::Memory(frames) = &mut segment.body {
                frames.push((offset as u32, Bytes::from(frame.bytes)));
            }
        }
    }

    /// Ensures that the last segment has room and is open for writing.
    fn roll_if_full(&mut self) -> io::Result<()> {
        let (next, last_bytes) = {
            let index = self.index.read();
            (index.next, index.segments.back().map(|segment| segment.summary.bytes))
        };
        let room = last_bytes.is_some_and(|bytes| bytes < self.settings.segment_bytes);
        let in_memory = matches!(self.settings.place, LogPlace::Memory);
        if room && (self.file.is_some() || in_memory) {
            return Ok(());
        }
        if room {
            return self.open_last();
        }
        let (body, bytes) = match &self.settings.place {
            LogPlace::Memory => (SegmentBody::Memory(Vec::new()), 0),
            LogPlace::Folder { folder, shard } => {
                let path = segment_path(folder, shard, next);
                self.seal_last();
                self.file = None;
                self.file = Some(create(&path, folder)?);
                (SegmentBody::File(path), MAGIC.len() as u64)
            }
        };
        let segment = Segment::new(next, bytes, SegmentRecords::default(), body);
        let full = {
            let mut index = self.index.write();
            index.segments.push_back(segment);
            let full = index.segments.iter_mut().rev().nth(1);
            let on_disk = full.filter(|full| matches!(full.body, SegmentBody::File(_)));
            on_disk.and_then(|full| Some((full.summary.first, full.records.take()?)))
        };
        if let Some((first, records)) = full {
            // Its consumer is likely to read it next.
            self.index.keep_loaded(first, records);
        }
        trim(&self.settings, &self.index);
        Ok(())
    }

    /// Seals the last segment. The next one is created afterwards, so only the last segment of a
    /// shard can be without a seal after a kill.
    fn seal_last(&self) {
        let last = {
            let index = self.index.read();
            index.last_file().zip(index.segments.back().map(|segment| segment.summary))
        };
        let Some(((path, _), summary)) = last else { return };
        if let Err(cause) = seal::write(&path, &summary) {
            let file = path.display();
            tracing::warn!(%file, %cause, "kinesis: not sealed; a start reads the segment whole");
        }
    }

    /// Opens the file of the segment that was last when the log was opened.
    fn open_last(&mut self) -> io::Result<()> {
        let mut index = self.index.write();
        let Some(segment) = index.segments.back_mut() else { return Ok(()) };
        let SegmentBody::File(path) = &segment.body else { return Ok(()) };
        let mut file = OpenOptions::new().write(true).open(path)?;
        let bytes = &mut segment.summary.bytes;
        if *bytes < MAGIC.len() as u64 {
            file.write_all(&MAGIC)?;
            *bytes = MAGIC.len() as u64;
        }
        file.seek(SeekFrom::Start(*bytes))?;
        self.file = Some(file);
        Ok(())
    }
}

fn create(path: &Path, folder: &Path) -> io::Result<File> {
    // A file left by a failed roll holds no records, so it can be truncated.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(&MAGIC)?;
    file.sync_all()?;
    sync_folder(folder)?;
    Ok(file)
}

fn reply(group: Vec<AppendRequest>, outcome: Result<u64, AppendError>) {
    let mut next = outcome;
    for append in group {
        let count = append.records.len() as u64;
        // The caller may have disconnected.
        let _ = append.reply.send(next.clone());
        next = next.map(|first| first + count);
    }
}

/// Deletes the segments of which no record is kept.
pub(super) fn trim(settings: &LogSettings, index: &SharedIndex) {
    let now_ms = (settings.clock)().timestamp_millis();
    let at_ms = now_ms - retention_ms(&settings.retention_hours);
    let kept_from = (settings.kept_from)();
    let expired = index.write().trim(Horizon { at_ms, kept_from });
    for segment in expired {
        if let SegmentBody::File(path) = segment.body
            && let Err(cause) = delete(&path)
        {
            let file = path.display();
            tracing::warn!(%file, %cause, "kinesis: an expired segment could not be deleted");
        }
    }
}

/// Deletes a segment durably, before the next one: a loss of power must leave no gap.
fn delete(path: &Path) -> io::Result<()> {
    seal::remove(path)?;
    fs::remove_file(path)?;
    path.parent().map_or(Ok(()), sync_folder)
}
