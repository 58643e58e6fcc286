//! Table `days`: one row a store, item and closed date.

use domain::{ClosedDay, Currency};
use rust_decimal::Decimal;

use super::{ItemLabels, RowRevenue, StoreCatalog};
use crate::table::ColumnType::{Amount, Date, Instant, Integer, LocalTime, Quantity, Share, Text};
use crate::table::{Cell, Field};

/// A closed day with the labels of its item.
#[derive(Debug, Clone)]
pub struct DayRecord {
    /// Day row.
    pub day: ClosedDay,
    /// Name and category.
    pub labels: ItemLabels,
    /// Time zone of the store.
    pub zone: chrono_tz::Tz,
}

/// Columns of the table.
pub const FIELDS: &[Field<DayRecord>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.day.key.store_id.as_str())),
    Field::new("business_date", Date, "Date of the store.", |row| Cell::Date(row.day.key.date)),
    Field::new("sku", Text, "Item.", |row| Cell::text(row.day.key.sku.as_str())),
    Field::new("name", Text, "Name of the item.", |row| row.labels.name.clone()),
    Field::new("category", Text, "Category of the item.", |row| row.labels.category.clone()),
    Field::new("unit", Text, "Unit of all quantities.", |row| {
        Cell::optional_text(row.day.unit.map(|unit| unit.as_str()))
    }),
    Field::new("opening", Quantity, "Stock at the start of the date.", |row| {
        Cell::number(row.day.opening)
    }),
    Field::new("received", Quantity, "Delivered or produced.", |row| {
        Cell::number(row.day.figures.received)
    }),
    Field::new("sold", Quantity, "Sold, before returns.", |row| Cell::number(row.day.figures.sold)),
    Field::new("returned", Quantity, "Returned by customers.", |row| {
        Cell::number(row.day.figures.returned)
    }),
    Field::new("wasted", Quantity, "Thrown away, given away or lost.", |row| {
        Cell::number(row.day.figures.wasted)
    }),
    Field::new("transferred_in", Quantity, "Received from other stores.", |row| {
        Cell::number(row.day.figures.transferred_in)
    }),
    Field::new("transferred_out", Quantity, "Sent to other stores.", |row| {
        Cell::number(row.day.figures.transferred_out)
    }),
    Field::new("closing", Quantity, "Stock at the end; below 0 if an event is missing.", |row| {
        Cell::number(row.day.closing)
    }),
    Field::new("expired", Quantity, "Part of `closing` past its shelf life.", |row| {
        Cell::number(row.day.expired())
    }),
    Field::new("sell_through", Share, "Net sales as a share of the stock to sell.", |row| {
        row.day.sell_through().map_or(Cell::Absent, Cell::number)
    }),
    Field::new("sold_out_at", LocalTime, "Start of the empty shelf until the close.", |row| {
        let at = row.day.sold_out_at.map(|at| at.with_timezone(&row.zone));
        at.map_or(Cell::Absent, Cell::LocalTime)
    }),
    Field::new("closes_at", Instant, "Close of the store.", |row| Cell::Instant(row.day.closes_at)),
    Field::new("offers", Integer, "Revisions of the day's offer.", |row| {
        Cell::count(row.day.offers.len())
    }),
    Field::new("regular_price", Amount, "Price without discount.", |row| {
        Cell::price(row.day.regular_price)
    }),
    Field::new("sold_discounted", Quantity, "Sold below `regular_price`, before returns.", |row| {
        Cell::number(discounted(row).0)
    }),
    Field::new("given_away", Amount, "Discount on those, summed over the labels.", |row| {
        let given_away = discounted(row).1;
        currency(&row.day).map_or(Cell::Absent, |currency| Cell::amount(given_away, currency))
    }),
    Field::new("lowest_price_paid", Amount, "Lowest label price of a sale.", |row| {
        let own = currency(&row.day);
        let paid =
            row.day.sold_at.keys().filter(|(of, price)| Some(*of) == own && !price.is_zero());
        paid.min().map_or(Cell::Absent, |(currency, price)| Cell::amount(*price, *currency))
    }),
    Field::new("revenue", Amount, "Sales minus returns, in `currency`.", |row| {
        revenue(&row.day).amount
    }),
    Field::new("currency", Text, "Currency of the amounts.", |row| revenue(&row.day).currency),
    Field::new("other_revenue", Text, "Revenue in other currencies, like `3.00 USD`.", |row| {
        revenue(&row.day).other
    }),
];

/// Returns the currency of a day: that of its regular price, or else the first with revenue.
#[must_use]
pub fn currency(day: &ClosedDay) -> Option<Currency> {
    let regular = day.regular_price.map(|price| price.currency());
    regular.or_else(|| day.figures.revenue.keys().next().copied())
}

/// Returns the units sold below the regular price, and their discounts in its currency.
fn discounted(row: &DayRecord) -> (Decimal, Decimal) {
    let Some(regular) = row.day.regular_price else { return Default::default() };
    let below = row.day.sold_at.iter().filter(|((currency, price), _)| {
        *currency == regular.currency() && *price < regular.amount()
    });
    below.fold(Default::default(), |(units, amount), ((_, price), quantity)| {
        (units + quantity, amount + quantity * (regular.amount() - price))
    })
}

fn revenue(day: &ClosedDay) -> RowRevenue {
    RowRevenue::new(&day.figures.revenue, currency(day))
}

impl DayRecord {
    /// Creates the record of a day row.
    #[must_use]
    pub fn new(day: ClosedDay, catalog: &StoreCatalog) -> Self {
        let labels = catalog.labels(&day.key.sku);
        Self { day, labels, zone: catalog.store.zone }
    }

    /// `true` if something was offered or sold below the regular price.
    #[must_use]
    pub fn is_discounted(&self) -> bool {
        !self.day.offers.is_empty() || !discounted(self).0.is_zero()
    }

    /// Returns the units sold below the regular price, and their discounts in the currency of the
    /// day.
    #[must_use]
    pub fn discounted(&self) -> (Decimal, Decimal) {
        discounted(self)
    }
}
