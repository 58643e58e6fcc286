//! Close of one date of a store: the rows of all its items.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::closed_day::DayContext;
use domain::limits::STOCK_LOG_KEPT_MIN;
use domain::ports::{DaysTable, Failure, OffersTable, Saved, StockLog};
use domain::stock::{ItemUnits, StockWindow};
use domain::{ClosedDay, DayKey, DaySpan, Item, Offer, Sku, Store};
use stock_log::BusinessDays;

use crate::close_summary::CloseSummary;
use crate::closing::{Closing, shelf_life};
use crate::metrics as names;
use crate::stock_query::windows_by_item;

/// Day rows of one date, by item.
pub(crate) type DayRows = BTreeMap<Sku, ClosedDay>;

/// Date to close.
pub(crate) struct DateClosing<'a> {
    pub(crate) store: &'a Store,
    /// Items of the catalogue.
    pub(crate) items: &'a [Item],
    pub(crate) span: &'a DaySpan,
    pub(crate) now: DateTime<Utc>,
}

/// Rows of a date after its close.
pub(crate) struct ClosedDate {
    pub(crate) summary: CloseSummary,
    pub(crate) rows: DayRows,
    /// Items with a row that was written.
    pub(crate) touched: BTreeSet<Sku>,
}

/// Input of one item's day.
struct ItemDay<'a> {
    sku: &'a Sku,
    item: Option<&'a Item>,
    windows: &'a [StockWindow],
    offers: &'a [Offer],
    before: Option<&'a ClosedDay>,
    stored: Option<&'a ClosedDay>,
}

impl<T: StockLog + DaysTable + OffersTable> Closing<T> {
    /// Closes one date. `before` are the rows of the date before, if they are known.
    pub(crate) async fn close_date(
        &self,
        date: &DateClosing<'_>,
        before: Option<DayRows>,
        log: &mut BusinessDays<'_, T>,
    ) -> Result<ClosedDate, Failure> {
        let span = date.span;
        let listed: BTreeSet<&Sku> = date.items.iter().map(|item| &item.sku).collect();
        let before = match (before, span.date.pred_opt()) {
            (Some(before), _) => before,
            (None, Some(day_before)) => self.load_rows(date.store, &listed, day_before).await?,
            (None, None) => DayRows::new(),
        };
        // Rows are read before windows. A pass that reads outdated windows has then also read an
        // outdated row, and its save is refused.
        let mut stored = self.load_rows(date.store, &listed, span.date).await?;
        let mut windows = windows_by_item(log.windows(span.starts_at, span.ends_at).await?);
        let unlisted: BTreeSet<&Sku> =
            windows.keys().filter(|sku| !listed.contains(sku)).collect();
        let unlisted = self.load_rows(date.store, &unlisted, span.date).await?;
        if !unlisted.is_empty() {
            stored.extend(unlisted);
            let mut again = BusinessDays::new(&self.tables, &date.store.store_id);
            windows = windows_by_item(again.windows(span.starts_at, span.ends_at).await?);
        }
        let mut offers: BTreeMap<Sku, Vec<Offer>> = BTreeMap::new();
        for offer in self.tables.query_offers(&date.store.store_id, span.date).await? {
            // The price of a shadow offer was never on the shelf.
            if !offer.shadow {
                offers.entry(offer.offer_id.sku.clone()).or_default().push(offer);
            }
        }
        let items: BTreeMap<&Sku, &Item> =
            date.items.iter().map(|item| (&item.sku, item)).collect();
        let skus: BTreeSet<Sku> = items.keys().copied().chain(windows.keys()).cloned().collect();
        let mut closed = ClosedDate {
            summary: CloseSummary::default(),
            rows: DayRows::new(),
            touched: BTreeSet::new(),
        };
        for sku in &skus {
            let day = ItemDay {
                sku,
                item: items.get(sku).copied(),
                windows: windows.get(sku).map_or(&[][..], Vec::as_slice),
                offers: offers.get(sku).map_or(&[][..], Vec::as_slice),
                before: before.get(sku),
                stored: stored.get(sku),
            };
            let shelf_life_days = shelf_life(&items, sku);
            let saved = self.close_item(date, &day, shelf_life_days, &mut closed).await;
            // Rows written before a failure count as well: the next pass finds them unchanged.
            saved.inspect_err(|_| names::count_units(&stored, &closed.rows))?;
        }
        names::count_units(&stored, &closed.rows);
        Ok(closed)
    }

    async fn close_item(
        &self,
        date: &DateClosing<'_>,
        day: &ItemDay<'_>,
        shelf_life_days: u16,
        closed: &mut ClosedDate,
    ) -> Result<(), Failure> {
        let summary = &mut closed.summary;
        let row = date.row_of(day, shelf_life_days);
        // Segments of a date this old may have expired. If fewer events are left than the stored
        // row counted, the stored row stays.
        let may_be_expired = date.span.starts_at + STOCK_LOG_KEPT_MIN <= date.now;
        let left = row.as_ref().map_or(0, event_count);
        let complete = day.stored.filter(|row| may_be_expired && event_count(row) > left);
        let Some(row) = complete.cloned().or(row) else { return Ok(()) };
        // The whole row is compared: a damaged row may still have its old version.
        if day.stored == Some(&row) {
            summary.count("unchanged", |summary| &mut summary.unchanged);
        } else {
            match self.tables.save_day(&row, day.stored.map(|row| &row.version)).await? {
                Saved::Conflict(_) => {
                    summary.count("contested", |summary| &mut summary.contested);
                }
                Saved::Done => {
                    match day.stored {
                        None => summary.count("closed", |summary| &mut summary.closed),
                        Some(_) => {
                            summary.count("closed_again", |summary| &mut summary.closed_again);
                        }
                    }
                    closed.touched.insert(day.sku.clone());
                }
            }
        }
        closed.rows.insert(day.sku.clone(), row);
        Ok(())
    }

    /// Loads the stored rows of items on a date.
    async fn load_rows(
        &self,
        store: &Store,
        items: &BTreeSet<&Sku>,
        date: NaiveDate,
    ) -> Result<DayRows, Failure> {
        let key = |sku: &&Sku| DayKey {
            store_id: store.store_id.clone(),
            sku: (*sku).clone(),
            date,
        };
        let keys: Vec<DayKey> = items.iter().map(key).collect();
        let rows = self.tables.load_days(&keys).await?;
        Ok(rows.into_iter().map(|row| (row.key.sku.clone(), row)).collect())
    }
}

impl DateClosing<'_> {
    /// Computes the row of an item. Returns `None` for a day without stock and without events.
    fn row_of(&self, day: &ItemDay<'_>, shelf_life_days: u16) -> Option<ClosedDay> {
        let Self { store, span, .. } = self;
        let none = ItemUnits::default();
        let uniform = day.item.map_or(&none, |item| &item.units).uniform(day.windows);
        let windows: Vec<&StockWindow> = uniform.windows.iter().collect();
        let context = DayContext {
            before: day.before,
            span: **span,
            opens_at: store.day(span.date).map(|day| day.opens_at),
            zone: store.zone,
            shelf_life_days,
            is_stored: day.stored.is_some(),
        };
        let offers: Vec<&Offer> = day.offers.iter().collect();
        let store_id = store.store_id.clone();
        let key = DayKey { store_id, sku: day.sku.clone(), date: span.date };
        ClosedDay::of(key, &context, &windows, &offers)
    }
}

/// Number of events of a day, voided events included.
fn event_count(day: &ClosedDay) -> u64 {
    day.figures.events + day.figures.voided
}
