//! Stock on hand and movements of a store.

use std::collections::BTreeMap;

use analytics::table::ColumnType::{Amount, Date, Instant, Integer, Quantity, Text};
use analytics::table::{Cell, Field};
use analytics::tables::{ItemLabels, RowRevenue, StoreCatalog};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use domain::calendar::instant;
use domain::event::Unit;
use domain::ports::{DaysTable, Failure};
use domain::stock::Figures;
use domain::{BusinessDay, ClosedDay, Currency, DayKey, Item, Sku, StoreId};
use pricing::prepared_request::{deliveries_before, opening};
use processors::stock_query::{ItemStock, StockQuery, stock_at};
use rust_decimal::Decimal;
use stock_log::UnreadableSegment;

use crate::ReadTables;

/// Question for the stock of a store.
#[derive(Debug, Clone, Copy)]
pub struct StockQuestion<'a> {
    /// Store.
    pub store_id: &'a StoreId,
    /// Catalogue of the store, if it has an entry. UTC applies to a store without one.
    pub catalog: Option<&'a StoreCatalog>,
    /// Only this item.
    pub sku: Option<&'a Sku>,
    /// Date at whose end the stock is asked for.
    pub date: Option<NaiveDate>,
    /// Instant, if there is no date.
    pub at: DateTime<Utc>,
}

/// Stock of a store.
#[derive(Debug, Clone)]
pub struct Stock {
    /// Items, sorted by SKU.
    pub items: Vec<ItemStock>,
    /// Business date.
    pub date: NaiveDate,
    /// End of the movements.
    pub until: DateTime<Utc>,
    /// Stock at the start of the date, of the items for which the day before tells it.
    pub openings: BTreeMap<Sku, Decimal>,
    /// Segments that were left out.
    pub unreadable: Vec<UnreadableSegment>,
}

/// Stock and movements of an item.
#[derive(Debug, Clone)]
pub struct ItemRow {
    store_id: StoreId,
    date: NaiveDate,
    sku: Sku,
    labels: ItemLabels,
    on_hand: Decimal,
    unit: Unit,
    figures: Figures,
    currency: Option<Currency>,
    not_counted: usize,
    past_date: Decimal,
}

/// Columns of an item.
pub const FIELDS: &[Field<ItemRow>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.store_id.as_str())),
    Field::new("business_date", Date, "Date of the store.", |row| Cell::Date(row.date)),
    Field::new("name", Text, "Name of the item.", |row| row.labels.name.clone()),
    Field::new("category", Text, "Category of the item.", |row| row.labels.category.clone()),
    Field::new("sku", Text, "Item.", |row| Cell::text(row.sku.as_str())),
    Field::new("on_hand", Quantity, "Stock for sale; below 0 if an event is missing.", |row| {
        Cell::number(row.on_hand)
    }),
    Field::new("unit", Text, "Unit of all quantities.", |row| Cell::text(row.unit.as_str())),
    Field::new("received", Quantity, "Delivered or produced on the date.", |row| {
        Cell::number(row.figures.received)
    }),
    Field::new("sold", Quantity, "Sold, before returns.", |row| Cell::number(row.figures.sold)),
    Field::new("returned", Quantity, "Returned by customers.", |row| {
        Cell::number(row.figures.returned)
    }),
    Field::new("wasted", Quantity, "Thrown away, given away or lost.", |row| {
        Cell::number(row.figures.wasted)
    }),
    Field::new("transferred_in", Quantity, "Received from other stores.", |row| {
        Cell::number(row.figures.transferred_in)
    }),
    Field::new("transferred_out", Quantity, "Sent to other stores.", |row| {
        Cell::number(row.figures.transferred_out)
    }),
    Field::new("counted", Quantity, "Latest count of the date.", |row| {
        row.figures.counted.map_or(Cell::Absent, |count| Cell::number(count.quantity))
    }),
    Field::new("counted_at", Instant, "Instant of that count.", |row| {
        row.figures.counted.map_or(Cell::Absent, |count| Cell::Instant(count.at))
    }),
    Field::new("revenue", Amount, "Sales minus returns, in `currency`.", |row| revenue(row).amount),
    Field::new("currency", Text, "Currency of the amounts.", |row| revenue(row).currency),
    Field::new("other_revenue", Text, "Revenue in other currencies, like `3.00 USD`.", |row| {
        revenue(row).other
    }),
    Field::new("not_counted", Integer, "Events in units that do not convert.", |row| {
        Cell::count(row.not_counted)
    }),
    Field::new("past_date", Quantity, "Stock past the date printed on it, not for sale.", |row| {
        Cell::number(row.past_date)
    }),
    Field::new("problem", Text, "`below_zero` or `past_date`; absent without one.", problem),
];

fn problem(row: &ItemRow) -> Cell {
    match row {
        row if row.on_hand < Decimal::ZERO => Cell::text("below_zero"),
        row if !row.past_date.is_zero() => Cell::text("past_date"),
        _ => Cell::Absent,
    }
}

fn revenue(row: &ItemRow) -> RowRevenue {
    RowRevenue::new(&row.figures.revenue, row.currency)
}

impl StockQuestion<'_> {
    /// Loads the stock.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read.
    pub async fn read(&self, tables: &impl ReadTables) -> Result<Stock, Failure> {
        let (store_id, date, at) = (self.store_id, self.date, self.at);
        let store = self.catalog.map(|catalog| &catalog.store);
        let zone = store.map_or(Tz::UTC, |store| store.zone);
        let day = store.and_then(|store| {
            Some((store, date.map_or_else(|| store.day_at(at), |date| store.day(date))?))
        });
        let local_date = at.with_timezone(&zone).date_naive();
        let on = date.unwrap_or(day.as_ref().map_or(local_date, |(_, day)| day.date));
        let at = date.map_or(at, |date| midnight(zone, date.succ_opt().unwrap_or(date)));
        let mut query = StockQuery {
            store_id,
            sku: self.sku,
            since: day.as_ref().map_or_else(|| midnight(zone, on), |(_, day)| day.starts_at),
            at,
            on_shelf_since: BTreeMap::new(),
            day_starts: Vec::new(),
            date: on,
            deliveries: BTreeMap::new(),
            openings: BTreeMap::new(),
            units: BTreeMap::new(),
        };
        let mut openings = BTreeMap::new();
        if let (Some((store, day)), Some(catalog)) = (&day, self.catalog) {
            query.at = if date.is_some() { at.max(day.closes_at) } else { at };
            let before = self.rows_before(tables, catalog, day).await?;
            let mut earliest = day.starts_at;
            for item in catalog.items.values() {
                let row = before.get(&item.sku);
                let (left, since) = opening(store, day, item.shelf_life_days, row);
                earliest = earliest.min(since);
                query.on_shelf_since.insert(item.sku.clone(), since);
                let deliveries = deliveries_before(day, item.shelf_life_days, row);
                query.deliveries.insert(item.sku.clone(), deliveries);
                query.openings.insert(item.sku.clone(), left);
                if since == day.starts_at {
                    openings.insert(item.sku.clone(), left);
                }
                query.units.insert(item.sku.clone(), item.units.clone());
            }
            query.day_starts = store.day_starts(earliest, day);
        }
        let stock = stock_at(tables, &query).await?;
        Ok(Stock {
            items: stock.items,
            date: on,
            until: at,
            openings,
            unreadable: stock.unreadable,
        })
    }

    /// Loads the rows of the day before, for items that keep longer than a day.
    async fn rows_before(
        &self,
        tables: &impl DaysTable,
        catalog: &StoreCatalog,
        day: &BusinessDay,
    ) -> Result<BTreeMap<Sku, ClosedDay>, Failure> {
        let is_wanted =
            |item: &&Item| item.shelf_life_days > 1 && self.sku.is_none_or(|sku| *sku == item.sku);
        let key = |item: &Item| DayKey {
            store_id: catalog.store.store_id.clone(),
            sku: item.sku.clone(),
            date: day.date - Days::new(1),
        };
        let keys: Vec<DayKey> = catalog.items.values().filter(is_wanted).map(key).collect();
        let rows = tables.load_days(&keys).await?;
        Ok(rows.into_iter().map(|row| (row.key.sku.clone(), row)).collect())
    }

    /// Returns the row of an item, with the figures of the date or of a part of it.
    #[must_use]
    pub fn row(&self, item: &ItemStock, figures: Figures, date: NaiveDate) -> ItemRow {
        let absent = || ItemLabels { name: Cell::Absent, category: Cell::Absent };
        let entry = self.catalog.and_then(|catalog| catalog.items.get(&item.sku));
        ItemRow {
            store_id: self.store_id.clone(),
            date,
            sku: item.sku.clone(),
            labels: self.catalog.map_or_else(absent, |catalog| catalog.labels(&item.sku)),
            on_hand: item.level.on_hand,
            unit: item.unit,
            figures,
            currency: entry.map(|item| item.price.currency()),
            not_counted: item.left_out.len(),
            past_date: item.past_date,
        }
    }
}

fn midnight(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    instant(zone, date, NaiveTime::MIN)
}
