//! The whole system on one machine: services on threads of their own, connected over loopback as
//! the deployed services are over AWS.

mod data_folder;
mod earlier_folder;
mod endpoints;
mod kept_batches;
mod pages;
mod readiness;
mod services;
mod slots;
mod stream_positions;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws::{AwsClients, Endpoints, EventStream, ResourceNames, Tables};
use chrono::{DateTime, Utc};
use domain::limits::RETENTION_HOURS;
use domain::ports::Failure;
use event_source_mapping as mapping;
use local::access::AccessRules;
use local::http::HttpServer;
use local::service::ServiceThread;
use pricing::PassReport;
use processors::Closing;
use tokio::time::timeout;

use crate::{CommandError, output};
use domain::ports::Clock;
use endpoints::{StartedDynamoDb, start_dynamodb, start_kinesis};
use readiness::Readiness;
use services::Services;
use stream_positions::StreamPositions;

/// Folder in the data folder for the positions of the event source mapping.
const CHECKPOINTS: &str = "checkpoints";

/// Maximum time until the event source mapping reads the stream. Only a disk error prevents it.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Default of the time within which requests share a record, in milliseconds.
pub(crate) const GATHER_MILLIS: u16 = 5;

/// Default retention of the stream, in hours: that of a deployed stage.
pub(crate) const RETENTION_HOURS_DEFAULT: u32 = 168;

/// Storage of all data of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MachineStorage {
    Memory,
    Folder(PathBuf),
}

/// Trigger of pricing and close of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotSchedule {
    /// Service that runs in every slot.
    EverySlot,
    /// Calls of the caller that started the machine.
    Manual,
}

/// Settings of the machine.
#[derive(Debug, Clone)]
pub(crate) struct MachineSettings {
    pub(crate) storage: MachineStorage,
    /// Port of the ingest API. Kinesis and DynamoDB have the next two ports. 0 takes free ports.
    pub(crate) port: u16,
    pub(crate) shards: i32,
    /// Time for which the stream keeps records that are processed, in hours.
    pub(crate) retention_hours: u32,
    pub(crate) any_age: bool,
    pub(crate) batch_size: usize,
    pub(crate) parallelization_factor: usize,
    /// Time within which concurrent requests of one store share a record; 0 for none.
    pub(crate) gather: Duration,
    pub(crate) schedule: SlotSchedule,
    /// Hosts and origins that may call, besides those of this machine. The origins are those of
    /// the ingest API; no web page may use Kinesis and DynamoDB.
    pub(crate) access: AccessRules,
    /// Folder in which the batches of the stock processor are kept.
    pub(crate) kept_batches: Option<PathBuf>,
}

impl Default for MachineSettings {
    fn default() -> Self {
        Self {
            storage: MachineStorage::Memory,
            port: 0,
            shards: 2,
            retention_hours: RETENTION_HOURS_DEFAULT,
            any_age: false,
            batch_size: 100,
            parallelization_factor: 1,
            gather: Duration::from_millis(GATHER_MILLIS.into()),
            schedule: SlotSchedule::EverySlot,
            access: AccessRules::default(),
            kept_batches: None,
        }
    }
}

/// URLs of the endpoints.
#[derive(Debug, Clone)]
pub(crate) struct EndpointUrls {
    pub(crate) api: String,
    pub(crate) kinesis: String,
    pub(crate) dynamodb: String,
}

/// Running system.
pub(crate) struct LocalMachine {
    urls: EndpointUrls,
    services: Services,
    progress: mapping::MappingWatch,
    /// Threads in the order in which they stop: the API first, the storage last.
    threads: Vec<ServiceThread>,
    _lock: Option<File>,
}

impl LocalMachine {
    /// Starts every service and returns when all are ready.
    pub(crate) async fn start(
        settings: MachineSettings,
        clock: Clock,
    ) -> Result<Self, CommandError> {
        let lock = folder(&settings.storage).map(data_folder::lock).transpose()?;
        let port = |offset: u16| if settings.port == 0 { 0 } else { settings.port + offset };
        let access = AccessRules { origins: Vec::new(), ..settings.access.clone() };
        let api = bind(port(0))?.with_access(settings.access.clone());
        let kinesis = bind(port(1))?.with_access(access.clone());
        let dynamodb = bind(port(2))?.with_access(access);
        let urls =
            EndpointUrls { api: url(&api), kinesis: url(&kinesis), dynamodb: url(&dynamodb) };
        let names = ResourceNames::default();
        let positions = StreamPositions::open(&settings, &names)?;
        let (kinesis, kinesis_health) = start_kinesis(&settings, &clock, &positions, kinesis)?;
        let StartedDynamoDb { thread: dynamodb, is_earlier } =
            start_dynamodb(&settings, &names, dynamodb)?;

        let endpoints =
            Endpoints { kinesis: urls.kinesis.clone(), dynamodb: urls.dynamodb.clone() };
        let clients = AwsClients::local(&endpoints);
        let cannot_create = |name: &'static str| {
            move |failure: Failure| format!("cannot create {name}: {failure}; the log says more")
        };
        aws::schema::create_tables(&clients.dynamodb, &names)
            .await
            .map_err(cannot_create("the tables"))?;
        let stream = EventStream::new(clients.kinesis.clone(), &names);
        stream.create(settings.shards).await.map_err(cannot_create("the stream"))?;
        // A folder of an earlier version is moved from the records that its stream holds.
        let hours = if is_earlier { *RETENTION_HOURS.end() } else { settings.retention_hours };
        let earlier = stream.set_retention(hours).await.map_err(cannot_create("the stream"))?;
        if let Some(earlier) = earlier {
            output::note(format_args!(
                "the stream keeps processed events for {hours} hours, and no longer {earlier} \
                 (--retention-hours)"
            ));
        }

        let services = Services::new(clients, names, settings.any_age, clock);
        let (processors, progress) = services.start_processors(&settings).await?;
        positions.follow(progress.clone());
        // The API starts after the mapping reads, so that no new event passes for one that was read
        // before.
        timeout(READ_TIMEOUT, progress.wait_until_reading()).await.map_err(
            |_| "the event source mapping does not begin to read the stream; the log says why",
        )?;
        let readiness = Readiness {
            clients: services.clients.clone(),
            names: services.names.clone(),
            kinesis: kinesis_health,
            mapping: progress.clone(),
            folder: folder(&settings.storage).map(Path::to_owned),
        };
        // A part may exist and not work, for example after damage that no other check sees.
        readiness.check_services().await.map_err(|reason| format!("not ready: {reason}"))?;
        if let Err(reason) = readiness.check_disk() {
            output::note(format_args!("warning: {reason}"));
        }
        let mut threads = vec![services.start_api(api, settings.gather, readiness)?, processors];
        if settings.schedule == SlotSchedule::EverySlot {
            threads.push(services.start_schedule(is_earlier)?);
        }
        threads.extend([kinesis, dynamodb]);
        Ok(Self { urls, services, progress, threads, _lock: lock })
    }

    pub(crate) fn urls(&self) -> &EndpointUrls {
        &self.urls
    }

    pub(crate) fn names(&self) -> &ResourceNames {
        &self.services.names
    }

    /// Returns the progress of the event source mapping.
    pub(crate) fn progress(&self) -> &mapping::MappingWatch {
        &self.progress
    }

    pub(crate) fn tables(&self) -> Tables {
        self.services.tables.clone()
    }

    /// Returns the close of day over the tables of this machine.
    pub(crate) fn closing(&self) -> Closing<Tables> {
        Closing { tables: self.tables() }
    }

    /// Prices the stores that are due at `now`, as the schedule does in every slot.
    pub(crate) async fn price_due(&self, now: DateTime<Utc>) -> Result<PassReport, Failure> {
        self.services.slots().price(now).await
    }

    /// Stops every service. Open requests and batches are finished, or continue at the next start.
    pub(crate) async fn stop(self) {
        for thread in self.threads {
            thread.stop().await;
        }
    }
}

fn folder(storage: &MachineStorage) -> Option<&Path> {
    match storage {
        MachineStorage::Memory => None,
        MachineStorage::Folder(folder) => Some(folder),
    }
}

fn bind(port: u16) -> Result<HttpServer, CommandError> {
    Ok(HttpServer::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?)
}

fn url(server: &HttpServer) -> String {
    format!("http://{}", server.local_addr())
}
