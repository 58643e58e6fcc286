//! Plan of a simulated world: a seed and the limits put on it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use load_generator::draw::Draw;

use crate::injected_fault::InjectedFault;

/// Plan of one world. The same plan always gives the same history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldPlan {
    /// Seed of everything that the other fields leave open.
    pub seed: u64,
    /// Number of stores.
    pub stores: u32,
    /// Number of five-minute windows in which the tills are open.
    pub steps: u32,
    /// Approximate number of events that the tills send.
    pub events: u32,
    /// Faults that are never injected.
    pub without: BTreeSet<InjectedFault>,
}

impl WorldPlan {
    /// Draws the plan of a seed, with all faults.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut draw = Draw::of(seed, "plan");
        Self {
            seed,
            stores: 1 + draw.below(3) as u32,
            steps: 4 + draw.below(21) as u32,
            events: 30 + draw.below(150) as u32,
            without: BTreeSet::new(),
        }
    }

    /// Command-line options that reproduce this plan.
    #[must_use]
    pub fn options(&self) -> String {
        let full = Self::of(self.seed);
        let mut options = format!("--seed {}", self.seed);
        let numbers = [
            ("stores", self.stores, full.stores),
            ("steps", self.steps, full.steps),
            ("events", self.events, full.events),
        ];
        for (name, planned, usual) in numbers {
            if planned != usual {
                let _ = write!(options, " --{name} {planned}");
            }
        }
        if !self.without.is_empty() {
            let words: Vec<&str> = self.without.iter().map(|fault| fault.word()).collect();
            let _ = write!(options, " --without {}", words.join(","));
        }
        options
    }
}
