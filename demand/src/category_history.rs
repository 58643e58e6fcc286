//! History of a category: the mean of its items, used for a new item.

use std::collections::BTreeMap;

use domain::closed_day::SLOTS_PER_DAY;
use domain::history::{DayKind, ElasticityEstimate, History, HistoryKey, HistorySubject, UsualDay};
use domain::{StoreId, Version};

use crate::RULES;
use crate::elasticity::{Elasticity, ITEMS_SD};
use crate::estimate::{combined, precision, rounded};
use crate::level::DAY_CV_DEFAULT;
use crate::offer_response::{ELASTICITY_MAX, ELASTICITY_MIN};

/// Number of exactly known items that [`ITEMS_SD`] counts for.
const ITEMS_SD_COUNT: f64 = 4.0;
/// Share of a category's precision below which its other items are lost in the rounding.
const OTHERS_SHARE_MIN: f64 = 0.01;
const DAY_CV_MAX: f64 = 2.0;

/// Folds the histories of a category's items, in any order, into the history of the category.
/// Returns `None` without items.
#[must_use]
pub fn category_history(store_id: &StoreId, name: &str, items: &[&History]) -> Option<History> {
    let items: BTreeMap<&HistoryKey, &History> =
        items.iter().map(|item| (&item.key, *item)).collect();
    let items: Vec<&History> = items.into_values().collect();
    let through = items.iter().map(|item| item.through).max()?;
    let mut text = format!("{RULES} {through}");
    items.iter().for_each(|item| text.push_str(&format!(" {} {}", item.key, item.version)));
    let version = Version::of(text.as_bytes());
    let measured = measured(&items);
    Some(History {
        key: HistoryKey {
            store_id: store_id.clone(),
            subject: HistorySubject::Category(name.to_owned()),
        },
        through,
        kinds: DayKind::ALL.map(|kind| usual_day(&items, kind)),
        days: items.iter().map(|item| item.days).fold(0.0, f64::max),
        day_cv: rounded(day_cv(&items)),
        elasticity: measured.map(|(mean, _)| mean),
        items_sd: measured.map(|(_, items_sd)| items_sd),
        recent: version.clone(),
        version,
    })
}

/// Returns the mean of all days of all items.
fn usual_day(items: &[&History], kind: DayKind) -> UsualDay {
    let days = || items.iter().map(|item| &item.kinds[kind as usize]);
    let mean = |slot: usize| {
        let (mut weight, mut sum) = (0.0, 0.0);
        for day in days() {
            if let Some(Some(units)) = day.units.get(slot) {
                weight += day.days;
                sum += day.days * units;
            }
        }
        (weight > 0.0).then(|| rounded(sum / weight))
    };
    let mut units: Vec<Option<f64>> = (0..usize::from(SLOTS_PER_DAY)).map(mean).collect();
    units.truncate(units.iter().rposition(Option::is_some).map_or(0, |last| last + 1));
    UsualDay { days: days().map(|day| day.days).fold(0.0, f64::max), units }
}

/// Returns the variation of days around the mean item: that of the items' days, and that between
/// the items' means.
fn day_cv(items: &[&History]) -> f64 {
    let days: f64 = items.iter().map(|item| item.days).sum();
    if days <= 0.0 {
        return DAY_CV_DEFAULT;
    }
    let weighted = |of: &dyn Fn(&History) -> f64| -> f64 {
        items.iter().map(|item| item.days * of(item)).sum::<f64>() / days
    };
    let total = |item: &History| -> f64 {
        item.kinds[DayKind::Weekday as usize].units.iter().flatten().sum()
    };
    let mean = weighted(&total);
    let own = weighted(&|item| item.day_cv * item.day_cv);
    let between = weighted(&|item| (total(item) - mean) * (total(item) - mean));
    let between = if mean > 0.0 { between / (mean * mean) } else { 0.0 };
    libm::sqrt(own + between).min(DAY_CV_MAX)
}

/// Returns the mean elasticity of the measured items, by moments, and the standard deviation
/// between items.
fn measured(items: &[&History]) -> Option<(ElasticityEstimate, f64)> {
    let measured: Vec<ElasticityEstimate> =
        items.iter().filter_map(|item| item.elasticity).collect();
    if measured.is_empty() {
        return None;
    }
    let items_sd = rounded(libm::sqrt(variance_between(&measured)));
    let all: f64 = measured.iter().map(|item| weight(item, items_sd)).sum();
    let sum: f64 = measured.iter().map(|item| weight(item, items_sd) * item.mean).sum();
    let mean = ElasticityEstimate { mean: rounded(sum / all), sd: rounded(libm::sqrt(1.0 / all)) };
    Some((mean, items_sd))
}

/// Returns the weight of an item in the mean of its category.
fn weight(item: &ElasticityEstimate, items_sd: f64) -> f64 {
    1.0 / (items_sd * items_sd + item.sd * item.sd)
}

/// Returns the belief about an item: the other items of its category inform the mean around which
/// the item lies, and its own offers inform the item. No offer counts twice.
pub(crate) fn category_belief(
    own: Option<ElasticityEstimate>,
    category: Option<&History>,
    unknown: Elasticity,
) -> ElasticityEstimate {
    let measured = category.and_then(|category| category.elasticity.zip(category.items_sd));
    let others =
        measured.and_then(|(all, items_sd)| Some((without(all, own, items_sd)?, items_sd)));
    let any = ElasticityEstimate { mean: unknown.mean, sd: unknown.sd };
    let before = others.map_or(any, |(others, items_sd)| {
        let of_mean = (unknown.sd * unknown.sd - ITEMS_SD * ITEMS_SD).max(0.0);
        let mean = combined(ElasticityEstimate { sd: libm::sqrt(of_mean), ..any }, others);
        let sd = libm::sqrt(mean.sd * mean.sd + items_sd * items_sd);
        ElasticityEstimate { sd, ..mean }
    });
    own.map_or(before, |own| combined(before, own))
}

/// Returns the mean of a category without one of its items; `None` if no other item was measured.
fn without(
    all: ElasticityEstimate,
    own: Option<ElasticityEstimate>,
    items_sd: f64,
) -> Option<ElasticityEstimate> {
    let Some(own) = own else { return Some(all) };
    let (known, own_weight) = (precision(all.sd), weight(&own, items_sd));
    let others = known - own_weight;
    if others < OTHERS_SHARE_MIN * known {
        return None;
    }
    let mean = (known * all.mean - own_weight * own.mean) / others;
    let mean = mean.clamp(ELASTICITY_MIN, ELASTICITY_MAX);
    Some(ElasticityEstimate { mean, sd: libm::sqrt(1.0 / others) })
}

/// Returns the variance between items (DerSimonian & Laird 1986), shrunk to the default by the
/// information of the items.
fn variance_between(measured: &[ElasticityEstimate]) -> f64 {
    let usual = ITEMS_SD * ITEMS_SD;
    let variance = |item: &ElasticityEstimate| item.sd * item.sd;
    let (mut all, mut squares, mut sum, mut known) = (0.0, 0.0, 0.0, 0.0);
    for item in measured {
        let weight = 1.0 / variance(item);
        all += weight;
        squares += weight * weight;
        sum += weight * item.mean;
        let share = usual / (usual + variance(item));
        known += share * share;
    }
    let mean = sum / all;
    let off: f64 =
        measured.iter().map(|item| (item.mean - mean) * (item.mean - mean) / variance(item)).sum();
    let scale = all - squares / all;
    let found =
        if scale > 0.0 { ((off - (measured.len() - 1) as f64) / scale).max(0.0) } else { usual };
    (known * found + ITEMS_SD_COUNT * usual) / (known + ITEMS_SD_COUNT)
}
