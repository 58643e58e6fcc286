//! What it costs to see what happens, and the key.

use rust_decimal::Decimal;

use super::bill::{Bill, count};
use super::traffic::{GB, HOURS, Traffic};

const DASHBOARDS: u32 = 1;
const KEYS: u32 = 1;
/// How often a service asks for a data key again. Source: "Encryption at rest" of DynamoDB and
/// "server-side encryption" of Kinesis.
const DATA_KEYS_PER_HOUR: u32 = 12;
/// Besides the stream, in `cdk/lib`: 15 pairs of a function and a table, two pipes that read the
/// offers' stream, two topics, and the bucket of failed batches. Queues have SQS's own key.
const KEY_USERS: u32 = 15 + 2 + 2 + 1;

/// Logs, metrics, alarms and traces.
pub(super) fn watch(bill: &mut Bill<'_>, traffic: &Traffic) {
    const PART: &str = "alarms";
    let chain = bill.chain;
    let invocations: Decimal = bill.invocations.values().sum();
    let (of_function, of_request) = (chain.log_bytes, chain.access_log_bytes);
    let requests = traffic.requests + traffic.offer_requests;
    let bytes = invocations * of_function + requests * of_request;
    let ingested = bytes / Decimal::from(GB);
    let how = format!(
        "{} invocations x {of_function} bytes + {} requests x {of_request} bytes",
        count(invocations),
        count(requests)
    );
    bill.add(PART, "cloudwatch.logs", ingested, how);
    // What AWS assumes of compressed logs. Source: "Amazon CloudWatch pricing", examples.
    let compressed = Decimal::new(15, 2);
    let kept = ingested * compressed * chain.log_kept / traffic.days;
    let how = format!("{} GB a month x {compressed}, {} days", count(ingested), chain.log_kept);
    bill.add(PART, "cloudwatch.logs-storage", kept, how);
    bill.add(PART, "cloudwatch.metric", chain.metrics, "counters, each with all its labels");
    bill.add(PART, "cloudwatch.alarm", chain.alarms, "metrics in alarms");
    bill.add(PART, "cloudwatch.dashboard", DASHBOARDS.into(), "one dashboard");
    let traced = bill.invocations.values().map(|invocations| {
        let first = (*invocations).min(traffic.open_seconds);
        first + (invocations - first) * chain.trace_percent / Decimal::ONE_HUNDRED
    });
    let traces = traced.sum();
    let how = format!("the first of a second, and {} percent of the rest", chain.trace_percent);
    bill.add(PART, "xray.trace", traces, how);
}

/// The key that the stream, the tables, the topics and the bucket are encrypted with.
pub(super) fn key(bill: &mut Bill<'_>, traffic: &Traffic) {
    const PART: &str = "key";
    bill.add(PART, "kms.key", KEYS.into(), "one key");
    let users = Decimal::from(2) * traffic.shards + Decimal::from(KEY_USERS);
    let requests = users * Decimal::from(HOURS * DATA_KEYS_PER_HOUR);
    let how = format!("a data key every 5 minutes x {users} places");
    bill.add(PART, "kms.request", requests, how);
}
