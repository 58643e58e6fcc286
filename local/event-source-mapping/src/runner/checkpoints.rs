//! Checkpoints of the shards of a stream, and their file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

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
    /// Checksum of the text of `shards`. Files of earlier versions have none.
    crc32: Option<u32>,
    /// Positions by shard.
    shards: Box<RawValue>,
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
        let shards = to_raw_value(&shards).map_err(io::Error::other)?;
        let crc32 = Some(crc32fast::hash(shards.get().as_bytes()));
        let file = CheckpointFile { version: VERSION, stream_name, crc32, shards };
        let contents = serde_json::to_vec(&file).map_err(io::Error::other)?;
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
    let shards = file.shards.get();
    if file.crc32.is_some_and(|written| written != crc32fast::hash(shards.as_bytes())) {
        return Err(refused("its positions do not match their checksum".to_owned()));
    }
    serde_json::from_str(shards).map_err(|error| refused(error.to_string()))
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

    #[tokio::test]
    async fn a_file_with_any_flipped_bit_is_refused_or_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Checkpoints::Folder(folder.path().to_owned());
        let after = |number: &str| ShardPosition::After(SequenceNumber::new(number));
        let positions = [("shard-0".to_owned(), after("41")), ("shard-1".to_owned(), after("7"))];
        let store = CheckpointStore::open(storage.clone(), "till-events").unwrap();
        store.save(positions.clone()).await.unwrap();
        let path = folder.path().join("till-events.json");
        let sound = std::fs::read(&path).unwrap();
        for at in 0..sound.len() {
            for bit in 0..8 {
                let mut flipped = sound.clone();
                flipped[at] ^= 1 << bit;
                std::fs::write(&path, &flipped).unwrap();
                match CheckpointStore::open(storage.clone(), "till-events") {
                    Ok(found) => assert_eq!(found.positions(), positions.clone().into(), "{at}"),
                    Err(error) => assert!(error.to_string().contains("till-events.json")),
                }
            }
        }
    }

    #[test]
    fn a_file_of_an_earlier_version_has_no_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let contents = r#"{"version":1,"stream_name":"s","shards":{"shard-0":{"after":"7"}}}"#;
        std::fs::write(folder.path().join("s.json"), contents).unwrap();
        let storage = Checkpoints::Folder(folder.path().to_owned());
        let positions = CheckpointStore::open(storage, "s").unwrap().positions();
        assert_eq!(positions["shard-0"], ShardPosition::After(SequenceNumber::new("7")));
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
