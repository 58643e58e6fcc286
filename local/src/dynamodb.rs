//! The DynamoDB endpoint of one machine: dynoxide, an independent implementation on SQLite.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use dynoxide::Database;
use dynoxide::server::serve_with_shutdown;
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
    #[error("cannot create the folder {folder} for the tables: {cause}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is not a database, or cannot be written.
    #[error("cannot open the tables in {place}: {message}; is it a file that Daymark wrote?")]
    Database {
        /// The file, or `memory`.
        place: String,
        /// What the database said.
        message: String,
    },
}

/// The endpoint.
pub struct DynamoDb {
    database: Database,
}

impl DynamoDb {
    /// Opens the tables.
    ///
    /// # Errors
    /// The folder or the file cannot be used.
    pub fn open(tables: &Tables) -> Result<Self, OpenError> {
        let (database, place) = match tables {
            Tables::Memory => (Database::memory(), "memory".to_owned()),
            Tables::File(path) => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)
                        .map_err(|cause| OpenError::Folder { folder: folder.to_owned(), cause })?;
                }
                let place = path.display().to_string();
                (Database::new(&place), place)
            }
        };
        let failed = |error: dynoxide::DynoxideError| OpenError::Database {
            place,
            message: error.to_string(),
        };
        Ok(Self { database: database.map_err(failed)? })
    }

    /// Serves until `stop` is ready, then lets open requests end for at most five seconds.
    /// Requests run on the calling thread's runtime, one by one, as SQLite does; give it a thread
    /// of its own.
    pub async fn serve(self, bound: Bound, stop: impl Future<Output = ()> + Send + 'static) {
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
