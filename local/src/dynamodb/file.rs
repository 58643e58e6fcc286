//! File of the tables: creation, verification, and the seal of a clean stop.
//!
//! SQLite has no checksums of its pages, so a changed byte of a value would pass for the value. The
//! seal beside a file that was closed has the checksum of each MiB. The next start compares them,
//! and removes the seal before the first write. After a kill there is none.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde::{Deserialize, Serialize};

use super::DynamoDbOpenError;
use super::wal::{self, LogEnd};

/// Length of the parts with a checksum each.
const PART_BYTES: usize = 1024 * 1024;
/// Longest wait for the writes of another program.
const BUSY_MAX: Duration = Duration::from_secs(30);
/// Tables that dynoxide lists and has not created or has deleted: it does both in two transactions.
const INCOMPLETE: &str = "SELECT table_name FROM _tables WHERE table_name NOT IN \
     (SELECT name FROM sqlite_master WHERE type = 'table')";
const HAS_LIST: &str =
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_tables'";

/// Checksums of a closed file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    /// Length in bytes.
    bytes: u64,
    /// Checksum of each MiB.
    parts: Vec<u32>,
    /// Checksum of the other fields.
    crc32: u32,
}

/// Creates a folder, and its name durably: without it, a loss of power loses all that is synced in
/// the folder.
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_folder(parent.unwrap_or(Path::new(".")))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Verifies the whole file, removes its seal, and returns its incomplete tables. A damaged page
/// would otherwise fail the same batch again and again later.
pub(super) fn check(file: &Path) -> Result<Vec<String>, DynamoDbOpenError> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    let unusable = |cause: io::Error| unusable(file, &cause);
    // SQLite has closed a file that is as it was sealed, so its structure is sound.
    let check = if compare(file)? { "SELECT 'ok'" } else { "PRAGMA quick_check(1)" };
    let incomplete = verify(file, check)?;
    match fs::remove_file(seal_of(file)) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        removed => {
            removed.map_err(unusable)?;
            sync_folder(file.parent().unwrap_or(Path::new("."))).map_err(unusable)?;
        }
    }
    Ok(incomplete)
}

/// Verifies every page, index and value of a file that no program has open.
pub(super) fn check_all(file: &Path) -> Result<(), DynamoDbOpenError> {
    compare(file)?;
    verify(file, "PRAGMA integrity_check(1)").map(drop)
}

/// Verifies the write-ahead log, executes a check of SQLite, and returns the incomplete tables.
fn verify(file: &Path, check: &str) -> Result<Vec<String>, DynamoDbOpenError> {
    let log = wal_of(file);
    match fs::read(&log).map(|bytes| wal::end_of(&bytes)) {
        Ok(LogEnd::Damaged(at)) => {
            let log = log.display();
            let message = format!("{log} is damaged at byte {at}, with transactions after it");
            return Err(damaged(file, message));
        }
        Ok(LogEnd::Torn(at)) => tracing::warn!(
            file = %log.display(), at,
            "dynamodb: the last transaction is incomplete and left out, as after a loss of power; \
             if the power was not lost, the disk has changed it: `daymark redrive --retained` \
             stores its events again"
        ),
        Ok(LogEnd::Clean) | Err(_) => {}
    }
    let open = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let checked = open.and_then(|connection| {
        // A refused file must stay unchanged.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let result: String = connection.query_row(check, [], |row| row.get(0))?;
        let has_list = result == "ok" && connection.query_row(HAS_LIST, [], |row| row.get(0))?;
        let incomplete = match has_list {
            true => connection.prepare(INCOMPLETE)?.query_map([], |row| row.get(0))?.collect(),
            false => Ok(Vec::new()),
        };
        Ok((result, incomplete?))
    });
    match checked {
        Ok((result, incomplete)) if result == "ok" => Ok(incomplete),
        Ok((result, _)) => Err(damaged(file, result.replace('\n', " "))),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Err(damaged(file, error.to_string()))
            }
            _ => Err(DynamoDbOpenError::Database {
                place: file.display().to_string(),
                message: error.to_string(),
            }),
        },
    }
}

fn unusable(file: &Path, cause: &io::Error) -> DynamoDbOpenError {
    let place = file.display().to_string();
    DynamoDbOpenError::Database { place, message: cause.to_string() }
}

fn damaged(file: &Path, message: String) -> DynamoDbOpenError {
    DynamoDbOpenError::Damaged { file: file.to_owned(), message }
}

/// Compares a file with its seal. Returns `false` if it has no sound one, or was opened since.
fn compare(file: &Path) -> Result<bool, DynamoDbOpenError> {
    let seal = fs::read(seal_of(file)).ok().and_then(|text| Seal::parse(&text));
    let Some(seal) = seal.filter(|_| !has_wal(file)) else { return Ok(false) };
    let now = Seal::of(file).map_err(|cause| unusable(file, &cause))?;
    if now == seal {
        return Ok(true);
    }
    let part = now.parts.iter().zip(&seal.parts).position(|(now, then)| now != then);
    let first = part.unwrap_or(now.parts.len().min(seal.parts.len())) * PART_BYTES;
    Err(damaged(
        file,
        format!(
            "from byte {first} to byte {} it is not what was written at the last stop, as {} tells",
            first + PART_BYTES - 1,
            seal_of(file).display()
        ),
    ))
}

/// Seals a file that was closed. A file that another connection has open, or that has a write-ahead
/// log, gets no seal.
pub(super) fn seal(file: &Path) -> io::Result<()> {
    if has_wal(file) || !file.exists() {
        return Ok(());
    }
    let text = serde_json::to_vec(&Seal::of(file)?)?;
    let mut seal = File::create(seal_of(file))?;
    seal.write_all(&text)?;
    seal.sync_all()
}

fn seal_of(file: &Path) -> PathBuf {
    file.with_extension("seal")
}

fn wal_of(file: &Path) -> PathBuf {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

fn has_wal(file: &Path) -> bool {
    fs::metadata(wal_of(file)).is_ok_and(|log| log.len() > 0)
}

impl Seal {
    fn of(file: &Path) -> io::Result<Self> {
        let mut reader = BufReader::new(File::open(file)?);
        let (mut bytes, mut parts) = (0, Vec::new());
        loop {
            let mut part = Vec::new();
            let read = reader.by_ref().take(PART_BYTES as u64).read_to_end(&mut part)?;
            if read == 0 {
                let crc32 = Self::crc32(bytes, &parts);
                return Ok(Self { bytes, parts, crc32 });
            }
            bytes += read as u64;
            parts.push(crc32fast::hash(&part));
        }
    }

    /// Returns a seal that is whole. Any other says nothing about its file.
    fn parse(text: &[u8]) -> Option<Self> {
        let seal: Self = serde_json::from_slice(text).ok()?;
        (seal.crc32 == Self::crc32(seal.bytes, &seal.parts)).then_some(seal)
    }

    fn crc32(bytes: u64, parts: &[u32]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&bytes.to_le_bytes());
        parts.iter().for_each(|part| hasher.update(&part.to_le_bytes()));
        hasher.finalize()
    }
}

/// Copies the tables as they are at one instant, also while a program writes them.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), DynamoDbOpenError> {
    let failed = |message: String| DynamoDbOpenError::Database {
        place: from.display().to_string(),
        message,
    };
    let open = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let copied = open.and_then(|connection| {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.busy_timeout(BUSY_MAX)?;
        connection.execute("VACUUM INTO ?1", [to.display().to_string()])
    });
    copied.map_err(|error| failed(error.to_string()))?;
    let synced = File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|cause| failed(cause.to_string()))
}
