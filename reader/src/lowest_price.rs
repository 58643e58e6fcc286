//! Lowest price of an item in the 30 days before a date, with its evidence.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use analytics::table::ColumnType::{Amount, Date, Integer, Text};
use analytics::table::{Cell, Field};
use analytics::tables::StoreCatalog;
use chrono::{Days, NaiveDate};
use domain::ports::Failure;
use domain::stock::StockWindow;
use domain::{Item, Money, OfferId, Sku, StoreId};
use futures_util::{StreamExt, TryStreamExt, stream};
use pricing::prior_price::{
    LOWEST_PRICE_DAYS, LowestPrice, PriceEvidence, label_prices, lowest_price,
};
use stock_log::{UnreadableSegment, read_windows};

use crate::ReadTables;
use crate::stores::QUERIES_MAX;

/// Lowest price of an item of a store.
#[derive(Debug, Clone)]
pub struct LowestPriceRecord {
    /// Store.
    pub store_id: StoreId,
    /// Item.
    pub sku: Sku,
    /// Name of the item.
    pub name: Option<String>,
    /// Regular price of the catalogue.
    pub regular_price: Money,
    /// The 30 dates before.
    pub dates: RangeInclusive<NaiveDate>,
    /// Number of closed days among them.
    pub days_known: usize,
    /// Lowest price, if one is known.
    pub lowest: Option<LowestPrice>,
}

/// Lowest prices of a store's items.
#[derive(Debug, Clone, Default)]
pub struct LowestPrices {
    /// One record for each item of the catalogue, sorted by SKU.
    pub records: Vec<LowestPriceRecord>,
    /// Segments of the date that were left out.
    pub unreadable: Vec<UnreadableSegment>,
}

/// Columns of a lowest price.
pub const FIELDS: &[Field<LowestPriceRecord>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.store_id.as_str())),
    Field::new("sku", Text, "Item.", |row| Cell::text(row.sku.as_str())),
    Field::new(
        "lowest_price",
        Amount,
        "Lowest price of the dates; null if none is known.",
        |row| Cell::price(row.lowest.map(|lowest| lowest.price)),
    ),
    Field::new("currency", Text, "Currency of the amounts.", |row| {
        Cell::text(row.regular_price.currency().code())
    }),
    Field::new("on_date", Date, "Latest date of that price.", |row| {
        row.lowest.map_or(Cell::Absent, |lowest| Cell::Date(lowest.date))
    }),
    Field::new("evidence", Text, "`offered` by a revision, or `sold` at a label.", |row| {
        Cell::optional_text(row.lowest.map(|lowest| match lowest.evidence {
            PriceEvidence::Offered { .. } => "offered",
            PriceEvidence::Sold => "sold",
        }))
    }),
    Field::new("days_known", Integer, "Closed days among the dates.", |row| {
        Cell::count(row.days_known)
    }),
    Field::new("regular_price", Amount, "Price without discount, of the catalogue.", |row| {
        Cell::price(Some(row.regular_price))
    }),
    Field::new("first_date", Date, "First of the 30 dates.", |row| Cell::Date(*row.dates.start())),
    Field::new("last_date", Date, "Last of the 30 dates.", |row| Cell::Date(*row.dates.end())),
    Field::new("name", Text, "Name of the item.", |row| Cell::optional_text(row.name.clone())),
    Field::new("offer_id", Text, "Revision that had the price, if `offered`.", |row| {
        Cell::optional_text(row.offer_id().map(|id| id.to_string()))
    }),
];

impl LowestPriceRecord {
    /// Returns the revision that had the price.
    fn offer_id(&self) -> Option<OfferId> {
        let lowest = self.lowest?;
        let PriceEvidence::Offered { revision } = lowest.evidence else { return None };
        let (store_id, sku) = (self.store_id.clone(), self.sku.clone());
        Some(OfferId { date: lowest.date, store_id, sku, revision })
    }
}

/// Returns the 30 dates before a date; `None` if the calendar has fewer.
#[must_use]
pub fn dates_before(date: NaiveDate) -> Option<RangeInclusive<NaiveDate>> {
    let first = date.checked_sub_days(Days::new(LOWEST_PRICE_DAYS))?;
    Some(first..=date.pred_opt()?)
}

/// Loads the lowest prices of a store, of one item or of every item of the catalogue, in the dates
/// `before` the date. Sales of the date itself count until its first offer.
///
/// # Errors
/// Returns an error if a table cannot be read.
pub async fn lowest_prices(
    tables: &impl ReadTables,
    catalog: &StoreCatalog,
    sku: Option<&Sku>,
    (before, date): (&RangeInclusive<NaiveDate>, NaiveDate),
) -> Result<LowestPrices, Failure> {
    let (store_id, span) = (&catalog.store.store_id, catalog.store.span(date));
    let mut first_offers = BTreeMap::new();
    for offer in tables.query_offers(store_id, date).await? {
        if !offer.shadow {
            let first = first_offers.entry(offer.offer_id.sku.clone()).or_insert(offer.slot);
            *first = offer.slot.min(*first);
        }
    }
    let read = read_windows(tables, store_id, sku, span.starts_at, span.ends_at).await?;
    let mut windows: BTreeMap<Sku, Vec<StockWindow>> = BTreeMap::new();
    for window in read.windows {
        windows.entry(window.key().sku.clone()).or_default().push(window);
    }
    let (windows, first_offers) = (&windows, &first_offers);
    let is_wanted = |item: &&Item| sku.is_none_or(|sku| *sku == item.sku);
    let items: Vec<Item> = catalog.items.values().filter(is_wanted).cloned().collect();
    let queries = items.into_iter().map(|item| async move {
        let (first, last) = (*before.start(), *before.end());
        let days = tables.query_days(store_id, &item.sku, first, last).await?;
        let until = first_offers.get(&item.sku).copied().unwrap_or(span.ends_at);
        let windows = windows.get(&item.sku).map_or(&[][..], Vec::as_slice);
        let today = label_prices(windows, span.starts_at, until);
        Ok(LowestPriceRecord {
            store_id: store_id.clone(),
            dates: before.clone(),
            days_known: days.len(),
            lowest: lowest_price(&days, (date, &today), item.price),
            regular_price: item.price,
            sku: item.sku,
            name: item.name,
        })
    });
    let records = stream::iter(queries).buffered(QUERIES_MAX).try_collect().await?;
    Ok(LowestPrices { records, unreadable: read.unreadable })
}
