//! The way of an event: from the till through the stream into the stock table.

use rust_decimal::Decimal;

use super::bill::{Bill, Run, count, pieces};
use super::chain::StreamMode;
use super::traffic::{GB, HOURS, Traffic};
use super::work::Work;

const KB: u64 = 1 << 10;
/// What API Gateway counts as one request.
const REQUEST_BYTES: u64 = 512 * KB;
/// A till's request is waited for by one call of Kinesis.
const PUTS: u32 = 1;
/// Keys in one `BatchGetItem`, and rows that the stock processor saves at the same time.
const READS_AT_ONCE: u32 = domain::limits::BATCH_GET_KEYS_MAX as u32;
const SAVES_AT_ONCE: u32 = 16;

/// Requests of tills, and the tokens they come with.
pub(super) fn ingest(bill: &mut Bill<'_>, traffic: &Traffic, work: &Work) {
    const PART: &str = "ingest-api";
    let chain = bill.chain;
    let of = |figure: fn(&super::work::Request) -> super::prices::Exact| {
        work.request(chain.events_per_request, figure)
    };
    let requests = traffic.requests;
    let steps = pieces(of(|one| one.body_bytes), REQUEST_BYTES);
    let events = count(traffic.events);
    let how = format!("{events} events / {} x {steps} of 512 KB", chain.events_per_request);
    bill.add(PART, "api-gateway.request", requests * steps, how);
    let reply = of(|one| one.reply_bytes);
    let how = format!("{} answers x {} bytes", count(requests), count(reply));
    bill.add(PART, "data-transfer.out", requests * reply / Decimal::from(GB), how);
    let run = Run {
        invocations: requests,
        cpu_ms: of(|one| one.cpu_ms),
        wait_ms: chain.kinesis_ms * Decimal::from(PUTS),
    };
    bill.run(PART, "ingest", &run);
}

/// Who the tills are.
pub(super) fn identity(bill: &mut Bill<'_>, traffic: &Traffic) {
    const PART: &str = "identity";
    let chain = bill.chain;
    let a_day = (chain.open_hours / chain.token_hours).ceil();
    let tokens = traffic.stores * chain.tills * a_day * traffic.days;
    let how = format!("{} stores x {} tills x {a_day} a day", traffic.stores, chain.tills);
    bill.add(PART, "cognito.token", tokens, how);
    let run = Run { invocations: tokens, cpu_ms: chain.token_ms, wait_ms: chain.dynamodb_ms };
    bill.run(PART, "token", &run);
    bill.add(PART, "dynamodb.read", tokens, "one grant read for each token");
}

/// The stream between the tills and the stock.
pub(super) fn stream(bill: &mut Bill<'_>, traffic: &Traffic, work: &Work) {
    const PART: &str = "stream";
    let chain = bill.chain;
    let (per_request, gb) = (chain.events_per_request, Decimal::from(GB));
    let (hours, requests) = (Decimal::from(HOURS), traffic.requests);
    let kilobytes = work.request(per_request, |one| one.record_kilobytes);
    let stored = requests * kilobytes * Decimal::from(KB) / gb;
    let a_day = stored / traffic.days;
    let days = |hours: u64| Decimal::from(hours) / Decimal::from(24);
    match chain.stream {
        StreamMode::OnDemand => {
            bill.add(PART, "kinesis.on-demand.hour", hours, "one stream");
            let how = format!("{} requests x {} KB", count(requests), count(kilobytes));
            bill.add(PART, "kinesis.on-demand.in", stored, how);
            let bytes = work.request(per_request, |one| one.record_bytes);
            let how = format!("{} requests x {} bytes, read once", count(requests), count(bytes));
            bill.add(PART, "kinesis.on-demand.out", requests * bytes / gb, how);
            let extended = days(chain.retention.min(168) - 24);
            let how = format!("{} GB a day x {extended} days after the first", count(a_day));
            bill.add(PART, "kinesis.on-demand.extended", a_day * extended, how);
        }
        StreamMode::Provisioned => {
            let shard_hours = traffic.shards * hours;
            let how = format!("{} shards x {HOURS} hours", traffic.shards);
            bill.add(PART, "kinesis.provisioned.hour", shard_hours, how.clone());
            let units = work.request(per_request, |one| one.put_units);
            let put = format!("{} requests x {} of 25 KB", count(requests), count(units));
            bill.add(PART, "kinesis.provisioned.put", requests * units, put);
            let extended = if chain.retention > 24 { shard_hours } else { Decimal::ZERO };
            bill.add(PART, "kinesis.provisioned.extended", extended, how);
        }
    }
    let long = days(chain.retention.saturating_sub(168));
    let how = format!("{} GB a day x {long} days after the seventh", count(a_day));
    bill.add(PART, "kinesis.long-term", a_day * long, how);
}

/// Batches of the stream become stock by window.
pub(super) fn stock(bill: &mut Bill<'_>, traffic: &Traffic, work: &Work) {
    const PART: &str = "stock-processor";
    let chain = bill.chain;
    let (events, groups) = (traffic.group_events, traffic.groups());
    let in_batch = groups / traffic.batches;
    let rows = work.group(events, |one| one.rows);
    let rounds = |at_once: u32| (rows * in_batch / Decimal::from(at_once)).ceil();
    let run = Run {
        invocations: traffic.batches,
        cpu_ms: work.group(events, |one| one.cpu_ms) * in_batch,
        wait_ms: (rounds(READS_AT_ONCE) + rounds(SAVES_AT_ONCE)) * chain.dynamodb_ms,
    };
    bill.run(PART, "stock-processor", &run);
    let of = |units: Decimal| {
        let (groups, events) = (count(groups), count(events));
        format!("{groups} times a store in a batch with {events} events x {}", count(units))
    };
    let writes = work.group(events, |one| one.writes);
    bill.add(PART, "dynamodb.write", groups * writes, of(writes));
    let reads = work.group(events, |one| one.reads);
    bill.add(PART, "dynamodb.read", groups * reads, of(reads));
}

/// What is kept of events.
pub(super) fn tables(bill: &mut Bill<'_>, traffic: &Traffic, work: &Work) {
    const PART: &str = "tables";
    const YEAR: u32 = 365;
    let chain = bill.chain;
    let of_event = work.batches.stored_bytes_per_event.0;
    let stock = chain.events_per_store_day * of_event * chain.stock_kept;
    let of_row = work.by_items(chain.items, |one| one.day_row_bytes);
    let of_offers = work.by_items(chain.items, |one| one.offers)
        * work.by_items(chain.items, |one| one.offer_bytes);
    let a_year = (chain.items * of_row + of_offers) * Decimal::from(YEAR);
    let stored = traffic.stores * (stock + a_year) / Decimal::from(GB);
    let how = format!(
        "{} stores x ({} MB of windows after {} days + {} MB of day rows and offers after a year)",
        traffic.stores,
        count(stock / Decimal::from(KB * KB)),
        chain.stock_kept,
        count(a_year / Decimal::from(KB * KB)),
    );
    bill.add(PART, "dynamodb.storage", stored, how.clone());
    bill.add(PART, "dynamodb.backup", stored, how);
}
