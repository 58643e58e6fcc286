//! Table `stock`: one row a store, item and window of five minutes with events.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::event::Unit;
use domain::stock::{Figures, StockWindow};
use domain::{Currency, Sku, StoreId};
use rust_decimal::Decimal;

use super::{ItemLabels, RowRevenue, StoreCatalog};
use crate::table::ColumnType::{Amount, Date, Instant, Integer, LocalTime, Quantity, Text};
use crate::table::{Cell, Field};

/// Movements of an item in a window, and the stock after it.
#[derive(Debug, Clone)]
pub struct StockRecord {
    store_id: StoreId,
    date: NaiveDate,
    sku: Sku,
    labels: ItemLabels,
    unit: Unit,
    window: DateTime<Utc>,
    zone: Tz,
    figures: Figures,
    on_hand: Option<Decimal>,
    currency: Option<Currency>,
}

/// Columns of the table.
pub const FIELDS: &[Field<StockRecord>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.store_id.as_str())),
    Field::new("business_date", Date, "Date of the store.", |row| Cell::Date(row.date)),
    Field::new("sku", Text, "Item.", |row| Cell::text(row.sku.as_str())),
    Field::new("name", Text, "Name of the item.", |row| row.labels.name.clone()),
    Field::new("category", Text, "Category of the item.", |row| row.labels.category.clone()),
    Field::new("unit", Text, "Unit of all quantities.", |row| Cell::text(row.unit.as_str())),
    Field::new("window_starts_at", Instant, "Start of the five minutes.", |row| {
        Cell::Instant(row.window)
    }),
    Field::new("window_starts_at_local", LocalTime, "The same on the store's clock.", |row| {
        Cell::LocalTime(row.window.with_timezone(&row.zone))
    }),
    Field::new("received", Quantity, "Delivered or produced.", |row| {
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
    Field::new("counted", Quantity, "Latest count of the window.", |row| {
        row.figures.counted.map_or(Cell::Absent, |count| Cell::number(count.quantity))
    }),
    Field::new("on_hand", Quantity, "Stock after the window, from the opening of `days`.", |row| {
        row.on_hand.map_or(Cell::Absent, Cell::number)
    }),
    Field::new("revenue", Amount, "Sales minus returns, in `currency`.", |row| revenue(row).amount),
    Field::new("currency", Text, "Currency of the amounts.", |row| revenue(row).currency),
    Field::new("other_revenue", Text, "Revenue in other currencies, like `3.00 USD`.", |row| {
        revenue(row).other
    }),
    Field::new("events", Integer, "Number of events that count.", |row| {
        Cell::count(row.figures.events)
    }),
];

fn revenue(row: &StockRecord) -> RowRevenue {
    RowRevenue::new(&row.figures.revenue, row.currency)
}

/// Returns the windows of an item on a date. `opening` is the stock at its start, where a day row
/// says so; `windows` are in order and in one unit.
#[must_use]
pub fn records(
    catalog: &StoreCatalog,
    date: NaiveDate,
    (sku, unit): (&Sku, Unit),
    opening: Option<Decimal>,
    windows: &[StockWindow],
) -> Vec<StockRecord> {
    let mut level = opening;
    let labels = catalog.labels(sku);
    let currency = catalog.items.get(sku).map(|item| item.price.currency());
    let record = |window: &StockWindow| {
        let figures = window.figures();
        let start = figures.counted.map(|count| count.quantity).or(level);
        level = start.map(|start| start + figures.moved);
        StockRecord {
            store_id: catalog.store.store_id.clone(),
            date,
            sku: sku.clone(),
            labels: labels.clone(),
            unit,
            window: window.key().window.start(),
            zone: catalog.store.zone,
            on_hand: level,
            figures,
            currency,
        }
    };
    windows.iter().map(record).collect()
}
