//! Traffic of one month: numbers of events, requests, records and batches.
//!
//! Events are spread evenly over the opening hours. Real events come in waves, which makes batches
//! fuller and therefore slightly cheaper.

use rust_decimal::Decimal;

use crate::{Assumptions, StreamCapacity, Work};

/// Hours of a month, as in AWS Pricing Calculator.
pub(crate) const HOURS: u32 = 730;
/// Bytes of a GB in AWS's prices.
pub(crate) const GB: u64 = 1 << 30;
/// Minimum number of shards of an on-demand stream. Source: Kinesis Data Streams, "On-demand mode".
const ON_DEMAND_SHARDS_MIN: u32 = 4;

/// Figures of one month, over all stores unless stated otherwise.
#[derive(Debug, Clone)]
pub struct Traffic {
    /// Number of stores.
    pub stores: Decimal,
    /// Days of a month.
    pub days: Decimal,
    /// Number of events.
    pub events: Decimal,
    /// Number of requests of tills.
    pub requests: Decimal,
    /// Number of HTTP requests for offers.
    pub offer_requests: Decimal,
    /// Number of shards of the stream.
    pub shards: Decimal,
    /// Number of batches, which is the number of invocations of the stock processor.
    pub batches: Decimal,
    /// Number of records in a batch.
    pub records_per_batch: Decimal,
    /// Number of events of one store in a batch that holds any of its events.
    pub group_events: Decimal,
    /// Seconds in which stores are open.
    pub open_seconds: Decimal,
}

impl Traffic {
    pub(crate) fn new(stores: u64, assumptions: &Assumptions, work: &Work) -> Self {
        let stores = Decimal::from(stores);
        let days = Decimal::from(HOURS) / Decimal::from(24);
        let per_request = assumptions.events_per_request;
        let events = stores * assumptions.events_per_store_day * days;
        let requests = events / per_request;
        let records = requests * work.request(per_request, |work| work.records);
        let open_seconds = assumptions.open_hours * Decimal::from(3600) * days;
        let per_second = records / open_seconds;
        let record_bytes = work.request(per_request, |work| work.record_bytes) * requests / records;
        let shards = shards(assumptions, per_second, per_second * record_bytes);

        // The batch window starts with the first record of a batch. After a batch, the shard waits
        // for a first record again.
        let per_shard = per_second / shards;
        let batch_size = Decimal::from(assumptions.batch_size);
        let records_per_batch =
            (Decimal::ONE + per_shard * Decimal::from(assumptions.batch_window)).min(batch_size);
        let covered_seconds = (records_per_batch - Decimal::ONE) / per_shard;
        let per_store = assumptions.events_per_store_day * days / open_seconds;
        Self {
            stores,
            days,
            events,
            requests,
            offer_requests: stores * assumptions.offer_requests * days,
            shards,
            batches: records / records_per_batch,
            records_per_batch,
            group_events: per_request + per_store * covered_seconds,
            open_seconds,
        }
    }

    /// Returns the number of groups: pairs of a batch and a store with events in the batch.
    pub(crate) fn groups(&self) -> Decimal {
        self.events / self.group_events
    }
}

/// Returns the number of shards of the assumptions, or the number that the peak needs.
fn shards(assumptions: &Assumptions, records_per_second: Decimal, bytes: Decimal) -> Decimal {
    use domain::limits::{SHARD_WRITE_BYTES_PER_SECOND, SHARD_WRITE_RECORDS_PER_SECOND};
    let by_records = records_per_second / Decimal::from(SHARD_WRITE_RECORDS_PER_SECOND);
    let by_bytes = bytes / Decimal::from(SHARD_WRITE_BYTES_PER_SECOND);
    let needed = (by_records.max(by_bytes) * assumptions.peak).ceil().max(Decimal::ONE);
    match (assumptions.shards, assumptions.stream) {
        (Some(shards), _) => shards.into(),
        (None, StreamCapacity::OnDemand) => needed.max(ON_DEMAND_SHARDS_MIN.into()),
        (None, StreamCapacity::Provisioned) => needed,
    }
}
