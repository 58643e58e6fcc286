//! The mean of a category's items: what is expected of a new one.

use std::collections::BTreeMap;

use super::response::{MEAN_MAX, MEAN_MIN, combined};
use super::{DayKind, Estimate, History, HistoryKey, RULES, UsualDay, Whose, rounded};
use crate::closed_day::SLOTS_PER_DAY;
use crate::demand::{Elasticity, ITEMS_SD};
use crate::id::StoreId;
use crate::version::Version;

/// Longest name of a category that stands in a key as it is, in bytes: a key of DynamoDB has at
/// most 2,048.
pub const NAME_BYTES_MAX: usize = 512;

/// How many items that are known exactly the default of their difference counts for.
const ITEMS_SD_COUNT: f64 = 4.0;
/// What less of a category's weight tells of its other items is lost in the rounding.
const OTHERS_SHARE_MIN: f64 = 0.01;
const DAY_CV_MAX: f64 = 2.0;

pub(super) fn history(store_id: &StoreId, name: &str, items: &[&History]) -> Option<History> {
    let items: BTreeMap<&HistoryKey, &History> =
        items.iter().map(|item| (&item.key, *item)).collect();
    let items: Vec<&History> = items.into_values().collect();
    let through = items.iter().map(|item| item.through).max()?;
    let mut text = format!("{RULES} {through}");
    items.iter().for_each(|item| text.push_str(&format!(" {} {}", item.key, item.version)));
    let version = Version::of(text.as_bytes());
    let measured = measured(&items);
    Some(History {
        key: HistoryKey { store_id: store_id.clone(), of: Whose::Category(name.to_owned()) },
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

/// The mean of all days of all items.
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

/// Around the mean item: the items' own variation, and that between their means.
fn day_cv(items: &[&History]) -> f64 {
    let days: f64 = items.iter().map(|item| item.days).sum();
    if days <= 0.0 {
        return super::profile::DAY_CV_DEFAULT;
    }
    let weighted = |of: &dyn Fn(&History) -> f64| -> f64 {
        items.iter().map(|item| item.days * of(item)).sum::<f64>() / days
    };
    let total = |item: &History| item.units(DayKind::Weekday);
    let mean = weighted(&total);
    let own = weighted(&|item| item.day_cv * item.day_cv);
    let between = weighted(&|item| (total(item) - mean) * (total(item) - mean));
    let between = if mean > 0.0 { between / (mean * mean) } else { 0.0 };
    libm::sqrt(own + between).min(DAY_CV_MAX)
}

/// What the items that were measured say of their mean, by moments, and how much they differ.
fn measured(items: &[&History]) -> Option<(Estimate, f64)> {
    let measured: Vec<Estimate> = items.iter().filter_map(|item| item.elasticity).collect();
    if measured.is_empty() {
        return None;
    }
    let items_sd = rounded(libm::sqrt(between(&measured)));
    let all: f64 = measured.iter().map(|item| weight(item, items_sd)).sum();
    let sum: f64 = measured.iter().map(|item| weight(item, items_sd) * item.mean).sum();
    let mean = Estimate { mean: rounded(sum / all), sd: rounded(libm::sqrt(1.0 / all)) };
    Some((mean, items_sd))
}

/// How much an item tells of the mean of its category.
fn weight(item: &Estimate, items_sd: f64) -> f64 {
    1.0 / (items_sd * items_sd + item.sd * item.sd)
}

/// What is believed of an item: the other items of its category tell of the mean around which it
/// lies, and its own offers of itself; no offer is counted twice.
pub(super) fn believed(
    own: Option<Estimate>,
    category: Option<&History>,
    unknown: Elasticity,
) -> Estimate {
    let measured = category.and_then(|category| category.elasticity.zip(category.items_sd));
    let others =
        measured.and_then(|(all, items_sd)| Some((without(all, own, items_sd)?, items_sd)));
    let of_any = Estimate { mean: unknown.mean, sd: unknown.sd };
    let before = others.map_or(of_any, |(others, items_sd)| {
        let of_mean = (unknown.sd * unknown.sd - ITEMS_SD * ITEMS_SD).max(0.0);
        let mean = combined(Estimate { sd: libm::sqrt(of_mean), ..of_any }, others);
        Estimate { sd: libm::sqrt(mean.sd * mean.sd + items_sd * items_sd), ..mean }
    });
    own.map_or(before, |own| combined(before, own))
}

/// The mean of a category without one of its items; `None` when no other tells anything.
fn without(all: Estimate, own: Option<Estimate>, items_sd: f64) -> Option<Estimate> {
    let Some(own) = own else { return Some(all) };
    let (told, own_told) = (1.0 / (all.sd * all.sd), weight(&own, items_sd));
    let others = told - own_told;
    if others < OTHERS_SHARE_MIN * told {
        return None;
    }
    let mean = (told * all.mean - own_told * own.mean) / others;
    Some(Estimate { mean: mean.clamp(MEAN_MIN, MEAN_MAX), sd: libm::sqrt(1.0 / others) })
}

/// The variance between items (DerSimonian & Laird 1986), shrunk to the default by how much the
/// items tell of it.
fn between(measured: &[Estimate]) -> f64 {
    let usual = ITEMS_SD * ITEMS_SD;
    let variance = |item: &Estimate| item.sd * item.sd;
    let (mut all, mut squares, mut sum, mut told) = (0.0, 0.0, 0.0, 0.0);
    for item in measured {
        let weight = 1.0 / variance(item);
        all += weight;
        squares += weight * weight;
        sum += weight * item.mean;
        let share = usual / (usual + variance(item));
        told += share * share;
    }
    let mean = sum / all;
    let off: f64 =
        measured.iter().map(|item| (item.mean - mean) * (item.mean - mean) / variance(item)).sum();
    let scale = all - squares / all;
    let found =
        if scale > 0.0 { ((off - (measured.len() - 1) as f64) / scale).max(0.0) } else { usual };
    (told * found + ITEMS_SD_COUNT * usual) / (told + ITEMS_SD_COUNT)
}
