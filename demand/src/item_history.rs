//! History of an item, folded from its closed days.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use domain::closed_day::{ClosedDay, SlotKey, SlotSales};
use domain::history::{DATES, DayKind, History, HistoryKey, HistorySubject, RECENT_DATES};
use domain::limits::{DISCOUNT_PERCENT_MAX, SLOT_MINUTES};
use domain::{Sku, StoreId, Version};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::elasticity::Elasticity;
use crate::{RULES, offer_response, usual_day};

/// Closed day, with quantities in typical sales of the item: chance is then Poisson also for goods
/// sold by weight or by the dozen.
pub(crate) struct Day {
    pub(crate) kind: DayKind,
    pub(crate) cells: Vec<Cell>,
}

/// Slot at one price.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) slot: usize,
    /// Share of the slot in which the item was available.
    pub(crate) share: f64,
    /// Number of typical sales.
    pub(crate) sold: f64,
    /// Discount of the current offer, as a share of the regular price.
    pub(crate) offered: f64,
    /// Discount paid without an offer (a sticker, an earlier rule), as a share of the regular
    /// price.
    pub(crate) unoffered: f64,
}

/// Folds the closed days of an item into its history.
///
/// Rows may be in any order and of any dates; those outside the [`DATES`] dates up to `through` are
/// ignored, and so are rows that are left over. Returns `None` if no row remains.
#[must_use]
pub fn item_history(
    store_id: &StoreId,
    sku: &Sku,
    through: NaiveDate,
    rows: &[ClosedDay],
) -> Option<History> {
    let since = through - Days::new(DATES - 1);
    let inside = rows.iter().filter(|row| (since..=through).contains(&row.key.date));
    let inside = inside.filter(|row| !row.is_left_over());
    let rows: BTreeMap<NaiveDate, &ClosedDay> = inside.map(|row| (row.key.date, row)).collect();
    if rows.is_empty() {
        return None;
    }
    let typical_sale = typical_sale(rows.values().copied());
    let days: Vec<Day> = rows.values().map(|row| Day::of(row, typical_sale)).collect();
    let regular = usual_day::at_regular_price(&days, Elasticity::default().mean);
    let measured = offer_response::measured(&days, &regular);
    let usual = usual_day::of_all_slots(&days, offer_response::with_default(measured).mean);
    Some(History {
        key: HistoryKey { store_id: store_id.clone(), subject: HistorySubject::Item(sku.clone()) },
        through,
        kinds: usual.kinds(typical_sale),
        days: usual.days(),
        day_cv: usual.day_cv(),
        elasticity: measured,
        items_sd: None,
        recent: recent_version(through, rows.values().copied()),
        version: version(through, rows.values().copied()),
    })
}

/// Returns the version of an item's rows of the last [`RECENT_DATES`] dates. It equals
/// [`History::recent`] as long as none of these rows changed.
#[must_use]
pub fn recent_version<'a>(
    through: NaiveDate,
    rows: impl IntoIterator<Item = &'a ClosedDay>,
) -> Version {
    let since = through - Days::new(RECENT_DATES - 1);
    let inside = |row: &&ClosedDay| (since..=through).contains(&row.key.date);
    version(through, rows.into_iter().filter(inside))
}

fn version<'a>(through: NaiveDate, rows: impl Iterator<Item = &'a ClosedDay>) -> Version {
    let versions: BTreeMap<NaiveDate, &Version> =
        rows.map(|row| (row.key.date, &row.version)).collect();
    let mut text = format!("{RULES} {through}");
    for (date, version) in versions {
        text.push_str(&format!(" {date} {version}"));
    }
    Version::of(text.as_bytes())
}

impl Day {
    fn of(row: &ClosedDay, typical_sale: f64) -> Self {
        let cell = |(key, sales): (&SlotKey, &SlotSales)| Cell {
            slot: usize::from(key.slot),
            share: f64::from(sales.seconds) / f64::from(SLOT_MINUTES * 60),
            sold: number(sales.sold) / typical_sale,
            offered: offered(row, key.revision),
            unoffered: if key.revision == 0 { unoffered(row, sales) } else { 0.0 },
        };
        Self { kind: DayKind::of(row.key.date), cells: row.slots.iter().map(cell).collect() }
    }
}

/// Returns the mean quantity of a sale, weighted by quantity because chance comes in that size; 1
/// if nothing was sold.
fn typical_sale<'a>(rows: impl Iterator<Item = &'a ClosedDay>) -> f64 {
    let (mut squares, mut sold) = (Decimal::ZERO, Decimal::ZERO);
    for row in rows {
        squares += row.squares;
        sold += row.slots.values().map(|sales| sales.sold).sum::<Decimal>();
    }
    if squares > Decimal::ZERO && sold > Decimal::ZERO { number(squares / sold) } else { 1.0 }
}

fn offered(row: &ClosedDay, revision: u32) -> f64 {
    row.offers.get(&revision).map_or(0.0, |offer| {
        discount(number(offer.price.amount()), number(offer.regular_price.amount()))
    })
}

fn unoffered(row: &ClosedDay, sales: &SlotSales) -> f64 {
    let regular = row.regular_price.map_or(0.0, |price| number(price.amount()));
    discount(number(sales.paid), number(sales.sold) * regular)
}

fn discount(paid: f64, regular: f64) -> f64 {
    let deepest = f64::from(DISCOUNT_PERCENT_MAX) / 100.0;
    if regular > 0.0 { (1.0 - paid / regular).clamp(0.0, deepest) } else { 0.0 }
}

fn number(value: Decimal) -> f64 {
    value.to_f64().unwrap_or_default()
}
