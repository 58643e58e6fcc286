//! The close of day: stored windows, the day's offers and the day before -> one day row an item;
//! and from the day rows the histories.
//!
//! A pass looks at the dates that an event usually may still arrive for, and writes what is not
//! stored yet or has changed: so a late event closes its day again, and the days after it, with
//! the result that it would have had on time. A pass may be repeated, delayed and overlapped. What
//! comes later still, by a replay or after a long standstill, is closed by hand.
//!
//! Offers are read as they were stored: the price on the shelf also counts for the hours in which
//! nothing was sold, of which no sale tells.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::catalog::SHELF_LIFE_DAYS_DEFAULT;
use domain::closed_day::Morning;
use domain::history::RECENT_DATES;
use domain::limits::{EVENT_AGE_MAX, STOCK_KEPT};
use domain::ports::{
    CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, Saved, StockTable,
};
use domain::stock::StockWindow;
use domain::{ClosedDay, DayKey, DaySpan, Item, Offer, Sku, Store, StoreId};
use metrics::counter;
use tracing::{Instrument, info_span};

use crate::histories::Fold;
use crate::metrics as names;

/// A day is closed this long after the doors close, so that its last events have arrived.
pub(crate) const SETTLE: TimeDelta = TimeDelta::minutes(5);

/// How many dates a pass goes back: an event that arrives now is of no earlier one.
const DATES_BACK: u64 = EVENT_AGE_MAX.as_secs() / (24 * 3600) + 1;
const _: () = assert!(DATES_BACK + 1 == RECENT_DATES, "a pass sees what a history is known by");

/// Stored day rows.
pub(crate) type DayRows = BTreeMap<DayKey, ClosedDay>;
/// The offers of an item on a date.
type Offers = BTreeMap<(NaiveDate, Sku), Vec<Offer>>;

/// The closing function with its tables.
#[derive(Debug, Clone)]
pub struct Closing<T> {
    /// Catalogue, stock, days, histories and offers.
    pub tables: T,
}

/// What a pass did, in day rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Closed {
    /// Written for the first time.
    pub closed: u64,
    /// Written again, because something had changed.
    pub closed_again: u64,
    /// As they were.
    pub unchanged: u64,
    /// Written by another pass at the same time; the next pass looks again.
    pub contested: u64,
    /// Histories that were written, because they have changed.
    pub histories: u64,
}

/// The day rows of a store after a pass.
pub(crate) struct Rows {
    pub(crate) items: Vec<Item>,
    /// The last date that is closed.
    pub(crate) through: NaiveDate,
    pub(crate) rows: DayRows,
    /// Items whose history cannot be current.
    touched: BTreeSet<Sku>,
}

impl<T> Closing<T>
where
    T: CatalogTable + StockTable + DaysTable + HistoryTable + OffersTable,
{
    /// A pass over the dates of one store that are over at `now` and may still change.
    ///
    /// # Errors
    /// What the tables say. Rows written before the failure stay; a repeated pass goes on.
    pub async fn close_store(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<Closed, Failure> {
        let closed = self.close_recent(store_id, now).await;
        if closed.is_err() {
            counter!(names::CLOSE_FAILED_TOTAL).increment(1);
        }
        closed
    }

    async fn close_recent(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<Closed, Failure> {
        let Some(store) = self.tables.load_store(store_id).await? else {
            return Ok(Closed::default());
        };
        let today = now.with_timezone(&store.zone).date_naive();
        // As many dates are over also while one that passes midnight is not.
        let yesterday = today - Days::new(1);
        let is_over = store.span(yesterday).closes_at + SETTLE <= now;
        let last = if is_over { today } else { yesterday };
        self.close_dates(&store, last - Days::new(DATES_BACK), today, now).await
    }

    /// A pass over these dates of a store, as far as they are over at `now`: for history, which is
    /// older than what [`Closing::close_store`] looks at.
    ///
    /// # Errors
    /// As [`Closing::close_store`].
    pub async fn close_dates(
        &self,
        store: &Store,
        first: NaiveDate,
        last: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Closed, Failure> {
        let span = info_span!("close", store.id = store.store_id.as_str(), %first, %last);
        self.pass(store, first, last, now).instrument(span).await
    }

    async fn pass(
        &self,
        store: &Store,
        first: NaiveDate,
        last: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Closed, Failure> {
        let (mut all, rows) = self.rows(store, first, last, now).await?;
        let Some(Rows { items, through, rows, touched }) = rows else { return Ok(all) };
        let store_id = &store.store_id;
        let fold = Fold { store_id, items: &items, through, rows: &rows, touched: Some(&touched) };
        all.add(self.fold(&fold).await?);
        Ok(all)
    }

    /// Closes dates without their histories; nothing when none of them is over.
    pub(crate) async fn rows(
        &self,
        store: &Store,
        first: NaiveDate,
        last: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<(Closed, Option<Rows>), Failure> {
        let dates = first.iter_days().take_while(|date| *date <= last);
        let spans: Vec<DaySpan> = dates.map(|date| store.span(date)).collect();
        let is_over = |span: &&DaySpan| span.closes_at + SETTLE <= now;
        let spans: Vec<DaySpan> = spans.iter().take_while(is_over).copied().collect();
        let mut all = Closed::default();
        let (Some(from), Some(to)) = (spans.first(), spans.last()) else { return Ok((all, None)) };
        let items = self.tables.load_items(&store.store_id).await?;
        let lives: BTreeMap<Sku, u16> =
            items.iter().map(|item| (item.sku.clone(), item.shelf_life_days)).collect();
        // The rows come before the windows: who reads older windows has read an older row as
        // well, and is refused when saving.
        let mut stored = self.load(store, &lives, from.date.pred_opt(), &spans).await?;
        let query = async || {
            let (since, until) = (from.starts_at, to.ends_at);
            self.tables.query_stock(&store.store_id, None, since, until, now).await.map(by_item)
        };
        let mut windows = query().await?;
        let unlisted: BTreeMap<Sku, u16> = windows
            .keys()
            .filter(|sku| !lives.contains_key(*sku))
            .map(|sku| (sku.clone(), SHELF_LIFE_DAYS_DEFAULT))
            .collect();
        if !unlisted.is_empty() {
            stored.extend(self.load(store, &unlisted, from.date.pred_opt(), &spans).await?);
            windows = query().await?;
        }
        let offers = self.offers_of(store, &spans).await?;
        let mut rows = stored.clone();
        let mut touched = BTreeSet::new();
        for (sku, life) in lives.iter().chain(&unlisted) {
            let windows = windows.get(sku).map_or(&[][..], Vec::as_slice);
            let chain =
                Chain { store, sku, life: *life, windows, offers: &offers, stored: &stored };
            let closed = self.close_item(&chain, &spans, now, &mut rows).await;
            // Of a pass that ends here as well: the next one finds these rows as they are.
            let closed = closed.inspect_err(|_| names::count_units(&stored, &rows))?;
            // Dates that are not the last ones are not those that a history is known by.
            if closed.written() > 0 || (to.date - from.date).num_days() + 2 < RECENT_DATES as i64 {
                touched.insert(sku.clone());
            }
            all.add(closed);
        }
        names::count_units(&stored, &rows);
        Ok((all, Some(Rows { items, through: to.date, rows, touched })))
    }

    async fn offers_of(&self, store: &Store, spans: &[DaySpan]) -> Result<Offers, Failure> {
        let mut offers = Offers::new();
        for span in spans {
            let of_day = self.tables.query_offers(&store.store_id, span.date).await?;
            // A shadow was on no shelf.
            for offer in of_day.into_iter().filter(|offer| !offer.shadow) {
                let key = (span.date, offer.offer_id.sku.clone());
                offers.entry(key).or_default().push(offer);
            }
        }
        Ok(offers)
    }

    /// The stored rows of these items, from the date before the first one on.
    async fn load(
        &self,
        store: &Store,
        items: &BTreeMap<Sku, u16>,
        before: Option<NaiveDate>,
        spans: &[DaySpan],
    ) -> Result<DayRows, Failure> {
        let dates: BTreeSet<NaiveDate> =
            before.into_iter().chain(spans.iter().map(|span| span.date)).collect();
        let of_item = |sku: &Sku| {
            let (store_id, sku) = (store.store_id.clone(), sku.clone());
            dates.iter().map(move |date| DayKey {
                store_id: store_id.clone(),
                sku: sku.clone(),
                date: *date,
            })
        };
        let keys: Vec<DayKey> = items.keys().flat_map(of_item).collect();
        let rows = self.tables.load_days(&keys).await?;
        Ok(rows.into_iter().map(|row| (row.key.clone(), row)).collect())
    }

    /// Closes an item's dates in order, because each begins with what the one before left.
    async fn close_item(
        &self,
        chain: &Chain<'_>,
        spans: &[DaySpan],
        now: DateTime<Utc>,
        rows: &mut DayRows,
    ) -> Result<Closed, Failure> {
        let mut all = Closed::default();
        let before = spans.first().and_then(|span| span.date.pred_opt());
        let mut before = before.and_then(|date| chain.row(date)).cloned();
        for span in spans {
            let stored = chain.row(span.date);
            before = chain.close(span, before.as_ref());
            // Of a date so long ago windows expire; with fewer events than were counted before,
            // some have.
            let may_be_expired = span.starts_at + STOCK_KEPT <= now;
            let counted = before.as_ref().map_or(0, events_in);
            let fuller = stored.filter(|row| may_be_expired && events_in(row) > counted);
            if let Some(fuller) = fuller {
                all.count("unchanged", |all| &mut all.unchanged);
                before = Some(fuller.clone());
                continue;
            }
            let Some(day) = &before else { continue };
            // Not by the version: a row that was damaged may still have its own.
            if stored == Some(day) {
                all.count("unchanged", |all| &mut all.unchanged);
                continue;
            }
            let read = stored.map(|row| &row.version);
            match self.tables.save_day(day, read).await? {
                Saved::Conflict(_) => {
                    all.count("contested", |all| &mut all.contested);
                    continue;
                }
                Saved::Done if read.is_none() => all.count("closed", |all| &mut all.closed),
                Saved::Done => all.count("closed_again", |all| &mut all.closed_again),
            }
            rows.insert(day.key.clone(), day.clone());
        }
        Ok(all)
    }
}

/// One item through the dates.
struct Chain<'a> {
    store: &'a Store,
    sku: &'a Sku,
    life: u16,
    /// In order.
    windows: &'a [StockWindow],
    offers: &'a Offers,
    stored: &'a DayRows,
}

impl<'a> Chain<'a> {
    fn key(&self, date: NaiveDate) -> DayKey {
        DayKey { store_id: self.store.store_id.clone(), sku: self.sku.clone(), date }
    }

    fn row(&self, date: NaiveDate) -> Option<&'a ClosedDay> {
        self.stored.get(&self.key(date))
    }

    fn close(&self, span: &DaySpan, before: Option<&ClosedDay>) -> Option<ClosedDay> {
        let inside =
            |row: &&StockWindow| (span.starts_at..span.ends_at).contains(&row.key().window.start());
        let windows: Vec<&StockWindow> = self.windows.iter().filter(inside).collect();
        let is_stored = self.row(span.date).is_some();
        let morning = Morning {
            before,
            span: *span,
            opens_at: self.store.day(span.date).map(|day| day.opens_at),
            zone: self.store.zone,
            shelf_life_days: self.life,
            is_stored,
        };
        let offers = self.offers.get(&(span.date, self.sku.clone()));
        let offers: Vec<&Offer> = offers.into_iter().flatten().collect();
        ClosedDay::of(self.key(span.date), &morning, &windows, &offers)
    }
}

/// Counted and voided.
fn events_in(day: &ClosedDay) -> u64 {
    day.figures.events + day.figures.voided
}

fn by_item(windows: Vec<StockWindow>) -> BTreeMap<Sku, Vec<StockWindow>> {
    let mut items: BTreeMap<Sku, Vec<StockWindow>> = BTreeMap::new();
    for window in windows {
        items.entry(window.key().sku.clone()).or_default().push(window);
    }
    items
}

impl Closed {
    /// How many day rows were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.closed + self.closed_again
    }

    fn count(&mut self, outcome: &'static str, field: impl Fn(&mut Self) -> &mut u64) {
        *field(self) += 1;
        counter!(names::DAYS_TOTAL, "outcome" => outcome).increment(1);
    }

    pub(crate) fn count_history(&mut self, outcome: &'static str) {
        self.histories += 1;
        counter!(names::HISTORIES_TOTAL, "outcome" => outcome).increment(1);
    }

    /// Adds the counts of another pass.
    pub fn add(&mut self, other: Self) {
        self.closed += other.closed;
        self.closed_again += other.closed_again;
        self.unchanged += other.unchanged;
        self.contested += other.contested;
        self.histories += other.histories;
    }
}
