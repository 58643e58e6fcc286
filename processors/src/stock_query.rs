//! Stock of a store's items at an instant. Lambda functions and the terminal share this code.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::event::Unit;
use domain::ports::{Failure, StockLog};
use domain::stock::{
    Delivery, Figures, ItemUnits, Level, StockWindow, UniformWindows, level_over_days,
    past_its_date, unmet_corrections,
};
use domain::{Event, Sku, StoreId};
use rust_decimal::Decimal;
use stock_log::{UnreadableSegment, WindowsRead, read_windows};

/// A query for the stock of a store.
#[derive(Debug, Clone)]
pub struct StockQuery<'a> {
    /// Store of the items.
    pub store_id: &'a StoreId,
    /// Item to query; `None` queries all items.
    pub sku: Option<&'a Sku>,
    /// Start of the period over which movements are summed.
    pub since: DateTime<Utc>,
    /// Instant of the query and exclusive end of the period.
    pub at: DateTime<Utc>,
    /// Earliest arrival of units that may still be on the shelf, for items with a longer shelf
    /// life than the period. For other items `since` is used.
    pub on_shelf_since: BTreeMap<Sku, DateTime<Utc>>,
    /// Starts of the days up to the period, in order. At each, stock below zero is not carried
    /// over, as at the close of a day.
    pub day_starts: Vec<DateTime<Utc>>,
    /// Business date on which the dates printed on goods are judged.
    pub date: NaiveDate,
    /// Deliveries before `on_shelf_since` of which a closed day tells, in order.
    pub deliveries: BTreeMap<Sku, Vec<Delivery>>,
    /// Stock that a closed day left, at the start of `on_shelf_since`.
    pub openings: BTreeMap<Sku, Decimal>,
    /// Units of the items in the catalogue.
    pub units: BTreeMap<Sku, ItemUnits>,
}

/// Stock of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemStock {
    /// Item of the stock.
    pub sku: Sku,
    /// Quantity on hand and its source.
    pub level: Level,
    /// Part of the quantity on hand whose printed date is over. It is not for sale.
    pub past_date: Decimal,
    /// Sums of the movements in the period of the query.
    pub figures: Figures,
    /// Windows in the period of the query, sorted by start.
    pub windows: Vec<StockWindow>,
    /// Unit of all quantities.
    pub unit: Unit,
    /// Events that do not count, because their unit does not convert to that of the item.
    pub left_out: Vec<Event>,
    /// Corrections in the period of the query that void nothing: their event is missing.
    pub unmet: Vec<Event>,
}

/// Stock of a store, as far as the log can be read.
#[derive(Debug, Clone, Default)]
pub struct StoreStock {
    /// Stock by item, sorted by item.
    pub items: Vec<ItemStock>,
    /// Segments of the log that were left out.
    pub unreadable: Vec<UnreadableSegment>,
}

/// Returns the stock of a store's items.
///
/// # Errors
/// Returns an error if the stock log cannot be read.
pub async fn stock_at(log: &impl StockLog, query: &StockQuery<'_>) -> Result<StoreStock, Failure> {
    let StockQuery { store_id, sku, since, at, on_shelf_since, openings, units, .. } = query;
    let earliest = on_shelf_since.values().copied().fold(*since, DateTime::min);
    let WindowsRead { windows, unreadable } =
        read_windows(log, store_id, *sku, earliest, *at).await?;
    let default = ItemUnits::default();
    let mut by_item = windows_by_item(windows);
    let is_wanted = |(of, opening): &(&Sku, &Decimal)| {
        !opening.is_zero() && sku.is_none_or(|wanted| wanted == *of)
    };
    for (sku, _) in openings.iter().filter(is_wanted) {
        by_item.entry(sku.clone()).or_default();
    }
    let items = by_item.into_iter().map(|(sku, windows)| {
        let period = windows.iter().filter(|row| row.key().window.start() >= *since);
        let unmet = unmet_corrections(period).into_iter().cloned().collect();
        let uniform = units.get(&sku).unwrap_or(&default).uniform(&windows);
        let UniformWindows { windows, unit, left_out } = uniform;
        let mut windows = windows.into_owned();
        let on_shelf_since = on_shelf_since.get(&sku).copied().unwrap_or(*since);
        let starts_from = |since| move |row: &&StockWindow| row.key().window.start() >= since;
        let on_shelf = windows.iter().filter(starts_from(on_shelf_since));
        let mut level = level_over_days(&query.day_starts, on_shelf.clone(), *at);
        if let (None, Some(opening)) = (level.counted, openings.get(&sku)) {
            level.on_hand = (level.on_hand + opening).normalize();
        }
        let earlier = query.deliveries.get(&sku).map_or(&[][..], Vec::as_slice);
        let past_date = past_its_date(earlier, on_shelf, level.on_hand, query.date);
        windows.retain(|row| starts_from(*since)(&row));
        let events = windows.iter().flat_map(StockWindow::events);
        let figures = Figures::of(events.filter(|event| event.occurred_at() < *at));
        ItemStock { sku, level, past_date, figures, windows, unit, left_out, unmet }
    });
    Ok(StoreStock { items: items.collect(), unreadable })
}

/// Groups windows by item; the windows of an item keep their order.
pub(crate) fn windows_by_item(windows: Vec<StockWindow>) -> BTreeMap<Sku, Vec<StockWindow>> {
    let mut items: BTreeMap<Sku, Vec<StockWindow>> = BTreeMap::new();
    for window in windows {
        items.entry(window.key().sku.clone()).or_default().push(window);
    }
    items
}
