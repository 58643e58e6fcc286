//! Reduces a failing plan to a smaller plan that fails the same check.

use crate::injected_fault::InjectedFault;
use crate::world::{WorldOutcome, run};
use crate::world_plan::WorldPlan;

/// Reduces a plan as long as the check of its first violation still fails. Tries fewer stores,
/// events and steps, and then fewer faults.
#[must_use]
pub fn shrink(plan: &WorldPlan, failed: &WorldOutcome) -> (WorldPlan, WorldOutcome) {
    let check = failed.violations.first().map(|violation| violation.check);
    let mut smallest = (plan.clone(), failed.clone());
    loop {
        let smaller = candidates(&smallest.0, &smallest.1).into_iter().find_map(|candidate| {
            let outcome = run(&candidate, false);
            let fails = outcome.violations.iter().any(|found| Some(found.check) == check);
            fails.then_some((candidate, outcome))
        });
        match smaller {
            Some(smaller) => smallest = smaller,
            None => return smallest,
        }
    }
}

/// Returns smaller plans, the smallest of each kind first. After a panic the injected faults are
/// unknown, so each fault is tried.
fn candidates(plan: &WorldPlan, outcome: &WorldOutcome) -> Vec<WorldPlan> {
    let mut candidates = Vec::new();
    for stores in 1..plan.stores {
        candidates.push(WorldPlan { stores, ..plan.clone() });
    }
    for events in [plan.events / 4, plan.events / 2, plan.events * 3 / 4] {
        if (1..plan.events).contains(&events) {
            candidates.push(WorldPlan { events, ..plan.clone() });
        }
    }
    for steps in [plan.steps / 2, plan.steps.saturating_sub(1)] {
        if (1..plan.steps).contains(&steps) {
            candidates.push(WorldPlan { steps, ..plan.clone() });
        }
    }
    let was_injected =
        |fault: &InjectedFault| outcome.injected.get(fault).is_none_or(|times| *times > 0);
    for fault in InjectedFault::ALL.iter().copied().filter(was_injected) {
        let mut smaller = plan.clone();
        if smaller.without.insert(fault) {
            candidates.push(smaller);
        }
    }
    candidates
}
