//! Checks of the sets of events, of their windows and of the rows of windows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::Event;
use domain::ports::StockLog;
use domain::stock::{Figures, StockWindow, WindowKey, WindowRow};
use in_memory::{LogKey, Tables};

use super::expected_tables::ExpectedTables;
use super::{Auditor, sums};
use crate::scenario::Scenario;

/// Span in which all events of a world occur.
fn span(scenario: &Scenario) -> (DateTime<Utc>, DateTime<Utc>) {
    (scenario.starts_at - TimeDelta::days(10), scenario.ends_at + TimeDelta::days(3))
}

/// Checks that each window holds exactly its events, once, that its figures are their sums, and
/// that readers tell exactly the damaged segments. Returns the windows.
pub(super) async fn windows(
    auditor: &Auditor,
    expected: &ExpectedTables,
    scenario: &Scenario,
    tables: &Tables,
) -> Vec<StockWindow> {
    let (since, until) = span(scenario);
    let log = tables.snapshot();
    auditor.sim.count("segments read", tables.log.segments().len());
    let mut unreadable: BTreeSet<LogKey> = BTreeSet::new();
    let mut windows = Vec::new();
    for shop in &scenario.shops {
        let read = stock_log::read_windows(&log, &shop.store.store_id, None, since, until).await;
        let read = read.expect("calls succeed without faults");
        // Pricing relies on the order.
        let place = |window: &StockWindow| (window.key().sku.clone(), window.key().window);
        if !read.windows.is_sorted_by_key(place) {
            auditor.report("windows", "windows are not in order".to_owned());
        }
        windows.extend(read.windows);
        let left_out = read.unreadable.into_iter();
        unreadable.extend(left_out.map(|left| (left.store_id, left.date, left.sort_key)));
    }
    if unreadable != auditor.state().damaged {
        auditor.report("windows", format!("segments are left out: {unreadable:?}"));
    }
    auditor.sim.count("windows compared", windows.len());
    let mut missing = expected.windows();
    for window in &windows {
        contents(auditor, missing.remove(window.key()).unwrap_or_default(), window);
    }
    for event in missing.into_values().flat_map(BTreeMap::into_values) {
        auditor.report("windows", format!("lost: {}", event.canonical()));
    }
    windows
}

/// Checks the events and figures of a window.
fn contents(auditor: &Auditor, mut expected: BTreeMap<String, Event>, window: &StockWindow) {
    let found: Vec<Event> = window.events().cloned().collect();
    for event in &found {
        match expected.remove(event.event_id().as_str()) {
            Some(expected) if expected == *event => {}
            Some(_) => auditor.report("windows", format!("wrong content: {}", event.canonical())),
            None => auditor.report("windows", format!("never sent: {}", event.canonical())),
        }
    }
    for event in expected.into_values() {
        auditor.report("windows", format!("lost: {}", event.canonical()));
    }
    let key = window.key();
    if let Some((name, figure, expected)) = sums::wrong_figure(key, &window.figures(), &found) {
        auditor.report("figures", format!("{key}: {name} is {figure}, not {expected}"));
    }
}

/// Checks that the rows of windows have the figures of exactly these windows.
pub(super) fn rows(auditor: &Auditor, windows: &[StockWindow], tables: &Tables) {
    let mut missing: BTreeMap<WindowKey, Figures> =
        windows.iter().map(|window| (window.key().clone(), window.figures())).collect();
    for row in WindowRow::current(tables.windows.all()) {
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

/// Checks that the last rollup of each date has counted every pair of id and content, and that no
/// row claims more.
pub(super) async fn counts(
    auditor: &Auditor,
    expected: &ExpectedTables,
    scenario: &Scenario,
    tables: &Tables,
) {
    let (since, until) = span(scenario);
    let (first, last) = (since.date_naive(), until.date_naive());
    let log = tables.snapshot();
    let mut missing = expected.counts();
    for shop in &scenario.shops {
        let store_id = &shop.store.store_id;
        let progress = log.query_progress(store_id, first, last).await;
        for (date, state) in progress.expect("calls succeed without faults").rolled {
            let expected = missing.remove(&(store_id.clone(), date)).unwrap_or_default();
            auditor.sim.count("dates counted", 1);
            if state.count != expected {
                let detail = format!("{store_id} {date}: counted {}, not {expected}", state.count);
                auditor.report("counts", detail);
            }
        }
    }
    for ((store_id, date), count) in missing {
        auditor.report("counts", format!("{store_id} {date}: {count} events not counted"));
    }
    let counts = expected.counts();
    for row in tables.windows.all() {
        let most = counts.get(&(row.store_id.clone(), row.window.date())).copied();
        if row.count > most.unwrap_or_default() {
            let (store_id, window) = (&row.store_id, row.window);
            let detail = format!("{store_id} {window}: row of {}, not {most:?}", row.count);
            auditor.report("counts", detail);
        }
    }
}
