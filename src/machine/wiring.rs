//! What connects the stations to the endpoints, and the parts that run them.

use std::sync::Arc;
use std::time::Duration;

use aws::{AwsClients, EventStream, ResourceNames, Tables};
use axum::routing::get;
use axum::{Extension, Router};
use domain::limits::EVENT_AGE_MAX;
use domain::{Authority, Delivered};
use event_source_mapping::{
    self as mapping, Checkpoints, Destination, EventSourceMapping, Handler, HandlerError,
    MappingSettings, Response,
};
use local::http::Bound;
use local::part::{Part, Stop};
use metrics_exporter_prometheus::PrometheusHandle;
use processors::Processor;
use tokio::sync::oneshot;

use super::slots::Slots;
use super::{CHECKPOINTS, Settings, folder};
use crate::clock::{self, Clock};
use crate::{CommandError, telemetry};

/// Samples wait this long to be summed up: the recorder's own advice.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// Lambda polls a shard once a second; here nobody pays for a poll, and a shard answers five
/// reads a second.
const POLL_EVERY: Duration = Duration::from_millis(250);

/// Clients, tables and settings that the services share.
pub(super) struct Wiring {
    clients: AwsClients,
    pub(super) names: ResourceNames,
    pub(super) tables: Tables,
    any_age: bool,
    clock: Clock,
}

impl Wiring {
    pub(super) fn new(
        clients: AwsClients,
        names: ResourceNames,
        any_age: bool,
        clock: Clock,
    ) -> Self {
        let tables = Tables::new(clients.dynamodb.clone(), &names);
        let wiring = Self { clients, names, tables, any_age, clock };
        Self { tables: wiring.tables.clone().for_events_up_to(wiring.age_max()), ..wiring }
    }

    /// How old an event may be.
    fn age_max(&self) -> Option<Duration> {
        (!self.any_age).then_some(EVENT_AGE_MAX)
    }

    pub(super) fn start_api(&self, bound: Bound) -> Result<Part, CommandError> {
        let metrics = telemetry::start_metrics()?;
        let service = ingest::Service {
            log: EventStream::new(self.clients.kinesis.clone(), &self.names),
            settings: ingest::Settings { age_max: self.age_max(), ..ingest::Settings::default() },
            clock: self.clock.clone(),
            entropy: Arc::new(clock::entropy),
        };
        let offers =
            pricing::api::Service { tables: self.tables.clone(), clock: self.clock.clone() };
        let rendered = metrics.clone();
        // On loopback, whoever can reach it may act for every store.
        let router: Router = ingest::router(Arc::new(service))
            .merge(pricing::api::router(Arc::new(offers)).reset_fallback())
            .layer(Extension(Authority::everything()))
            .route("/metrics", get(move || async move { rendered.render() }));
        Ok(Part::start("ingest", move |stop: Stop| async move {
            tokio::select! {
                () = bound.serve(router, stop.wait()) => {}
                () = tidy(metrics) => {}
            }
        })?)
    }

    /// The event source mapping with the batch handler.
    pub(super) async fn start_processors(
        &self,
        settings: &Settings,
    ) -> Result<(Part, mapping::Watch), CommandError> {
        let processor =
            Processor { age_max: self.age_max(), ..Processor::new(self.tables.clone()) };
        let handler = BatchHandler { processor, clock: self.clock.clone() };
        let mapping_settings = MappingSettings {
            batch_size: settings.batch_size,
            parallelization_factor: settings.parallelization_factor,
            poll_interval: POLL_EVERY,
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

    /// The slot schedule of pricing and close of day.
    pub(super) fn slots(&self) -> Slots {
        Slots::new(self.tables.clone(), self.clock.clone())
    }

    pub(super) fn start_schedule(&self) -> Result<Part, CommandError> {
        let slots = self.slots();
        Ok(Part::start("schedule", move |stop: Stop| async move {
            tokio::select! {
                () = stop.wait() => {}
                () = slots.run() => {}
            }
        })?)
    }
}

/// Sums up what was measured, which nobody may ever ask for.
async fn tidy(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        metrics.run_upkeep();
    }
}

/// The batch handler as Lambda would call it.
struct BatchHandler {
    processor: Processor<Tables>,
    clock: Clock,
}

impl Handler for BatchHandler {
    async fn handle(&self, batch: &[Delivered]) -> Result<Response, HandlerError> {
        let outcome = self.processor.process(batch).await;
        processors::metrics::count_freshness(&outcome.occurred_at, (self.clock)());
        let failed = outcome.retry_from.map(|number| number.as_str().to_owned());
        Ok(Response { batch_item_failures: failed.into_iter().collect() })
    }
}
