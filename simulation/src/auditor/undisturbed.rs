//! Comparison of the tables with those of handlers without faults over the same stream.

use std::sync::Arc;

use domain::quarantine::QuarantineReason;
use domain::record::Delivered;
use domain::stock::WindowRow;
use in_memory::Tables;
use processors::Processor;

use super::Auditor;
use super::final_audit::roll_up_dates;
use crate::scenario::{Scenario, pick};
use crate::stream::SimulatedStream;

pub(super) fn records(stream: &SimulatedStream) -> Vec<Delivered> {
    stream.records().into_iter().map(|stored| stored.record).collect()
}

/// Returns the rows of windows without their counts.
pub(super) fn rows(tables: &Tables) -> Vec<WindowRow> {
    let rows = WindowRow::current(tables.windows.all()).into_iter();
    let rows = rows.map(|row| WindowRow { count: 0, ..row });
    // A window whose events have moved to another one has an empty row.
    rows.filter(|row| !row.items.is_empty()).collect()
}

fn handler(auditor: &Auditor, tables: &Tables) -> Processor<Tables> {
    let clock = auditor.sim.clone();
    Processor::new(tables.clone(), Arc::new(move || clock.now()))
}

/// Checks that windows, rows and quarantine are equal to those of one run over the whole stream in
/// order and without faults.
pub(super) async fn as_without_faults(
    auditor: &Auditor,
    scenario: &Scenario,
    stream: &SimulatedStream,
    tables: &Tables,
) {
    let undisturbed = Tables { catalog: tables.catalog.clone(), ..Tables::default() };
    let outcome = handler(auditor, &undisturbed).process(&records(stream)).await;
    if outcome.retry_from.is_some() {
        auditor.report("same tables", format!("the run without faults failed: {outcome:?}"));
    }
    roll_up_dates(auditor, "undisturbed", scenario, &undisturbed).await;
    if undisturbed.log.windows() != tables.log.windows() {
        let detail = "the windows differ from the run without faults";
        auditor.report("same tables", detail.to_owned());
    }
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

/// Checks that a throttled partition holds up no other store, and that a redelivery from the
/// reported record makes the rest complete.
pub(super) async fn with_a_throttled_store(
    auditor: &Auditor,
    scenario: &Scenario,
    stream: &SimulatedStream,
    tables: &Tables,
) {
    let mut draw = auditor.sim.draw("throttled store");
    let throttled = &pick(&mut draw, &scenario.shops).store.store_id;
    let mut records = records(stream);
    records.sort_by(|one, other| one.sequence_number.cmp(&other.sequence_number));
    let apart = Tables::default();
    apart.log.throttle_stores([throttled.clone()]);
    let handler = handler(auditor, &apart);
    let retry_from = handler.process(&records).await.retry_from;
    let (held, others): (Vec<_>, Vec<_>) =
        tables.log.windows().into_iter().partition(|window| window.key().store_id == *throttled);
    if apart.log.windows() != others || retry_from.is_none() != held.is_empty() {
        let detail = format!("{throttled} is throttled; retry from {retry_from:?}");
        auditor.report("throttled store", detail);
    }
    apart.log.throttle_stores([]);
    auditor.sim.count("windows held up", held.len());
    let Some(retry_from) = retry_from else { return };
    records.retain(|record| record.sequence_number >= retry_from);
    let rest = handler.process(&records).await;
    if rest.retry_from.is_some() || apart.log.windows() != tables.log.windows() {
        let detail = format!("the redelivery is not complete: {rest:?}");
        auditor.report("throttled store", detail);
    }
}
