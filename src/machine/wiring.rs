//! What connects the stations to the endpoints, and the parts that run them.

use std::sync::Arc;
use std::time::Duration;

use aws::{Catalog, Clients, Days, Names, Offers, Quarantine, Stock, Stream};
use axum::routing::get;
use axum::{Extension, Router};
use domain::limits::{EVENT_AGE_MAX, SLOT_MINUTES};
use domain::{Authority, Delivered};
use event_source_mapping::{
    self as mapping, Checkpoints, Destination, EventSourceMapping, Handler, HandlerError,
    MappingSettings, Response,
};
use local::http::Bound;
use local::part::{Part, Stop};
use metrics_exporter_prometheus::PrometheusHandle;
use pricing::{Pricing, slot_of};
use processors::{Closing, Processor};
use tokio::sync::oneshot;

use super::{CHECKPOINTS, Settings, folder};
use crate::clock::{self, Clock};
use crate::{Failed, telemetry};

/// Offers are decided this long after a slot began, so that its last events have arrived.
const SETTLE: Duration = Duration::from_secs(20);
/// Samples wait this long to be summed up: the recorder's own advice.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// Lambda polls a shard once a second; here nobody pays for a poll, and a shard answers five
/// reads a second.
const POLL_EVERY: Duration = Duration::from_millis(250);

/// What connects the stations to the endpoints.
pub(super) struct Wiring {
    pub(super) clients: Clients,
    pub(super) names: Names,
    pub(super) any_age: bool,
    pub(super) clock: Clock,
}

impl Wiring {
    pub(super) fn stock(&self) -> Stock {
        let stock = Stock::new(self.clients.dynamodb.clone(), &self.names);
        if self.any_age { stock.kept_forever() } else { stock }
    }

    pub(super) fn catalog(&self) -> Catalog {
        Catalog::new(self.clients.dynamodb.clone(), &self.names)
    }

    pub(super) fn offers(&self) -> Offers {
        Offers::new(self.clients.dynamodb.clone(), &self.names)
    }

    fn days(&self) -> Days {
        Days::new(self.clients.dynamodb.clone(), &self.names)
    }

    pub(super) fn closing(&self) -> Closing<Catalog, Stock, Days, Offers> {
        Closing {
            catalog: self.catalog(),
            stock: self.stock(),
            days: self.days(),
            offers: self.offers(),
        }
    }

    pub(super) fn pricing(&self) -> Pricing<Catalog, Stock, Days, Offers> {
        Pricing {
            catalog: self.catalog(),
            stock: self.stock(),
            days: self.days(),
            offers: self.offers(),
        }
    }

    /// How old an event may be.
    fn age_max(&self) -> Option<Duration> {
        (!self.any_age).then_some(EVENT_AGE_MAX)
    }

    pub(super) fn start_api(&self, bound: Bound) -> Result<Part, Failed> {
        let metrics = telemetry::start_metrics()?;
        let service = ingest::Service {
            log: Stream::new(self.clients.kinesis.clone(), &self.names),
            settings: ingest::Settings { age_max: self.age_max(), ..ingest::Settings::default() },
            clock: self.clock.clone(),
            entropy: Arc::new(clock::entropy),
        };
        let offers = pricing::api::Service {
            catalog: self.catalog(),
            offers: self.offers(),
            clock: self.clock.clone(),
        };
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
    ) -> Result<(Part, mapping::Watch), Failed> {
        let quarantine = Quarantine::new(self.clients.dynamodb.clone(), &self.names);
        let processor =
            Processor { age_max: self.age_max(), ..Processor::new(self.stock(), quarantine) };
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

    pub(super) fn start_schedule(&self) -> Result<Part, Failed> {
        let (pricing, closing, clock) = (self.pricing(), self.closing(), self.clock.clone());
        Ok(Part::start("schedule", move |stop: Stop| async move {
            tokio::select! {
                () = stop.wait() => {}
                () = every_slot(pricing, closing, clock) => {}
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

/// The first tick waits as well: what was acknowledged before the last stop is processed first.
async fn every_slot(
    pricing: Pricing<Catalog, Stock, Days, Offers>,
    closing: Closing<Catalog, Stock, Days, Offers>,
    clock: Clock,
) {
    tokio::time::sleep(SETTLE).await;
    loop {
        let now = clock();
        match pricing.tick(now, now).await {
            Ok(pass) => pricing::metrics::count_freshness(&pass, now, clock()),
            Err(failure) => tracing::warn!("no store priced: {failure}"),
        }
        if let Err(failure) = closing.tick(now).await {
            tracing::warn!("no store closed: {failure}");
        }
        let next = slot_of(now) + chrono::TimeDelta::minutes(SLOT_MINUTES.into());
        let wait = (next - clock()).to_std().unwrap_or_default();
        tokio::time::sleep(wait + SETTLE).await;
    }
}

/// The batch handler as Lambda would call it.
struct BatchHandler {
    processor: Processor<Stock, Quarantine>,
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
