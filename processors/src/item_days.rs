//! Days of one item, computed from its windows, its offers and the day before.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::closed_day::DayContext;
use domain::stock::{ItemUnits, StockWindow};
use domain::{ClosedDay, DayKey, DaySpan, Offer, Sku, Store};

/// Stored day rows.
pub(crate) type DayRows = BTreeMap<DayKey, ClosedDay>;
/// Offers by date and item, shadow offers excluded.
pub(crate) type OffersByDay = BTreeMap<(NaiveDate, Sku), Vec<Offer>>;

/// Input of one item's days over consecutive dates.
pub(crate) struct ItemDays<'a> {
    pub(crate) store: &'a Store,
    pub(crate) sku: &'a Sku,
    pub(crate) shelf_life_days: u16,
    pub(crate) units: &'a ItemUnits,
    /// Windows of the item, sorted by start.
    pub(crate) windows: &'a [StockWindow],
    pub(crate) offers: &'a OffersByDay,
    /// Day rows of the store as they were before the pass.
    pub(crate) stored: &'a DayRows,
}

impl<'a> ItemDays<'a> {
    /// Returns the stored row of a date.
    pub(crate) fn stored_row(&self, date: NaiveDate) -> Option<&'a ClosedDay> {
        self.stored.get(&self.key(date))
    }

    /// Computes the row of a date from the row of the day before. Returns `None` for a day without
    /// stock and without events.
    pub(crate) fn close(&self, span: &DaySpan, before: Option<&ClosedDay>) -> Option<ClosedDay> {
        let before_at =
            |instant| self.windows.partition_point(|row| row.key().window.start() < instant);
        let windows = &self.windows[before_at(span.starts_at)..before_at(span.ends_at)];
        let uniform = self.units.uniform(windows);
        let windows: Vec<&StockWindow> = uniform.windows.iter().collect();
        let context = DayContext {
            before,
            span: *span,
            opens_at: self.store.day(span.date).map(|day| day.opens_at),
            zone: self.store.zone,
            shelf_life_days: self.shelf_life_days,
            is_stored: self.stored_row(span.date).is_some(),
        };
        let offers = self.offers.get(&(span.date, self.sku.clone()));
        let offers: Vec<&Offer> = offers.into_iter().flatten().collect();
        ClosedDay::of(self.key(span.date), &context, &windows, &offers)
    }

    fn key(&self, date: NaiveDate) -> DayKey {
        DayKey { store_id: self.store.store_id.clone(), sku: self.sku.clone(), date }
    }
}
