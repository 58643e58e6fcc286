//! The mean of a category's items: what is expected of a new one.

use std::collections::BTreeMap;

use super::{DayKind, Estimate, History, HistoryKey, RULES, UsualDay, Whose, rounded};
use crate::closed_day::SLOTS_PER_DAY;
use crate::demand::Elasticity;
use crate::id::StoreId;
use crate::version::Version;

/// Longest name of a category that stands in a key as it is, in bytes: a key of DynamoDB has at
/// most 2,048.
pub const NAME_BYTES_MAX: usize = 512;

/// How much categories differ in elasticity, and how much the items of one do: together the
/// uncertainty where nothing is known.
const CATEGORIES_SD: f64 = 0.5;
const ITEMS_SD: f64 = 0.49;
/// How many items that are known exactly the default of their difference counts for.
const ITEMS_SD_COUNT: f64 = 4.0;
const DAY_CV_MAX: f64 = 2.0;

pub(super) fn history(store_id: &StoreId, name: &str, items: &[&History]) -> Option<History> {
    let items: BTreeMap<&HistoryKey, &History> =
        items.iter().map(|item| (&item.key, *item)).collect();
    let items: Vec<&History> = items.into_values().collect();
    let through = items.iter().map(|item| item.through).max()?;
    let mut text = format!("{RULES} {through}");
    items.iter().for_each(|item| text.push_str(&format!(" {} {}", item.key, item.version)));
    let version = Version::of(text.as_bytes());
    Some(History {
        key: HistoryKey { store_id: store_id.clone(), of: Whose::Category(name.to_owned()) },
        through,
        kinds: DayKind::ALL.map(|kind| usual_day(&items, kind)),
        days: items.iter().map(|item| item.days).fold(0.0, f64::max),
        day_cv: rounded(day_cv(&items)),
        elasticity: elasticity(&items),
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

/// By moments over the items that were measured, shrunk to what is believed of any item.
fn elasticity(items: &[&History]) -> Option<Estimate> {
    let measured: Vec<Estimate> = items.iter().filter_map(|item| item.elasticity).collect();
    if measured.is_empty() {
        return None;
    }
    let between = between(&measured);
    let told = |item: &Estimate| 1.0 / (between + item.sd * item.sd);
    let believed = 1.0 / (CATEGORIES_SD * CATEGORIES_SD);
    let all = measured.iter().map(told).sum::<f64>() + believed;
    let sum: f64 = measured.iter().map(|item| told(item) * item.mean).sum();
    let mean = (sum + believed * Elasticity::default().mean) / all;
    let sd = libm::sqrt(between + 1.0 / all);
    Some(Estimate { mean: rounded(mean), sd: rounded(sd) })
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
