//! One shard's log: records appended in order, readable once they are durable.
//!
//! A dedicated thread per shard that is written to gathers what waits, writes it as one frame,
//! syncs, and only then shows the records to readers and answers the writers (group commit).
//!
//! In memory there are 16 bytes for each record (offset, length, arrival), never its content:
//! recent records are in the system's page cache anyway, and memory must not grow with all that
//! was ever written. [`Place::Memory`] is the exception that keeps the records themselves.

mod frame;
mod index;
mod reader;
mod recovery;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::oneshot;

pub(crate) use reader::{Page, ReadError};
pub use recovery::RecoveryError;

use super::Clock;
use index::Index;
use writer::{Append, Writer};

/// A segment is closed once it is this long, so that retention can delete whole files.
pub(crate) const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// A record on its way in.
#[derive(Debug, Clone)]
pub(crate) struct NewRecord {
    /// The partition key.
    pub(crate) partition_key: String,
    /// The data.
    pub(crate) data: Bytes,
}

/// Where a shard's segments are.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// Nowhere but in memory.
    Memory,
    /// In this folder, in files that start with the shard's name.
    Folder {
        /// The stream's folder; it exists.
        folder: PathBuf,
        /// The shard's name.
        shard: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Folder { folder, shard } => write!(f, "{}", folder.join(shard).display()),
        }
    }
}

/// What a log needs to know.
pub(crate) struct LogSettings {
    /// Where the segments are.
    pub(crate) place: Place,
    /// Gives each record its arrival.
    pub(crate) clock: Clock,
    /// Segment length at which the next one begins, in bytes.
    pub(crate) segment_bytes: u64,
    /// How long records are kept, in hours; shared by a stream's shards.
    pub(crate) retention_hours: Arc<AtomicU32>,
}

/// Why records were not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    /// The log is closed.
    #[error("the shard's log is closed")]
    Closed,
    /// The file could not be written or synced.
    #[error("the shard's log could not be written: {0}")]
    Write(String),
}

/// Answers with the counter of the first record once all of them are durable.
pub(crate) type Ack = oneshot::Receiver<Result<u64, AppendError>>;

enum Hand {
    Idle(Box<Writer>),
    Running(mpsc::Sender<Append>, JoinHandle<()>),
    Closed,
}

/// One shard's log.
pub(crate) struct ShardLog {
    index: Arc<SharedIndex>,
    settings: Arc<LogSettings>,
    hand: Mutex<Hand>,
}

/// The index, shared by the writer and the readers.
pub(crate) struct SharedIndex(RwLock<Index>);

impl SharedIndex {
    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ShardLog {
    /// Opens a shard's log and checks every byte of it. A torn last frame is cut and reported.
    /// `closed_at` is the last counter of a closed shard.
    ///
    /// # Errors
    /// A segment cannot be read, is missing, or is damaged in its middle.
    pub(crate) fn open(
        settings: LogSettings,
        closed_at: Option<u64>,
    ) -> Result<Self, RecoveryError> {
        let index = match &settings.place {
            Place::Memory => Index::empty(),
            Place::Folder { folder, shard } => recovery::recover(folder, shard, closed_at)?,
        };
        let index = Arc::new(SharedIndex(RwLock::new(index)));
        let settings = Arc::new(settings);
        let hand = match closed_at {
            Some(_) => Hand::Closed,
            None => Hand::Idle(Box::new(Writer::new(settings.clone(), index.clone()))),
        };
        let log = Self { index, settings, hand: Mutex::new(hand) };
        log.trim();
        Ok(log)
    }

    /// Queues records; they get consecutive counters. Does not block.
    pub(crate) fn append(&self, records: Vec<NewRecord>) -> Ack {
        let (reply, ack) = oneshot::channel();
        let append = Append { records, reply };
        let mut hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        if let Hand::Idle(_) = &*hand {
            *hand = match std::mem::replace(&mut *hand, Hand::Closed) {
                Hand::Idle(writer) => start(writer),
                other => other,
            };
        }
        let refused = match &*hand {
            Hand::Running(queue, _) => queue.send(append).err().map(|back| back.0),
            Hand::Idle(_) | Hand::Closed => Some(append),
        };
        if let Some(append) = refused {
            // The receiver is ours and alive; should it be gone, nobody waits.
            let _ = append.reply.send(Err(AppendError::Closed));
        }
        ack
    }

    /// Answers once everything queued before is durable; `None` when nothing can be queued.
    pub(crate) fn barrier(&self) -> Option<Ack> {
        let idle = {
            let hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
            !matches!(&*hand, Hand::Running(..))
        };
        (!idle).then(|| self.append(Vec::new()))
    }

    /// Waits until what was queued is durable and stops the writer. Blocks.
    pub(crate) fn close(&self) {
        let hand = {
            let mut hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *hand, Hand::Closed)
        };
        if let Hand::Running(queue, thread) = hand {
            drop(queue);
            if thread.join().is_err() {
                tracing::error!("kinesis: a log writer panicked");
            }
        }
    }

    /// The counter of the last durable record; 0 when there never was one.
    pub(crate) fn last_counter(&self) -> u64 {
        self.index.read().next - 1
    }

    /// The counter of the first record that arrived at or after an instant (milliseconds since
    /// 1970), or of the record that will be next.
    pub(crate) fn first_at(&self, at_ms: i64) -> u64 {
        self.index.read().first_at(at_ms)
    }

    /// Gives records from counter `from` on, but none that arrived before `horizon_ms`. Blocks.
    /// At least one record is given if there is one, whatever its size.
    ///
    /// # Errors
    /// A segment cannot be read, or its bytes are no longer what was written.
    pub(crate) fn read(
        &self,
        from: u64,
        horizon_ms: i64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Page, ReadError> {
        reader::read(&self.index, from, horizon_ms, records_max, bytes_max)
    }

    /// Deletes the segments all of whose records are past retention. Blocks.
    pub(crate) fn trim(&self) {
        writer::trim(&self.settings, &self.index);
    }
}

fn start(writer: Box<Writer>) -> Hand {
    let (queue, waiting) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("kinesis-log".to_owned())
        .spawn(move || writer.run(waiting));
    match thread {
        Ok(thread) => Hand::Running(queue, thread),
        Err(cause) => {
            tracing::error!(%cause, "kinesis: no thread for a log writer; its shard takes nothing");
            Hand::Closed
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
