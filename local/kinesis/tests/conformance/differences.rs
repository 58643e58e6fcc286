//! The differences as `differences.md` lists them.

use std::collections::BTreeMap;

const LISTED: &str = include_str!("differences.md");
/// Who can be right by AWS's documentation.
const JUDGEMENTS: [&str; 3] = ["ours", "theirs", "open"];

/// A promise that the foreign endpoint does not keep.
pub(crate) struct Difference {
    /// What its failure says, in part.
    pub(crate) seen: String,
}

/// The difference that is listed for a promise.
pub(crate) fn of(promise: &str) -> Option<Difference> {
    all().remove(promise)
}

/// Every line of the table, by promise.
pub(crate) fn all() -> BTreeMap<String, Difference> {
    let rows = LISTED.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [promise, theirs, _ours, right] = cells[..] else { panic!("four cells: {row}") };
        assert!(JUDGEMENTS.contains(&right), "who is right? {row}");
        let seen = quoted(theirs).unwrap_or_else(|| panic!("quote what is seen: {row}"));
        let promise = quoted(promise).unwrap_or_else(|| panic!("quote the promise: {row}"));
        (promise, Difference { seen })
    })
    .collect()
}

/// The last text between backticks.
fn quoted(cell: &str) -> Option<String> {
    cell.rsplit('`').nth(1).map(str::to_owned)
}
