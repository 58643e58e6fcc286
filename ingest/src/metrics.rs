//! Metrics of the ingest API.

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

/// Number of answered events, by `outcome`: `stored`, `duplicate`, `rejected` or `retry`.
pub const EVENTS_TOTAL: &str = "daymark_ingest_events_total";
/// Number of answered requests, by HTTP `status`.
pub const REQUESTS_TOTAL: &str = "daymark_ingest_requests_total";
/// Number of records sent to the stream again after a temporary failure.
pub const PUT_RETRIES_TOTAL: &str = "daymark_ingest_put_retries_total";
/// Time to store the events of one request, in seconds.
pub const STORE_SECONDS: &str = "daymark_ingest_store_seconds";

/// Registers units and descriptions with the installed recorder. The program calls it once.
pub fn describe() {
    describe_counter!(EVENTS_TOTAL, Unit::Count, "Events answered, by outcome");
    describe_counter!(REQUESTS_TOTAL, Unit::Count, "Requests answered, by HTTP status");
    describe_counter!(PUT_RETRIES_TOTAL, Unit::Count, "Records sent to the stream again");
    describe_histogram!(STORE_SECONDS, Unit::Seconds, "Time to store the events of one request");
}

pub(crate) fn events(outcome: &'static str, count: usize) {
    counter!(EVENTS_TOTAL, "outcome" => outcome).increment(count as u64);
}

pub(crate) fn request(status: http::StatusCode) {
    counter!(REQUESTS_TOTAL, "status" => status.as_str().to_owned()).increment(1);
}

pub(crate) fn put_retries(records: usize) {
    counter!(PUT_RETRIES_TOTAL).increment(records as u64);
}

pub(crate) fn store_seconds(seconds: f64) {
    histogram!(STORE_SECONDS).record(seconds);
}
