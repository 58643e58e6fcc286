//! The whole system on one machine: each part on a thread of its own, wired over loopback as the
//! deployed parts are wired over AWS.

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws::{Catalog, Clients, Endpoints, Names, Offers, Quarantine, Stock, Stream};
use axum::Router;
use axum::routing::get;
use domain::Delivered;
use domain::limits::{EVENT_AGE_MAX, SLOT_MINUTES};
use local::dynamodb::{DynamoDb, Tables};
use local::event_source_mapping::{
    self as mapping, Checkpoints, Destination, EventSourceMapping, Handler, HandlerError, Response,
};
use local::http::{Bound, Server};
use local::kinesis::{self, Kinesis};
use local::part::{Part, Stop};
use pricing::{Pricing, slot_of};
use processors::Processor;
use tokio::sync::oneshot;

use crate::Failed;
use crate::clock::{self, Clock};
use crate::telemetry;

/// Offers are decided this long after a slot began, so that its last events have arrived.
const SETTLE: Duration = Duration::from_secs(20);
/// Lambda polls a shard once a second; here nobody pays for a poll, and a shard answers five
/// reads a second.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// How long requests to the tables may take to end once they are told to stop. Their server waits
/// for every open connection, however long that takes.
const DYNAMODB_DRAIN_MAX: Duration = Duration::from_secs(5);

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Storage {
    Memory,
    Folder(PathBuf),
}

/// Who runs the pricing.
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
    pub(crate) async fn start(settings: Settings, clock: Clock) -> Result<Self, Failed> {
        let lock = lock(&settings.storage)?;
        let port = |offset: u16| if settings.port == 0 { 0 } else { settings.port + offset };
        let (api, kinesis, dynamodb) = (bind(port(0))?, bind(port(1))?, bind(port(2))?);
        let urls = Urls { api: url(&api), kinesis: url(&kinesis), dynamodb: url(&dynamodb) };
        let kinesis = start_kinesis(&settings, &clock, kinesis)?;
        let dynamodb = start_dynamodb(&settings, dynamodb)?;

        let names = Names::default();
        let endpoints =
            Endpoints { kinesis: urls.kinesis.clone(), dynamodb: urls.dynamodb.clone() };
        let clients = Clients::local(&endpoints);
        aws::tables::create(&clients.dynamodb, &names).await?;
        Stream::new(clients.kinesis.clone(), &names).create(settings.shards).await?;

        let wiring = Wiring { clients, names, any_age: settings.any_age, clock };
        let (processors, progress) = wiring.start_processors(&settings).await?;
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

    pub(crate) fn names(&self) -> &Names {
        &self.wiring.names
    }

    /// How far the event source mapping has come.
    pub(crate) fn progress(&self) -> &mapping::Watch {
        &self.progress
    }

    pub(crate) fn stock(&self) -> Stock {
        self.wiring.stock()
    }

    pub(crate) fn catalog(&self) -> Catalog {
        self.wiring.catalog()
    }

    pub(crate) fn offers(&self) -> Offers {
        self.wiring.offers()
    }

    pub(crate) fn pricing(&self) -> Pricing<Catalog, Stock, Offers> {
        self.wiring.pricing()
    }

    /// Stops every part; what was taken in is finished or kept for the next start.
    pub(crate) async fn stop(self) {
        for part in self.parts {
            part.stop().await;
        }
    }
}

/// What connects the stations to the endpoints.
struct Wiring {
    clients: Clients,
    names: Names,
    any_age: bool,
    clock: Clock,
}

impl Wiring {
    fn stock(&self) -> Stock {
        let stock = Stock::new(self.clients.dynamodb.clone(), &self.names);
        if self.any_age { stock.kept_forever() } else { stock }
    }

    fn catalog(&self) -> Catalog {
        Catalog::new(self.clients.dynamodb.clone(), &self.names)
    }

    fn offers(&self) -> Offers {
        Offers::new(self.clients.dynamodb.clone(), &self.names)
    }

    fn pricing(&self) -> Pricing<Catalog, Stock, Offers> {
        Pricing { catalog: self.catalog(), stock: self.stock(), offers: self.offers() }
    }

    /// How old an event may be.
    fn age_max(&self) -> Option<Duration> {
        (!self.any_age).then_some(EVENT_AGE_MAX)
    }

    fn start_api(&self, bound: Bound) -> Result<Part, Failed> {
        let metrics = telemetry::start_metrics()?;
        let service = ingest::Service {
            log: Stream::new(self.clients.kinesis.clone(), &self.names),
            settings: ingest::Settings { age_max: self.age_max(), ..ingest::Settings::default() },
            clock: self.clock.clone(),
            entropy: Arc::new(clock::entropy),
        };
        let router: Router = ingest::router(Arc::new(service))
            .route("/metrics", get(move || async move { metrics.render() }));
        Ok(Part::start("ingest", move |stop: Stop| bound.serve(router, stop.wait()))?)
    }

    /// The event source mapping with the batch handler.
    async fn start_processors(
        &self,
        settings: &Settings,
    ) -> Result<(Part, mapping::Watch), Failed> {
        let handler = BatchHandler(Processor {
            stock: self.stock(),
            quarantine: Quarantine::new(self.clients.dynamodb.clone(), &self.names),
            age_max: self.age_max(),
        });
        let mapping_settings = mapping::Settings {
            batch_size: settings.batch_size,
            parallelization_factor: settings.parallelization_factor,
            poll_interval: POLL_EVERY,
            ..mapping::Settings::new(&self.names.stream)
        };
        let (checkpoints, destination) = match folder(&settings.storage) {
            None => (Checkpoints::Memory, Destination::None),
            Some(folder) => (
                Checkpoints::Folder(folder.join("checkpoints")),
                Destination::Folder(folder.join("failed-batches")),
            ),
        };
        let (client, clock) = (self.clients.kinesis.clone(), self.clock.clone());
        let (started, starts) = oneshot::channel();
        let part = Part::start("processors", move |stop: Stop| async move {
            match EventSourceMapping::start(
                client,
                mapping_settings,
                handler,
                checkpoints,
                destination,
                clock,
            ) {
                Ok(mapping) => {
                    // Whoever started the machine may be gone already.
                    let _ = started.send(Ok(mapping.watch()));
                    stop.wait().await;
                    mapping.stop().await;
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            }
        })?;
        Ok((part, starts.await??))
    }

    fn start_schedule(&self) -> Result<Part, Failed> {
        let (pricing, clock) = (self.pricing(), self.clock.clone());
        Ok(Part::start("pricing", move |stop: Stop| async move {
            tokio::select! {
                () = stop.wait() => {}
                () = every_slot(pricing, clock) => {}
            }
        })?)
    }
}

async fn every_slot(pricing: Pricing<Catalog, Stock, Offers>, clock: Clock) {
    loop {
        let now = clock();
        if let Err(failure) = pricing.tick(now).await {
            tracing::warn!("no store priced: {failure}");
        }
        let next = slot_of(now) + chrono::TimeDelta::minutes(SLOT_MINUTES.into());
        let wait = (next - clock()).to_std().unwrap_or_default();
        tokio::time::sleep(wait + SETTLE).await;
    }
}

/// The batch handler as Lambda would call it.
struct BatchHandler(Processor<Stock, Quarantine>);

impl Handler for BatchHandler {
    async fn handle(&self, batch: &[Delivered]) -> Result<Response, HandlerError> {
        let outcome = self.0.process(batch).await;
        let failed = outcome.retry_from.map(|number| number.as_str().to_owned());
        Ok(Response { batch_item_failures: failed.into_iter().collect() })
    }
}

fn start_kinesis(settings: &Settings, clock: &Clock, bound: Bound) -> Result<Part, Failed> {
    let storage = match folder(&settings.storage) {
        None => kinesis::Storage::Memory,
        Some(folder) => kinesis::Storage::Folder(folder.join("kinesis")),
    };
    let kinesis = Kinesis::open(kinesis::Settings {
        storage,
        limits: kinesis::Limits::Enforced,
        clock: clock.clone(),
        region: "local".to_owned(),
    })?;
    Ok(Part::start("kinesis", move |stop: Stop| async move {
        bound.serve(kinesis.router(), stop.wait()).await;
        kinesis.close().await;
    })?)
}

fn start_dynamodb(settings: &Settings, bound: Bound) -> Result<Part, Failed> {
    let tables = match folder(&settings.storage) {
        None => Tables::Memory,
        Some(folder) => Tables::File(folder.join("dynamodb").join("tables.sqlite")),
    };
    let dynamodb = DynamoDb::open(&tables)?;
    Ok(Part::start("dynamodb", move |stop: Stop| async move {
        let (stopping, stops) = oneshot::channel();
        let serving = dynamodb.serve(bound, async move {
            stop.wait().await;
            // Nobody listens when the server has ended by itself.
            let _ = stopping.send(());
        });
        let drained = async {
            let _ = stops.await;
            tokio::time::sleep(DYNAMODB_DRAIN_MAX).await;
        };
        tokio::select! {
            () = serving => {}
            () = drained => tracing::warn!("dynamodb: stopped with open connections"),
        }
    })?)
}

fn folder(storage: &Storage) -> Option<&Path> {
    match storage {
        Storage::Memory => None,
        Storage::Folder(folder) => Some(folder),
    }
}

fn bind(port: u16) -> Result<Bound, Failed> {
    Ok(Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?)
}

fn url(bound: &Bound) -> String {
    format!("http://{}", bound.local_addr())
}

/// Two programs on one folder would write over each other.
fn lock(storage: &Storage) -> Result<Option<File>, Failed> {
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
