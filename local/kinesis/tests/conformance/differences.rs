//! Parser of the table in `differences.md`.

use std::collections::BTreeMap;

const LISTED: &str = include_str!("differences.md");
/// Allowed values of the column `Right`.
const JUDGEMENTS: [&str; 3] = ["ours", "theirs", "open"];

/// Promise that the foreign endpoint does not keep.
pub(crate) struct Difference {
    /// Part of the failure message.
    pub(crate) seen: String,
}

/// Returns the listed difference of a promise.
pub(crate) fn of(promise: &str) -> Option<Difference> {
    all().remove(promise)
}

/// Returns the lines of the table by promise.
pub(crate) fn all() -> BTreeMap<String, Difference> {
    let rows = LISTED.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [promise, emulator, _endpoint, right] = cells[..] else { panic!("four cells: {row}") };
        assert!(JUDGEMENTS.contains(&right), "the last cell must be one of {JUDGEMENTS:?}: {row}");
        let seen =
            quoted(emulator).unwrap_or_else(|| panic!("the failure must be in backticks: {row}"));
        let promise =
            quoted(promise).unwrap_or_else(|| panic!("the promise must be in backticks: {row}"));
        (promise, Difference { seen })
    })
    .collect()
}

/// Returns the last text between backticks.
fn quoted(cell: &str) -> Option<String> {
    cell.rsplit('`').nth(1).map(str::to_owned)
}
