//! Close of one date of a store: the rows of all its items.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::catalog::SHELF_LIFE_DAYS_DEFAULT;
use domain::closed_day::DayContext;
use domain::limits::STOCK_LOG_KEPT_MIN;
use domain::ports::{DaysTable, Failure, OffersTable, Saved, StockLog};
use domain::stock::{ItemUnits, StockWindow};
use domain::{ClosedDay, DayKey, DaySpan, Item, Offer, Sku, Store};
use futures_util::stream::{self, StreamExt};
use stock_log::BusinessDays;

use crate::close_summary::CloseSummary;
use crate::closing::Closing;
use crate::metrics as names;
use crate::stock_query::windows_by_item;

/// Rows written concurrently.
const WRITES_AT_ONCE: usize = 16;

/// Day rows of one date, by item.
pub(crate) type DayRows = BTreeMap<Sku, ClosedDay>;

/// Date to close.
pub(crate) struct DateClosing<'a> {
    pub(crate) store: &'a Store,
    /// Items of the catalogue.
    pub(crate) items: &'a [Item],
    pub(crate) span: &'a DaySpan,
    pub(crate) now: DateTime<Utc>,
    /// `true` if hours, items and rules are those of the last pass.
    pub(crate) has_same_inputs: bool,
}

/// Rows of a date after its close.
pub(crate) struct ClosedDate {
    pub(crate) summary: CloseSummary,
    pub(crate) rows: DayRows,
    /// Items with a row that was written.
    pub(crate) touched: BTreeSet<Sku>,
}

/// Rows of a date, stored and computed.
pub(crate) struct ComputedRows {
    pub(crate) stored: DayRows,
    pub(crate) rows: DayRows,
}

/// Inputs of the rows of a date, apart from the catalogue.
struct DayRead {
    windows: BTreeMap<Sku, Vec<StockWindow>>,
    offers: BTreeMap<Sku, Vec<Offer>>,
    /// Rows of the date before.
    before: DayRows,
    /// `true` if all segments could be read.
    is_readable: bool,
    /// `true` if an id came with two contents. An item may then lose an event to another item.
    has_conflicts: bool,
}

impl<T: StockLog + DaysTable + OffersTable> Closing<T> {
    /// Closes one date. `before` are the rows of the date before, if they are known.
    pub(crate) async fn close_date(
        &self,
        date: &DateClosing<'_>,
        before: Option<DayRows>,
        log: &mut BusinessDays<'_, T>,
    ) -> Result<ClosedDate, Failure> {
        let ComputedRows { stored, rows } = self.compute(date, before, log).await?;
        let mut closed = ClosedDate {
            summary: CloseSummary::default(),
            rows: DayRows::new(),
            touched: BTreeSet::new(),
        };
        let saved = self.save_rows(&stored, rows, &mut closed).await;
        // Rows written before a failure count as well: the next pass finds them unchanged.
        names::count_units(&stored, &closed.rows, &closed.touched);
        saved.map(|()| closed)
    }

    /// Computes the rows of a date, and loads the stored ones. Writes nothing.
    pub(crate) async fn compute(
        &self,
        date: &DateClosing<'_>,
        before: Option<DayRows>,
        log: &mut BusinessDays<'_, T>,
    ) -> Result<ComputedRows, Failure> {
        let mut read = self.read(date, before, log).await?;
        let skus = date.skus(&read.windows).cloned().collect();
        let stored = self.load_rows(date.store, &skus, date.span.date).await?;
        let mut rows = date.rows_of(&read, &stored);
        let is_other = |row: &ClosedDay| stored.get(&row.key.sku).is_some_and(|known| known != row);
        if rows.values().any(is_other) {
            // A row is replaced only by one of which everything was read after it. Otherwise a
            // pass that was overtaken would restore what the other pass has replaced.
            let mut again = BusinessDays::new(&self.tables, &date.store.store_id);
            read = self.read(date, None, &mut again).await?;
            rows = date.rows_of(&read, &stored);
        }
        Ok(ComputedRows { stored, rows })
    }

    async fn read(
        &self,
        date: &DateClosing<'_>,
        before: Option<DayRows>,
        log: &mut BusinessDays<'_, T>,
    ) -> Result<DayRead, Failure> {
        let DateClosing { store, span, .. } = date;
        let windows = windows_by_item(log.windows(span.starts_at, span.ends_at).await?);
        let (is_readable, has_conflicts) = (log.unreadable.is_empty(), log.has_conflicts);
        let before = match (before, span.date.pred_opt()) {
            (Some(before), _) => before,
            (None, Some(day_before)) => {
                let skus = date.skus(&windows).cloned().collect();
                self.load_rows(store, &skus, day_before).await?
            }
            (None, None) => DayRows::new(),
        };
        let mut offers: BTreeMap<Sku, Vec<Offer>> = BTreeMap::new();
        for offer in self.tables.query_offers(&store.store_id, span.date).await? {
            // The price of a shadow offer was never on the shelf.
            if !offer.shadow {
                offers.entry(offer.offer_id.sku.clone()).or_default().push(offer);
            }
        }
        Ok(DayRead { windows, offers, before, is_readable, has_conflicts })
    }

    async fn save_rows(
        &self,
        stored: &DayRows,
        rows: DayRows,
        closed: &mut ClosedDate,
    ) -> Result<(), Failure> {
        let summary = &mut closed.summary;
        // The whole row is compared: a damaged row may still have its old version.
        let is_unchanged = |sku: &Sku, row: &ClosedDay| stored.get(sku) == Some(row);
        let (unchanged, changed): (DayRows, DayRows) =
            rows.into_iter().partition(|(sku, row)| is_unchanged(sku, row));
        unchanged.iter().for_each(|_| summary.count("unchanged", |all| &mut all.unchanged));
        closed.rows.extend(unchanged);
        let save = async |(sku, row): (Sku, ClosedDay)| {
            let known = stored.get(&sku);
            let saved = self.tables.save_day(&row, known.map(|known| &known.version)).await;
            saved.map(|saved| (sku, row, saved))
        };
        let saves: Vec<_> = changed.into_iter().map(save).collect();
        let mut saves = stream::iter(saves).buffer_unordered(WRITES_AT_ONCE);
        while let Some(saved) = saves.next().await {
            let (sku, row, saved) = saved?;
            match (saved, stored.contains_key(&sku)) {
                (Saved::Conflict(other), _) => {
                    summary.count("contested", |all| &mut all.contested);
                    closed.rows.extend(other.map(|other| (sku, other)));
                    continue;
                }
                (Saved::Done, false) => summary.count("closed", |all| &mut all.closed),
                (Saved::Done, true) => summary.count("closed_again", |all| &mut all.closed_again),
            }
            closed.touched.insert(sku.clone());
            closed.rows.insert(sku, row);
        }
        Ok(())
    }

    /// Loads the stored rows of items on a date.
    async fn load_rows(
        &self,
        store: &Store,
        items: &BTreeSet<Sku>,
        date: NaiveDate,
    ) -> Result<DayRows, Failure> {
        let key = |sku: &Sku| DayKey { store_id: store.store_id.clone(), sku: sku.clone(), date };
        let keys: Vec<DayKey> = items.iter().map(key).collect();
        let rows = self.tables.load_days(&keys).await?;
        Ok(rows.into_iter().map(|row| (row.key.sku.clone(), row)).collect())
    }
}

impl DateClosing<'_> {
    /// Returns the items of the catalogue and those with windows.
    fn skus<'a>(
        &'a self,
        windows: &'a BTreeMap<Sku, Vec<StockWindow>>,
    ) -> impl Iterator<Item = &'a Sku> {
        self.items.iter().map(|item| &item.sku).chain(windows.keys())
    }

    /// Computes the rows of all items.
    fn rows_of(&self, read: &DayRead, stored: &DayRows) -> DayRows {
        let items: BTreeMap<&Sku, &Item> =
            self.items.iter().map(|item| (&item.sku, item)).collect();
        let skus: BTreeSet<&Sku> = self.skus(&read.windows).collect();
        let rows = skus.into_iter().filter_map(|sku| {
            let item = items.get(sku).copied();
            let row = self.row_of(sku, item, read, stored.get(sku))?;
            Some((sku.clone(), row))
        });
        rows.collect()
    }

    /// Computes the row of an item. Returns `None` for a day without stock and without events.
    fn row_of(
        &self,
        sku: &Sku,
        item: Option<&Item>,
        read: &DayRead,
        stored: Option<&ClosedDay>,
    ) -> Option<ClosedDay> {
        let Self { store, span, .. } = self;
        let none = ItemUnits::default();
        let windows = read.windows.get(sku).map_or(&[][..], Vec::as_slice);
        let units = item.map_or(&none, |item| &item.units);
        let earlier = read.before.get(sku).and_then(|before| before.unit);
        let uniform = units.uniform_after(earlier, windows);
        let windows: Vec<&StockWindow> = uniform.windows.iter().collect();
        let offers: Vec<&Offer> = read.offers.get(sku).into_iter().flatten().collect();
        let context = DayContext {
            before: read.before.get(sku),
            span: **span,
            opens_at: store.day(span.date).map(|day| day.opens_at),
            zone: store.zone,
            shelf_life_days: item.map_or(SHELF_LIFE_DAYS_DEFAULT, |item| item.shelf_life_days),
            is_stored: stored.is_some(),
        };
        let store_id = store.store_id.clone();
        let key = DayKey { store_id, sku: sku.clone(), date: span.date };
        let row = ClosedDay::of(key, &context, &windows, &offers);
        // A set only grows. If fewer events are left than the stored row counted, segments
        // are missing: expired, unreadable or not there yet. The stored row stays.
        let may_be_expired = span.starts_at + STOCK_LOG_KEPT_MIN <= self.now;
        let may_shrink = !self.has_same_inputs || read.has_conflicts;
        let is_partial = may_be_expired || !read.is_readable || !may_shrink;
        let left = row.as_ref().map_or(0, event_count);
        let complete = stored.filter(|stored| {
            let is_damaged = row.as_ref().is_some_and(|row| row.version == stored.version);
            is_partial && !is_damaged && event_count(stored) > left
        });
        complete.cloned().or(row)
    }
}

/// Number of events of a day, voided events included.
fn event_count(day: &ClosedDay) -> u64 {
    day.figures.events + day.figures.voided
}
