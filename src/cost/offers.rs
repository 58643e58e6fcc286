//! Offers over HTTP, for label gateways and displays that ask instead of being told.

use rust_decimal::Decimal;

use super::bill::{Bill, Run, count};
use super::traffic::{GB, Traffic};
use super::work::Work;

/// What one read unit reads.
const READ_UNIT_BYTES: u32 = 4 << 10;
/// The store's settings, which say which day it is.
const STORE_READS: Decimal = Decimal::ONE;
/// One after the other: the store, and its offers of the day.
const CALLS: Decimal = Decimal::TWO;
/// An offer in an answer, with the names of its fields.
const OFFER_JSON_BYTES: u32 = 600;

/// `GET /v1/stores/ID/offers`. Each is counted as the last one of its day, which reads all offers
/// that were made; it works on what it reads as long as the close of day does.
pub(super) fn offers_api(bill: &mut Bill<'_>, traffic: &Traffic, work: &Work) {
    const PART: &str = "offers-api";
    let (chain, requests) = (bill.chain, traffic.offer_requests);
    if requests.is_zero() {
        return;
    }
    let how = format!("{} stores x {} a day", count(traffic.stores), chain.offer_requests);
    bill.add(PART, "api-gateway.request", requests, how);
    let offers = work.by_items(chain.items, |evening| evening.offers);
    let bytes = offers * work.by_items(chain.items, |evening| evening.offer_bytes);
    let of_offers = (bytes / Decimal::from(READ_UNIT_BYTES)).ceil().max(Decimal::ONE);
    let reads = STORE_READS + of_offers;
    let how = format!("{} x (1 of the store + {of_offers} of its offers)", count(requests));
    bill.add(PART, "dynamodb.read", requests * reads, how);
    // Of an item the last offer is told.
    let told = offers.min(chain.items);
    let how = format!("{} x {} offers x {OFFER_JSON_BYTES} bytes", count(requests), count(told));
    let answers = requests * told * Decimal::from(OFFER_JSON_BYTES);
    bill.add(PART, "data-transfer.out", answers / Decimal::from(GB), how);
    let look_cpu = work.by_items(chain.items, |evening| evening.close_again.cpu_ms);
    let look_reads = work.by_items(chain.items, |evening| evening.close_again.stock_reads)
        + work.by_items(chain.items, |evening| evening.close_again.other_reads);
    let run = Run {
        invocations: requests,
        cpu_ms: reads * look_cpu / look_reads,
        wait_ms: CALLS * chain.dynamodb_ms,
    };
    bill.run(PART, "offers-api", &run);
}
