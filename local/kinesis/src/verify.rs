//! Verification of every byte of all logs, for a folder that no endpoint uses.

use std::path::PathBuf;

use super::KinesisOpenError;
use super::log;
use super::metadata::StreamFolders;

/// Size of verified logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogFigures {
    /// Number of segments.
    pub segments: u64,
    /// Number of records.
    pub records: u64,
}

/// Reads every segment of every stream, also those that a start does not read, and changes none.
/// Blocks.
///
/// # Errors
/// Returns the damage of each segment, or the reason for which the folder cannot be read.
pub fn verify(root: PathBuf) -> Result<LogFigures, Vec<KinesisOpenError>> {
    let (folders, streams) = StreamFolders::open(root).map_err(|error| vec![error])?;
    let (mut figures, mut damage) = (LogFigures::default(), Vec::new());
    for stream in &streams {
        for shard in &stream.shards {
            let folder = folders.folder(&stream.name);
            let closed_at = shard.closed.map(|closed| closed.last_counter);
            match log::verify(&folder, &shard.id(), closed_at) {
                Ok(found) => {
                    figures.segments += found.segments;
                    figures.records += found.records;
                }
                Err(found) => damage.extend(found.into_iter().map(KinesisOpenError::from)),
            }
        }
    }
    if damage.is_empty() { Ok(figures) } else { Err(damage) }
}
