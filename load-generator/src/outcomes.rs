//! Outcome of each request of a run, as the answers told it.
//!
//! An outcome says of each event whether it must be in the stock log (`stored`), must not be there
//! (`refused`, `not sent`) or may be there once (`unknown`: no answer came, or one that says
//! nothing). Requests of one outcome are kept as runs, so a record stays small.
//!
//! ```
//! use load_generator::outcomes::{EventOutcome, Outcomes};
//!
//! let mut outcomes = Outcomes::default();
//! outcomes.set(0, &[EventOutcome::Stored; 10]);
//! outcomes.set(2, &[EventOutcome::Stored, EventOutcome::Refused]);
//! assert_eq!(outcomes.of(0, 3), EventOutcome::Stored);
//! assert_eq!(outcomes.of(1, 0), EventOutcome::NotSent);
//! assert_eq!(outcomes.of(2, 1), EventOutcome::Refused);
//! let json = serde_json::to_string(&outcomes).unwrap();
//! assert_eq!(serde_json::from_str::<Outcomes>(&json).unwrap(), outcomes);
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Outcome of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventOutcome {
    /// An answer says that the event is stored.
    Stored,
    /// An answer says that the event was refused.
    Refused,
    /// The event was sent, and no answer tells its status.
    Unknown,
    /// The event was never sent.
    NotSent,
}

/// Outcomes of the requests of a run, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(into = "PackedOutcomes", from = "PackedOutcomes")]
pub struct Outcomes {
    /// Outcome of requests whose events all have the same one.
    uniform: Vec<EventOutcome>,
    /// Outcomes of the events of all other requests.
    mixed: BTreeMap<u64, Vec<EventOutcome>>,
}

/// Outcomes as runs of requests.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct PackedOutcomes {
    /// Outcome and number of consecutive requests.
    runs: Vec<(EventOutcome, u64)>,
    /// Outcomes of the events of requests with several outcomes.
    mixed: BTreeMap<u64, Vec<EventOutcome>>,
}

impl Outcomes {
    /// Sets the outcomes of the events of a request.
    pub fn set(&mut self, request: u64, events: &[EventOutcome]) {
        let Some(first) = events.first() else { return };
        let place = request as usize;
        if self.uniform.len() <= place {
            self.uniform.resize(place + 1, EventOutcome::NotSent);
        }
        self.mixed.remove(&request);
        if events.iter().all(|outcome| outcome == first) {
            self.uniform[place] = *first;
        } else {
            // Its place says the least that is true of all events.
            self.uniform[place] = EventOutcome::Unknown;
            self.mixed.insert(request, events.to_vec());
        }
    }

    /// Outcome of an event: its request and its place in the request, from 0.
    #[must_use]
    pub fn of(&self, request: u64, event: usize) -> EventOutcome {
        if let Some(events) = self.mixed.get(&request) {
            return events.get(event).copied().unwrap_or(EventOutcome::Unknown);
        }
        self.uniform.get(request as usize).copied().unwrap_or(EventOutcome::NotSent)
    }

    /// Adds the outcomes of another part of the same run. A request was sent by one part.
    pub fn merge(&mut self, other: &Self) {
        if self.uniform.len() < other.uniform.len() {
            self.uniform.resize(other.uniform.len(), EventOutcome::NotSent);
        }
        for (place, outcome) in other.uniform.iter().enumerate() {
            if *outcome != EventOutcome::NotSent {
                self.uniform[place] = *outcome;
            }
        }
        self.mixed.extend(other.mixed.iter().map(|(request, events)| (*request, events.clone())));
    }
}

impl From<Outcomes> for PackedOutcomes {
    fn from(outcomes: Outcomes) -> Self {
        let mut runs: Vec<(EventOutcome, u64)> = Vec::new();
        for outcome in outcomes.uniform {
            match runs.last_mut() {
                Some((last, count)) if *last == outcome => *count += 1,
                _ => runs.push((outcome, 1)),
            }
        }
        Self { runs, mixed: outcomes.mixed }
    }
}

impl From<PackedOutcomes> for Outcomes {
    fn from(packed: PackedOutcomes) -> Self {
        let run = |(outcome, count): (EventOutcome, u64)| {
            std::iter::repeat_n(outcome, usize::try_from(count).unwrap_or_default())
        };
        Self { uniform: packed.runs.into_iter().flat_map(run).collect(), mixed: packed.mixed }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::EventOutcome::{NotSent, Refused, Stored, Unknown};
    use super::*;

    const OUTCOMES: &[EventOutcome] = &[Stored, Refused, Unknown];

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn parts_merge_to_the_outcomes_of_the_whole_run(
            requests in prop::collection::vec(
                (0..3_u64, prop::collection::vec(prop::sample::select(OUTCOMES), 1..4)),
                0..40,
            ),
        ) {
            let mut whole = Outcomes::default();
            let mut parts = vec![Outcomes::default(); 3];
            for (number, (part, events)) in (0..).zip(&requests) {
                whole.set(number, events);
                parts[*part as usize].set(number, events);
            }
            let mut merged = Outcomes::default();
            for part in parts.iter().rev() {
                let json = serde_json::to_string(part).unwrap();
                merged.merge(&serde_json::from_str(&json).unwrap());
            }
            prop_assert_eq!(&merged, &whole);
            prop_assert_eq!(merged.of(requests.len() as u64, 0), NotSent);
        }
    }
}
