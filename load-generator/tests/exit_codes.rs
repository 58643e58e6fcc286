//! Exit codes of a run, in their order of precedence.

use chrono::DateTime;
use load_generator::limit_check::exit;
use load_generator::plan::PlanKey;
use load_generator::run_record::{LedgerResult, RunRecord, Totals};
use load_generator::scenario::Scenario;

/// Run of 100 requests of ten events that were all acknowledged, with these limits.
fn record(limits: &[&str]) -> RunRecord {
    let mut scenario = Scenario::default();
    for limit in limits {
        scenario.limits.add(limit).unwrap();
    }
    let totals = Totals {
        requests_planned: 100,
        requests_settled: 100,
        planned: 1_000,
        sent: 1_000,
        stored: 1_000,
        ..Totals::default()
    };
    RunRecord { totals, ..RunRecord::new(PlanKey::new(scenario, DateTime::UNIX_EPOCH)) }
}

fn compared(count: u64) -> LedgerResult {
    LedgerResult::Compared {
        at: DateTime::UNIX_EPOCH,
        expected: 1_000,
        unknown_stored: 0,
        missing_numbers: 0,
        windows: 10,
        differences: Vec::new(),
        count,
        drained_after_s: 0.0,
    }
}

fn unchecked(is_intended: bool) -> LedgerResult {
    LedgerResult::NotChecked { reason: "a test".to_owned(), is_intended }
}

/// Judges a record and returns its exit code with `passed`.
fn judged(mut record: RunRecord, ledger: LedgerResult) -> (u8, bool) {
    record.judge(Some(ledger));
    (record.exit_code, record.passed)
}

#[test]
fn a_run_passes_only_with_an_equal_ledger_or_one_that_was_left_out() {
    assert_eq!(judged(record(&["refused = 0"]), compared(0)), (exit::KEPT, true));
    assert_eq!(judged(record(&[]), unchecked(true)), (exit::KEPT, true));
    assert_eq!(judged(record(&[]), unchecked(false)), (exit::ERROR, false));
    assert_eq!(judged(record(&["ledger = equal"]), unchecked(true)), (exit::LIMIT_BROKEN, false));
    let differs = judged(record(&["unknown = 0"]), compared(3));
    assert_eq!(differs, (exit::LEDGER_DIFFERS, false));
}

#[test]
fn the_generator_precedes_the_ledger_and_the_ledger_precedes_the_limits() {
    let mut broken = record(&["refused = 0"]);
    broken.totals.refused = 5;
    broken.totals.refused_unplanned = 2;
    assert_eq!(judged(broken.clone(), compared(0)).0, exit::LIMIT_BROKEN);
    assert_eq!(judged(broken.clone(), compared(1)).0, exit::LEDGER_DIFFERS);
    broken.mismatches = 1;
    assert_eq!(judged(broken.clone(), compared(0)).0, exit::LEDGER_DIFFERS);
    broken.totals.requests_settled = 99;
    assert_eq!(judged(broken, compared(1)).0, exit::GENERATOR_LIMITED);
}

#[test]
fn a_run_without_an_acknowledged_event_or_with_an_early_end_does_not_pass() {
    let mut refused = record(&[]);
    (refused.totals.stored, refused.totals.refused) = (0, 1_000);
    assert_eq!(judged(refused, compared(0)), (exit::ERROR, false));
    let mut interrupted = record(&[]);
    interrupted.is_partial = true;
    assert_eq!(judged(interrupted.clone(), compared(0)), (exit::ERROR, false));
    interrupted.aborted_by = Some("response p99 300 ms, not 250ms".to_owned());
    assert_eq!(judged(interrupted, compared(0)), (exit::LIMIT_BROKEN, false));
}

#[test]
fn a_part_leaves_ledger_and_freshness_to_the_whole_run() {
    let mut part = record(&["ledger = equal", "freshness p99 < 1s"]);
    part.parts.of = 2;
    assert_eq!(judged(part, unchecked(true)), (exit::KEPT, true));
}
