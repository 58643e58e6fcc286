//! Folders of the streams on disk. Each contains a `stream.json` and the segments of the shards.
//!
//! ```text
//! <root>/lock                       locked while an endpoint uses the folder
//! <root>/stream-<name>/stream.json  replaced atomically: write aside, sync, rename, sync folder
//! <root>/stream-<name>/shardId-000000000000.00000000000000000001.log   segment
//! <root>/stream-<name>/shardId-000000000000.00000000000000000001.seal  its figures, when full
//! <root>/new, <root>/gone-*         interrupted creation or deletion, removed at the next start
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::KinesisOpenError;
use super::stream::{StreamMetadata, shard_number};

const FORMAT: u32 = 1;
const FILE: &str = "stream.json";
const STREAM_PREFIX: &str = "stream-";
const NEW: &str = "new";
const GONE_PREFIX: &str = "gone-";

#[derive(Serialize, Deserialize)]
struct StoredMetadata {
    format: u32,
    /// Checksum of the text of `stream`. Files of earlier versions have none.
    crc32: Option<u32>,
    stream: Box<RawValue>,
}

/// Makes creations, renames and deletions in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // On other systems a folder cannot be opened as a file.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Root folder of all streams, locked for one endpoint.
pub(crate) struct StreamFolders {
    root: PathBuf,
    lock: Mutex<Option<File>>,
}

impl StreamFolders {
    /// Locks the folder, creates it if absent, and reads the streams in it.
    ///
    /// # Errors
    /// Returns an error if the folder is unusable or locked, or if a `stream.json` is unreadable.
    pub(crate) fn open(root: PathBuf) -> Result<(Self, Vec<StreamMetadata>), KinesisOpenError> {
        let failed = |cause| KinesisOpenError::Folder { folder: root.clone(), cause };
        fs::create_dir_all(&root).map_err(failed)?;
        // Without the name of the folder, a loss of power loses all that is synced in it.
        let parent = root.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_folder(parent.unwrap_or(Path::new("."))).map_err(failed)?;
        let lock = File::create(root.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(KinesisOpenError::InUse { folder: root }),
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        let mut streams = Vec::new();
        for entry in fs::read_dir(&root).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name == NEW || name.starts_with(GONE_PREFIX) {
                tracing::warn!(folder = %path.display(), "kinesis: removing an interrupted change");
                fs::remove_dir_all(&path).map_err(failed)?;
            } else if name.starts_with(STREAM_PREFIX) {
                streams.push(read(&path.join(FILE))?);
            }
        }
        Ok((Self { root, lock: Mutex::new(Some(lock)) }, streams))
    }

    /// Folder of a stream. A valid name contains no separator, and the prefix makes `..` harmless.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(format!("{STREAM_PREFIX}{name}"))
    }

    /// Creates the folder of a stream atomically. Blocks.
    ///
    /// # Errors
    /// Returns the error of the system.
    pub(crate) fn create(&self, stream: &StreamMetadata) -> io::Result<()> {
        let new = self.root.join(NEW);
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::create_dir(&new)?;
        write(&new, stream)?;
        fs::rename(&new, self.folder(&stream.name))?;
        sync_folder(&self.root)
    }

    /// Replaces the metadata of a stream. Blocks.
    ///
    /// # Errors
    /// Returns the error of the system. The old metadata then remains.
    pub(crate) fn save(&self, stream: &StreamMetadata) -> io::Result<()> {
        write(&self.folder(&stream.name), stream)
    }

    /// Deletes the folder of a stream: renames it durably, then removes its files. Blocks.
    ///
    /// # Errors
    /// Returns the error of the system.
    pub(crate) fn delete(&self, stream: &StreamMetadata) -> io::Result<()> {
        let gone = self.root.join(format!("{GONE_PREFIX}{}", stream.created_ms));
        fs::rename(self.folder(&stream.name), &gone)?;
        sync_folder(&self.root)?;
        fs::remove_dir_all(gone)
    }

    /// Deletes the segments, and their seals, of shards that are no longer in the metadata. Blocks.
    ///
    /// # Errors
    /// Returns the error of the system.
    pub(crate) fn sweep(&self, stream: &StreamMetadata) -> io::Result<()> {
        for entry in fs::read_dir(self.folder(&stream.name))? {
            let path = entry?.path();
            let is_segment =
                path.extension().is_some_and(|extension| extension == "log" || extension == "seal");
            let number = path
                .file_name()
                .filter(|_| is_segment)
                .and_then(|name| name.to_str()?.split_once('.'))
                .and_then(|(shard, _)| shard_number(shard));
            if number.is_some_and(|number| stream.shard(number).is_none()) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Unlocks the folder.
    pub(crate) fn release(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn read(path: &Path) -> Result<StreamMetadata, KinesisOpenError> {
    let failed = |cause: String| KinesisOpenError::Metadata { file: path.to_owned(), cause };
    let text = fs::read(path).map_err(|cause| failed(cause.to_string()))?;
    let stored: StoredMetadata =
        serde_json::from_slice(&text).map_err(|cause| failed(cause.to_string()))?;
    if stored.format != FORMAT {
        return Err(failed(format!("format {} is unknown; {FORMAT} would pass", stored.format)));
    }
    let text = stored.stream.get();
    let crc32 = crc32fast::hash(text.as_bytes());
    if stored.crc32.is_some_and(|written| written != crc32) {
        return Err(failed("it does not match its checksum".to_owned()));
    }
    serde_json::from_str(text).map_err(|cause| failed(cause.to_string()))
}

/// Replaces the `stream.json` in a folder. Written by hand: `atomic-write-file` adds seven crates
/// and can leave a file with a random name after each crash.
fn write(folder: &Path, stream: &StreamMetadata) -> io::Result<()> {
    let stream = to_raw_value(stream)?;
    let crc32 = Some(crc32fast::hash(stream.get().as_bytes()));
    let text = serde_json::to_vec(&StoredMetadata { format: FORMAT, crc32, stream })?;
    let aside = folder.join("stream.json.new");
    let mut file = File::create(&aside)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(aside, folder.join(FILE))?;
    sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::StreamMode;

    #[test]
    fn metadata_with_any_flipped_bit_is_refused_or_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let stream = StreamMetadata::new("events".to_owned(), 17, StreamMode::Provisioned, 2);
        write(folder.path(), &stream).expect("written");
        let file = folder.path().join(FILE);
        let sound = fs::read(&file).expect("readable");
        let mut refused = 0;
        for at in 0..sound.len() {
            for bit in 0..8 {
                let mut flipped = sound.clone();
                flipped[at] ^= 1 << bit;
                fs::write(&file, &flipped).expect("written");
                match read(&file) {
                    Ok(found) => assert_eq!(found, stream, "bit {bit} of {at}"),
                    Err(error) => {
                        refused += 1;
                        assert!(error.to_string().contains("restore the file from a copy"));
                    }
                }
            }
        }
        assert!(refused > sound.len() * 7, "{refused} of {} flips", sound.len() * 8);
    }

    #[test]
    fn metadata_of_an_earlier_version_has_no_checksum() {
        let folder = tempfile::tempdir().expect("a folder");
        let stream = StreamMetadata::new("events".to_owned(), 17, StreamMode::Provisioned, 2);
        let text = serde_json::json!({ "format": 1, "stream": stream }).to_string();
        let file = folder.path().join(FILE);
        fs::write(&file, text).expect("written");
        assert_eq!(read(&file).expect("readable"), stream);
    }
}
