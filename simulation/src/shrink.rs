//! A failing plan -> a smaller one that still fails by the same check.

use crate::fault::Fault;
use crate::plan::Plan;
use crate::world::{Outcome, run};

/// Tries to leave out faults one by one, then stores, events and steps, and keeps what still
/// fails. The first objection's check is the one that has to fail.
#[must_use]
pub fn shrink(plan: &Plan, failed: &Outcome) -> (Plan, Outcome) {
    let mut smallest = (plan.clone(), failed.clone());
    loop {
        let smaller = candidates(&smallest.0, &smallest.1).into_iter().find_map(|candidate| {
            let outcome = run(&candidate, false);
            fails_alike(&outcome, failed).then_some((candidate, outcome))
        });
        match smaller {
            Some(smaller) => smallest = smaller,
            None => return smallest,
        }
    }
}

fn fails_alike(outcome: &Outcome, failed: &Outcome) -> bool {
    let check = failed.objections.first().map(|objection| objection.check);
    outcome.objections.iter().any(|objection| Some(objection.check) == check)
}

/// Plans that are a little smaller, the boldest first. After a panic nobody knows which faults
/// struck, so each is tried.
fn candidates(plan: &Plan, outcome: &Outcome) -> Vec<Plan> {
    let mut candidates = Vec::new();
    for stores in 1..plan.stores {
        candidates.push(Plan { stores, ..plan.clone() });
    }
    for events in [plan.events / 4, plan.events / 2, plan.events * 3 / 4] {
        if (1..plan.events).contains(&events) {
            candidates.push(Plan { events, ..plan.clone() });
        }
    }
    for steps in [plan.steps / 2, plan.steps.saturating_sub(1)] {
        if (1..plan.steps).contains(&steps) {
            candidates.push(Plan { steps, ..plan.clone() });
        }
    }
    let struck = |fault: &Fault| outcome.struck.get(fault).is_none_or(|times| *times > 0);
    for fault in Fault::ALL.iter().copied().filter(struck) {
        let mut smaller = plan.clone();
        if smaller.without.insert(fault) {
            candidates.push(smaller);
        }
    }
    candidates
}
