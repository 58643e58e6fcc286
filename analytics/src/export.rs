//! List of the exported tables, and the texts beside them: schema, views and queries.

mod athena;
mod duckdb;
mod queries;
mod schema;

pub use athena::athena_tables;
pub use duckdb::duckdb_views;
pub use queries::{QUERIES, Query};
pub use schema::schema;

use crate::table::{Column, Field, columns};
use crate::tables::{
    catalog, days, experiment, gaps, offer_outcomes, offers, sales_by_slot, stock,
};

/// Table of an export.
#[derive(Debug, Clone)]
pub struct ExportTable {
    /// Name of the table and of its folder.
    pub name: &'static str,
    /// Meaning of a row.
    pub grain: &'static str,
    /// Columns that identify a row. An absent value counts as one.
    pub key: &'static [&'static str],
    /// `true` if the table has one file a month; `false` if it has one file.
    pub is_dated: bool,
    /// Columns.
    pub columns: Vec<Column>,
}

/// Returns all tables, facts first.
#[must_use]
pub fn tables() -> Vec<ExportTable> {
    vec![
        dated(
            "sales_by_slot",
            "sales of an item in a quarter of an hour at one shelf price; without a slot, the \
             rest of a day",
            &["store_id", "business_date", "sku", "slot_starts_at", "offer_id", "currency"],
            sales_by_slot::FIELDS,
        ),
        dated(
            "stock",
            "movements of an item in five minutes, as long as the stock log is kept",
            &["store_id", "sku", "window_starts_at"],
            stock::FIELDS,
        ),
        dated(
            "days",
            "an item on a closed date",
            &["store_id", "business_date", "sku"],
            days::FIELDS,
        ),
        dated("offers", "a revision of an offer", &["offer_id"], offers::FIELDS),
        dated(
            "offer_outcomes",
            "a published revision on a closed date, expected and sold",
            &["offer_id"],
            offer_outcomes::FIELDS,
        ),
        dated(
            "experiment",
            "an item with stock at the first decision of a closed date, and its afternoon",
            &["store_id", "business_date", "sku"],
            experiment::FIELDS,
        ),
        dated(
            "gaps",
            "a till's own count of its events on a date",
            &["store_id", "business_date", "terminal_id", "epoch"],
            gaps::FIELDS,
        ),
        undated("items", "an item in force in a store", &["store_id", "sku"], catalog::ITEMS),
        undated("stores", "a store", &["store_id"], catalog::STORES),
        undated("policies", "the policy of a store", &["store_id"], catalog::POLICIES),
    ]
}

fn dated<R>(
    name: &'static str,
    grain: &'static str,
    key: &'static [&'static str],
    fields: &[Field<R>],
) -> ExportTable {
    ExportTable { name, grain, key, is_dated: true, columns: columns(fields) }
}

fn undated<R>(
    name: &'static str,
    grain: &'static str,
    key: &'static [&'static str],
    fields: &[Field<R>],
) -> ExportTable {
    ExportTable { is_dated: false, ..dated(name, grain, key, fields) }
}
