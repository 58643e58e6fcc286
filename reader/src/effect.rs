//! Outcomes of the closed days of stores, from their windows and offers, and the effect of the
//! offers as rows.

mod arm_rows;
mod notes;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use analytics::effect::{ItemDay, ItemDayOutcome, decides_from};
use chrono::{Days, NaiveDate};
use domain::ports::Failure;
use domain::stock::{Figures, StockWindow};
use domain::{ClosedDay, Currency, Item, Offer, Sku, Store};
use stock_log::{UnreadableSegment, read_windows};

use crate::ReadTables;
pub use arm_rows::{ARM_FIELDS, ArmRow, STEP_FIELDS, StepRow, arm_rows, step_rows};
pub use notes::notes;

/// Outcomes, and counts of what they leave out.
#[derive(Debug, Default)]
pub struct EffectOutcomes {
    /// Outcomes.
    pub outcomes: Vec<ItemDayOutcome>,
    /// Number of day rows, with or without stock at the first decision.
    pub days_closed: usize,
    /// Number of day rows without windows, because windows are deleted earlier.
    pub without_windows: usize,
    /// Number of offers in another arm than the experiment of the catalogue now assigns.
    pub other_arm: usize,
    /// Number of outcomes of items without a cost.
    pub without_cost: usize,
    /// Currencies of the items.
    pub currencies: BTreeSet<Currency>,
    /// Segments of the stock log that were left out.
    pub unreadable: Vec<UnreadableSegment>,
}

/// Days before today, if no dates are given.
const USUAL_DAYS: Days = Days::new(28);

/// Returns the dates that are compared if none are given: four weeks and `today`.
#[must_use]
pub fn usual_dates(today: NaiveDate) -> RangeInclusive<NaiveDate> {
    today - USUAL_DAYS..=today
}

/// Loads the outcomes of every item of the catalogue on every closed day.
///
/// # Errors
/// Returns an error if a table cannot be read.
pub async fn load(
    tables: &impl ReadTables,
    stores: &[Store],
    dates: &RangeInclusive<NaiveDate>,
) -> Result<EffectOutcomes, Failure> {
    let mut found = EffectOutcomes::default();
    for store in stores {
        let items = tables.load_items(&store.store_id).await?;
        let items: BTreeMap<Sku, Item> =
            items.into_iter().map(|item| (item.sku.clone(), item)).collect();
        let mut closed: BTreeMap<NaiveDate, Vec<ClosedDay>> = BTreeMap::new();
        for sku in items.keys() {
            let (first, last) = (*dates.start(), *dates.end());
            for day in tables.query_days(&store.store_id, sku, first, last).await? {
                closed.entry(day.key.date).or_default().push(day);
            }
        }
        for (date, days) in closed {
            load_date(tables, store, &items, (date, &days), &mut found).await?;
        }
    }
    Ok(found)
}

async fn load_date(
    tables: &impl ReadTables,
    store: &Store,
    items: &BTreeMap<Sku, Item>,
    (date, days): (NaiveDate, &[ClosedDay]),
    found: &mut EffectOutcomes,
) -> Result<(), Failure> {
    let span = store.span(date);
    let read = read_windows(tables, &store.store_id, None, span.starts_at, span.ends_at).await?;
    found.unreadable.extend(read.unreadable);
    let offers = tables.query_offers(&store.store_id, date).await?;
    let windows = by_sku(read.windows, |window: &StockWindow| window.key().sku.clone());
    let offers = by_sku(offers, |offer: &Offer| offer.offer_id.sku.clone());
    found.add_date(store, items, (date, days), &windows, &offers);
    Ok(())
}

impl EffectOutcomes {
    /// Adds the outcomes of a store's closed date, from its windows and offers.
    pub fn add_date(
        &mut self,
        store: &Store,
        items: &BTreeMap<Sku, Item>,
        (date, days): (NaiveDate, &[ClosedDay]),
        windows: &BTreeMap<Sku, Vec<StockWindow>>,
        offers: &BTreeMap<Sku, Vec<Offer>>,
    ) {
        self.days_closed += days.len();
        // There are no decisions on a day on which the store is closed.
        let Some(business_day) = store.day(date) else { return };
        for day in days {
            let Some(item) = items.get(&day.key.sku) else { continue };
            let windows = windows.get(&day.key.sku).map_or(&[][..], Vec::as_slice);
            let windows = &*item.units.uniform(windows).windows;
            let figures = Figures::of(windows.iter().flat_map(StockWindow::events));
            if figures.events < day.figures.events {
                self.without_windows += 1;
                continue;
            }
            let category = item.category.as_deref();
            let arm = store.policy.experiment.arm(&store.store_id, category, date);
            let offers = offers.get(&day.key.sku).map_or(&[][..], Vec::as_slice);
            // Shadow offers were not shown.
            let shown = offers.iter().filter(|offer| !offer.shadow);
            self.other_arm += shown.filter(|offer| offer.arm != arm).count();
            let outcome = ItemDayOutcome::of(&ItemDay {
                item,
                arm,
                decides_from: decides_from(store, &business_day),
                day,
                windows,
                offers,
            });
            let Some(outcome) = outcome else { continue };
            self.without_cost += usize::from(outcome.margin.is_none());
            self.currencies.insert(item.price.currency());
            self.outcomes.push(outcome);
        }
    }
}

/// Groups values by item; those of an item keep their order.
pub fn by_sku<T>(all: Vec<T>, sku: impl Fn(&T) -> Sku) -> BTreeMap<Sku, Vec<T>> {
    let mut by_sku: BTreeMap<Sku, Vec<T>> = BTreeMap::new();
    for value in all {
        by_sku.entry(sku(&value)).or_default().push(value);
    }
    by_sku
}
