//! Cost of scheduled work: the pricing passes and the close of day.

use domain::limits::BATCH_GET_KEYS_MAX;
use rust_decimal::Decimal;

use crate::calculation::{Calculation, FunctionRun, billing_units};
use crate::format::count;
use crate::traffic::HOURS;
use crate::work::{PassWork, StoreDayWork};

/// Messages in one `SendMessageBatch`.
const MESSAGES_PER_SEND: u32 = 10;
/// Requests of a message: a tenth of a send, a receive and a delete.
const REQUESTS_PER_MESSAGE: Decimal = Decimal::from_parts(21, 0, 0, false, 1);
/// Concurrent lookups and sends of a schedule, as in `aws::get` and `aws::Queue`.
const CONCURRENT_LOOKUPS: u32 = 8;
const CONCURRENT_SENDS: u32 = 16;
/// Calls in sequence before the lookups: the retailer's settings, which only pricing reads, and the
/// list of stores.
const CALLS_BEFORE: Decimal = Decimal::TWO;
/// Receives of an idle queue: Lambda has five pollers, each of which waits 20 seconds.
const EMPTY_RECEIVES_PER_HOUR: u32 = 5 * 3 * 60;
/// Ticks of a schedule: one for each slot.
const TICKS_PER_HOUR: u32 = 4;

/// Execution environments of a function: the defaults of `pricingConcurrency` and
/// `dayCloseConcurrency` in `cdk/`.
const ENVIRONMENTS: u32 = 10;
/// Size of an item in the catalogue table: 8,000 items took 593 read units.
const CATALOG_ITEM_BYTES: u32 = 304;
/// Size of the mark of an active store.
const ACTIVE_STORE_BYTES: u32 = 64;
/// Bytes of a read capacity unit.
const READ_UNIT_BYTES: u64 = 4 << 10;

/// A schedule, its queue and the function that works off the queue.
struct ScheduledWork {
    part: &'static str,
    schedule: &'static str,
    function: &'static str,
    passes_per_day: Decimal,
    pass: fn(&StoreDayWork) -> &PassWork,
}

impl Calculation<'_> {
    /// Adds the pricing passes of the afternoon.
    pub(crate) fn add_pricing(&mut self) {
        let slots = (self.assumptions.afternoon_hours * Decimal::from(TICKS_PER_HOUR)).ceil();
        let scheduled = ScheduledWork {
            part: "pricing",
            schedule: "pricing-schedule",
            function: "pricing",
            passes_per_day: slots,
            pass: |work| &work.pass,
        };
        self.add_schedule(&scheduled, slots);
        self.add_chain_items(&scheduled, slots);
        self.add_passes(&scheduled);
    }

    /// Adds the close of day: visits in opening hours, which write window rows, one visit that
    /// closes the day, and later ones that find nothing new.
    pub(crate) fn add_day_close(&mut self) {
        const PART: &str = "day-close";
        let assumptions = self.assumptions;
        let visits = (assumptions.open_hours * Decimal::from(TICKS_PER_HOUR)).ceil() + Decimal::ONE;
        let passes = assumptions.close_passes;
        let open = ScheduledWork {
            part: PART,
            schedule: "day-close-schedule",
            function: PART,
            passes_per_day: visits,
            pass: |work| &work.visit,
        };
        self.add_schedule(&open, visits + passes);
        self.add_active_stores();
        self.add_chain_items(&open, visits + passes);
        self.add_passes(&open);
        let passes_per_day = Decimal::ONE;
        self.add_passes(&ScheduledWork { passes_per_day, pass: |work| &work.close, ..open });
        let passes_per_day = passes - Decimal::ONE;
        self.add_passes(&ScheduledWork { passes_per_day, pass: |work| &work.close_again, ..open });
    }

    /// Adds the lists of active stores of two dates, which each tick reads.
    fn add_active_stores(&mut self) {
        let ticks = Decimal::from(HOURS * TICKS_PER_HOUR);
        let bytes = self.traffic.stores * Decimal::from(ACTIVE_STORE_BYTES);
        let reads = Decimal::TWO * billing_units(bytes, READ_UNIT_BYTES);
        let derivation = format!("{} ticks x {reads} of the active stores", count(ticks));
        self.add("day-close", "dynamodb.read", ticks * reads, derivation);
    }

    /// Adds the ticks: each tick looks up the stores and sends a message for each store that is
    /// due.
    fn add_schedule(&mut self, scheduled: &ScheduledWork, messages_per_day: Decimal) {
        let (part, hours) = (scheduled.part, Decimal::from(HOURS));
        let (assumptions, stores) = (self.assumptions, self.traffic.stores);
        let ticks = hours * Decimal::from(TICKS_PER_HOUR);
        let messages = stores * messages_per_day * self.traffic.days;
        let rounds = |number: Decimal, per_call: u32, concurrent: u32| {
            (number / Decimal::from(per_call) / Decimal::from(concurrent)).ceil()
        };
        let calls = CALLS_BEFORE
            + rounds(stores, BATCH_GET_KEYS_MAX as u32, CONCURRENT_LOOKUPS)
            + rounds(messages / ticks, MESSAGES_PER_SEND, CONCURRENT_SENDS);
        self.add(part, "scheduler.invocation", ticks, "every quarter of an hour");
        let run = FunctionRun {
            invocations: ticks,
            cpu_ms: stores * assumptions.lookup_ms,
            calls,
            call_ms: assumptions.dynamodb_ms,
        };
        self.add_function(part, scheduled.schedule, &run);
        let derivation = format!("{} ticks x {stores} stores looked up", count(ticks));
        self.add(part, "dynamodb.read", ticks * stores, derivation);
        let empty = hours * Decimal::from(EMPTY_RECEIVES_PER_HOUR);
        let derivation = format!(
            "{} messages x {REQUESTS_PER_MESSAGE} + {} empty receives",
            count(messages),
            count(empty)
        );
        self.add(part, "sqs.fifo", messages * REQUESTS_PER_MESSAGE + empty, derivation);
    }

    /// Adds the reads of the chain's items. An environment keeps them while their version is the
    /// same. Each measured pass has the unit of the version, and the units of items that are the
    /// store's own. Counted here is the most: in each of the ticks that have stores, every
    /// environment is new, or the items have changed.
    fn add_chain_items(&mut self, scheduled: &ScheduledWork, ticks_per_day: Decimal) {
        let environments = self.traffic.stores.min(Decimal::from(ENVIRONMENTS));
        let loads = environments * ticks_per_day * self.traffic.days;
        let bytes = self.assumptions.items * Decimal::from(CATALOG_ITEM_BYTES);
        let reads = billing_units(bytes, READ_UNIT_BYTES);
        let derivation = format!("{} loads of the chain's items x {reads}", count(loads));
        self.add(scheduled.part, "dynamodb.read", loads * reads, derivation);
    }

    /// Adds the passes over the stores.
    fn add_passes(&mut self, scheduled: &ScheduledWork) {
        let (part, assumptions, work) = (scheduled.part, self.assumptions, self.work);
        let passes = self.traffic.stores * scheduled.passes_per_day * self.traffic.days;
        let by_items = |figure: fn(&PassWork) -> Decimal| {
            work.by_items(assumptions.items, |day| figure((scheduled.pass)(day)))
        };
        let run = FunctionRun {
            invocations: passes,
            cpu_ms: by_items(|pass| pass.cpu_ms),
            calls: by_items(|pass| pass.calls),
            call_ms: assumptions.dynamodb_ms,
        };
        self.add_function(part, scheduled.function, &run);
        let (events, in_group) = (assumptions.events_per_store_day, self.traffic.group_events);
        let by_events = |figure: fn(&PassWork) -> Decimal| {
            work.by_events(events, |day| figure((scheduled.pass)(day)))
        };
        let stock = by_events(|pass| pass.stock_reads) * work.log_density(in_group);
        let other = by_items(|pass| pass.other_reads);
        let derivation = format!(
            "{} passes x ({} of the stock log + {} of the rest)",
            count(passes),
            count(stock),
            count(other)
        );
        self.add(part, "dynamodb.read", passes * (stock + other), derivation);
        let windows = by_events(|pass| pass.window_writes);
        let writes = by_items(|pass| pass.writes);
        let derivation = format!(
            "{} passes x ({} of windows + {} of the rest)",
            count(passes),
            count(windows),
            count(writes)
        );
        self.add(part, "dynamodb.write", passes * (windows + writes), derivation);
    }
}
