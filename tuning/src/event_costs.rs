//! Cost of the path of an event: from the till through the stream into the stock log.

use domain::limits::{BATCH_WRITE_MAX, WINDOW_ROWS_KEPT};
use rust_decimal::Decimal;

use crate::StreamCapacity;
use crate::calculation::{Calculation, FunctionRun, billing_units};
use crate::format::count;
use crate::traffic::{GB, HOURS};
use crate::work::RequestWork;

const KB: u64 = 1 << 10;
/// Billing unit of API Gateway.
const REQUEST_BYTES: u64 = 512 * KB;
/// Calls of Kinesis in sequence for one request of a till.
const PUTS: u32 = 1;
/// Calls of `BatchWriteItem` that the stock processor makes concurrently, as in `aws`.
const CONCURRENT_WRITES: usize = 8;
/// Share of segments that leave a late mark: assumed, like the tills of `benches/work`.
const LATE_SHARE: Decimal = Decimal::from_parts(5, 0, 0, false, 3);
/// Hours that a stream retains records without a charge.
const RETENTION_INCLUDED_HOURS: u64 = 24;
/// Hours of retention above which the long-term price applies.
const RETENTION_EXTENDED_HOURS: u64 = 7 * 24;

impl Calculation<'_> {
    /// Adds the requests of tills.
    pub(crate) fn add_ingest(&mut self) {
        const PART: &str = "ingest-api";
        let (assumptions, work) = (self.assumptions, self.work);
        let per_request = assumptions.events_per_request;
        let figure = |figure: fn(&RequestWork) -> Decimal| work.request(per_request, figure);
        let requests = self.traffic.requests;
        let units = billing_units(figure(|work| work.body_bytes), REQUEST_BYTES);
        let events = count(self.traffic.events);
        let derivation = format!("{events} events / {per_request} x {units} of 512 KB");
        self.add(PART, "api-gateway.request", requests * units, derivation);
        let reply = figure(|work| work.reply_bytes);
        let derivation = format!("{} answers x {} bytes", count(requests), count(reply));
        let gigabytes = requests * reply / Decimal::from(GB);
        self.add(PART, "data-transfer.out", gigabytes, derivation);
        let run = FunctionRun {
            invocations: requests,
            cpu_ms: figure(|work| work.cpu_ms),
            calls: PUTS.into(),
            call_ms: assumptions.kinesis_ms,
        };
        self.add_function(PART, "ingest", &run);
    }

    /// Adds the access tokens of tills.
    pub(crate) fn add_identity(&mut self) {
        const PART: &str = "identity";
        let (assumptions, traffic) = (self.assumptions, self.traffic);
        let per_day = (assumptions.open_hours / assumptions.token_hours).ceil();
        let tokens = traffic.stores * assumptions.tills * per_day * traffic.days;
        let derivation =
            format!("{} stores x {} tills x {per_day} a day", traffic.stores, assumptions.tills);
        self.add(PART, "cognito.token", tokens, derivation);
        let run = FunctionRun {
            invocations: tokens,
            cpu_ms: assumptions.token_ms,
            calls: Decimal::ONE,
            call_ms: assumptions.dynamodb_ms,
        };
        self.add_function(PART, "token", &run);
        self.add(PART, "dynamodb.read", tokens, "one grant read for each token");
    }

    /// Adds the stream between the tills and the stock processor.
    pub(crate) fn add_stream(&mut self) {
        const PART: &str = "stream";
        let (assumptions, work, traffic) = (self.assumptions, self.work, self.traffic);
        let (per_request, gb) = (assumptions.events_per_request, Decimal::from(GB));
        let (hours, requests) = (Decimal::from(HOURS), traffic.requests);
        let kilobytes = work.request(per_request, |work| work.record_kilobytes);
        let stored = requests * kilobytes * Decimal::from(KB) / gb;
        let per_day = stored / traffic.days;
        let retention = assumptions.retention;
        let days = |hours: u64| Decimal::from(hours) / Decimal::from(24);
        match assumptions.stream {
            StreamCapacity::OnDemand => {
                self.add(PART, "kinesis.on-demand.hour", hours, "one stream");
                let derivation = format!("{} requests x {} KB", count(requests), count(kilobytes));
                self.add(PART, "kinesis.on-demand.in", stored, derivation);
                let bytes = work.request(per_request, |work| work.record_bytes);
                let derivation =
                    format!("{} requests x {} bytes, read once", count(requests), count(bytes));
                self.add(PART, "kinesis.on-demand.out", requests * bytes / gb, derivation);
                let extended =
                    days(retention.min(RETENTION_EXTENDED_HOURS) - RETENTION_INCLUDED_HOURS);
                let derivation =
                    format!("{} GB a day x {extended} days after the first", count(per_day));
                self.add(PART, "kinesis.on-demand.extended", per_day * extended, derivation);
            }
            StreamCapacity::Provisioned => {
                let shard_hours = traffic.shards * hours;
                let derivation = format!("{} shards x {HOURS} hours", traffic.shards);
                self.add(PART, "kinesis.provisioned.hour", shard_hours, derivation.clone());
                let units = work.request(per_request, |work| work.put_units);
                let puts = format!("{} requests x {} of 25 KB", count(requests), count(units));
                self.add(PART, "kinesis.provisioned.put", requests * units, puts);
                let is_extended = retention > RETENTION_INCLUDED_HOURS;
                let extended = if is_extended { shard_hours } else { Decimal::ZERO };
                self.add(PART, "kinesis.provisioned.extended", extended, derivation);
            }
        }
        let long = days(retention.saturating_sub(RETENTION_EXTENDED_HOURS));
        let derivation = format!("{} GB a day x {long} days after the seventh", count(per_day));
        self.add(PART, "kinesis.long-term", per_day * long, derivation);
    }

    /// Adds the stock processor.
    pub(crate) fn add_stock_processor(&mut self) {
        const PART: &str = "stock-processor";
        let (assumptions, work, traffic) = (self.assumptions, self.work, self.traffic);
        let (events, groups) = (traffic.group_events, traffic.groups());
        let per_batch = groups / traffic.batches;
        let rows = work.group(events, |work| work.rows) * per_batch;
        let calls = (rows / Decimal::from((BATCH_WRITE_MAX * CONCURRENT_WRITES) as u64)).ceil();
        let run = FunctionRun {
            invocations: traffic.batches,
            cpu_ms: work.group(events, |work| work.cpu_ms) * per_batch,
            calls,
            call_ms: assumptions.dynamodb_ms,
        };
        self.add_function(PART, PART, &run);
        let writes = work.group(events, |work| work.writes);
        let derivation = format!(
            "{} times a store in a batch with {} events x {}",
            count(groups),
            count(events),
            count(writes)
        );
        self.add(PART, "dynamodb.write", groups * writes, derivation);
        let derivation = format!("{} segments x {LATE_SHARE} with a late mark", count(groups));
        self.add(PART, "dynamodb.write", groups * LATE_SHARE, derivation);
        // Each environment marks each of its stores once a day; a shard has one environment.
        let marks = traffic.stores * traffic.days;
        let derivation = format!("{} stores marked as active, once a day", count(traffic.stores));
        self.add(PART, "dynamodb.write", marks, derivation);
    }

    /// Adds the storage of the stock log, window rows, day rows and offers.
    pub(crate) fn add_tables(&mut self) {
        const PART: &str = "tables";
        const YEAR: u32 = 365;
        let (assumptions, work, traffic) = (self.assumptions, self.work, self.traffic);
        let (stores, in_group) = (traffic.stores, traffic.group_events);
        let event_bytes = work.group(in_group, |work| work.stored_bytes) / in_group;
        let log = assumptions.events_per_store_day * event_bytes * assumptions.stock_kept;
        let windows_kept = Decimal::from(WINDOW_ROWS_KEPT.as_secs() / (24 * 3600));
        let windows = windows_kept
            * work.by_events(assumptions.events_per_store_day, |work| work.window_bytes);
        let row_bytes = work.by_items(assumptions.items, |work| work.day_row_bytes);
        let offer_bytes = work.by_items(assumptions.items, |work| work.offers)
            * work.by_items(assumptions.items, |work| work.offer_bytes);
        let year = (assumptions.items * row_bytes + offer_bytes) * Decimal::from(YEAR);
        let stored = stores * (log + windows + year) / Decimal::from(GB);
        let megabytes = |bytes: Decimal| count(bytes / Decimal::from(KB * KB));
        let derivation = format!(
            "{stores} stores x ({} MB of log after {} days + {} MB of windows after {windows_kept} \
             days + {} MB of day rows and offers after a year)",
            megabytes(log),
            assumptions.stock_kept,
            megabytes(windows),
            megabytes(year),
        );
        self.add(PART, "dynamodb.storage", stored, derivation.clone());
        self.add(PART, "dynamodb.backup", stored, derivation);
    }
}
