//! Counts of a pass of the close of day.

use metrics::counter;

use crate::metrics as names;

/// Number of day rows by result of a pass, and number of histories written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CloseSummary {
    /// Rows written for the first time.
    pub closed: u64,
    /// Rows written again because their content changed.
    pub closed_again: u64,
    /// Rows whose content did not change.
    pub unchanged: u64,
    /// Rows that a concurrent pass wrote first; the next pass checks them.
    pub contested: u64,
    /// Histories written or removed because their content changed.
    pub histories: u64,
}

impl CloseSummary {
    /// Number of day rows written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.closed + self.closed_again
    }

    pub(crate) fn count(&mut self, outcome: &'static str, field: impl Fn(&mut Self) -> &mut u64) {
        *field(self) += 1;
        counter!(names::DAYS_TOTAL, "outcome" => outcome).increment(1);
    }

    pub(crate) fn count_history(&mut self, outcome: &'static str) {
        self.histories += 1;
        counter!(names::HISTORIES_TOTAL, "outcome" => outcome).increment(1);
    }

    /// Adds the counts of another pass.
    pub fn add(&mut self, other: Self) {
        self.closed += other.closed;
        self.closed_again += other.closed_again;
        self.unchanged += other.unchanged;
        self.contested += other.contested;
        self.histories += other.histories;
    }
}
