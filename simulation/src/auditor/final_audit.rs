//! Checks of the tables after the stream is drained.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::successors;

use chrono::TimeDelta;
use domain::quarantine::QuarantineReason;
use in_memory::Tables;
use processors::stock_query::{StockQuery, stock_at};
use processors::{Rollup, RollupSummary};

use super::expected_tables::{ExpectedQuarantine, ExpectedTables};
use super::{Auditor, offers, overlapping, sums, undisturbed, windows};
use crate::fan_out::visited;
use crate::scenario::Scenario;
use crate::stream::SimulatedStream;

/// Compares the tables with the stream, and the stream with the acknowledged events.
pub(crate) async fn audit(
    auditor: &Auditor,
    scenario: &Scenario,
    stream: &SimulatedStream,
    tables: &Tables,
) {
    let expected = ExpectedTables::of(stream, auditor);
    let sim = &auditor.sim;
    sim.count("records in the stream", stream.records().len());
    sim.count("events repeated in the stream", expected.repeated);
    acknowledged_events(auditor, &expected);
    let read = windows::windows(auditor, &expected, scenario, tables).await;
    // As long as a segment is unreadable, rows of more events than can be read stay.
    auditor.repair(tables);
    roll_up_dates(auditor, "world", scenario, tables).await;
    windows::rows(auditor, &read, tables);
    windows::counts(auditor, &expected, scenario, tables).await;
    quarantined_items(auditor, &expected, tables);
    undisturbed::as_without_faults(auditor, scenario, stream, tables).await;
    undisturbed::with_a_throttled_store(auditor, scenario, stream, tables).await;
    overlapping::late_events_amid_rollups(auditor, scenario, stream, tables).await;
    on_hand(auditor, &expected, scenario, tables).await;
    offers::within_the_rules(auditor, scenario, &tables.offers);
}

/// Checks that every acknowledged event is in the stream.
fn acknowledged_events(auditor: &Auditor, expected: &ExpectedTables) {
    let acknowledged = auditor.state().acknowledged.clone();
    auditor.sim.count("events acknowledged", acknowledged.len());
    let in_stream: BTreeSet<String> =
        expected.events().iter().map(|event| event.canonical()).collect();
    for text in acknowledged.into_keys() {
        let is_conflict = |entry: &ExpectedQuarantine| entry.2 == text.as_bytes();
        if !in_stream.contains(&text) && !expected.conflicts().any(|entry| is_conflict(&entry)) {
            auditor.report("acknowledged", format!("not in the stream: {text}"));
        }
    }
}

/// Rolls up all dates of some tables, as the schedule does on the day after each and after late
/// events.
pub(super) async fn roll_up_dates(
    auditor: &Auditor,
    which: &'static str,
    scenario: &Scenario,
    tables: &Tables,
) {
    let rollup = Rollup { tables: tables.clone() };
    let now = auditor.sim.now() + TimeDelta::days(1);
    let first = scenario.starts_at - TimeDelta::days(9);
    let all = successors(Some(first), |at| Some(now.min(*at + TimeDelta::hours(12))));
    let mut instants: Vec<_> = all.take_while(|at| *at < now).collect();
    instants.push(now);
    // A store outside the catalogue is visited when its events are stored, which is the end of the
    // world for tables that are filled then.
    let mut stores = BTreeSet::new();
    for at in &instants {
        stores.extend(visited(tables, *at).await.expect("calls succeed without faults"));
    }
    let roll_up = async |at| {
        let mut summary = RollupSummary::default();
        for store_id in &stores {
            let rolled = rollup.roll_up(store_id, at).await;
            summary.add(rolled.expect("calls succeed without faults"));
        }
        summary
    };
    for at in instants {
        roll_up(at).await;
    }
    auditor.rolled_up(which, tables);
    let rest = roll_up(now).await;
    if rest.written + rest.quarantined > 0 {
        auditor.report("window rows", format!("a repeated rollup still writes: {rest:?}"));
    }
}

/// Checks that the quarantine holds exactly the expected items.
fn quarantined_items(auditor: &Auditor, expected: &ExpectedTables, tables: &Tables) {
    let mut missing = expected.quarantine.clone();
    missing.extend(expected.conflicts());
    missing.extend(expected.unmet_corrections());
    for kept in tables.quarantine.kept() {
        let is_of_content = matches!(
            kept.reason,
            QuarantineReason::ConflictingDuplicate | QuarantineReason::UnmetCorrection
        );
        let key = (!is_of_content).then(|| kept.id.key.clone());
        // A handler that dies after its save may leave a correction that meanwhile has its event.
        let may_be_left =
            kept.reason == QuarantineReason::UnmetCorrection && expected.is_correction(&kept.bytes);
        let entry: ExpectedQuarantine = (kept.reason, key, kept.bytes);
        auditor.sim.count(counter_of(kept.reason), 1);
        if !missing.remove(&entry) && !may_be_left {
            auditor.report("quarantine", format!("{} {:?} is not expected", kept.id, kept.reason));
        }
    }
    for (reason, key, bytes) in missing {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        auditor.report("quarantine", format!("{reason:?} is missing: {key:?} {text}"));
    }
}

fn counter_of(reason: QuarantineReason) -> &'static str {
    match reason {
        QuarantineReason::Unopenable => "quarantined: unopenable",
        QuarantineReason::InvalidEvent => "quarantined: invalid event",
        QuarantineReason::ConflictingDuplicate => "quarantined: conflicting duplicate",
        QuarantineReason::UnmetCorrection => "quarantined: unmet correction",
        QuarantineReason::WindowFull => "quarantined: window full",
    }
}

/// Checks the stock on hand of every item at several instants.
async fn on_hand(
    auditor: &Auditor,
    expected: &ExpectedTables,
    scenario: &Scenario,
    tables: &Tables,
) {
    let events = expected.events();
    let tables = tables.snapshot();
    let length = scenario.ends_at - scenario.starts_at;
    let instants = [0, 1, 2, 3, 5].map(|part| scenario.starts_at + length * part / 3);
    for (shop, at) in scenario.shops.iter().flat_map(|shop| instants.map(|at| (shop, at))) {
        let since = scenario.starts_at - TimeDelta::days(10);
        let store_id = &shop.store.store_id;
        let (on_shelf_since, openings) = (BTreeMap::new(), BTreeMap::new());
        let units = BTreeMap::new();
        let all = StockQuery {
            store_id,
            sku: None,
            since,
            at,
            on_shelf_since,
            day_starts: Vec::new(),
            date: at.date_naive(),
            deliveries: BTreeMap::new(),
            openings,
            units,
        };
        let stock = stock_at(&tables, &all).await.expect("calls succeed without faults");
        for line in &shop.items {
            let sku = &line.item.sku;
            let one = StockQuery { sku: Some(sku), ..all.clone() };
            let one = stock_at(&tables, &one).await.expect("calls succeed without faults");
            if !one.items.iter().eq(stock.items.iter().filter(|item| item.sku == *sku)) {
                auditor.report("on hand", format!("{store_id}/{sku} at {at} differs when alone"));
            }
            let found = stock.items.iter().find(|item| item.sku == *sku);
            let found = found.map(|item| item.level.on_hand).unwrap_or_default();
            let expected = sums::on_hand(&events, store_id, sku, since, at);
            auditor.sim.count("stocks on hand recomputed", 1);
            if found != expected {
                let detail = format!("{store_id}/{sku} at {at}: {found} on hand, not {expected}");
                auditor.report("on hand", detail);
            }
        }
    }
}
