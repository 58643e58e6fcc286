//! Checks of closed days and item histories.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use domain::ClosedDay;
use in_memory::{Days, Tables};
use processors::Closing;
use rust_decimal::Decimal;

use super::Auditor;
use crate::fan_out::close_all;
use crate::scenario::Scenario;

/// Checks that repeated passes under faults and one pass without faults give the same days and
/// histories, and that each day opens with the stock that the previous day carried over.
/// `disturbed` works on a copy of the tables after the faults; its calls succeed.
pub(crate) async fn days(auditor: &Auditor, scenario: &Scenario, disturbed: Closing<Tables>) {
    let now = auditor.sim.now();
    let late = now + TimeDelta::days(1);
    let tables = Tables { days: Days::default(), ..disturbed.tables.snapshot() };
    let undisturbed = Closing { tables };
    // The passes close: the last events; the last day, which ends meanwhile; and rows that the
    // pass before contested.
    for at in [now, late, late] {
        close_all(&disturbed, at, Duration::MAX).await.expect("calls succeed without faults");
    }
    let rest =
        close_all(&disturbed, late, Duration::MAX).await.expect("calls succeed without faults");
    if rest.written() + rest.contested + rest.histories > 0 {
        auditor.report("days", format!("a repeated pass still changes rows: {rest:?}"));
    }
    for shop in scenario.listed() {
        let first = scenario.starts_at.date_naive() - TimeDelta::days(30);
        let last = late.date_naive() + TimeDelta::days(1);
        let closed = undisturbed.close_dates(&shop.store, first, last, late).await;
        closed.expect("calls succeed without faults");
    }
    let days = &disturbed.tables.days;
    let expected = undisturbed.tables.days.all();
    let keys: BTreeSet<_> = expected.iter().map(|day| &day.key).collect();
    let is_left = |day: &ClosedDay| !keys.contains(&day.key) && day.is_left_over();
    let (left, found): (Vec<ClosedDay>, Vec<ClosedDay>) = days.all().into_iter().partition(is_left);
    auditor.sim.count("days left over", left.len());
    compare_histories(auditor, days, &undisturbed.tables.days);
    auditor.sim.count("days closed", expected.len());
    for (found, expected) in found.iter().zip(&expected).filter(|(a, b)| a != b) {
        auditor.report("days", format!("{}: {found:?}, not {expected:?}", expected.key));
    }
    if found.len() != expected.len() {
        auditor.report("days", format!("{} days, not {}", found.len(), expected.len()));
    }
    for day in found.iter().filter(|day| !scenario.lists(&day.key.store_id)) {
        auditor.report("days", format!("{}: the store is not in the catalogue", day.key));
    }
    let by_key: BTreeMap<_, &ClosedDay> = found.iter().map(|day| (&day.key, day)).collect();
    for day in &found {
        let mut before = day.key.clone();
        before.date = before.date.pred_opt().expect("a date");
        let left: Decimal =
            by_key.get(&before).map_or(Decimal::ZERO, |before| before.carried.values().sum());
        if left != day.opening {
            auditor.report("days", format!("{}: opens with {}, not {left}", day.key, day.opening));
        }
    }
}

/// Compares the histories, but not those of `left`.
fn compare_histories(auditor: &Auditor, found: &Days, expected: &Days) {
    let (found, expected) = (found.all_histories(), expected.all_histories());
    auditor.sim.count("histories folded", expected.len());
    if found != expected {
        let differ = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        let counts = format!("{} histories, not {}", found.len(), expected.len());
        auditor.report("histories", format!("{counts}: {differ:?}"));
    }
}
