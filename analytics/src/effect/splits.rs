//! Effect by store or category.

use std::collections::BTreeMap;

use super::{ArmFigures, ItemDayOutcome, effect};

/// Grouping of the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectGroup {
    /// One comparison a store.
    Store,
    /// One comparison a category; items without one have an empty name.
    Category,
}

/// Returns the figures of each arm in each group, sorted by group. Each group is compared with its
/// own control, so a group needs store-days of both arms. Intervals of several groups hold each for
/// itself: of twenty groups without an effect, one seems to have one.
#[must_use]
pub fn split(outcomes: &[ItemDayOutcome], by: EffectGroup) -> BTreeMap<String, Vec<ArmFigures>> {
    let mut groups: BTreeMap<String, Vec<ItemDayOutcome>> = BTreeMap::new();
    for outcome in outcomes {
        let group = match by {
            EffectGroup::Store => outcome.store_id.to_string(),
            EffectGroup::Category => outcome.category.clone().unwrap_or_default(),
        };
        groups.entry(group).or_default().push(outcome.clone());
    }
    groups.into_iter().map(|(group, outcomes)| (group, effect(&outcomes))).collect()
}
