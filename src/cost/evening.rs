//! What is done on schedule: the afternoon's prices, the close of day, and offers on their way out.

use domain::limits::BATCH_GET_KEYS_MAX;
use rust_decimal::Decimal;

use super::bill::{Bill, Run, count, pieces};
use super::prices::Exact;
use super::traffic::{GB, HOURS, Traffic};
use super::work::{Evening, Pass, Work};

/// Messages that are sent together.
const MESSAGES_PER_SEND: u32 = 10;
/// A queue's message is sent with nine others, received, and taken out.
const REQUESTS_PER_MESSAGE: Decimal = Decimal::from_parts(21, 0, 0, false, 1);
/// Lookups and sends that a schedule has under way at the same time: see `aws::get`, `aws::Queue`.
const LOOKUPS_AT_ONCE: u32 = 8;
const SENDS_AT_ONCE: u32 = 16;
/// Before them, one after the other: the chain's settings, which only the pricing asks for, and the
/// list of stores.
const CALLS_BEFORE: Decimal = Decimal::TWO;
/// Lambda looks into an idle queue with five pollers, each of which waits 20 seconds.
const EMPTY_RECEIVES_PER_HOUR: u32 = 5 * 3 * 60;
/// Every quarter of an hour.
const TICKS_PER_HOUR: u32 = 4;
/// One for `OfferPublished` and one for `OfferDeepened`.
const PIPES: u32 = 2;
/// The stream of the offers table has four shards, and a pipe looks into each four times a second.
const POLLS_PER_SECOND_OF_PIPE: u32 = 16;
/// What is told of an offer.
const OFFER_EVENT_BYTES: u32 = 1024;
/// Bytes of a queue's, a pipe's or a topic's request.
const REQUEST_BYTES: u64 = 64 << 10;

/// The afternoon's passes.
pub(super) fn pricing(bill: &mut Bill<'_>, traffic: &Traffic, work: &Work) {
    let chain = bill.chain;
    let a_day = (chain.afternoon_hours * Decimal::from(TICKS_PER_HOUR)).ceil();
    let station = Station {
        part: "pricing",
        schedule: "pricing-schedule",
        function: "pricing",
        passes_a_day: a_day,
        pass: |evening| &evening.pass,
    };
    station.tick(bill, traffic, a_day);
    station.run(bill, traffic, work);
}

/// The close of day: one pass that writes, and some that only look.
pub(super) fn day_close(bill: &mut Bill<'_>, traffic: &Traffic, work: &Work) {
    let chain = bill.chain;
    let station = Station {
        part: "day-close",
        schedule: "day-close-schedule",
        function: "day-close",
        passes_a_day: Decimal::ONE,
        pass: |evening| &evening.close,
    };
    station.tick(bill, traffic, chain.close_passes);
    station.run(bill, traffic, work);
    let passes_a_day = chain.close_passes - Decimal::ONE;
    let again = Station { passes_a_day, pass: |evening| &evening.close_again, ..station };
    again.run(bill, traffic, work);
}

/// A schedule, a queue and a function that works it off.
struct Station {
    part: &'static str,
    schedule: &'static str,
    function: &'static str,
    passes_a_day: Decimal,
    pass: fn(&Evening) -> &Pass,
}

impl Station {
    /// The tick reads which stores are due and sends a message for each.
    fn tick(&self, bill: &mut Bill<'_>, traffic: &Traffic, messages_a_day: Decimal) {
        let (part, hours) = (self.part, Decimal::from(HOURS));
        let ticks = hours * Decimal::from(TICKS_PER_HOUR);
        let stores = traffic.stores;
        let messages = stores * messages_a_day * traffic.days;
        let rounds = |number: Decimal, of_call: u32, at_once: u32| {
            (number / Decimal::from(of_call) / Decimal::from(at_once)).ceil()
        };
        let calls = CALLS_BEFORE
            + rounds(stores, BATCH_GET_KEYS_MAX as u32, LOOKUPS_AT_ONCE)
            + rounds(messages / ticks, MESSAGES_PER_SEND, SENDS_AT_ONCE);
        bill.add(part, "scheduler.invocation", ticks, "every quarter of an hour");
        let run = Run {
            invocations: ticks,
            cpu_ms: stores * bill.chain.lookup_ms,
            wait_ms: calls * bill.chain.dynamodb_ms,
        };
        bill.run(part, self.schedule, &run);
        let how = format!("{} ticks x {stores} stores looked up", count(ticks));
        bill.add(part, "dynamodb.read", ticks * stores, how);
        let empty = hours * Decimal::from(EMPTY_RECEIVES_PER_HOUR);
        let how = format!(
            "{} messages x {REQUESTS_PER_MESSAGE} + {} empty receives",
            count(messages),
            count(empty)
        );
        bill.add(part, "sqs.fifo", messages * REQUESTS_PER_MESSAGE + empty, how);
    }

    /// The passes over the stores.
    fn run(&self, bill: &mut Bill<'_>, traffic: &Traffic, work: &Work) {
        let (part, chain) = (self.part, bill.chain);
        let passes = traffic.stores * self.passes_a_day * traffic.days;
        let of = |figure: fn(&Pass) -> Exact| {
            work.by_items(chain.items, |evening| figure((self.pass)(evening)))
        };
        let run = Run {
            invocations: passes,
            cpu_ms: of(|pass| pass.cpu_ms),
            wait_ms: of(|pass| pass.calls) * chain.dynamodb_ms,
        };
        bill.run(part, self.function, &run);
        let stock =
            work.by_events(chain.events_per_store_day, |evening| (self.pass)(evening).stock_reads);
        let reads = of(|pass| pass.other_reads);
        let how = format!(
            "{} passes x ({} of stock + {} of the rest)",
            count(passes),
            count(stock),
            count(reads)
        );
        bill.add(part, "dynamodb.read", passes * (stock + reads), how);
        let writes = of(|pass| pass.writes);
        let how = format!("{} passes x {}", count(passes), count(writes));
        bill.add(part, "dynamodb.write", passes * writes, how);
    }
}

/// Offers on their way to shelf labels and tills.
pub(super) fn offers_out(bill: &mut Bill<'_>, traffic: &Traffic, work: &Work) {
    const PART: &str = "offers-out";
    let a_day = work.by_items(bill.chain.items, |evening| evening.offers);
    let offers = traffic.stores * a_day * traffic.days;
    let how = format!("{} stores x {} offers a day", traffic.stores, count(a_day));
    let polls = Decimal::from(PIPES * POLLS_PER_SECOND_OF_PIPE) * Decimal::from(HOURS * 3600);
    let idle = format!("{PIPES} pipes x 4 shards x 4 a second, idle or not");
    bill.add(PART, "dynamodb.stream-read", polls, idle);
    let requests = offers * pieces(OFFER_EVENT_BYTES.into(), REQUEST_BYTES);
    for price in ["pipes.request", "eventbridge.event", "sns.publish"] {
        bill.add(PART, price, requests, how.clone());
    }
    let archived = offers * Decimal::from(OFFER_EVENT_BYTES) / Decimal::from(GB);
    let how = format!("{} offers x {OFFER_EVENT_BYTES} bytes", count(offers));
    bill.add(PART, "eventbridge.archive", archived, how.clone());
    bill.add(PART, "eventbridge.archive-storage", archived, format!("{how}, kept a month"));
}
