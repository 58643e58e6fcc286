//! Services of the machine: the ingest API, the event source mapping and the slot schedule.

use std::sync::Arc;
use std::time::Duration;

use aws::{AwsClients, EventStream, ResourceNames, Tables};
use axum::{Extension, Router};
use domain::limits::EVENT_AGE_MAX;
use domain::{Authority, Delivered};
use event_source_mapping::{
    self as mapping, Checkpoints, Destination, EventSourceMapping, Handler, HandlerError,
    HandlerResponse, MappingSettings,
};
use ingest::{IngestService, IngestSettings};
use local::gathering_log::GatheringLog;
use local::http::HttpServer;
use local::service::ServiceThread;
use metrics_exporter_prometheus::PrometheusHandle;
use processors::Processor;
use tokio::sync::oneshot;

use super::earlier_folder::FolderMove;
use super::kept_batches::KeptBatches;
use super::readiness::{Readiness, ReadyLog};
use super::slots::Slots;
use super::{CHECKPOINTS, MachineSettings, folder, pages};
use crate::clock;
use crate::{CommandError, telemetry};
use domain::ports::Clock;

/// Interval at which metric samples are summed up, as the recorder recommends.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// Interval between polls of a shard. Lambda polls once a second; here polls are free, and a shard
/// answers five reads a second.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Clients, tables and settings that the services share.
pub(super) struct Services {
    pub(super) clients: AwsClients,
    pub(super) names: ResourceNames,
    pub(super) tables: Tables,
    any_age: bool,
    clock: Clock,
}

impl Services {
    pub(super) fn new(
        clients: AwsClients,
        names: ResourceNames,
        any_age: bool,
        clock: Clock,
    ) -> Self {
        let tables = Tables::new(clients.dynamodb.clone(), &names);
        let services = Self { clients, names, tables, any_age, clock };
        Self { tables: services.tables.clone().for_events_up_to(services.age_max()), ..services }
    }

    /// Returns the maximum age of an event on arrival.
    fn age_max(&self) -> Option<Duration> {
        (!self.any_age).then_some(EVENT_AGE_MAX)
    }

    fn processor(&self) -> Processor<Tables> {
        let processor = Processor::new(self.tables.clone(), self.clock.clone());
        processor.with_age_max(self.age_max())
    }

    /// Starts the ingest API, the offers API, the reading API and the pages beside them.
    pub(super) fn start_api(
        &self,
        server: HttpServer,
        gather: Duration,
        readiness: Readiness,
    ) -> Result<ServiceThread, CommandError> {
        let metrics = telemetry::start_metrics()?;
        let stream = EventStream::new(self.clients.kinesis.clone(), &self.names);
        let service = IngestService {
            log: ReadyLog { log: GatheringLog::new(stream, gather), readiness },
            settings: IngestSettings { age_max: self.age_max(), ..IngestSettings::default() },
            clock: self.clock.clone(),
            monotonic: Arc::new(clock::monotonic()),
            entropy: Arc::new(clock::entropy),
        };
        let offers =
            pricing::api::OffersService { tables: self.tables.clone(), clock: self.clock.clone() };
        let figures =
            reader::api::ReaderService { tables: self.tables.clone(), clock: self.clock.clone() };
        // Every client on loopback may act for every store.
        let router: Router = ingest::router(Arc::new(service))
            .merge(pricing::api::router(Arc::new(offers)).reset_fallback())
            .merge(reader::api::router(Arc::new(figures)))
            .layer(Extension(Authority::everything()))
            .merge(pages::router(metrics.clone()));
        Ok(ServiceThread::start("ingest", move |stop| async move {
            tokio::select! {
                () = server.serve(router, stop) => {}
                () = sum_up(metrics) => {}
            }
        })?)
    }

    /// Starts the event source mapping with the batch handler.
    pub(super) async fn start_processors(
        &self,
        settings: &MachineSettings,
    ) -> Result<(ServiceThread, mapping::MappingWatch), CommandError> {
        let kept = settings.kept_batches.as_deref();
        let kept =
            kept.map(|folder| KeptBatches::create(folder, &self.names.stream)).transpose()?;
        let (processor, clock) = (self.processor(), self.clock.clone());
        let handler = BatchHandler { processor, clock, kept };
        let mapping_settings = MappingSettings {
            batch_size: settings.batch_size,
            parallelization_factor: settings.parallelization_factor,
            poll_interval: POLL_INTERVAL,
            // The stream keeps what is not processed.
            discards_expired: false,
            ..MappingSettings::new(&self.names.stream)
        };
        let (checkpoints, destination) = match folder(&settings.storage) {
            None => (Checkpoints::Memory, Destination::None),
            Some(folder) => (
                Checkpoints::Folder(folder.join(CHECKPOINTS)),
                Destination::Folder(folder.join("failed-batches")),
            ),
        };
        let (client, clock) = (self.clients.kinesis.clone(), self.clock.clone());
        let (started, starts) = oneshot::channel();
        let thread = ServiceThread::start("processors", move |stop| async move {
            match EventSourceMapping::start(
                client,
                mapping_settings,
                handler,
                checkpoints,
                destination,
                clock,
            ) {
                Ok(mapping) => {
                    // The receiver is gone if the start was cancelled.
                    let _ = started.send(Ok(mapping.watch()));
                    stop.cancelled().await;
                    mapping.stop().await;
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            }
        })?;
        Ok((thread, starts.await??))
    }

    /// Returns the slot schedule of pricing and close of day.
    pub(super) fn slots(&self) -> Slots {
        Slots::new(self.tables.clone(), self.clock.clone())
    }

    /// Starts the slot schedule. A folder of an earlier version is moved first, so that nothing is
    /// priced or closed from a part of the log.
    pub(super) fn start_schedule(&self, is_earlier: bool) -> Result<ServiceThread, CommandError> {
        let slots = self.slots();
        let (clients, names) = (self.clients.clone(), self.names.clone());
        let folder_move = FolderMove::new(clients, names, self.processor(), self.clock.clone());
        let run = async move {
            if is_earlier {
                folder_move.run().await;
            }
            slots.run().await;
        };
        Ok(ServiceThread::start("schedule", move |stop| async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = run => {}
            }
        })?)
    }
}

/// Sums up metric samples regularly, since the metrics may never be read.
async fn sum_up(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP_INTERVAL).await;
        metrics.run_upkeep();
    }
}

/// Batch handler, called as Lambda calls it.
struct BatchHandler {
    processor: Processor<Tables>,
    clock: Clock,
    kept: Option<KeptBatches>,
}

impl Handler for BatchHandler {
    async fn handle(&self, batch: &[Delivered]) -> Result<HandlerResponse, HandlerError> {
        if let Some(kept) = &self.kept {
            kept.keep(batch);
        }
        let outcome = self.processor.process(batch).await;
        processors::metrics::count_freshness(&outcome.occurred_at, (self.clock)());
        let failed = outcome.retry_from.map(|number| number.as_str().to_owned());
        Ok(HandlerResponse { batch_item_failures: failed.into_iter().collect() })
    }
}
