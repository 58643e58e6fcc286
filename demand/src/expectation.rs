//! Expectation of an item's demand before today, from its history and that of its category.

use domain::History;
use domain::closed_day::SLOTS_PER_DAY;
use domain::history::{DayKind, UsualDay};
use domain::limits::SLOT_MINUTES;

use crate::category_history::category_belief;
use crate::elasticity::Elasticity;
use crate::profile::{DemandProfile, ProfileBasis, ProfileSlot};

/// Number of own days below which an item is expected to sell as its category does.
const OWN_DAYS_MIN: f64 = 4.0;

/// Expected demand of an item before today.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Usual day, in the item's unit; `None` if nothing is known.
    pub profile: Option<DemandProfile>,
    /// Price response. Past offers are contained and must not be counted again.
    pub elasticity: Elasticity,
}

/// Returns the expected demand of an item on a day of this kind.
///
/// `unknown` is the belief about an elasticity without any measurement (see
/// [`crate::prior_elasticity`]). Its variance beyond the variance between items is that of the mean
/// of a category, which the other items of the category inform.
#[must_use]
pub fn expectation(
    item: Option<&History>,
    category: Option<&History>,
    kind: DayKind,
    unknown: Elasticity,
) -> Expectation {
    let belief = category_belief(item.and_then(|item| item.elasticity), category, unknown);
    let elasticity = Elasticity { mean: belief.mean, sd: belief.sd, form: unknown.form };
    Expectation { profile: usual_profile(item, category, kind), elasticity }
}

fn usual_profile(
    item: Option<&History>,
    category: Option<&History>,
    kind: DayKind,
) -> Option<DemandProfile> {
    let has_days = |history: &&History| history.days > 0.0;
    let (item, category) = (item.filter(has_days), category.filter(has_days));
    let own = item.filter(|item| item.days >= OWN_DAYS_MIN || category.is_none());
    let (basis, history) = match (own, category) {
        (Some(item), _) => (ProfileBasis::Sku, item),
        (None, Some(category)) => (ProfileBasis::Category, category),
        (None, None) => return None,
    };
    let usual = &history.kinds[kind as usize];
    let borrowed = category.filter(|_| basis == ProfileBasis::Sku);
    let units = match borrowed.map(|category| &category.kinds[kind as usize]) {
        Some(borrowed) => filled(usual, borrowed),
        None => usual.units.clone(),
    };
    let slot = |(slot, units): (usize, Option<f64>)| {
        let start = u16::try_from(slot * SLOT_MINUTES as usize).ok()?;
        Some(ProfileSlot { start, end: start + SLOT_MINUTES as u16, units: units? })
    };
    let slots = units.into_iter().enumerate().filter_map(slot).collect();
    Some(DemandProfile { basis, days: usual.days, day_cv: history.day_cv, slots })
}

/// Returns the units of a day. Unknown slots are taken from `other`, scaled by the slots that both
/// know: an item that is always sold out at noon has demand in the afternoon as well.
fn filled(day: &UsualDay, other: &UsualDay) -> Vec<Option<f64>> {
    let at = |day: &UsualDay, slot: usize| day.units.get(slot).copied().flatten();
    let (mut own, mut others) = (0.0, 0.0);
    let slots = usize::from(SLOTS_PER_DAY);
    for slot in 0..slots {
        if let (Some(mine), Some(theirs)) = (at(day, slot), at(other, slot)) {
            own += mine;
            others += theirs;
        }
    }
    let scale = if others > 0.0 { own / others } else { 1.0 };
    let scaled = |slot| at(day, slot).or_else(|| at(other, slot).map(|units| units * scale));
    (0..slots).map(scaled).collect()
}
