//! Cost of delivering offers: as events on the bus, and over HTTP.

use rust_decimal::Decimal;

use crate::calculation::{Calculation, FunctionRun, billing_units};
use crate::format::count;
use crate::traffic::{GB, HOURS};

/// Pipes from the offers table: one for `OfferPublished` and one for `OfferDeepened`.
const PIPES: u32 = 2;
/// The stream of the offers table has four shards. A pipe polls each shard four times a second.
const POLLS_PER_SECOND_OF_PIPE: u32 = 16;
/// Size of an offer event.
const OFFER_EVENT_BYTES: u32 = 1024;
/// Billing unit of a pipe, a bus and a topic.
const REQUEST_BYTES: u64 = 64 << 10;
/// Bytes of a read capacity unit.
const READ_UNIT_BYTES: u64 = 4 << 10;
/// Read units of the store's settings, which determine the date.
const STORE_READS: Decimal = Decimal::ONE;
/// Read units of the catalogue, which has the prices in force: the version of the chain's items,
/// which the function keeps, and the store's own items.
const CATALOG_READS: Decimal = Decimal::TWO;
/// Calls in sequence: the store, its offers of the day, then the catalogue in concurrent calls.
const CALLS: Decimal = Decimal::from_parts(3, 0, 0, false, 0);
/// Size of an offer in a response, field names included.
const OFFER_JSON_BYTES: u32 = 600;

impl Calculation<'_> {
    /// Adds the path of offers to shelf labels and tills.
    pub(crate) fn add_offer_delivery(&mut self) {
        const PART: &str = "offers-out";
        let traffic = self.traffic;
        let per_day = self.work.by_items(self.assumptions.items, |work| work.offers);
        let offers = traffic.stores * per_day * traffic.days;
        let derivation = format!("{} stores x {} offers a day", traffic.stores, count(per_day));
        let polls = Decimal::from(PIPES * POLLS_PER_SECOND_OF_PIPE) * Decimal::from(HOURS * 3600);
        let polling = format!("{PIPES} pipes x 4 shards x 4 a second, idle or not");
        self.add(PART, "dynamodb.stream-read", polls, polling);
        let requests = offers * billing_units(OFFER_EVENT_BYTES.into(), REQUEST_BYTES);
        for price in ["pipes.request", "eventbridge.event", "sns.publish"] {
            self.add(PART, price, requests, derivation.clone());
        }
        let archived = offers * Decimal::from(OFFER_EVENT_BYTES) / Decimal::from(GB);
        let derivation = format!("{} offers x {OFFER_EVENT_BYTES} bytes", count(offers));
        self.add(PART, "eventbridge.archive", archived, derivation.clone());
        let derivation = format!("{derivation}, kept a month");
        self.add(PART, "eventbridge.archive-storage", archived, derivation);
    }

    /// Adds `GET /v1/stores/ID/offers`. Every request is counted as the last one of its day, which
    /// reads all offers of the day. Processor time per read unit is that of a repeated close of
    /// day.
    pub(crate) fn add_offers_api(&mut self) {
        const PART: &str = "offers-api";
        let (assumptions, traffic, work) = (self.assumptions, self.traffic, self.work);
        let requests = traffic.offer_requests;
        if requests.is_zero() {
            return;
        }
        let derivation =
            format!("{} stores x {} a day", count(traffic.stores), assumptions.offer_requests);
        self.add(PART, "api-gateway.request", requests, derivation);
        let offers = work.by_items(assumptions.items, |work| work.offers);
        let bytes = offers * work.by_items(assumptions.items, |work| work.offer_bytes);
        let offer_reads = billing_units(bytes, READ_UNIT_BYTES);
        let reads = STORE_READS + CATALOG_READS + offer_reads;
        let derivation = format!(
            "{} x ({STORE_READS} of the store + {CATALOG_READS} of the catalogue \
             + {offer_reads} of its offers)",
            count(requests)
        );
        self.add(PART, "dynamodb.read", requests * reads, derivation);
        // The response holds the last offer of each item.
        let listed = offers.min(assumptions.items);
        let derivation =
            format!("{} x {} offers x {OFFER_JSON_BYTES} bytes", count(requests), count(listed));
        let bytes = requests * listed * Decimal::from(OFFER_JSON_BYTES);
        self.add(PART, "data-transfer.out", bytes / Decimal::from(GB), derivation);
        let close_cpu = work.by_items(assumptions.items, |work| work.close_again.cpu_ms);
        let close_reads = work.by_items(assumptions.items, |work| work.close_again.stock_reads)
            + work.by_items(assumptions.items, |work| work.close_again.other_reads);
        let run = FunctionRun {
            invocations: requests,
            cpu_ms: reads * close_cpu / close_reads,
            calls: CALLS,
            call_ms: assumptions.dynamodb_ms,
        };
        self.add_function(PART, "offers-api", &run);
    }
}
