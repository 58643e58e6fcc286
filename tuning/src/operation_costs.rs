//! Cost of operations: logs, metrics, alarms, traces and encryption.

use rust_decimal::Decimal;

use crate::calculation::Calculation;
use crate::format::count;
use crate::traffic::{GB, HOURS};

const DASHBOARDS: u32 = 1;
const KEYS: u32 = 1;
/// Number of times in an hour that a service requests a data key. Source: "Encryption at rest" of
/// DynamoDB and "server-side encryption" of Kinesis.
const DATA_KEYS_PER_HOUR: u32 = 12;
/// Users of the key in `cdk/lib`, apart from the stream: 15 pairs of a function and a table, two
/// pipes that read the offers' stream, two topics, and the bucket of failed batches. Queues are
/// encrypted with SQS's own key.
const KEY_USERS: u32 = 15 + 2 + 2 + 1;
/// Ratio of stored to ingested bytes that AWS assumes of compressed logs. Source: "Amazon
/// CloudWatch pricing", examples.
const LOG_COMPRESSION: Decimal = Decimal::from_parts(15, 0, 0, false, 2);

impl Calculation<'_> {
    /// Adds logs, metrics, alarms and traces.
    pub(crate) fn add_monitoring(&mut self) {
        const PART: &str = "alarms";
        let (assumptions, traffic) = (self.assumptions, self.traffic);
        let invocations: Decimal = self.invocations.values().sum();
        let (per_invocation, per_request) = (assumptions.log_bytes, assumptions.access_log_bytes);
        let requests = traffic.requests + traffic.offer_requests;
        let bytes = invocations * per_invocation + requests * per_request;
        let ingested = bytes / Decimal::from(GB);
        let derivation = format!(
            "{} invocations x {per_invocation} bytes + {} requests x {per_request} bytes",
            count(invocations),
            count(requests)
        );
        self.add(PART, "cloudwatch.logs", ingested, derivation);
        let days = assumptions.log_kept;
        let kept = ingested * LOG_COMPRESSION * days / traffic.days;
        let derivation = format!("{} GB a month x {LOG_COMPRESSION}, {days} days", count(ingested));
        self.add(PART, "cloudwatch.logs-storage", kept, derivation);
        let metrics = "counters, each with all its labels";
        self.add(PART, "cloudwatch.metric", assumptions.metrics, metrics);
        self.add(PART, "cloudwatch.alarm", assumptions.alarms, "metrics in alarms");
        self.add(PART, "cloudwatch.dashboard", DASHBOARDS.into(), "one dashboard");
        let traced = |invocations: &Decimal| {
            let first = (*invocations).min(traffic.open_seconds);
            first + (invocations - first) * assumptions.trace_percent / Decimal::ONE_HUNDRED
        };
        let traces = self.invocations.values().map(traced).sum();
        let derivation =
            format!("the first of a second, and {} percent of the rest", assumptions.trace_percent);
        self.add(PART, "xray.trace", traces, derivation);
    }

    /// Adds the key that encrypts the stream, the tables, the topics and the bucket.
    pub(crate) fn add_encryption(&mut self) {
        const PART: &str = "key";
        self.add(PART, "kms.key", KEYS.into(), "one key");
        let users = Decimal::from(2) * self.traffic.shards + Decimal::from(KEY_USERS);
        let requests = users * Decimal::from(HOURS * DATA_KEYS_PER_HOUR);
        let derivation = format!("a data key every 5 minutes x {users} places");
        self.add(PART, "kms.request", requests, derivation);
    }
}
