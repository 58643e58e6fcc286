//! `GET /v1/sales`: sales by slot and shelf price.

use std::sync::Arc;

use analytics::table::{cells, columns};
use analytics::tables::sales_by_slot::{FIELDS, SlotRecord, records};
use axum::extract::{Request, State};
use axum::response::Response;

use super::ReaderService;
use super::cursor::CursorKey;
use super::page::Page;
use super::page_request::PageRequest;
use super::problem::ReadProblem;
use crate::ReadTables;
use crate::stores::{catalog_of, closed_days, not_closed};

/// Sorts after every instant.
const REST_OF_THE_DAY: &str = "~";

pub(super) async fn sales<T: ReadTables>(
    State(service): State<Arc<ReaderService<T>>>,
    request: Request,
) -> Result<Response, ReadProblem> {
    let known = ["store", "sku", "date", "from", "to"];
    let question = PageRequest::read(&request, &known, (service.clock)())?;
    drop(request);
    let (tables, parameters) = (&service.tables, &question.parameters);
    let sku = parameters.sku()?;
    let stores = question.stores(tables, parameters.store()?).await?;
    let dates = question.dates(&stores)?;
    let mut page = Page::new(&question);
    page.note_future(&question, &stores, &dates);
    for store in stores {
        let store_id = store.store_id.clone();
        if page.skips(&store_id) {
            continue;
        }
        let missing = not_closed(tables, &store, &dates, question.asked_at).await?;
        page.add_not_closed(&store_id, missing);
        let catalog = catalog_of(tables, store).await?;
        let dates = page.dates_of(&store_id, &dates);
        let closed = closed_days(tables, &catalog, sku.as_ref(), &dates).await?;
        page.add_unreadable(&closed.unreadable);
        for record in closed.days.iter().flat_map(|day| records(day, &catalog)) {
            page.add(key(&record), cells(FIELDS, &record));
        }
    }
    page.answer(&question, &columns(FIELDS), Some(&dates))
}

/// Returns the key of a row. A slot has a row for each revision of the offer, and the rest of a day
/// one for each currency.
fn key(record: &SlotRecord) -> CursorKey {
    let start = record.slot.as_ref().map(|slot| slot.starts_at.to_utc().to_rfc3339());
    let offer = record.slot.as_ref().and_then(|slot| slot.offer.as_ref());
    let revision = offer.map_or(0, |offer| offer.offer_id.revision);
    vec![
        record.store_id.to_string(),
        record.date.to_string(),
        record.sku.to_string(),
        start.unwrap_or_else(|| REST_OF_THE_DAY.to_owned()),
        format!("{revision:010}"),
        record.currency.map(|currency| currency.to_string()).unwrap_or_default(),
    ]
}
