//! One record of the parts of a run that several processes sent.

use std::collections::BTreeSet;

use crate::run_record::{Parts, RunRecord};
use crate::timings::Second;

/// Parts that are not those of one run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// No part was given.
    #[error("no part was given")]
    None,
    /// Two records are of different runs.
    #[error(
        "{0} and {1} are different runs: parts have one scenario, one seed, one --starts-at and \
         the same file"
    )]
    DifferentRuns(String, String),
    /// A part was given twice.
    #[error("part {0} was given twice")]
    Twice(u32),
    /// Parts are missing.
    #[error("of {of} parts, these are missing: {}", numbers(missing))]
    Missing {
        /// Number of all parts.
        of: u32,
        /// Missing parts.
        missing: Vec<u32>,
    },
}

fn numbers(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// Merges the records of all parts of a run. Histograms, totals and seconds are added; a percentile
/// of a second is the highest of the parts. The ledger of the merged record is not compared.
///
/// # Errors
/// Returns an error if the records are not the parts of one run, each once.
pub fn merge(parts: Vec<RunRecord>) -> Result<RunRecord, MergeError> {
    let mut parts = parts.into_iter();
    let mut merged = parts.next().ok_or(MergeError::None)?;
    for part in parts {
        if (&part.key, &part.legs, part.parts.of) != (&merged.key, &merged.legs, merged.parts.of) {
            return Err(MergeError::DifferentRuns(merged.key.run_id, part.key.run_id));
        }
        merged.add(part)?;
    }
    let Parts { numbers, of } = &merged.parts;
    let given: BTreeSet<u32> = numbers.iter().copied().collect();
    let missing: Vec<u32> = (1..=*of).filter(|number| !given.contains(number)).collect();
    if !missing.is_empty() {
        return Err(MergeError::Missing { of: *of, missing });
    }
    merged.judge(None);
    Ok(merged)
}

impl RunRecord {
    fn add(&mut self, part: Self) -> Result<(), MergeError> {
        for number in &part.parts.numbers {
            if self.parts.numbers.contains(number) {
                return Err(MergeError::Twice(*number));
            }
        }
        self.parts.numbers.extend(part.parts.numbers);
        self.is_partial |= part.is_partial;
        self.notes.extend(part.notes);
        self.timings.add(&part.timings);
        self.outcomes.merge(&part.outcomes);
        self.mismatched.extend(part.mismatched);
        self.mismatches += part.mismatches;
        self.aborted_by = self.aborted_by.take().or(part.aborted_by);
        for (error, count) in part.errors {
            *self.errors.entry(error).or_default() += count;
        }
        let (sum, other) = (&mut self.totals, part.totals);
        sum.requests_planned += other.requests_planned;
        sum.requests_settled += other.requests_settled;
        sum.planned += other.planned;
        sum.sent += other.sent;
        sum.stored += other.stored;
        sum.refused += other.refused;
        sum.refused_unplanned += other.refused_unplanned;
        sum.poison += other.poison;
        sum.unknown += other.unknown;
        sum.throttled += other.throttled;
        sum.retried += other.retried;
        sum.bytes += other.bytes;
        sum.seconds = sum.seconds.max(other.seconds);
        sum.probes = (sum.probes.0 + other.probes.0, sum.probes.1 + other.probes.1);
        sum.connections += other.connections;
        sum.generator_cpu_s += other.generator_cpu_s;
        let length = self.seconds.len().max(part.seconds.len());
        self.seconds.resize(length, Second::default());
        for (second, other) in self.seconds.iter_mut().zip(part.seconds) {
            second.add(other);
        }
        // A part whose generator was the limit makes the whole run invalid.
        self.check.invalid = self.check.invalid.take().or(part.check.invalid);
        Ok(())
    }
}

impl Second {
    /// Adds the figures of another part.
    fn add(&mut self, other: Self) {
        self.planned += other.planned;
        self.sent += other.sent;
        self.stored += other.stored;
        self.throttled += other.throttled;
        self.open += other.open;
        for (mine, other) in self.response_ms.iter_mut().zip(other.response_ms) {
            *mine = mine.max(other);
        }
        self.service_p99_ms = self.service_p99_ms.max(other.service_p99_ms);
        self.send_lag_p99_ms = self.send_lag_p99_ms.max(other.send_lag_p99_ms);
        self.freshness_ms = match (self.freshness_ms, other.freshness_ms) {
            (Some(mine), Some(other)) => Some(mine.max(other)),
            (mine, other) => mine.or(other),
        };
        self.backlog_ms = self.backlog_ms.max(other.backlog_ms);
        for (part, share) in other.cores {
            *self.cores.entry(part).or_default() += share;
        }
        self.memory_mb += other.memory_mb;
        self.descriptors += other.descriptors;
    }
}
