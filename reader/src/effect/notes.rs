//! Limits of the figures, in words.

use std::collections::BTreeSet;

use analytics::effect::ArmFigures;
use analytics::effect::statistics::CLUSTERS_MIN;
use domain::{Arm, Store};

use super::EffectOutcomes;

/// Returns notes on the limits of the figures.
#[must_use]
pub fn notes(arms: &[ArmFigures], stores: &[Store], found: &EffectOutcomes) -> Vec<String> {
    let mut notes = Vec::new();
    let of =
        |arm: Arm| arms.iter().find(|found| found.arm == arm).map_or(0, |found| found.store_days);
    let groups: BTreeSet<(u8, u8)> = stores
        .iter()
        .map(|store| &store.policy.experiment)
        .map(|experiment| (experiment.control_percent, experiment.exploration_percent))
        .collect();
    if of(Arm::Control) < CLUSTERS_MIN || of(Arm::Policy) < CLUSTERS_MIN {
        let no_group = groups.iter().all(|(control, _)| *control == 0);
        let remedy = if no_group {
            "no store has a control group: `policy.experiment.control_percent` in the catalogue, \
             like 10, gives it one from then on, and `rule` beside it says which steps the group \
             keeps; without a rule, or with one below the ladder's first step, it never has a \
             discount"
        } else {
            "name more dates or more stores"
        };
        notes.push(format!(
            "no uplift is shown: it needs at least {CLUSTERS_MIN} store-days of the policy and of \
             the control, and there are {} and {}; {remedy}",
            of(Arm::Policy),
            of(Arm::Control),
        ));
    }
    if groups.len() > 1 {
        notes.push(
            "the stores do not have the same share of control days, so the arms compare \
             different stores as well; ask for one store to avoid it"
                .to_owned(),
        );
    }
    if found.other_arm > 0 {
        notes.push(format!(
            "{} offers were made in another arm than the catalogue's experiment draws now: it was \
             changed, so only dates after the change can be compared",
            found.other_arm
        ));
    }
    if found.without_windows > 0 {
        notes.push(format!(
            "{} day rows are left out: the stock windows behind them are no longer kept",
            found.without_windows
        ));
    }
    if found.without_cost > 0 {
        notes.push(format!(
            "{} of {} item-days are of items without a cost in the catalogue, and not in \
             waste_cost and margin",
            found.without_cost,
            found.outcomes.len()
        ));
    }
    notes
}
