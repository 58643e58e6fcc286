//! `GET /v1/days`: closed days.

use std::sync::Arc;

use analytics::table::{cells, columns};
use analytics::tables::days::{DayRecord, FIELDS};
use axum::extract::{Request, State};
use axum::response::Response;

use super::ReaderService;
use super::page::Page;
use super::page_request::PageRequest;
use super::problem::ReadProblem;
use crate::ReadTables;
use crate::stores::{catalog_of, closed_days, not_closed};

pub(super) async fn days<T: ReadTables>(
    State(service): State<Arc<ReaderService<T>>>,
    request: Request,
) -> Result<Response, ReadProblem> {
    let known = ["store", "sku", "date", "from", "to", "discounted"];
    let question = PageRequest::read(&request, &known, (service.clock)())?;
    drop(request);
    let (tables, parameters) = (&service.tables, &question.parameters);
    let (sku, discounted) = (parameters.sku()?, parameters.truth("discounted")?);
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
        for day in closed.days {
            let key = &day.key;
            let key = vec![store_id.to_string(), key.date.to_string(), key.sku.to_string()];
            let record = DayRecord::new(day, &catalog);
            if !discounted || record.is_discounted() {
                page.add(key, cells(FIELDS, &record));
            }
        }
    }
    page.answer(&question, &columns(FIELDS), Some(&dates))
}
