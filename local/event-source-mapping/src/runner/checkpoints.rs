//! How far each shard is done, and where that is kept.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::durable::{replace, segment};
use crate::decisions::position::Position;

/// The format of the file.
const VERSION: u32 = 1;

/// Where checkpoints are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checkpoints {
    /// Nowhere: the next mapping begins at its starting position.
    Memory,
    /// In this folder, in a file named after the stream, so that the next mapping goes on where
    /// this one stopped. One mapping of a stream at a time.
    Folder(PathBuf),
}

/// A checkpoint file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointsError {
    /// It cannot be read.
    #[error("checkpoints cannot be read from {path}: {error}; it takes a file that can be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is not what this program writes.
    #[error(
        "{path} holds no checkpoints of this program: {reason}; put it back from a copy, or move \
         it away to begin again at the starting position"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    version: u32,
    stream_name: String,
    shards: BTreeMap<String, Position>,
}

/// The positions of all shards of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    stream_name: String,
    folder: Option<PathBuf>,
    pages: Arc<Mutex<Pages>>,
    /// The change that is safe on disk. Held while writing, so that shards that come meanwhile
    /// find their change written by the next one.
    written: Arc<tokio::sync::Mutex<u64>>,
}

#[derive(Debug, Default)]
struct Pages {
    positions: BTreeMap<String, Position>,
    change: u64,
}

impl Book {
    pub(crate) fn open(kept: Checkpoints, stream_name: &str) -> Result<Self, CheckpointsError> {
        let (folder, positions) = match kept {
            Checkpoints::Memory => (None, BTreeMap::new()),
            Checkpoints::Folder(folder) => {
                let positions = read(&folder.join(file_name(stream_name)), stream_name)?;
                (Some(folder), positions)
            }
        };
        let pages = Arc::new(Mutex::new(Pages { positions, change: 0 }));
        Ok(Self { stream_name: stream_name.to_owned(), folder, pages, written: Arc::default() })
    }

    pub(crate) fn positions(&self) -> BTreeMap<String, Position> {
        self.pages().positions.clone()
    }

    /// Notes positions; they are on disk when this returns. After an error they are noted all the
    /// same, and written with the next ones.
    pub(crate) async fn note(
        &self,
        positions: impl IntoIterator<Item = (String, Position)>,
    ) -> io::Result<()> {
        let change = {
            let mut pages = self.pages();
            pages.positions.extend(positions);
            pages.change += 1;
            pages.change
        };
        self.write(change).await
    }

    /// Drops finished shards that the stream no longer lists; nobody asks for them any more.
    pub(crate) fn forget_finished(&self, listed: impl Fn(&str) -> bool) {
        let stays = |id: &String, position: &mut Position| *position != Position::End || listed(id);
        self.pages().positions.retain(stays);
    }

    async fn write(&self, change: u64) -> io::Result<()> {
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        let mut written = self.written.lock().await;
        if *written >= change {
            return Ok(());
        }
        let (change, file) = {
            let pages = self.pages();
            let shards = pages.positions.clone();
            let stream_name = self.stream_name.clone();
            (pages.change, File { version: VERSION, stream_name, shards })
        };
        let path = folder.join(file_name(&self.stream_name));
        let contents = serde_json::to_vec_pretty(&file).map_err(io::Error::other)?;
        tokio::task::spawn_blocking(move || replace(&path, &contents))
            .await
            .map_err(io::Error::other)??;
        *written = change;
        Ok(())
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(stream_name: &str) -> String {
    format!("{}.json", segment(stream_name))
}

fn read(path: &Path, stream_name: &str) -> Result<BTreeMap<String, Position>, CheckpointsError> {
    let contents = match std::fs::read(path) {
        Ok(contents) => contents,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(CheckpointsError::Read { path: path.to_owned(), error }),
    };
    let refused = |reason| CheckpointsError::Format { path: path.to_owned(), reason };
    let file: File =
        serde_json::from_slice(&contents).map_err(|error| refused(error.to_string()))?;
    if file.version != VERSION {
        return Err(refused(format!(
            "its version is {}, this program's is {VERSION}",
            file.version
        )));
    }
    if file.stream_name != stream_name {
        return Err(refused(format!("it is of stream {}, not {stream_name}", file.stream_name)));
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
        let kept = Checkpoints::Folder(folder.path().to_owned());
        let at = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap();
        let positions: BTreeMap<String, Position> = [
            Position::TrimHorizon,
            Position::Latest(at),
            Position::Since(at),
            Position::After(SequenceNumber::new("9".repeat(129))),
            Position::End,
        ]
        .into_iter()
        .enumerate()
        .map(|(number, position)| (format!("shardId-{number:012}"), position))
        .collect();
        let book = Book::open(kept.clone(), "till-events").unwrap();
        book.note(positions.clone()).await.unwrap();
        assert_eq!(Book::open(kept, "till-events").unwrap().positions(), positions);
    }

    #[test]
    fn a_file_that_is_not_ours_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till-events.json");
        for (contents, reason) in [
            ("{", "EOF"),
            (r#"{"version":2,"stream_name":"till-events","shards":{}}"#, "version is 2"),
            (r#"{"version":1,"stream_name":"other","shards":{}}"#, "of stream other"),
        ] {
            std::fs::write(&path, contents).unwrap();
            let kept = Checkpoints::Folder(folder.path().to_owned());
            let message = Book::open(kept, "till-events").unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), contents);
        }
    }
}
