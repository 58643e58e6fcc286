//! Result of a run in one or two words, and in one sentence.

use super::numbers::{count, counted, number};
use crate::limit_check::exit;
use crate::run_record::{LedgerResult, RunRecord};

/// Sentence about a run that was ended early.
pub(super) const ENDED_EARLY: &str = "The run ended before its plan was complete.";

/// Result of a run as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Headline {
    Passed,
    LimitBroken,
    LedgerDiffers,
    GeneratorLimited,
    Partial,
    /// No limit was broken, and yet the run did not pass: the log was not compared.
    NotChecked,
}

impl Headline {
    /// Returns the result of a record. A broken limit precedes an early end.
    pub(super) fn of(record: &RunRecord) -> Self {
        match record.exit_code {
            exit::GENERATOR_LIMITED => Self::GeneratorLimited,
            exit::LEDGER_DIFFERS => Self::LedgerDiffers,
            exit::LIMIT_BROKEN => Self::LimitBroken,
            _ if record.is_partial => Self::Partial,
            _ if record.passed => Self::Passed,
            _ => Self::NotChecked,
        }
    }

    /// Returns the result in words.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::LimitBroken => "LIMIT BROKEN",
            Self::LedgerDiffers => "LEDGER DIFFERS",
            Self::GeneratorLimited => "GENERATOR WAS THE LIMIT",
            Self::Partial => "PARTIAL",
            Self::NotChecked => "NOT CHECKED",
        }
    }

    /// Class of the page's style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Passed => "good",
            Self::LimitBroken | Self::LedgerDiffers => "bad",
            Self::GeneratorLimited | Self::Partial | Self::NotChecked => "open",
        }
    }

    /// Returns the reason of the result.
    pub(super) fn reason(self, record: &RunRecord) -> String {
        let limits = record.check.limits.len() as u64;
        match self {
            Self::Passed => {
                let is_equal = matches!(&record.ledger, Some(LedgerResult::Compared { .. }));
                let equal = if is_equal { ", the stock log is equal to the ledger" } else { "" };
                let kept = if limits == 0 { "No limit was set" } else { "Every limit was kept" };
                format!("{kept}{equal} and the generator kept up.")
            }
            Self::LimitBroken => {
                let broken = record.check.limits.iter().filter(|line| !line.kept).count();
                let was = if broken == 1 { "was" } else { "were" };
                format!("{broken} of {} {was} broken.", counted(limits, "limit"))
            }
            Self::LedgerDiffers => {
                "The stock log or an answer differs from the events that were sent.".to_owned()
            }
            Self::GeneratorLimited => {
                let reason = record.check.invalid.as_deref().unwrap_or("no reason is recorded");
                format!("The figures are not those of the target: {reason}.")
            }
            Self::Partial => ENDED_EARLY.to_owned(),
            Self::NotChecked if record.exit_code == exit::KEPT => {
                "No limit was broken. The stock log was not found equal.".to_owned()
            }
            Self::NotChecked => {
                format!("The run did not pass; its exit code is {}.", record.exit_code)
            }
        }
    }
}

/// Returns the size of a run in one sentence.
pub(super) fn size(record: &RunRecord) -> String {
    let totals = &record.totals;
    let mut text = format!(
        "{} planned and {} stored in {} s",
        counted(totals.planned, "event"),
        count(totals.stored),
        number(totals.seconds)
    );
    if record.parts.of > 1 {
        let numbers: Vec<String> = record.parts.numbers.iter().map(u32::to_string).collect();
        text += &format!("; part {} of {}", numbers.join(", "), record.parts.of);
    }
    text + "."
}
