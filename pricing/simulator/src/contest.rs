//! Contest: many days of several worlds under several policies, on several threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::belief::ShopBelief;
use crate::checker::broken;
use crate::day::SimulatedDay;
use crate::fixed_rules::Tuned;
use crate::play::play;
use crate::policy::{PricePolicy, Setting};
use crate::world::ShopWorld;

/// Worlds, policies and days to be played.
#[derive(Debug, Clone)]
pub struct Contest {
    /// Worlds.
    pub worlds: Vec<&'static ShopWorld>,
    /// Policies.
    pub policies: Vec<PricePolicy>,
    /// Number of days in each world.
    pub days: u64,
    /// Number of days in each world on which rules are tuned.
    pub training_days: u64,
    /// Seed of all random draws.
    pub seed: u64,
    /// Number of threads. Results do not depend on it.
    pub threads: usize,
}

/// Result of a day under a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOutcome {
    /// Revenue and salvage from the first decision on, in cents.
    pub value: i64,
    /// Units at the first decision.
    pub on_hand_first: u64,
    /// Units left at the close.
    pub left: u64,
    /// Sum of the discounts of all units sold in the afternoon, in percent.
    pub discounts: u64,
    /// Number of price changes.
    pub changes: u64,
    /// Broken rules.
    pub broken: Vec<String>,
}

/// Results of a world.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldResults {
    /// Name of the world.
    pub world: &'static str,
    /// Rules tuned in training.
    pub tuned: Tuned,
    /// Results of each day, for each policy in the order of the contest.
    pub outcomes: Vec<Vec<DayOutcome>>,
}

impl Contest {
    /// Plays all days. `played` is called after each day.
    #[must_use]
    pub fn run(&self, played: &(dyn Fn() + Sync)) -> Vec<WorldResults> {
        let tuned = in_parallel(self.threads, self.worlds.len(), &|number| {
            Tuned::on(self.worlds[number], self.seed, self.training_days)
        });
        let days = self.days as usize;
        let mut outcomes = in_parallel(self.threads, self.worlds.len() * days, &|number| {
            let (world, day) = (number / days, number % days);
            let outcomes = self.day(self.worlds[world], &tuned[world], day as u64);
            played();
            outcomes
        })
        .into_iter();
        let results = self.worlds.iter().zip(&tuned).map(|(world, tuned)| {
            let mut by_policy = vec![Vec::with_capacity(days); self.policies.len()];
            for day in outcomes.by_ref().take(days) {
                for (outcomes, outcome) in by_policy.iter_mut().zip(day) {
                    outcomes.push(outcome);
                }
            }
            WorldResults { world: world.name, tuned: tuned.clone(), outcomes: by_policy }
        });
        results.collect()
    }

    /// Plays one day under every policy.
    fn day(&self, world: &'static ShopWorld, tuned: &Tuned, number: u64) -> Vec<DayOutcome> {
        let day = &SimulatedDay::played(world, self.seed, number);
        let belief = &ShopBelief::before(world, self.seed, number);
        let setting = Setting { day, number, belief, tuned };
        let outcome = |policy: &PricePolicy| {
            let played = play(day, &mut policy.chooser(&setting));
            DayOutcome {
                value: played.value(day),
                on_hand_first: played.on_hand_first,
                left: played.left,
                discounts: played.discounts,
                changes: played.changes.len() as u64,
                broken: broken(day, &played),
            }
        };
        self.policies.iter().map(outcome).collect()
    }
}

/// Returns the results of `work` for each number below `count`, in order.
fn in_parallel<T: Send>(
    threads: usize,
    count: usize,
    work: &(dyn Fn(usize) -> T + Sync),
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let share = || {
        let numbers = std::iter::from_fn(|| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            (number < count).then_some(number)
        });
        numbers.map(|number| (number, work(number))).collect::<Vec<_>>()
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(share)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined
            .flat_map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Vec<_>>()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, value)| value).collect()
}
