//! Checks of the tables after the stream is drained.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::ports::StockTable;
use domain::quarantine::QuarantineReason;
use domain::record::Delivered;
use in_memory::Tables;
use processors::Processor;
use processors::stock_query::{StockQuery, stock_at};

use super::expected_tables::{ExpectedQuarantine, ExpectedTables};
use super::{Auditor, offers, sums};
use crate::scenario::Scenario;
use crate::stream::SimulatedStream;

/// Compares the tables with the stream, and the stream with the acknowledged events.
pub(crate) async fn audit(
    auditor: &Auditor,
    scenario: &Scenario,
    stream: &SimulatedStream,
    tables: &Tables,
    row_events_max: usize,
) {
    let expected = ExpectedTables::of(stream, auditor);
    let sim = &auditor.sim;
    sim.count("records in the stream", stream.records().len());
    sim.count("events repeated in the stream", expected.repeated);
    acknowledged_events(auditor, &expected);
    stock_rows(auditor, &expected, tables);
    quarantined_items(auditor, &expected, tables, row_events_max);
    as_without_faults(auditor, stream, tables, row_events_max).await;
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
        let conflicting = (QuarantineReason::ConflictingDuplicate, None, text.clone().into_bytes());
        if !in_stream.contains(&text) && !expected.quarantine.contains(&conflicting) {
            auditor.report("acknowledged", format!("not in the stream: {text}"));
        }
    }
}

/// Checks that each window holds exactly its events, once, and that its figures are their sums.
fn stock_rows(auditor: &Auditor, expected: &ExpectedTables, tables: &Tables) {
    let mut missing = expected.rows.clone();
    let rows = tables.stock.rows();
    auditor.sim.count("windows compared", rows.len());
    auditor.sim.count("rows compared", tables.stock.bytes().len());
    for row in rows {
        let mut events = missing.remove(row.key()).unwrap_or_default();
        let found: Vec<_> = row.events().cloned().collect();
        for event in &found {
            match events.remove(event.event_id().as_str()) {
                Some(expected) if expected == *event => {}
                Some(_) => auditor.report("rows", format!("wrong content: {}", event.canonical())),
                None => auditor.report("rows", format!("never sent: {}", event.canonical())),
            }
        }
        for event in events.into_values() {
            auditor.report("rows", format!("lost: {}", event.canonical()));
        }
        if let Some((name, figure, expected)) =
            sums::wrong_figure(row.key(), &row.figures(), &found)
        {
            auditor.report("figures", format!("{}: {name} is {figure}, not {expected}", row.key()));
        }
    }
    for event in missing.into_values().flat_map(BTreeMap::into_values) {
        auditor.report("rows", format!("lost: {}", event.canonical()));
    }
}

/// Checks that the quarantine holds exactly the expected items.
fn quarantined_items(
    auditor: &Auditor,
    expected: &ExpectedTables,
    tables: &Tables,
    row_events_max: usize,
) {
    let mut missing = expected.quarantine.clone();
    missing.extend(expected.unmet_corrections(row_events_max));
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

/// Checks that the tables are equal, byte for byte, to those of one run over the whole stream in
/// order and without faults.
async fn as_without_faults(
    auditor: &Auditor,
    stream: &SimulatedStream,
    tables: &Tables,
    row_events_max: usize,
) {
    let records: Vec<Delivered> =
        stream.records().into_iter().map(|stored| stored.record).collect();
    let processor = Processor { row_events_max, ..Processor::new(Tables::default()) };
    let outcome = processor.process(&records).await;
    if outcome.retry_from.is_some() {
        auditor.report("bytes", format!("the run without faults failed: {outcome:?}"));
    }
    let Tables { stock, quarantine, .. } = processor.tables;
    let (expected, found) = (stock.bytes(), tables.stock.bytes());
    for (key, bytes) in &expected {
        if found.get(key) != Some(bytes) {
            auditor.report("bytes", format!("{key} differs from the run without faults"));
        }
    }
    for key in found.keys().filter(|key| !expected.contains_key(key)) {
        auditor.report("bytes", format!("{key} is not in the run without faults"));
    }
    let refused = |quarantine: &in_memory::Quarantine| {
        let mut kept = quarantine.kept();
        kept.retain(|kept| kept.reason != QuarantineReason::UnmetCorrection);
        kept
    };
    if refused(&quarantine) != refused(&tables.quarantine) {
        let detail = "the quarantine differs from the run without faults";
        auditor.report("bytes", detail.to_owned());
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
        let on_shelf_since = BTreeMap::new();
        let units = BTreeMap::new();
        let query = StockQuery { store_id, sku: None, since, at, on_shelf_since, units };
        let answer = stock_at(&tables, &query, at).await.expect("calls succeed without faults");
        for line in &shop.items {
            let sku = &line.item.sku;
            let found = answer.iter().find(|item| item.sku == *sku);
            let found = found.map(|item| item.level.on_hand).unwrap_or_default();
            let expected = sums::on_hand(&events, store_id, sku, since, at);
            auditor.sim.count("stocks on hand recomputed", 1);
            if found != expected {
                let detail = format!("{store_id}/{sku} at {at}: {found} on hand, not {expected}");
                auditor.report("on hand", detail);
            }
        }
    }
    // Pricing relies on the order of the rows.
    let (from, to) =
        (scenario.starts_at - TimeDelta::days(10), scenario.ends_at + TimeDelta::days(3));
    for shop in &scenario.shops {
        let rows = tables.query_stock(&shop.store.store_id, None, from, to, to).await;
        let rows = rows.expect("calls succeed without faults");
        if !rows
            .is_sorted_by(|a, b| (&a.key().sku, a.key().window) < (&b.key().sku, b.key().window))
        {
            auditor.report("on hand", "rows are not in order".to_owned());
        }
    }
}
