//! Gaps in the sequence numbers of the tills of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use domain::{Event, EventId, TerminalId};

/// Sequence numbers by till and epoch.
#[derive(Debug, Default)]
pub(super) struct SequenceNumbers(BTreeMap<TerminalId, BTreeMap<EventId, Vec<u64>>>);

/// Missing numbers by till and epoch, as sorted ranges.
type Gaps = BTreeMap<(TerminalId, EventId), Vec<RangeInclusive<u64>>>;

impl SequenceNumbers {
    /// Adds the number of an event. An event without a number is left out.
    pub(super) fn add(&mut self, event: &Event) {
        let Some(sequence) = &event.details().sequence else { return };
        // A name is copied once, and not for each event.
        let till = event.terminal_id();
        let epochs = match self.0.get_mut(till) {
            Some(epochs) => epochs,
            None => self.0.entry(till.clone()).or_default(),
        };
        match epochs.get_mut(&sequence.epoch) {
            Some(numbers) => numbers.push(sequence.number),
            None => epochs.entry(sequence.epoch.clone()).or_default().push(sequence.number),
        }
    }

    /// Returns the numbers between received ones that are missing.
    fn gaps(self) -> Gaps {
        let mut gaps = Gaps::new();
        for (terminal_id, epochs) in self.0 {
            for (epoch, mut numbers) in epochs {
                numbers.sort_unstable();
                let gap = |pair: &[u64]| {
                    (pair[1].saturating_sub(pair[0]) > 1).then(|| pair[0] + 1..=pair[1] - 1)
                };
                let missing = numbers.windows(2).filter_map(gap).collect();
                gaps.insert((terminal_id.clone(), epoch), missing);
            }
        }
        gaps
    }

    /// Compares the gaps of the log with those that the answers make. Returns the number of missing
    /// numbers in the log, and the differences in words.
    pub(super) fn compare(self, expected: Self) -> (u64, Vec<String>) {
        let (stored, expected) = (self.gaps(), expected.gaps());
        let missing = stored.values().flatten().map(|gap| gap.end() - gap.start() + 1).sum();
        let none = Vec::new();
        let tills: BTreeSet<_> = stored.keys().chain(expected.keys()).collect();
        let differences = tills.into_iter().filter_map(|till| {
            let (found, due) =
                (stored.get(till).unwrap_or(&none), expected.get(till).unwrap_or(&none));
            (found != due).then(|| {
                let (found, due) = (words(found, due), words(due, found));
                format!(
                    "{} in epoch {}: gaps in the log alone: {found}; by the answers alone: {due}",
                    till.0, till.1
                )
            })
        });
        (missing, differences.collect())
    }
}

/// Gaps that an error names at most.
const NAMED_MAX: usize = 5;

/// Returns the gaps that the others do not have.
fn words(gaps: &[RangeInclusive<u64>], others: &[RangeInclusive<u64>]) -> String {
    let mut alone: Vec<String> = gaps
        .iter()
        .filter(|gap| !others.contains(gap))
        .map(|gap| match gap.start() == gap.end() {
            true => gap.start().to_string(),
            false => format!("{}-{}", gap.start(), gap.end()),
        })
        .collect();
    if alone.is_empty() {
        return "none".to_owned();
    }
    if alone.len() > NAMED_MAX {
        let rest = alone.len() - NAMED_MAX;
        alone.truncate(NAMED_MAX);
        alone.push(format!("and {rest} more"));
    }
    alone.join(", ")
}
