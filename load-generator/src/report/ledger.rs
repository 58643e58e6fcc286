//! Result of the audit in words.

use super::html::{Table, list, paragraph, section};
use super::numbers::{count, counted, number};
use crate::run_record::{LedgerResult, RunRecord};

/// Returns the result of the audit, without a full stop.
pub(super) fn summary(record: &RunRecord) -> String {
    match &record.ledger {
        None => "not checked: the record holds no result of an audit".to_owned(),
        Some(LedgerResult::NotChecked { reason, .. }) => format!("not checked: {reason}"),
        Some(LedgerResult::Compared { count, expected, windows, .. }) => {
            let differences = counted(*count, "difference");
            let result = if *count == 0 { "equal" } else { &differences };
            let windows = counted(*windows, "window");
            format!("{result}; {} in {windows}", counted(*expected, "expected event"))
        }
    }
}

/// Returns the differences in words, at most `most`, and the number of all others.
pub(super) fn differences(record: &RunRecord, most: usize) -> (Vec<&str>, u64) {
    let Some(LedgerResult::Compared { differences, count, .. }) = &record.ledger else {
        return (Vec::new(), 0);
    };
    let named: Vec<&str> = differences.iter().take(most).map(String::as_str).collect();
    let others = count.saturating_sub(named.len() as u64);
    (named, others)
}

/// Returns the section of the page.
pub(super) fn ledger(record: &RunRecord) -> String {
    let mut html = paragraph(&format!("Stock log against ledger: {}.", summary(record)));
    if let Some(LedgerResult::Compared {
        at,
        expected,
        unknown_stored,
        windows,
        missing_numbers,
        drained_after_s,
        count: all,
        ..
    }) = &record.ledger
    {
        let mut table = Table::new("Comparison of the stock log with the record", &[], "lr");
        table.row(&["Distinct events that must be stored", &count(*expected)]);
        table.row(&["Distinct events of unknown outcome that are stored", &count(*unknown_stored)]);
        table.row(&["Windows compared", &count(*windows)]);
        table.row(&["Missing sequence numbers, as the answers say", &count(*missing_numbers)]);
        table.row(&["Differences", &count(*all)]);
        let drained = format!("{} s", number(*drained_after_s));
        table.row(&["Time from the last answer to the comparison", &drained]);
        table.row(&["Instant of the comparison", &at.format("%F %T UTC").to_string()]);
        html += &table.end();
    }
    let (named, others) = differences(record, usize::MAX);
    if !named.is_empty() {
        html += &format!("<h3>Differences</h3>\n{}", list(named.into_iter()));
    }
    if others > 0 {
        html += &paragraph(&format!("And {} without words.", counted(others, "more difference")));
    }
    if !record.mismatched.is_empty() {
        let answers = list(record.mismatched.iter().map(String::as_str));
        html += &format!("<h3>Answers that do not fit their request</h3>\n{answers}");
    }
    section("ledger", "Ledger", &html)
}
