//! The DynamoDB endpoint of one machine: dynoxide, an independent implementation on SQLite.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::server::serve_with_shutdown;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::http::Bound;

/// DynamoDB deletes expired items in the background; so does this, this often.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How long open requests may take to end once the server is told to stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Where the tables are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tables {
    /// Nowhere: they are gone with the process.
    Memory,
    /// In one SQLite file with its write-ahead log beside it. Every write is on disk before it is
    /// answered.
    File(PathBuf),
}

/// The tables cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made.
    #[error(
        "cannot create the folder {folder} for the tables: {cause}; it takes a folder that can be \
         written"
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file cannot be read or written.
    #[error(
        "cannot open the tables in {place}: {message}; it takes a folder that can be written, on \
         a disk with room"
    )]
    Database {
        /// The file, or `memory`.
        place: String,
        /// What the database said.
        message: String,
    },
    /// The file is not what Daymark wrote.
    #[error(
        "the tables in {file} are damaged, or not Daymark's: {message}; put the file back from a \
         copy, and move the checkpoints away so that what the stream still holds is counted again"
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What the database said.
        message: String,
    },
}

/// The endpoint.
pub struct DynamoDb {
    database: Database,
    place: String,
}

impl DynamoDb {
    /// Opens the tables. Blocks: every page of the file is read first.
    ///
    /// # Errors
    /// The folder or the file cannot be used, or the file is damaged. It is left as it is then.
    pub fn open(tables: &Tables) -> Result<Self, OpenError> {
        let (database, place) = match tables {
            Tables::Memory => (Database::memory(), "memory".to_owned()),
            Tables::File(path) => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)
                        .map_err(|cause| OpenError::Folder { folder: folder.to_owned(), cause })?;
                }
                check(path)?;
                let place = path.display().to_string();
                (Database::new(&place), place)
            }
        };
        match database {
            Ok(database) => Ok(Self { database, place }),
            Err(error) => Err(OpenError::Database { place, message: error.to_string() }),
        }
    }

    /// Whether there is no table at all, as before the first start.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn is_empty(&self) -> Result<bool, OpenError> {
        let count = self.database.table_count();
        count.map(|count| count == 0).map_err(|error| OpenError::Database {
            place: self.place.clone(),
            message: error.to_string(),
        })
    }

    /// Serves until `stop` is ready, then lets open requests end for at most five seconds.
    /// Requests run on the calling thread's runtime, one by one, as SQLite does; give it a thread
    /// of its own.
    pub async fn serve(self, bound: Bound, stop: impl Future<Output = ()> + Send + 'static) {
        // The database says what failed, but not in which file; it runs on this thread alone.
        let _all_it_says = tracing::error_span!("dynamodb", file = self.place).entered();
        let sweeper = tokio::spawn(sweep(self.database.clone()));
        let (stopping, stops) = oneshot::channel();
        let stop = async move {
            stop.await;
            // Nobody listens when the server has ended by itself.
            let _ = stopping.send(());
        };
        // The server itself would wait for every open connection, however long that takes.
        let drained = async {
            let _ = stops.await;
            tokio::time::sleep(DRAIN_MAX).await;
        };
        tokio::select! {
            served = serve(self.database, bound, stop) => {
                if let Err(message) = served {
                    tracing::error!("dynamodb: {message}");
                }
            }
            () = drained => tracing::warn!("dynamodb: stopped with open connections"),
        }
        sweeper.abort();
    }
}

/// Reads the whole file, as every byte of the stream's log is read: a damaged page would be met
/// by some batch later, and by that batch again and again.
fn check(file: &Path) -> Result<(), OpenError> {
    if !file.exists() {
        return Ok(());
    }
    let open = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let checked = open.and_then(|connection| {
        // What is refused must stay as it is.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    });
    let damaged = |message| Err(OpenError::Damaged { file: file.to_owned(), message });
    match checked {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(verdict) => damaged(verdict.replace('\n', " ")),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                damaged(error.to_string())
            }
            _ => Err(OpenError::Database {
                place: file.display().to_string(),
                message: error.to_string(),
            }),
        },
    }
}

async fn serve(
    database: Database,
    bound: Bound,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), String> {
    let listener = TcpListener::from_std(bound.into_listener()).map_err(|e| e.to_string())?;
    serve_with_shutdown(listener, database, stop).await
}

async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        if let Err(error) = database.sweep_ttl() {
            tracing::warn!(%error, "dynamodb: expired items not deleted");
        }
    }
}
