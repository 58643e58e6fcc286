//! Outcomes of offers: expected and actual sales of each revision.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::process::ExitCode;

use analytics::table::{cells, columns};
use analytics::tables::offer_outcomes::{FIELDS, records};
use chrono::NaiveDate;
use domain::Offer;
use domain::ports::OffersTable;

use super::list::OfferListArgs;
use crate::dates::{dates_text, latest_today};
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
        let mut offers: BTreeMap<NaiveDate, Vec<Offer>> = BTreeMap::new();
        for day in tables.closed_days(&catalog, args.sku.as_ref(), &dates).await? {
            if day.offers.is_empty() {
                continue;
            }
            let date = day.key.date;
            let of_date = match offers.entry(date) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let of_date = tables.query_offers(&catalog.store.store_id, date).await;
                    new.insert(of_date.map_err(|failure| tables.explain(failure))?)
                }
            };
            let outcomes = records(&day, of_date, &catalog);
            rows.extend(outcomes.iter().map(|outcome| cells(FIELDS, outcome)));
        }
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
