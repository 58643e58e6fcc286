//! DynamoDB endpoint: dynoxide, an independent implementation on SQLite.

mod api;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::list_tables::ListTablesRequest;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::http::HttpServer;

/// Interval of deleting expired items, which DynamoDB deletes in the background.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Storage of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableStorage {
    /// Memory. The tables are lost when the process ends.
    Memory,
    /// A SQLite file with its write-ahead log. Every write is on disk before its response.
    File(PathBuf),
}

/// Failure to open the tables.
#[derive(Debug, thiserror::Error)]
pub enum DynamoDbOpenError {
    /// The folder cannot be created.
    #[error(
        "cannot create the folder {folder} for the tables: {cause}; a writable parent folder would \
         pass"
    )]
    Folder {
        /// Path of the folder.
        folder: PathBuf,
        /// Error of the system.
        cause: io::Error,
    },
    /// The file cannot be read or written.
    #[error(
        "cannot open the tables in {place}: {message}; a writable folder with free space would \
         pass"
    )]
    Database {
        /// Path of the file, or `memory`.
        place: String,
        /// Error of the database.
        message: String,
    },
    /// The file is damaged, or not written by Daymark.
    #[error(
        "the tables in {file} are damaged, or not Daymark's: {message}; restore the file from a \
         copy, and move the checkpoints away so that the records of the stream are counted again"
    )]
    Damaged {
        /// Path of the file.
        file: PathBuf,
        /// Error of the database.
        message: String,
    },
}

/// DynamoDB endpoint.
///
/// ```
/// use local::dynamodb::{DynamoDb, TableStorage};
/// use local::http::HttpServer;
/// use local::service::ServiceThread;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dynamodb = DynamoDb::open(&TableStorage::Memory)?;
/// assert!(dynamodb.table_names()?.is_empty());
/// let server = HttpServer::bind(([127, 0, 0, 1], 0).into())?;
/// println!("endpoint URL: http://{}", server.local_addr());
/// let service = ServiceThread::start("dynamodb", |stop| dynamodb.serve(server, stop))?;
/// service.stop().await;
/// # Ok(())
/// # }
/// ```
pub struct DynamoDb {
    database: Database,
    place: String,
}

impl DynamoDb {
    /// Opens the tables and verifies every page of the file. Blocks.
    ///
    /// # Errors
    /// Returns an error if the folder or the file is unusable, or if the file is damaged. The file
    /// then stays unchanged.
    pub fn open(storage: &TableStorage) -> Result<Self, DynamoDbOpenError> {
        let (database, place) = match storage {
            TableStorage::Memory => (Database::memory(), "memory".to_owned()),
            TableStorage::File(path) => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(|cause| DynamoDbOpenError::Folder {
                        folder: folder.to_owned(),
                        cause,
                    })?;
                }
                check(path)?;
                let place = path.display().to_string();
                (Database::new(&place), place)
            }
        };
        match database {
            Ok(database) => Ok(Self { database, place }),
            Err(error) => Err(DynamoDbOpenError::Database { place, message: error.to_string() }),
        }
    }

    /// Returns the names of the tables, sorted. There are none before the first start.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn table_names(&self) -> Result<Vec<String>, DynamoDbOpenError> {
        let mut names: Vec<String> = Vec::new();
        loop {
            let page = ListTablesRequest {
                exclusive_start_table_name: names.last().cloned(),
                ..ListTablesRequest::default()
            };
            let page =
                self.database.list_tables(page).map_err(|error| DynamoDbOpenError::Database {
                    place: self.place.clone(),
                    message: error.to_string(),
                })?;
            names.extend(page.table_names);
            if page.last_evaluated_table_name.is_none() {
                return Ok(names);
            }
        }
    }

    /// Serves until `stop` is cancelled. Open requests then have five seconds to end. Requests
    /// block the runtime, one after the other, so the endpoint should have its own thread.
    pub async fn serve(self, server: HttpServer, stop: CancellationToken) {
        let sweeper = tokio::spawn(sweep(self.database.clone()));
        server.serve(api::router(self.database, self.place), stop).await;
        sweeper.abort();
    }
}

/// Verifies the whole file. A damaged page would otherwise fail the same batch again and again
/// later.
fn check(file: &Path) -> Result<(), DynamoDbOpenError> {
    if !file.exists() {
        return Ok(());
    }
    let open = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let checked = open.and_then(|connection| {
        // A refused file must stay unchanged.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    });
    let damaged = |message| Err(DynamoDbOpenError::Damaged { file: file.to_owned(), message });
    match checked {
        Ok(result) if result == "ok" => Ok(()),
        Ok(result) => damaged(result.replace('\n', " ")),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                damaged(error.to_string())
            }
            _ => Err(DynamoDbOpenError::Database {
                place: file.display().to_string(),
                message: error.to_string(),
            }),
        },
    }
}

async fn sweep(database: Database) {
    loop {
        sleep(SWEEP_INTERVAL).await;
        if let Err(error) = database.sweep_ttl() {
            tracing::warn!(%error, "dynamodb: expired items not deleted");
        }
    }
}
