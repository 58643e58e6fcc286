//! DynamoDB endpoint: dynoxide, an independent implementation on SQLite.

mod api;
mod file;
mod wal;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::delete_table::DeleteTableRequest;
use dynoxide::actions::list_tables::ListTablesRequest;
use dynoxide::errors::DynoxideError;
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
        "the tables in {file} are damaged, or not Daymark's: {message}; restore the folder of the \
         file from a copy, and move the checkpoints away so that the records of the stream are \
         counted again"
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
    /// Tables whose creation or deletion was interrupted: dynoxide lists them, and they hold
    /// nothing.
    incomplete: Vec<String>,
    /// File of the tables, unless they are in memory.
    file: Option<PathBuf>,
}

impl DynamoDb {
    /// Opens the tables and verifies every page of the file. Blocks.
    ///
    /// # Errors
    /// Returns an error if the folder or the file is unusable, or if the file is damaged. The file
    /// then stays unchanged.
    pub fn open(storage: &TableStorage) -> Result<Self, DynamoDbOpenError> {
        let file = match storage {
            TableStorage::Memory => None,
            TableStorage::File(path) => Some(path.clone()),
        };
        let (database, place, incomplete) = match storage {
            TableStorage::Memory => (Database::memory(), "memory".to_owned(), Vec::new()),
            TableStorage::File(path) => {
                if let Some(folder) = path.parent() {
                    file::create_folder(folder).map_err(|cause| DynamoDbOpenError::Folder {
                        folder: folder.to_owned(),
                        cause,
                    })?;
                }
                let incomplete = file::check(path)?;
                let place = path.display().to_string();
                (Database::new(&place), place, incomplete)
            }
        };
        match database {
            Ok(database) => Ok(Self { database, place, incomplete, file }),
            Err(error) => Err(DynamoDbOpenError::Database { place, message: error.to_string() }),
        }
    }

    /// Removes the tables whose creation or deletion a kill interrupted, and returns their names.
    /// They hold no item, and a call to one of them fails until it is created again.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn remove_incomplete(&mut self) -> Result<Vec<String>, DynamoDbOpenError> {
        let names = std::mem::take(&mut self.incomplete);
        for name in &names {
            let request = DeleteTableRequest { table_name: name.clone() };
            self.database.delete_table(request).map_err(|error| self.failed(&error))?;
        }
        Ok(names)
    }

    fn failed(&self, error: &DynoxideError) -> DynamoDbOpenError {
        DynamoDbOpenError::Database { place: self.place.clone(), message: error.to_string() }
    }

    /// Returns the names of the complete tables, sorted. There are none before the first start.
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
            let page = self.database.list_tables(page).map_err(|error| self.failed(&error))?;
            names.extend(page.table_names);
            if page.last_evaluated_table_name.is_none() {
                names.retain(|name| !self.incomplete.contains(name));
                return Ok(names);
            }
        }
    }

    /// Serves until `stop` is cancelled. Open requests then have five seconds to end. Requests
    /// block the runtime, one after the other, so the endpoint should have its own thread. At the
    /// end the file is closed and sealed.
    pub async fn serve(self, server: HttpServer, stop: CancellationToken) {
        let sweeper = tokio::spawn(sweep(self.database.clone()));
        server.serve(api::router(self.database, self.place), stop).await;
        sweeper.abort();
        // The task holds the database until it ends, by its abort.
        let _ = sweeper.await;
        if let Some(file) = self.file
            && let Err(cause) = file::seal(&file)
        {
            let file = file.display();
            tracing::warn!(%file, %cause, "dynamodb: not sealed; the next start checks less");
        }
    }
}

/// Verifies every page, index and value of a file that no program has open. Blocks.
///
/// # Errors
/// Returns the damage, or the reason for which the file cannot be read.
pub fn check_tables(file: &Path) -> Result<(), DynamoDbOpenError> {
    file::check_all(file)
}

/// Copies the tables of a file as they are at one instant, also while a program writes them.
/// Blocks.
///
/// # Errors
/// Returns an error if a file cannot be read or written.
pub fn copy_tables(from: &Path, to: &Path) -> Result<(), DynamoDbOpenError> {
    file::copy(from, to)
}

async fn sweep(database: Database) {
    loop {
        sleep(SWEEP_INTERVAL).await;
        if let Err(error) = database.sweep_ttl() {
            tracing::warn!(%error, "dynamodb: expired items not deleted");
        }
    }
}
