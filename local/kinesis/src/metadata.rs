//! Streams on disk: one folder each, with its `stream.json` beside its shards' segments.
//!
//! ```text
//! <root>/lock                       held while an endpoint has the folder open
//! <root>/stream-<name>/stream.json  replaced as a whole: write aside, sync, rename, sync folder
//! <root>/stream-<name>/shardId-000000000000.00000000000000000001.log
//! <root>/new, <root>/gone-*         a creation or deletion that was cut short; swept at opening
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::OpenError;
use super::stream::{Stream, shard_number};

const FORMAT: u32 = 1;
const FILE: &str = "stream.json";
const STREAM_PREFIX: &str = "stream-";
const NEW: &str = "new";
const GONE_PREFIX: &str = "gone-";

#[derive(Deserialize)]
struct Stored {
    format: u32,
    stream: Stream,
}

#[derive(Serialize)]
struct Storing<'a> {
    format: u32,
    stream: &'a Stream,
}

/// Makes renames, creations and deletions in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and renames are durable by themselves.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The root folder, held by one endpoint at a time.
pub(crate) struct Home {
    root: PathBuf,
    lock: Mutex<Option<File>>,
}

impl Home {
    /// Takes the folder (made if absent) and reads the streams in it.
    ///
    /// # Errors
    /// The folder cannot be used, another endpoint has it, or a `stream.json` cannot be read.
    pub(crate) fn open(root: PathBuf) -> Result<(Self, Vec<Stream>), OpenError> {
        let failed = |cause| OpenError::Folder { folder: root.clone(), cause };
        fs::create_dir_all(&root).map_err(failed)?;
        let lock = File::create(root.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { folder: root }),
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        let mut streams = Vec::new();
        for entry in fs::read_dir(&root).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name == NEW || name.starts_with(GONE_PREFIX) {
                tracing::warn!(folder = %path.display(), "kinesis: sweeping an unfinished change");
                fs::remove_dir_all(&path).map_err(failed)?;
            } else if name.starts_with(STREAM_PREFIX) {
                streams.push(read(&path.join(FILE))?);
            }
        }
        Ok((Self { root, lock: Mutex::new(Some(lock)) }, streams))
    }

    /// The folder of a stream. Names are checked before: no separator can be in them, and the
    /// prefix disarms `..`.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.root.join(format!("{STREAM_PREFIX}{name}"))
    }

    /// Makes a stream's folder, whole or not at all. Blocks.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn create(&self, stream: &Stream) -> io::Result<()> {
        let new = self.root.join(NEW);
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::create_dir(&new)?;
        write(&new, stream)?;
        fs::rename(&new, self.folder(&stream.name))?;
        sync_folder(&self.root)
    }

    /// Replaces a stream's metadata. Blocks.
    ///
    /// # Errors
    /// What the system said; the metadata is then as it was.
    pub(crate) fn save(&self, stream: &Stream) -> io::Result<()> {
        write(&self.folder(&stream.name), stream)
    }

    /// Deletes a stream's folder: gone at once, its files a moment later. Blocks.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn delete(&self, stream: &Stream) -> io::Result<()> {
        let gone = self.root.join(format!("{GONE_PREFIX}{}", stream.created_ms));
        fs::rename(self.folder(&stream.name), &gone)?;
        sync_folder(&self.root)?;
        fs::remove_dir_all(gone)
    }

    /// Deletes the segments of shards the stream no longer knows. Blocks.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn sweep(&self, stream: &Stream) -> io::Result<()> {
        for entry in fs::read_dir(self.folder(&stream.name))? {
            let path = entry?.path();
            let number = path
                .file_name()
                .and_then(|name| name.to_str()?.strip_suffix(".log")?.split_once('.'))
                .and_then(|(shard, _)| shard_number(shard));
            if number.is_some_and(|number| stream.shard(number).is_none()) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Lets another endpoint take the folder.
    pub(crate) fn release(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn read(path: &Path) -> Result<Stream, OpenError> {
    let failed = |cause: String| OpenError::Metadata { file: path.to_owned(), cause };
    let text = fs::read(path).map_err(|cause| failed(cause.to_string()))?;
    let stored: Stored =
        serde_json::from_slice(&text).map_err(|cause| failed(cause.to_string()))?;
    if stored.format != FORMAT {
        return Err(failed(format!("format {} is not known; {FORMAT} is", stored.format)));
    }
    Ok(stored.stream)
}

fn write(folder: &Path, stream: &Stream) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(&Storing { format: FORMAT, stream })?;
    let aside = folder.join("stream.json.new");
    let mut file = File::create(&aside)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(aside, folder.join(FILE))?;
    sync_folder(folder)
}
