//! Sums of closed days by item, category, store or date.
//!
//! Amounts in different currencies and quantities in different units are never added up: they are
//! rows of their own.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::Currency;
use domain::event::Unit;
use rust_decimal::Decimal;

use super::days::{DayRecord, currency};
use crate::table::ColumnType::{Amount, Date, Integer, Quantity, Share, Text};
use crate::table::{Cell, Field};

/// Grouping of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayGroup {
    /// Item of a store.
    Item,
    /// Category of the chain.
    Category,
    /// Store.
    Store,
    /// Date of the chain.
    Date,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Key {
    store_id: Option<String>,
    date: Option<NaiveDate>,
    sku: Option<String>,
    category: Option<String>,
    currency: Option<Currency>,
    unit: Option<&'static str>,
}

/// Sums of a group.
#[derive(Debug, Clone, Default)]
pub struct DaySums {
    key: Key,
    name: Option<String>,
    item_days: i64,
    to_sell: Decimal,
    received: Decimal,
    sold: Decimal,
    returned: Decimal,
    wasted: Decimal,
    expired: Decimal,
    sold_discounted: Decimal,
    given_away: Decimal,
    revenue: Decimal,
}

/// Columns of the sums. Those that a grouping does not have are absent in every row.
pub const FIELDS: &[Field<DaySums>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::optional_text(row.key.store_id.clone())),
    Field::new("business_date", Date, "Date of the stores.", |row| {
        row.key.date.map_or(Cell::Absent, Cell::Date)
    }),
    Field::new("sku", Text, "Item.", |row| Cell::optional_text(row.key.sku.clone())),
    Field::new("name", Text, "Name of the item.", |row| Cell::optional_text(row.name.clone())),
    Field::new("category", Text, "Category.", |row| Cell::optional_text(row.key.category.clone())),
    Field::new("unit", Text, "Unit of the quantities.", |row| Cell::optional_text(row.key.unit)),
    Field::new("item_days", Integer, "Number of day rows.", |row| Cell::Integer(row.item_days)),
    Field::new("to_sell", Quantity, "Stock to sell; carried stock counts every day.", |row| {
        Cell::number(row.to_sell)
    }),
    Field::new("received", Quantity, "Delivered or produced.", |row| Cell::number(row.received)),
    Field::new("sold", Quantity, "Sold, before returns.", |row| Cell::number(row.sold)),
    Field::new("returned", Quantity, "Returned by customers.", |row| Cell::number(row.returned)),
    Field::new("sell_through", Share, "Net sales as a share of `to_sell`.", |row| {
        let share = (row.sold - row.returned).checked_div(row.to_sell);
        share.map_or(Cell::Absent, |share| Cell::number(share.round_dp(4)))
    }),
    Field::new("wasted", Quantity, "Thrown away, given away or lost.", |row| {
        Cell::number(row.wasted)
    }),
    Field::new("expired", Quantity, "Left past its shelf life.", |row| Cell::number(row.expired)),
    Field::new("sold_discounted", Quantity, "Sold below the regular price.", |row| {
        Cell::number(row.sold_discounted)
    }),
    Field::new("given_away", Amount, "Discount on those.", |row| amount(row, row.given_away)),
    Field::new("revenue", Amount, "Sales minus returns.", |row| amount(row, row.revenue)),
    Field::new("currency", Text, "Currency of the amounts.", |row| {
        Cell::optional_text(row.key.currency.map(|currency| currency.code().to_owned()))
    }),
];

fn amount(row: &DaySums, amount: Decimal) -> Cell {
    row.key.currency.map_or(Cell::Absent, |currency| Cell::amount(amount, currency))
}

/// Adds up days, sorted by their group. Revenue in a second currency of a day has a row of its own.
#[must_use]
pub fn sums(days: &[DayRecord], by: DayGroup) -> Vec<DaySums> {
    let mut groups: BTreeMap<Key, DaySums> = BTreeMap::new();
    for record in days {
        let day = &record.day;
        let own = currency(day);
        let key = key(record, by, own);
        let name = (by == DayGroup::Item).then(|| text(&record.labels.name)).flatten();
        let sums = groups.entry(key.clone()).or_insert_with(|| empty(&key, name.clone()));
        let (units, given_away) = record.discounted();
        sums.item_days += 1;
        sums.to_sell += day.to_sell();
        sums.received += day.figures.received;
        sums.sold += day.figures.sold;
        sums.returned += day.figures.returned;
        sums.wasted += day.figures.wasted;
        sums.expired += day.expired();
        sums.sold_discounted += units;
        sums.given_away += given_away;
        for (currency, revenue) in &day.figures.revenue {
            let key = Key { currency: Some(*currency), ..key.clone() };
            groups.entry(key.clone()).or_insert_with(|| empty(&key, name.clone())).revenue +=
                revenue;
        }
    }
    groups.into_values().collect()
}

/// Sorts sums so that those with the largest discounts come first. Currencies are apart.
pub fn most_discounted_first(sums: &mut [DaySums]) {
    let rank = |row: &DaySums| (row.key.currency, std::cmp::Reverse(row.given_away));
    sums.sort_by_key(rank);
}

fn empty(key: &Key, name: Option<String>) -> DaySums {
    DaySums { key: key.clone(), name, ..DaySums::default() }
}

fn key(record: &DayRecord, by: DayGroup, currency: Option<Currency>) -> Key {
    let unit = record.day.unit.map(Unit::as_str);
    let key = Key { currency, unit, ..Key::default() };
    let category = text(&record.labels.category);
    let store_id = Some(record.day.key.store_id.to_string());
    match by {
        DayGroup::Item => {
            Key { store_id, sku: Some(record.day.key.sku.to_string()), category, ..key }
        }
        DayGroup::Category => Key { category, ..key },
        DayGroup::Store => Key { store_id, ..key },
        DayGroup::Date => Key { date: Some(record.day.key.date), ..key },
    }
}

fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.clone()),
        _ => None,
    }
}
