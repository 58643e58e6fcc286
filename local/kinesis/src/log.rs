//! Log of one shard: records are appended in order and readable once they are durable.
//!
//! Each shard that is written to has a thread. The thread collects the waiting records, writes
//! them as one frame and syncs the file. Then it publishes the records to readers and answers the
//! callers (group commit).
//!
//! A log is a sequence of segments. The last one takes records; the others are sealed. A start
//! reads the last one and the seals, so neither its time nor its memory grows with the log.
//!
//! Memory holds 16 bytes for each record (offset, length, arrival) of the last segment and of the
//! two sealed ones that were read last, never its content. The page cache of the system has the
//! recent records. [`LogPlace::Memory`] is the exception: it keeps the records themselves.

mod frame;
mod index;
mod reader;
mod records;
mod recovery;
mod seal;
mod shared_index;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta};
use tokio::sync::oneshot;

pub(crate) use reader::{PageLimits, ReadError, RecordPage};
pub use recovery::RecoveryError;
pub(crate) use recovery::verify;

use domain::ports::Clock;
use index::{Horizon, LogIndex};
use shared_index::SharedIndex;
use writer::{AppendRequest, LogWriter};

/// Time by which a record may be ahead of the clock without a warning.
const AHEAD_MAX: TimeDelta = TimeDelta::minutes(1);

/// Length in bytes at which a segment is closed. Retention deletes whole segments.
pub(crate) const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Record to append.
#[derive(Debug, Clone)]
pub(crate) struct NewRecord {
    pub(crate) partition_key: String,
    pub(crate) data: Bytes,
}

/// Location of the segments of a shard.
#[derive(Debug, Clone)]
pub(crate) enum LogPlace {
    /// In memory.
    Memory,
    /// Files in a folder, named after the shard.
    Folder {
        /// Existing folder of the stream.
        folder: PathBuf,
        /// Shard id.
        shard: String,
    },
}

impl fmt::Display for LogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Folder { folder, shard } => write!(f, "{}", folder.join(shard).display()),
        }
    }
}

/// Settings of a log.
pub(crate) struct LogSettings {
    pub(crate) place: LogPlace,
    /// Source of arrival times.
    pub(crate) clock: Clock,
    /// Segment length at which the next segment begins, in bytes.
    pub(crate) segment_bytes: u64,
    /// Retention in hours, shared by the shards of a stream.
    pub(crate) retention_hours: Arc<AtomicU32>,
    /// Counter from which on records are kept beyond the retention, because their consumer has not
    /// read them; `u64::MAX` without a consumer.
    pub(crate) kept_from: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// Failure to append records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    /// The log is closed.
    #[error("the shard's log is closed")]
    Closed,
    /// The file could not be written or synced, for this reason.
    #[error("the shard's log could not be written: {0}")]
    Write(String),
}

/// Reason for which a log takes no records.
#[derive(Debug, thiserror::Error)]
pub enum LogHealthError {
    /// The writer refuses.
    #[error("{place}: {reason}")]
    Writer {
        /// Files of the log, without their suffix.
        place: String,
        /// Error of the writer.
        reason: String,
    },
    /// The last segment is not as it was written.
    #[error("{path}: {reason}; stop the program and restore the file from a copy")]
    File {
        /// File of the segment.
        path: PathBuf,
        /// Difference to what was written.
        reason: String,
    },
}

/// Receives the counter of the first record once all records of the request are durable.
pub(crate) type DurableReceipt = oneshot::Receiver<Result<u64, AppendError>>;

enum WriterState {
    Idle(Box<LogWriter>),
    Running(mpsc::Sender<AppendRequest>, JoinHandle<()>),
    Closed,
}

/// Log of one shard.
pub(crate) struct ShardLog {
    index: Arc<SharedIndex>,
    settings: Arc<LogSettings>,
    writer_state: Mutex<WriterState>,
}

impl ShardLog {
    /// Opens the log of a shard. Verifies its last segment, and those with records that their
    /// consumer has not read. A torn last frame is cut and logged. `closed_at` is the last counter
    /// of a closed shard.
    ///
    /// # Errors
    /// Returns an error if a segment cannot be read, is missing, or is damaged before its end.
    pub(crate) fn open(
        settings: LogSettings,
        closed_at: Option<u64>,
    ) -> Result<Self, RecoveryError> {
        let index = match &settings.place {
            LogPlace::Memory => LogIndex::empty(),
            LogPlace::Folder { folder, shard } => {
                recovery::recover(folder, shard, closed_at, (settings.kept_from)())?
            }
        };
        warn_if_ahead(&index, &settings);
        let index = Arc::new(SharedIndex::new(index));
        let settings = Arc::new(settings);
        let writer_state = match closed_at {
            Some(_) => WriterState::Closed,
            None => WriterState::Idle(Box::new(LogWriter::new(settings.clone(), index.clone()))),
        };
        let log = Self { index, settings, writer_state: Mutex::new(writer_state) };
        log.trim();
        Ok(log)
    }

    /// Queues records, which get consecutive counters. Does not block.
    pub(crate) fn append(&self, records: Vec<NewRecord>) -> DurableReceipt {
        let (reply, ack) = oneshot::channel();
        let append = AppendRequest { records, reply };
        let mut writer_state = self.writer_state.lock().unwrap_or_else(PoisonError::into_inner);
        if let WriterState::Idle(_) = &*writer_state {
            *writer_state = match std::mem::replace(&mut *writer_state, WriterState::Closed) {
                WriterState::Idle(writer) => start(writer),
                other => other,
            };
        }
        let refused = match &*writer_state {
            WriterState::Running(queue, _) => queue.send(append).err().map(|back| back.0),
            WriterState::Idle(_) | WriterState::Closed => Some(append),
        };
        if let Some(append) = refused {
            // The receiver is held below, so the reply cannot be lost.
            let _ = append.reply.send(Err(AppendError::Closed));
        }
        ack
    }

    /// Returns a receipt for everything queued before, or `None` if no writer is running.
    pub(crate) fn barrier(&self) -> Option<DurableReceipt> {
        let idle = {
            let writer_state = self.writer_state.lock().unwrap_or_else(PoisonError::into_inner);
            !matches!(&*writer_state, WriterState::Running(..))
        };
        (!idle).then(|| self.append(Vec::new()))
    }

    /// Checks that the log would take a record: the writer answers, and the file of the last
    /// segment is there and complete.
    ///
    /// # Errors
    /// Returns the reason if it would not.
    pub(crate) async fn check(&self) -> Result<(), LogHealthError> {
        let writer = |reason: String| LogHealthError::Writer {
            place: self.settings.place.to_string(),
            reason,
        };
        if let Some(receipt) = self.barrier() {
            let answer = receipt.await.map_err(|_| writer("the writer has ended".to_owned()))?;
            answer.map_err(|error| writer(error.to_string()))?;
        }
        let last = self.index.read().last_file();
        let Some((path, bytes)) = last else { return Ok(()) };
        let reason = match std::fs::metadata(&path) {
            Ok(file) if file.len() >= bytes => return Ok(()),
            Ok(file) => format!("{} of {bytes} bytes are left", file.len()),
            Err(cause) => cause.to_string(),
        };
        Err(LogHealthError::File { path, reason })
    }

    /// Waits until all queued records are durable, then stops the writer. Blocks.
    pub(crate) fn close(&self) {
        let writer_state = {
            let mut writer_state = self.writer_state.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *writer_state, WriterState::Closed)
        };
        if let WriterState::Running(queue, thread) = writer_state {
            drop(queue);
            if thread.join().is_err() {
                tracing::error!("kinesis: a log writer panicked");
            }
        }
    }

    /// Counter of the last durable record; 0 before the first record.
    pub(crate) fn last_counter(&self) -> u64 {
        self.index.read().next - 1
    }

    /// Counter of the first record that arrived at or after an instant (milliseconds since 1970),
    /// or of the next record if there is none. Blocks.
    ///
    /// # Errors
    /// Returns an error if a sealed segment cannot be read or is damaged.
    pub(crate) fn first_at(&self, at_ms: i64) -> Result<u64, ReadError> {
        reader::first_at(&self.index, at_ms)
    }

    /// Reads records from counter `from` on, except those that arrived before `horizon_ms` and are
    /// not kept for their consumer. Returns at least one record if there is one. Blocks.
    ///
    /// # Errors
    /// Returns an error if a segment cannot be read, or if a record does not match its checksum.
    pub(crate) fn read(
        &self,
        from: u64,
        horizon_ms: i64,
        limits: PageLimits,
    ) -> Result<RecordPage, ReadError> {
        let horizon = Horizon { at_ms: horizon_ms, kept_from: (self.settings.kept_from)() };
        reader::read(&self.index, from, horizon, limits)
    }

    /// Deletes the segments of which no record is kept. Blocks.
    pub(crate) fn trim(&self) {
        writer::trim(&self.settings, &self.index);
    }
}

/// Logs that records are stamped later than now. The clock was wrong then, or is wrong now.
fn warn_if_ahead(index: &LogIndex, settings: &LogSettings) {
    let now = (settings.clock)();
    let latest = index.latest_arrival_ms().and_then(DateTime::from_timestamp_millis);
    if let Some(latest) = latest.filter(|latest| *latest > now + AHEAD_MAX) {
        tracing::warn!(
            log = %settings.place, %latest, %now,
            "kinesis: the log is ahead of the clock of this machine; if the clock is right now, it \
             was ahead before: new records get the time of now, and `daymark quarantine list` \
             shows events that were refused meanwhile, for `daymark quarantine replay`; if the \
             clock is wrong now, stop, set it and start again"
        );
    }
}

fn start(writer: Box<LogWriter>) -> WriterState {
    let (queue, waiting) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("kinesis-log".to_owned())
        .spawn(move || writer.run(waiting));
    match thread {
        Ok(thread) => WriterState::Running(queue, thread),
        Err(cause) => {
            tracing::error!(%cause, "kinesis: no thread for a log writer; no records accepted");
            WriterState::Closed
        }
    }
}

impl Drop for ShardLog {
    fn drop(&mut self) {
        self.close();
    }
}

fn retention_ms(hours: &AtomicU32) -> i64 {
    i64::from(hours.load(Ordering::Relaxed)) * 3_600_000
}

#[cfg(test)]
mod tests;
