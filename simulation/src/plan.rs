//! What is simulated: a seed, and what is left out of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use load_generator::draw::Draw;

use crate::fault::Fault;

/// One world to be simulated. The same plan always gives the same history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Decides everything that is not said here.
    pub seed: u64,
    /// How many stores there are.
    pub stores: u32,
    /// How many windows of five minutes the tills are open.
    pub steps: u32,
    /// About how many events the tills have to send.
    pub events: u32,
    /// Faults that never strike.
    pub without: BTreeSet<Fault>,
}

impl Plan {
    /// The world of a seed, with nothing left out.
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

    /// The options that make this plan of its seed.
    #[must_use]
    pub fn options(&self) -> String {
        let whole = Self::of(self.seed);
        let mut options = format!("--seed {}", self.seed);
        let numbers = [
            ("stores", self.stores, whole.stores),
            ("steps", self.steps, whole.steps),
            ("events", self.events, whole.events),
        ];
        for (name, here, usual) in numbers {
            if here != usual {
                let _ = write!(options, " --{name} {here}");
            }
        }
        if !self.without.is_empty() {
            let words: Vec<&str> = self.without.iter().map(|fault| fault.word()).collect();
            let _ = write!(options, " --without {}", words.join(","));
        }
        options
    }
}
