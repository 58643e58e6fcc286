//! Outcomes of offers: expected and actual sales of each revision.

use std::process::ExitCode;

use analytics::table::{cells, columns};
use analytics::tables::offer_outcomes::FIELDS;
use reader::offers::outcomes;
use reader::stores::latest_today;

use super::list::OfferListArgs;
use crate::connect::note_unreadable;
use crate::dates::dates_text;
use crate::stores::NotClosed;
use crate::{CommandError, clock, output};

/// Columns of a table for people.
const IN_TABLE: &[&str] = &[
    "business_date",
    "sku",
    "revision",
    "price",
    "discount_percent",
    "expected_units",
    "sold",
    "expected_revenue",
    "revenue",
    "currency",
    "expected_waste",
    "closing",
];

pub(super) async fn run(args: OfferListArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let stores = tables.stores(args.store.as_ref()).await?;
    let dates = args.dates.or_last_days(latest_today(&stores, now))?;
    let mut rows = Vec::new();
    let mut not_closed = NotClosed::default();
    for store in stores {
        not_closed.add(&store.store_id, tables.not_closed(&store, &dates, now).await?);
        let catalog = tables.catalog_of(store).await?;
        let found = outcomes(&*tables, &catalog, args.sku.as_ref(), &dates).await;
        let found = found.map_err(|failure| tables.explain(failure))?;
        note_unreadable(&found.unreadable);
        rows.extend(found.records.iter().map(|outcome| cells(FIELDS, outcome)));
    }
    if rows.is_empty() {
        output::note(format!("no offer on a closed day {}", dates_text(&dates)));
    }
    let several = args.store.is_none();
    let in_table = [if several { &["store_id"][..] } else { &[] }, IN_TABLE].concat();
    output::records(args.format, &columns(FIELDS), &in_table, rows)?;
    not_closed.note();
    Ok(ExitCode::SUCCESS)
}
