//! Live page of a run, and its metrics for Prometheus.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::Redirect;
use axum::routing::get;
use load_generator::report;
use load_generator::run_record::RunRecord;
use load_generator::scenario::Statistic;
use local::http::HttpServer;
use local::service::ServiceThread;

use crate::CommandError;

/// Latest record of the running run.
#[derive(Debug, Clone, Default)]
pub(super) struct LiveRecord(Arc<Mutex<Option<Arc<RunRecord>>>>);

impl LiveRecord {
    pub(super) fn set(&self, record: RunRecord) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(record));
    }

    fn get(&self) -> Option<Arc<RunRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Starts the page on a port of loopback. Returns the service and its URL.
///
/// | path | answer |
/// |---|---|
/// | `GET /load` | the report of the run so far, which renews itself |
/// | `GET /load/body` | the content of the page |
/// | `GET /metrics` | metrics in the text format of Prometheus |
pub(super) fn start(
    port: u16,
    record: LiveRecord,
) -> Result<(ServiceThread, String), CommandError> {
    let server = HttpServer::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let url = format!("http://{}/load", server.local_addr());
    const HTML: [(axum::http::HeaderName, &str); 1] = [(CONTENT_TYPE, "text/html; charset=utf-8")];
    const TEXT: [(axum::http::HeaderName, &str); 1] = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
    let of = |render: fn(&RunRecord) -> String| {
        let record = record.clone();
        move || {
            let text = record.get().map_or_else(String::new, |record| render(&record));
            async move { text }
        }
    };
    let (page, body, metrics) =
        (of(|record| report::page(record, true)), of(report::body), of(metrics));
    let router = Router::new()
        .route("/", get(async || Redirect::to("/load")))
        .route("/load", get(async move || (HTML, page().await)))
        .route("/load/body", get(async move || (HTML, body().await)))
        .route("/metrics", get(async move || (TEXT, metrics().await)));
    let service = ServiceThread::start("load-live", move |stop| server.serve(router, stop))?;
    Ok((service, url))
}

/// Returns the metrics of a run. Source of the format: Prometheus, "Exposition formats".
fn metrics(record: &RunRecord) -> String {
    let mut text = String::new();
    let totals = &record.totals;
    text.push_str("# TYPE daymark_load_events_total counter\n");
    for (outcome, count) in [
        ("planned", totals.planned),
        ("sent", totals.sent),
        ("stored", totals.stored),
        ("refused", totals.refused),
        ("unknown", totals.unknown),
    ] {
        // Writing to a String never fails.
        let _ = writeln!(text, "daymark_load_events_total{{outcome=\"{outcome}\"}} {count}");
    }
    for (name, count) in [
        ("requests_settled", totals.requests_settled),
        ("requests_throttled", totals.throttled),
        ("requests_retried", totals.retried),
    ] {
        let _ = writeln!(text, "# TYPE daymark_load_{name}_total counter");
        let _ = writeln!(text, "daymark_load_{name}_total {count}");
    }
    let timings = &record.timings;
    for (name, histogram) in [
        ("send_lag", &timings.send_lag),
        ("service", &timings.service),
        ("response", &timings.response),
        ("freshness", &timings.freshness),
    ] {
        let _ = writeln!(text, "# TYPE daymark_load_{name}_seconds summary");
        for hundredths in [5_000, 9_000, 9_900, 9_990] {
            let seconds = histogram.at(Statistic::Percentile(hundredths)).as_secs_f64();
            let quantile = f64::from(hundredths) / 10_000.0;
            let _ =
                writeln!(text, "daymark_load_{name}_seconds{{quantile=\"{quantile}\"}} {seconds}");
        }
        let _ = writeln!(text, "daymark_load_{name}_seconds_count {}", histogram.len());
    }
    text
}
