//! Day rows as the fold reads them, and what a history is named by.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{DATES, DayKind, History, HistoryKey, RECENT_DATES, RULES, Whose, profile, response};
use crate::closed_day::{ClosedDay, SlotKey, SlotSales};
use crate::demand::Elasticity;
use crate::id::{Sku, StoreId};
use crate::limits::{DISCOUNT_PERCENT_MAX, SLOT_MINUTES};
use crate::version::Version;

/// One day, with its sales in purchases of the item's usual size: so that chance is Poisson's also
/// for what is sold by weight or by the dozen.
pub(super) struct Day {
    pub(super) kind: DayKind,
    pub(super) cells: Vec<Cell>,
}

/// A slot at one price.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) slot: usize,
    /// How much of the slot there was something to buy.
    pub(super) share: f64,
    /// Purchases.
    pub(super) sold: f64,
    /// The discount of the offer on the shelf, as a share.
    pub(super) offered: f64,
    /// The discount that was paid without an offer: a sticker, an earlier rule.
    pub(super) unoffered: f64,
}

pub(super) fn item(
    store_id: &StoreId,
    sku: &Sku,
    through: NaiveDate,
    rows: &[ClosedDay],
) -> Option<History> {
    let since = through - Days::new(DATES - 1);
    let inside = rows.iter().filter(|row| (since..=through).contains(&row.key.date));
    let rows: BTreeMap<NaiveDate, &ClosedDay> = inside.map(|row| (row.key.date, row)).collect();
    if rows.is_empty() {
        return None;
    }
    let purchase = purchase(rows.values().copied());
    let days: Vec<Day> = rows.values().map(|row| Day::of(row, purchase)).collect();
    let unknown = Elasticity::default();
    let regular = profile::at_regular_price(&days, unknown.mean);
    let measured = response::measured(&days, &regular);
    let elasticity = response::with_default(measured).mean;
    let usual = profile::usual(&days, elasticity);
    Some(History {
        key: HistoryKey { store_id: store_id.clone(), of: Whose::Item(sku.clone()) },
        through,
        kinds: usual.kinds(purchase),
        days: usual.days(),
        day_cv: usual.day_cv(),
        elasticity: measured,
        items_sd: None,
        recent: recent(through, rows.values().copied()),
        version: version(through, rows.values().copied()),
    })
}

impl Day {
    fn of(row: &ClosedDay, purchase: f64) -> Self {
        let cell = |(key, sales): (&SlotKey, &SlotSales)| Cell {
            slot: usize::from(key.slot),
            share: f64::from(sales.seconds) / f64::from(SLOT_MINUTES * 60),
            sold: number(sales.sold) / purchase,
            offered: offered(row, key.revision),
            unoffered: if key.revision == 0 { unoffered(row, sales) } else { 0.0 },
        };
        Self { kind: DayKind::of(row.key.date), cells: row.slots.iter().map(cell).collect() }
    }
}

/// How much is bought at once: the mean, weighted with itself, because that is the size in which
/// chance comes. 1 where nothing was sold.
fn purchase<'a>(rows: impl Iterator<Item = &'a ClosedDay>) -> f64 {
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

/// Names the rows of the last dates.
pub(super) fn recent<'a>(
    through: NaiveDate,
    rows: impl IntoIterator<Item = &'a ClosedDay>,
) -> Version {
    let since = through - Days::new(RECENT_DATES - 1);
    let inside = |row: &&ClosedDay| (since..=through).contains(&row.key.date);
    version(through, rows.into_iter().filter(inside))
}

/// Names rows, by date.
fn version<'a>(through: NaiveDate, rows: impl Iterator<Item = &'a ClosedDay>) -> Version {
    let versions: BTreeMap<NaiveDate, &Version> =
        rows.map(|row| (row.key.date, &row.version)).collect();
    let mut text = format!("{RULES} {through}");
    for (date, version) in versions {
        text.push_str(&format!(" {date} {version}"));
    }
    Version::of(text.as_bytes())
}
