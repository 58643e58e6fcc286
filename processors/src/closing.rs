//! Close of day: writes one day row per item from the stored windows, the day's offers and the row
//! of the day before; then folds the histories from the day rows.
//!
//! A pass checks the dates for which events usually still arrive. It writes each row that is
//! missing or has changed. So a late event closes its day and the following days again, with the
//! result that an event in time would have had. Passes may be repeated, delayed and run
//! concurrently. An event that arrives even later, by a replay or after a long outage, needs
//! [`Closing::close_dates`].
//!
//! Offers are read as stored. They give the shelf price for hours without a sale.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::catalog::SHELF_LIFE_DAYS_DEFAULT;
use domain::history::RECENT_DATES;
use domain::limits::{EVENT_AGE_MAX, STOCK_KEPT};
use domain::ports::{
    CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, Saved, StockTable,
};
use domain::stock::ItemUnits;
use domain::{ClosedDay, DayKey, DaySpan, Item, Sku, Store, StoreId};
use metrics::counter;
use tracing::{Instrument, info_span};

use crate::close_summary::CloseSummary;
use crate::histories::HistoryFold;

use crate::item_days::{DayRows, ItemDays, OffersByDay};
use crate::metrics as names;
use crate::stock_query::windows_by_item;

/// Delay between the closing time of the doors and the close of the day, for the arrival of the
/// last events.
pub(crate) const SETTLE: TimeDelta = TimeDelta::minutes(5);

/// Number of dates before the last one that a pass checks. An event within the age limit cannot
/// belong to an earlier date.
const DATES_BACK: u64 = EVENT_AGE_MAX.as_secs() / (24 * 3600) + 1;
const _: () = assert!(DATES_BACK + 1 == RECENT_DATES, "a pass covers the recent dates of History");

/// Close of day with its tables.
///
/// # Examples
/// A store with one item and no events has nothing to close:
/// ```
/// use domain::{Item, Store};
/// use domain::ports::CatalogTable;
/// use in_memory::Tables;
/// use processors::{CloseSummary, Closing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tables = Tables::default();
/// let store = r#"{"store_id":"0042","zone":"Europe/Berlin","hours":"mon-sat 07:00-18:30"}"#;
/// tables.put_store(&Store::parse(store)?).await?;
/// let item = r#"{"sku":"rye","store_id":"0042","price":"2.40","currency":"EUR"}"#;
/// tables.put_item(&Item::parse(item)?).await?;
///
/// let closing = Closing { tables };
/// let summary = closing.close_store(&"0042".parse()?, "2026-03-12T18:00:00Z".parse()?).await?;
/// assert_eq!(summary, CloseSummary::default());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Closing<T> {
    /// Tables of catalogue, stock, days, histories and offers.
    pub tables: T,
}

/// Day rows of a store after a pass.
pub(crate) struct ClosedRows {
    pub(crate) items: Vec<Item>,
    /// Last closed date.
    pub(crate) through: NaiveDate,
    pub(crate) rows: DayRows,
    /// Items whose histories must be folded again.
    touched: BTreeSet<Sku>,
}

impl<T> Closing<T>
where
    T: CatalogTable + StockTable + DaysTable + HistoryTable + OffersTable,
{
    /// Closes the dates of one store that are over at `now` and may still change. Does nothing for
    /// a store that is not in the catalogue.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read or written. Rows written before the failure
    /// stay, and a repeated pass continues from them.
    pub async fn close_store(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<CloseSummary, Failure> {
        let summary = self.close_recent(store_id, now).await;
        if summary.is_err() {
            counter!(names::CLOSE_FAILED_TOTAL).increment(1);
        }
        summary
    }

    async fn close_recent(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<CloseSummary, Failure> {
        let Some(store) = self.tables.load_store(store_id).await? else {
            return Ok(CloseSummary::default());
        };
        let today = now.with_timezone(&store.zone).date_naive();
        // The number of closed dates is the same while a business day extends past midnight.
        let yesterday = today - Days::new(1);
        let is_over = store.span(yesterday).closes_at + SETTLE <= now;
        let last = if is_over { today } else { yesterday };
        self.close_dates(&store, last - Days::new(DATES_BACK), today, now).await
    }

    /// Closes those of the dates from `first` to `last` that are over at `now`, also dates that
    /// [`Closing::close_store`] no longer checks.
    ///
    /// # Errors
    /// As [`Closing::close_store`].
    pub async fn close_dates(
        &self,
        store: &Store,
        first: NaiveDate,
        last: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<CloseSummary, Failure> {
        let span = info_span!("close", store.id = store.store_id.as_str(), %first, %last);
        let pass = async {
            let (mut summary, rows) = self.close_rows(store, first, last, now).await?;
            let Some(ClosedRows { items, through, rows, touched }) = rows else {
                return Ok(summary);
            };
            let (store_id, touched) = (&store.store_id, Some(&touched));
            let fold = HistoryFold { store_id, items: &items, through, rows: &rows, touched };
            summary.add(self.fold(&fold).await?);
            Ok(summary)
        };
        pass.instrument(span).await
    }

    /// Closes dates without folding histories. The rows are `None` if no date is over.
    pub(crate) async fn close_rows(
        &self,
        store: &Store,
        first: NaiveDate,
        last: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<(CloseSummary, Option<ClosedRows>), Failure> {
        let dates = first.iter_days().take_while(|date| *date <= last);
        let spans = dates.map(|date| store.span(date));
        let spans: Vec<DaySpan> = spans.take_while(|span| span.closes_at + SETTLE <= now).collect();
        let mut summary = CloseSummary::default();
        let (Some(from), Some(to)) = (spans.first(), spans.last()) else {
            return Ok((summary, None));
        };
        let items = self.tables.load_items(&store.store_id).await?;
        let mut lives: BTreeMap<Sku, u16> =
            items.iter().map(|item| (item.sku.clone(), item.shelf_life_days)).collect();
        // Rows are read before windows. A pass that reads outdated windows has then also read an
        // outdated row, and its save is refused.
        let mut stored = self.load_rows(store, lives.keys(), &spans).await?;
        let query = async || {
            let (since, until) = (from.starts_at, to.ends_at);
            let windows = self.tables.query_stock(&store.store_id, None, since, until, now);
            windows.await.map(windows_by_item)
        };
        let mut windows = query().await?;
        let unlisted: Vec<Sku> =
            windows.keys().filter(|sku| !lives.contains_key(*sku)).cloned().collect();
        if !unlisted.is_empty() {
            stored.extend(self.load_rows(store, &unlisted, &spans).await?);
            windows = query().await?;
        }
        lives.extend(unlisted.into_iter().map(|sku| (sku, SHELF_LIFE_DAYS_DEFAULT)));
        let offers = self.offers_by_day(store, &spans).await?;
        let mut rows = stored.clone();
        let mut touched = BTreeSet::new();
        // Histories depend on the last dates; a shorter pass cannot prove that they are current.
        let is_short = (to.date - from.date).num_days() + 2 < RECENT_DATES as i64;
        let units: BTreeMap<&Sku, &ItemUnits> =
            items.iter().map(|item| (&item.sku, &item.units)).collect();
        let no_units = ItemUnits::default();
        for (sku, shelf_life_days) in lives {
            let units = units.get(&sku).copied().unwrap_or(&no_units);
            let windows = windows.get(&sku).map_or(&[][..], Vec::as_slice);
            let (sku, offers, stored) = (&sku, &offers, &stored);
            let days = ItemDays { store, sku, shelf_life_days, units, windows, offers, stored };
            let closed = self.close_item(&days, &spans, now, &mut rows).await;
            // Rows written before a failure count as well: the next pass finds them unchanged.
            let closed = closed.inspect_err(|_| names::count_units(stored, &rows))?;
            if closed.written() > 0 || is_short {
                touched.insert(sku.clone());
            }
            summary.add(closed);
        }
        names::count_units(&stored, &rows);
        Ok((summary, Some(ClosedRows { items, through: to.date, rows, touched })))
    }

    async fn offers_by_day(
        &self,
        store: &Store,
        spans: &[DaySpan],
    ) -> Result<OffersByDay, Failure> {
        let mut offers = OffersByDay::new();
        for span in spans {
            let of_day = self.tables.query_offers(&store.store_id, span.date).await?;
            // The price of a shadow offer was never on the shelf.
            for offer in of_day.into_iter().filter(|offer| !offer.shadow) {
                let key = (span.date, offer.offer_id.sku.clone());
                offers.entry(key).or_default().push(offer);
            }
        }
        Ok(offers)
    }

    /// Loads the stored rows of these items, for the dates of `spans` and the date before.
    async fn load_rows(
        &self,
        store: &Store,
        items: impl IntoIterator<Item = &Sku>,
        spans: &[DaySpan],
    ) -> Result<DayRows, Failure> {
        let before = spans.first().and_then(|span| span.date.pred_opt());
        let dates: Vec<NaiveDate> =
            before.into_iter().chain(spans.iter().map(|span| span.date)).collect();
        let of_item = |sku: &Sku| {
            let key = |date: &NaiveDate| DayKey {
                store_id: store.store_id.clone(),
                sku: sku.clone(),
                date: *date,
            };
            dates.iter().map(key).collect::<Vec<_>>()
        };
        let keys: Vec<DayKey> = items.into_iter().flat_map(of_item).collect();
        let rows = self.tables.load_days(&keys).await?;
        Ok(rows.into_iter().map(|row| (row.key.clone(), row)).collect())
    }

    /// Closes the dates of one item in order: each day starts with the stock left by the one
    /// before.
    async fn close_item(
        &self,
        days: &ItemDays<'_>,
        spans: &[DaySpan],
        now: DateTime<Utc>,
        rows: &mut DayRows,
    ) -> Result<CloseSummary, Failure> {
        let mut summary = CloseSummary::default();
        let before = spans.first().and_then(|span| span.date.pred_opt());
        let mut before = before.and_then(|date| days.stored_row(date)).cloned();
        for span in spans {
            let stored = days.stored_row(span.date);
            before = days.close(span, before.as_ref());
            // Windows of a date this old may have expired. If fewer events are left than the
            // stored row counted, the stored row stays.
            let may_be_expired = span.starts_at + STOCK_KEPT <= now;
            let left = before.as_ref().map_or(0, event_count);
            let complete = stored.filter(|row| may_be_expired && event_count(row) > left);
            if let Some(complete) = complete {
                summary.count("unchanged", |summary| &mut summary.unchanged);
                before = Some(complete.clone());
                continue;
            }
            let Some(day) = &before else { continue };
            // The whole row is compared: a damaged row may still have its old version.
            if stored == Some(day) {
                summary.count("unchanged", |summary| &mut summary.unchanged);
                continue;
            }
            let read = stored.map(|row| &row.version);
            match self.tables.save_day(day, read).await? {
                Saved::Conflict(_) => {
                    summary.count("contested", |summary| &mut summary.contested);
                    continue;
                }
                Saved::Done if read.is_none() => {
                    summary.count("closed", |summary| &mut summary.closed);
                }
                Saved::Done => {
                    summary.count("closed_again", |summary| &mut summary.closed_again);
                }
            }
            rows.insert(day.key.clone(), day.clone());
        }
        Ok(summary)
    }
}

/// Number of events of a day, voided events included.
fn event_count(day: &ClosedDay) -> u64 {
    day.figures.events + day.figures.voided
}
