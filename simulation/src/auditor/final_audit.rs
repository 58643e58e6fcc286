//! Checks of the tables after the stream is drained.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use domain::quarantine::QuarantineReason;
use domain::record::Delivered;
use domain::stock::{Figures, StockWindow, WindowKey, WindowRow};
use in_memory::Tables;
use processors::stock_query::{StockQuery, stock_at};
use processors::{Processor, Rollup};

use super::expected_tables::{ExpectedQuarantine, ExpectedTables};
use super::{Auditor, offers, sums};
use crate::fan_out::roll_up_all;
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
    roll_up_dates(auditor, scenario, tables).await;
    windows(auditor, &expected, tables);
    quarantined_items(auditor, &expected, tables);
    as_without_faults(auditor, scenario, stream, tables).await;
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

/// Rolls up all dates, as the schedule does on the day after each and after late events.
async fn roll_up_dates(auditor: &Auditor, scenario: &Scenario, tables: &Tables) {
    let rollup = Rollup { tables: tables.clone() };
    let now = auditor.sim.now() + TimeDelta::days(1);
    let mut at = scenario.starts_at - TimeDelta::days(9);
    while at < now {
        at = now.min(at + TimeDelta::hours(12));
        roll_up_all(&rollup, at).await.expect("calls succeed without faults");
    }
    let rest = roll_up_all(&rollup, now).await.expect("calls succeed without faults");
    if rest.written + rest.quarantined > 0 {
        auditor.report("window rows", format!("a repeated rollup still writes: {rest:?}"));
    }
}

/// Checks that each window holds exactly its events, once, that its figures are their sums, and
/// that its row has these figures.
fn windows(auditor: &Auditor, expected: &ExpectedTables, tables: &Tables) {
    let mut missing = expected.windows();
    let rows = tables.log.windows();
    auditor.sim.count("windows compared", rows.len());
    auditor.sim.count("segments read", tables.log.segments().len());
    window_rows(auditor, &rows, tables);
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

/// Checks that the rows of windows have the figures of exactly these windows.
fn window_rows(auditor: &Auditor, windows: &[StockWindow], tables: &Tables) {
    let mut missing: BTreeMap<WindowKey, Figures> =
        windows.iter().map(|window| (window.key().clone(), window.figures())).collect();
    let mut rows = tables.windows.all();
    rows.sort_by_key(|row| (row.store_id.clone(), row.window, row.part));
    for row in WindowRow::current(rows) {
        auditor.sim.count("window rows compared", 1);
        for (sku, figures) in row.items {
            let key = WindowKey { store_id: row.store_id.clone(), sku, window: row.window };
            let expected = missing.remove(&key);
            if expected.as_ref() != Some(&figures) {
                auditor.report("window rows", format!("{key}: {figures:?}, not {expected:?}"));
            }
        }
    }
    for key in missing.into_keys() {
        auditor.report("window rows", format!("{key} is missing"));
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

/// Checks that windows, rows and quarantine are equal to those of one run over the whole stream in
/// order and without faults.
async fn as_without_faults(
    auditor: &Auditor,
    scenario: &Scenario,
    stream: &SimulatedStream,
    tables: &Tables,
) {
    let records: Vec<Delivered> =
        stream.records().into_iter().map(|stored| stored.record).collect();
    let undisturbed = Tables { catalog: tables.catalog.clone(), ..Tables::default() };
    let clock = auditor.sim.clone();
    let processor = Processor::new(undisturbed.clone(), Arc::new(move || clock.now()));
    let outcome = processor.process(&records).await;
    if outcome.retry_from.is_some() {
        auditor.report("same tables", format!("the run without faults failed: {outcome:?}"));
    }
    roll_up_dates(auditor, scenario, &undisturbed).await;
    if undisturbed.log.windows() != tables.log.windows() {
        let detail = "the windows differ from the run without faults";
        auditor.report("same tables", detail.to_owned());
    }
    let rows = |tables: &Tables| -> Vec<WindowRow> {
        let rows = WindowRow::current(tables.windows.all()).into_iter();
        let rows = rows.map(|row| WindowRow { count: 0, ..row });
        // A window whose events have moved to another one has an empty row.
        rows.filter(|row| !row.items.is_empty()).collect()
    };
    if rows(&undisturbed) != rows(tables) {
        let detail = "the rows of windows differ from the run without faults";
        auditor.report("same tables", detail.to_owned());
    }
    let refused = |tables: &Tables| {
        let mut kept = tables.quarantine.kept();
        kept.retain(|kept| kept.reason != QuarantineReason::UnmetCorrection);
        kept
    };
    if refused(&undisturbed) != refused(tables) {
        let detail = "the quarantine differs from the run without faults";
        auditor.report("same tables", detail.to_owned());
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
        let stock = stock_at(&tables, &query).await.expect("calls succeed without faults");
        for line in &shop.items {
            let sku = &line.item.sku;
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
    // Pricing relies on the order of the windows.
    let (from, to) =
        (scenario.starts_at - TimeDelta::days(10), scenario.ends_at + TimeDelta::days(3));
    for shop in &scenario.shops {
        let read = stock_log::read_windows(&tables, &shop.store.store_id, None, from, to).await;
        let windows = read.expect("calls succeed without faults").windows;
        let place = |window: &StockWindow| (window.key().sku.clone(), window.key().window);
        if !windows.is_sorted_by_key(place) {
            auditor.report("on hand", "windows are not in order".to_owned());
        }
    }
}
