//! The closed days of some stores, with their windows and offers, as outcomes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use analytics::effect::{ItemDay, Outcome, decides_from};
use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{CatalogTable, DaysTable, Failure, OffersTable, StockTable};
use domain::stock::{Figures, StockWindow};
use domain::{ClosedDay, Currency, Item, Offer, Sku, Store};

use crate::connect::Tables;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) outcomes: Vec<Outcome>,
    /// Day rows, with stock at the first decision or not.
    pub(super) days_closed: usize,
    /// Day rows whose windows are no longer kept.
    pub(super) without_windows: usize,
    /// Offers that were made in another arm than the catalogue draws now.
    pub(super) other_arm: usize,
    /// Outcomes whose cost is not known.
    pub(super) without_cost: usize,
    pub(super) currencies: BTreeSet<Currency>,
}

/// The outcomes of every item of the catalogue on every closed day.
pub(super) async fn outcomes(
    tables: &Tables,
    stores: &[Store],
    dates: &RangeInclusive<NaiveDate>,
    now: DateTime<Utc>,
) -> Result<Read, Failure> {
    let mut read = Read::default();
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
            of_date(tables, store, &items, (date, &days), now, &mut read).await?;
        }
    }
    Ok(read)
}

async fn of_date(
    tables: &Tables,
    store: &Store,
    items: &BTreeMap<Sku, Item>,
    (date, days): (NaiveDate, &[ClosedDay]),
    now: DateTime<Utc>,
    read: &mut Read,
) -> Result<(), Failure> {
    read.days_closed += days.len();
    // On a day on which the store stays closed nothing is decided.
    let Some(business_day) = store.day(date) else { return Ok(()) };
    let span = store.span(date);
    let windows = tables.query_stock(&store.store_id, None, span.starts_at, span.ends_at, now);
    let windows = by_sku(windows.await?, |window: &StockWindow| window.key().sku.clone());
    let mut offers = tables.query_offers(&store.store_id, date).await?;
    // Shadows were on no shelf.
    offers.retain(|offer| !offer.shadow);
    let offers = by_sku(offers, |offer: &Offer| offer.offer_id.sku.clone());
    for day in days {
        let Some(item) = items.get(&day.key.sku) else { continue };
        let windows = windows.get(&day.key.sku).map_or(&[][..], Vec::as_slice);
        let found = Figures::of(windows.iter().flat_map(StockWindow::events));
        if found.events < day.figures.events {
            read.without_windows += 1;
            continue;
        }
        let category = item.category.as_deref();
        let arm = store.policy.experiment.arm(&store.store_id, category, date);
        let offers = offers.get(&day.key.sku).map_or(&[][..], Vec::as_slice);
        read.other_arm += offers.iter().filter(|offer| offer.arm != arm).count();
        let outcome = Outcome::of(&ItemDay {
            item,
            arm,
            decides_from: decides_from(store, &business_day),
            day,
            windows,
            offers,
        });
        let Some(outcome) = outcome else { continue };
        read.without_cost += usize::from(outcome.margin.is_none());
        read.currencies.insert(item.price.currency());
        read.outcomes.push(outcome);
    }
    Ok(())
}

fn by_sku<T>(all: Vec<T>, sku: impl Fn(&T) -> Sku) -> BTreeMap<Sku, Vec<T>> {
    let mut by_sku: BTreeMap<Sku, Vec<T>> = BTreeMap::new();
    for one in all {
        by_sku.entry(sku(&one)).or_default().push(one);
    }
    by_sku
}
