//! The whole system on one machine: each part on a thread of its own, wired over loopback as the
//! deployed parts are wired over AWS.

mod endpoints;
mod slots;
mod wiring;

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws::{AwsClients, Endpoints, EventStream, ResourceNames, Tables};
use chrono::{DateTime, Utc};
use domain::ports::Failure;
use event_source_mapping as mapping;
use local::http::{Bound, Server};
use local::part::Part;
use pricing::Pass;
use processors::Closing;
use tokio::time::timeout;

use crate::CommandError;
use crate::clock::Clock;
use endpoints::{start_dynamodb, start_kinesis};
use wiring::Wiring;

/// In the data folder: how far the event source mapping is.
const CHECKPOINTS: &str = "checkpoints";

/// On one machine nothing but a broken disk keeps the event source mapping from its stream.
const READING_WITHIN: Duration = Duration::from_secs(10);

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Storage {
    Memory,
    Folder(PathBuf),
}

/// Who runs the pricing and the close of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// A part of its own, every slot.
    EverySlot,
    /// Whoever started the machine.
    ByHand,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) storage: Storage,
    /// The API's; Kinesis and DynamoDB have the next two. 0 takes free ones.
    pub(crate) port: u16,
    pub(crate) shards: i32,
    pub(crate) any_age: bool,
    pub(crate) batch_size: usize,
    pub(crate) parallelization_factor: usize,
    pub(crate) schedule: Schedule,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            storage: Storage::Memory,
            port: 0,
            shards: 2,
            any_age: false,
            batch_size: 100,
            parallelization_factor: 1,
            schedule: Schedule::EverySlot,
        }
    }
}

/// Where the parts answer.
#[derive(Debug, Clone)]
pub(crate) struct Urls {
    pub(crate) api: String,
    pub(crate) kinesis: String,
    pub(crate) dynamodb: String,
}

/// The running system.
pub(crate) struct Machine {
    urls: Urls,
    wiring: Wiring,
    progress: mapping::Watch,
    /// In the order in which they stop: first what takes events in, last what keeps them.
    parts: Vec<Part>,
    _lock: Option<File>,
}

impl Machine {
    /// Starts every part and returns when all are ready.
    pub(crate) async fn start(settings: Settings, clock: Clock) -> Result<Self, CommandError> {
        let lock = lock(&settings.storage)?;
        let port = |offset: u16| if settings.port == 0 { 0 } else { settings.port + offset };
        let (api, kinesis, dynamodb) = (bind(port(0))?, bind(port(1))?, bind(port(2))?);
        let urls = Urls { api: url(&api), kinesis: url(&kinesis), dynamodb: url(&dynamodb) };
        let kinesis = start_kinesis(&settings, &clock, kinesis)?;
        let dynamodb = start_dynamodb(&settings, dynamodb)?;

        let names = ResourceNames::default();
        let endpoints =
            Endpoints { kinesis: urls.kinesis.clone(), dynamodb: urls.dynamodb.clone() };
        let clients = AwsClients::local(&endpoints);
        let made = |what: &'static str| {
            move |failure: Failure| format!("cannot create {what}: {failure}; the log says more")
        };
        aws::schema::create_tables(&clients.dynamodb, &names).await.map_err(made("the tables"))?;
        let stream = EventStream::new(clients.kinesis.clone(), &names);
        stream.create(settings.shards).await.map_err(made("the stream"))?;

        let wiring = Wiring::new(clients, names, settings.any_age, clock);
        let (processors, progress) = wiring.start_processors(&settings).await?;
        // No till is let in before: what it sends must not be taken for what was read long ago.
        timeout(READING_WITHIN, progress.wait_until_reading()).await.map_err(
            |_| "the event source mapping does not begin to read the stream; the log says why",
        )?;
        let mut parts = vec![wiring.start_api(api)?, processors];
        if settings.schedule == Schedule::EverySlot {
            parts.push(wiring.start_schedule()?);
        }
        parts.extend([kinesis, dynamodb]);
        Ok(Self { urls, wiring, progress, parts, _lock: lock })
    }

    pub(crate) fn urls(&self) -> &Urls {
        &self.urls
    }

    pub(crate) fn names(&self) -> &ResourceNames {
        &self.wiring.names
    }

    /// How far the event source mapping has come.
    pub(crate) fn progress(&self) -> &mapping::Watch {
        &self.progress
    }

    pub(crate) fn tables(&self) -> Tables {
        self.wiring.tables.clone()
    }

    /// The close of day over the tables of this machine.
    pub(crate) fn closing(&self) -> Closing<Tables> {
        Closing { tables: self.tables() }
    }

    /// Prices the stores that are due at `now`, as the schedule does in every slot.
    pub(crate) async fn price_due(&self, now: DateTime<Utc>) -> Result<Pass, Failure> {
        self.wiring.slots().price(now).await
    }

    /// Stops every part; what was taken in is finished or kept for the next start.
    pub(crate) async fn stop(self) {
        for part in self.parts {
            part.stop().await;
        }
    }
}

fn folder(storage: &Storage) -> Option<&Path> {
    match storage {
        Storage::Memory => None,
        Storage::Folder(folder) => Some(folder),
    }
}

fn bind(port: u16) -> Result<Bound, CommandError> {
    Ok(Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?)
}

fn url(bound: &Bound) -> String {
    format!("http://{}", bound.local_addr())
}

/// Two programs on one folder would write over each other.
fn lock(storage: &Storage) -> Result<Option<File>, CommandError> {
    let Some(folder) = folder(storage) else { return Ok(None) };
    let shown = folder.display();
    let unusable = |error: std::io::Error| {
        format!("cannot use the data folder {shown}: {error}; --data names another, --memory none")
    };
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(format!(
            "the data folder {shown} is in use by another daymark; stop it, or name another \
             folder with --data"
        )
        .into()),
        Err(TryLockError::Error(error)) => Err(unusable(error).into()),
    }
}
