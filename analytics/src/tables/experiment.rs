//! Table `experiment`: one row a store, item and date with stock at the first decision, with its
//! arm and its afternoon. `daymark effect` is computed from these figures alone.

use crate::effect::ItemDayOutcome;
use crate::table::ColumnType::{Amount, Date, Quantity, Share, Text, Truth};
use crate::table::{Cell, Field};

/// Columns of the table.
pub const FIELDS: &[Field<ItemDayOutcome>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.store_id.as_str())),
    Field::new("business_date", Date, "Date of the store.", |row| Cell::Date(row.date)),
    Field::new("sku", Text, "Item.", |row| Cell::text(row.sku.as_str())),
    Field::new("category", Text, "Category of the item.", |row| {
        Cell::optional_text(row.category.clone())
    }),
    Field::new("arm", Text, "Arm of the item on that date.", |row| Cell::text(row.arm.as_str())),
    Field::new("on_hand", Quantity, "Stock at the first decision.", |row| {
        Cell::number(row.on_hand)
    }),
    Field::new("stock_value", Amount, "Its value at the regular price.", |row| {
        Cell::amount(row.stock_value, row.currency)
    }),
    Field::new("to_sell", Quantity, "`on_hand` and later deliveries.", |row| {
        Cell::number(row.to_sell)
    }),
    Field::new("sold", Quantity, "Sold minus returned.", |row| Cell::number(row.sold)),
    Field::new("revenue", Amount, "Sales minus returns.", |row| {
        Cell::amount(row.revenue, row.currency)
    }),
    Field::new("wasted", Quantity, "Thrown away, or past its life at the end.", |row| {
        Cell::number(row.wasted)
    }),
    Field::new("waste_cost", Amount, "Cost of the waste less its salvage value.", |row| {
        row.waste_cost.map_or(Cell::Absent, |cost| Cell::amount(cost, row.currency))
    }),
    Field::new("margin", Amount, "Revenue less the cost of sales and waste.", |row| {
        row.margin.map_or(Cell::Absent, |margin| Cell::amount(margin, row.currency))
    }),
    Field::new("currency", Text, "Currency of the amounts.", |row| Cell::text(row.currency.code())),
    Field::new("rung_up", Quantity, "Sold, before returns.", |row| Cell::number(row.rung_up)),
    Field::new("discounted", Quantity, "Of this, below the regular price.", |row| {
        Cell::number(row.discounted)
    }),
    Field::new("discount_units", Share, "Units, each times its discount as a share.", |row| {
        Cell::number(row.given_away.round_dp(6))
    }),
    Field::new("sold_out", Truth, "A sale emptied the shelf before the close.", |row| {
        Cell::Truth(row.is_sold_out)
    }),
];
