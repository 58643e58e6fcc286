//! Stock of a store's items at a slot: windows of the business day, and day rows of the date
//! before.
//!
//! An item that keeps for several days and has no row of the date before either had no event within
//! its shelf life, or the date was not closed. In the second case earlier dates are read, for these
//! items alone, back to a row or to a date that was closed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::closed_day::DayContext;
use domain::ports::{DaysTable, Failure, StockLog};
use domain::stock::StockWindow;
use domain::{BusinessDay, ClosedDay, DayKey, DaySpan, Item, Sku, Store};
use stock_log::{BusinessDays, UnreadableSegment};

/// Stock of the items of a store before a slot.
#[derive(Debug, Default)]
pub(crate) struct StoreStock {
    /// Windows of the day, and those of earlier dates for items without a row in `before`.
    pub(crate) windows: Vec<StockWindow>,
    /// Rows of the date before, as stored or as its close will write them.
    pub(crate) before: Vec<ClosedDay>,
    /// Segments that were left out.
    pub(crate) unreadable: Vec<UnreadableSegment>,
}

/// Reader of the stock of a store.
pub(crate) struct StockReader<'a, T> {
    pub(crate) tables: &'a T,
    pub(crate) store: &'a Store,
    pub(crate) day: &'a BusinessDay,
    pub(crate) items: &'a [Item],
}

/// Latest rows of items, and the items whose later windows are read.
#[derive(Default)]
struct LatestRows<'a> {
    rows: HashMap<&'a Sku, ClosedDay>,
    /// Items without a row of the date before, by the first date whose windows are read.
    read_from: BTreeMap<NaiveDate, Vec<&'a Item>>,
}

impl<'a, T: StockLog + DaysTable> StockReader<'a, T> {
    /// Reads the stock before `slot`.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read.
    pub(crate) async fn read(&self, slot: DateTime<Utc>) -> Result<StoreStock, Failure> {
        let LatestRows { mut rows, read_from } = self.latest_rows().await?;
        let mut log = BusinessDays::new(self.tables, &self.store.store_id);
        let mut stock = StoreStock::default();
        let mut open: BTreeMap<&Sku, &Item> = BTreeMap::new();
        // Items that had a row before `read_from`.
        let mut has_rows: BTreeSet<&Sku> = BTreeSet::new();
        let first = read_from.keys().next().copied().unwrap_or(self.day.date);
        for date in first.iter_days().take_while(|date| *date < self.day.date) {
            for item in read_from.get(&date).into_iter().flatten() {
                open.insert(&item.sku, item);
                has_rows.extend(rows.contains_key(&item.sku).then_some(&item.sku));
            }
            let span = self.store.span(date);
            let windows = log.windows(span.starts_at, span.ends_at).await?;
            stock.add_unreadable(&log.unreadable);
            let mut of_rows: BTreeMap<Sku, Vec<StockWindow>> = BTreeMap::new();
            for window in windows {
                let sku = &window.key().sku;
                if has_rows.contains(sku) {
                    of_rows.entry(sku.clone()).or_default().push(window);
                } else if open.contains_key(sku) {
                    stock.windows.push(window);
                }
            }
            for sku in &has_rows {
                let windows = of_rows.get(*sku).map_or(&[][..], Vec::as_slice);
                let row = self.close(open[sku], rows.remove(sku).as_ref(), &span, windows);
                rows.extend(row.map(|row| (*sku, row)));
            }
        }
        stock.windows.extend(log.windows(self.day.starts_at, slot).await?);
        stock.add_unreadable(&log.unreadable);
        stock.before = rows.into_values().collect();
        Ok(stock)
    }

    /// Reads the latest rows of the items that keep for several days.
    async fn latest_rows(&self) -> Result<LatestRows<'a>, Failure> {
        let mut latest = LatestRows::default();
        let keep = self.items.iter().filter(|item| item.shelf_life_days > 1);
        let mut missing: BTreeMap<&Sku, &Item> = keep.map(|item| (&item.sku, item)).collect();
        let mut date = self.day.date - Days::new(1);
        loop {
            let span = self.store.span(date);
            let is_whole = |item: &Item| {
                self.store.shelf_since(self.day, item.shelf_life_days) >= span.ends_at
            };
            let whole = missing.extract_if(.., |_, item| is_whole(item));
            let mut known: Vec<&Item> = whole.map(|(_, item)| item).collect();
            // Rows of an earlier version of the program do not hold the deliveries.
            let mut incomplete: BTreeSet<Sku> = BTreeSet::new();
            for row in self.load_rows(&missing, date).await? {
                if row.deliveries.is_none() {
                    incomplete.insert(row.key.sku);
                } else if let Some(item) = missing.remove(&row.key.sku) {
                    known.push(item);
                    latest.rows.insert(&item.sku, row);
                }
            }
            let has_no_row = |sku: &Sku| !incomplete.contains(sku);
            if missing.keys().any(|sku| has_no_row(sku)) && self.has_all_rows(&span).await? {
                // These items had no event within their shelf life.
                let unmoved = missing.extract_if(.., |sku, _| has_no_row(sku));
                known.extend(unmoved.map(|(_, item)| item));
            }
            latest.read_from.insert(date + Days::new(1), known);
            if missing.is_empty() {
                latest.read_from.retain(|date, _| *date < self.day.date);
                return Ok(latest);
            }
            date = date - Days::new(1);
        }
    }

    async fn load_rows(
        &self,
        items: &BTreeMap<&Sku, &Item>,
        date: NaiveDate,
    ) -> Result<Vec<ClosedDay>, Failure> {
        let key = |sku: &&Sku| DayKey {
            store_id: self.store.store_id.clone(),
            sku: (*sku).clone(),
            date,
        };
        let keys: Vec<DayKey> = items.keys().map(key).collect();
        if keys.is_empty() { Ok(Vec::new()) } else { self.tables.load_days(&keys).await }
    }

    async fn has_all_rows(&self, span: &DaySpan) -> Result<bool, Failure> {
        let first = span.date.min(span.starts_at.date_naive());
        let last = span.date.max(span.ends_at.date_naive());
        let progress = self.tables.query_progress(&self.store.store_id, first, last).await?;
        Ok(progress.has_all_rows(span))
    }

    /// Returns the row of a date as its close will write it, apart from the results of offers.
    fn close(
        &self,
        item: &Item,
        before: Option<&ClosedDay>,
        span: &DaySpan,
        windows: &[StockWindow],
    ) -> Option<ClosedDay> {
        let uniform = item.units.uniform_after(before.and_then(|before| before.unit), windows);
        let context = DayContext {
            before,
            span: *span,
            opens_at: self.store.day(span.date).map(|day| day.opens_at),
            zone: self.store.zone,
            shelf_life_days: item.shelf_life_days,
            is_stored: false,
        };
        let store_id = self.store.store_id.clone();
        let key = DayKey { store_id, sku: item.sku.clone(), date: span.date };
        ClosedDay::of(key, &context, &uniform.windows.iter().collect::<Vec<_>>(), &[])
    }
}

impl StoreStock {
    fn add_unreadable(&mut self, segments: &[UnreadableSegment]) {
        // A UTC date of two business days is told twice.
        let known = &mut self.unreadable;
        for segment in segments {
            if !known.contains(segment) {
                known.push(segment.clone());
            }
        }
    }
}
