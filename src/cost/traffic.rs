//! A month of a chain: how many events, requests, records and batches its stores make.
//!
//! Events are spread evenly over the hours in which a store sells. Real ones come in waves, which
//! makes batches fuller and so a little cheaper.

use rust_decimal::Decimal;

use super::chain::{Chain, StreamMode};
use super::work::Work;

/// Hours of a month, as AWS's own calculator has them.
pub(super) const HOURS: u32 = 730;
/// What AWS prices as a GB.
pub(super) const GB: u64 = 1 << 30;
/// Fewest shards of a stream on demand. Source: Kinesis Data Streams, "On-demand mode".
const ON_DEMAND_SHARDS_MIN: u32 = 4;

/// Figures of a month, of all stores together unless they say otherwise.
#[derive(Debug, Clone)]
pub(super) struct Traffic {
    pub(super) stores: Decimal,
    /// Days of a month.
    pub(super) days: Decimal,
    pub(super) events: Decimal,
    pub(super) requests: Decimal,
    /// Requests of those who read offers over HTTP.
    pub(super) offer_requests: Decimal,
    pub(super) shards: Decimal,
    /// Invocations of the stock processor.
    pub(super) batches: Decimal,
    pub(super) records_per_batch: Decimal,
    /// Events of one store in a batch in which it has any.
    pub(super) group_events: Decimal,
    /// Seconds in which stores sell.
    pub(super) open_seconds: Decimal,
}

impl Traffic {
    pub(super) fn of(stores: u64, chain: &Chain, work: &Work) -> Self {
        let stores = Decimal::from(stores);
        let days = Decimal::from(HOURS) / Decimal::from(24);
        let per_request = chain.events_per_request;
        let events = stores * chain.events_per_store_day * days;
        let requests = events / per_request;
        let records = requests * work.request(per_request, |one| one.records);
        let open_seconds = chain.open_hours * Decimal::from(3600) * days;
        let per_second = records / open_seconds;
        let record_bytes = work.request(per_request, |one| one.record_bytes) * requests / records;
        let shards = shards(chain, per_second, per_second * record_bytes);

        // A batch is complete some time after its first record, or when it is full. Between two
        // batches the shard waits for a first record again.
        let on_shard = per_second / shards;
        let batch_size = Decimal::from(chain.batch_size);
        let records_per_batch =
            (Decimal::ONE + on_shard * Decimal::from(chain.batch_window)).min(batch_size);
        let covered_seconds = (records_per_batch - Decimal::ONE) / on_shard;
        let of_store = chain.events_per_store_day * days / open_seconds;
        Self {
            stores,
            days,
            events,
            requests,
            offer_requests: stores * chain.offer_requests * days,
            shards,
            batches: records / records_per_batch,
            records_per_batch,
            group_events: per_request + of_store * covered_seconds,
            open_seconds,
        }
    }

    /// A store has a part in so many batches.
    pub(super) fn groups(&self) -> Decimal {
        self.events / self.group_events
    }
}

/// As many as were named, or as the peak needs.
fn shards(chain: &Chain, records_per_second: Decimal, bytes_per_second: Decimal) -> Decimal {
    use domain::limits::{SHARD_WRITE_BYTES_PER_SECOND, SHARD_WRITE_RECORDS_PER_SECOND};
    let by_records = records_per_second / Decimal::from(SHARD_WRITE_RECORDS_PER_SECOND);
    let by_bytes = bytes_per_second / Decimal::from(SHARD_WRITE_BYTES_PER_SECOND);
    let needed = (by_records.max(by_bytes) * chain.peak).ceil().max(Decimal::ONE);
    match (chain.shards, chain.stream) {
        (Some(shards), _) => shards.into(),
        (None, StreamMode::OnDemand) => needed.max(ON_DEMAND_SHARDS_MIN.into()),
        (None, StreamMode::Provisioned) => needed,
    }
}
