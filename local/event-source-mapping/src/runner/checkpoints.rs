//! Checkpoints of the shards of a stream, and their file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::durable_file::{path_segment, replace};
use super::progress::{MappingProgress, ProgressPublisher};
use crate::decisions::position::ShardPosition;

/// Version of the file format.
const VERSION: u32 = 1;

/// Storage of checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checkpoints {
    /// Memory. The next mapping begins at its starting position.
    Memory,
    /// A file in this folder, named after the stream. The next mapping continues where this one
    /// stopped. Only one mapping of a stream may run at a time.
    Folder(PathBuf),
}

impl Checkpoints {
    /// Reads the stored progress in a stream, before a mapping runs.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn progress(&self, stream_name: &str) -> Result<MappingProgress, CheckpointsError> {
        let store = CheckpointStore::open(self.clone(), stream_name)?;
        Ok(ProgressPublisher::new(&store.positions()).subscribe().borrow().clone())
    }
}

/// Unusable checkpoint file.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointsError {
    /// The file cannot be read.
    #[error("checkpoints cannot be read from {path}: {error}; a readable file would pass")]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the system.
        error: io::Error,
    },
    /// The file has another format.
    #[error(
        "{path} holds no checkpoints of this program: {reason}; restore it from a copy, or move it \
         away to begin again at the starting position"
    )]
    Format {
        /// Path of the file.
        path: PathBuf,
        /// Reason for the refusal.
        reason: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct CheckpointFile {
    version: u32,
    stream_name: String,
    shards: BTreeMap<String, ShardPosition>,
}

/// Positions of all shards of a stream.
#[derive(Debug)]
pub(crate) struct CheckpointStore {
    stream_name: String,
    folder: Option<PathBuf>,
    current: Mutex<PositionTable>,
    /// Number of the last change on disk. The lock is held during a write, so one write covers the
    /// changes of all shards that wait for it.
    written: tokio::sync::Mutex<u64>,
}

#[derive(Debug)]
struct PositionTable {
    positions: BTreeMap<String, ShardPosition>,
    /// Number of the last change.
    change: u64,
}

impl CheckpointStore {
    pub(crate) fn open(storage: Checkpoints, stream_name: &str) -> Result<Self, CheckpointsError> {
        let (folder, positions) = match storage {
            Checkpoints::Memory => (None, BTreeMap::new()),
            Checkpoints::Folder(folder) => {
                let positions = read(&folder.join(file_name(stream_name)), stream_name)?;
                (Some(folder), positions)
            }
        };
        let current = Mutex::new(PositionTable { positions, change: 0 });
        let written = tokio::sync::Mutex::default();
        Ok(Self { stream_name: stream_name.to_owned(), folder, current, written })
    }

    pub(crate) fn positions(&self) -> BTreeMap<String, ShardPosition> {
        self.table().positions.clone()
    }

    /// Stores positions durably. After an error the positions are still set in memory, and the next
    /// successful call writes them too.
    pub(crate) async fn save(
        &self,
        positions: impl IntoIterator<Item = (String, ShardPosition)>,
    ) -> io::Result<()> {
        let change = {
            let mut table = self.table();
            table.positions.extend(positions);
            table.change += 1;
            table.change
        };
        self.write(change).await
    }

    /// Removes finished shards that the stream no longer lists.
    pub(crate) fn remove_finished(&self, is_listed: impl Fn(&str) -> bool) {
        self.table()
            .positions
            .retain(|id, position| *position != ShardPosition::End || is_listed(id));
    }

    async fn write(&self, change: u64) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut written = self.written.lock().await;
        if *written >= change {
            return Ok(());
        }
        let (change, shards) = {
            let table = self.table();
            (table.change, table.positions.clone())
        };
        let stream_name = self.stream_name.clone();
        let path = folder.join(file_name(&stream_name));
        let file = CheckpointFile { version: VERSION, stream_name, shards };
        let contents = serde_json::to_vec_pretty(&file).map_err(io::Error::other)?;
        tokio::task::spawn_blocking(move || replace(&path, &contents))
            .await
            .map_err(io::Error::other)??;
        *written = change;
        Ok(())
    }

    fn table(&self) -> MutexGuard<'_, PositionTable> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(stream_name: &str) -> String {
    format!("{}.json", path_segment(stream_name))
}

fn read(
    path: &Path,
    stream_name: &str,
) -> Result<BTreeMap<String, ShardPosition>, CheckpointsError> {
    let contents = match std::fs::read(path) {
        Ok(contents) => contents,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(CheckpointsError::Read { path: path.to_owned(), error }),
    };
    let refused = |reason| CheckpointsError::Format { path: path.to_owned(), reason };
    let file: CheckpointFile =
        serde_json::from_slice(&contents).map_err(|error| refused(error.to_string()))?;
    if file.version != VERSION {
        return Err(refused(format!("its version is {}; {VERSION} would pass", file.version)));
    }
    if file.stream_name != stream_name {
        return Err(refused(format!(
            "it belongs to stream {}, not to {stream_name}",
            file.stream_name
        )));
    }
    Ok(file.shards)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::record::SequenceNumber;

    use super::*;

    #[tokio::test]
    async fn every_position_is_read_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Checkpoints::Folder(folder.path().to_owned());
        let at = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap();
        let positions: BTreeMap<String, ShardPosition> = [
            ShardPosition::TrimHorizon,
            ShardPosition::Latest(at),
            ShardPosition::Since(at),
            ShardPosition::After(SequenceNumber::new("9".repeat(129))),
            ShardPosition::End,
        ]
        .into_iter()
        .enumerate()
        .map(|(number, position)| (format!("shardId-{number:012}"), position))
        .collect();
        let store = CheckpointStore::open(storage.clone(), "till-events").unwrap();
        store.save(positions.clone()).await.unwrap();
        assert_eq!(CheckpointStore::open(storage, "till-events").unwrap().positions(), positions);
    }

    #[test]
    fn a_file_of_another_format_is_refused_and_left_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till-events.json");
        for (contents, reason) in [
            ("{", "EOF"),
            (r#"{"version":2,"stream_name":"till-events","shards":{}}"#, "version is 2"),
            (r#"{"version":1,"stream_name":"other","shards":{}}"#, "to stream other"),
        ] {
            std::fs::write(&path, contents).unwrap();
            let storage = Checkpoints::Folder(folder.path().to_owned());
            let message = CheckpointStore::open(storage, "till-events").unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), contents);
        }
    }
}
