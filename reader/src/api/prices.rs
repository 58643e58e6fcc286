//! `GET /v1/prices/lowest`: lowest prices of 30 days.

use std::sync::Arc;

use analytics::table::{cells, columns};
use axum::extract::{Request, State};
use axum::response::Response;
use pricing::offer_fields::today;
use pricing::prior_price::LOWEST_PRICE_DAYS;

use super::ReaderService;
use super::page::Page;
use super::page_request::PageRequest;
use super::problem::ReadProblem;
use crate::ReadTables;
use crate::lowest_price::{FIELDS, dates_before, lowest_prices};
use crate::stores::{catalog_of, not_closed};

pub(super) async fn lowest<T: ReadTables>(
    State(service): State<Arc<ReaderService<T>>>,
    request: Request,
) -> Result<Response, ReadProblem> {
    let question = PageRequest::read(&request, &["store", "sku", "date"], (service.clock)())?;
    drop(request);
    let (tables, parameters) = (&service.tables, &question.parameters);
    let (sku, date) = (parameters.sku()?, parameters.date()?);
    let stores = question.stores(tables, parameters.store()?).await?;
    let mut page = Page::new(&question);
    for store in stores {
        let store_id = store.store_id.clone();
        if page.skips(&store_id) {
            continue;
        }
        let date = date.unwrap_or_else(|| today(&store, question.asked_at));
        let before = dates_before(date).ok_or_else(|| {
            ReadProblem::Span(format!("date {date} has no {LOWEST_PRICE_DAYS} days before it"))
        })?;
        let missing = not_closed(tables, &store, &before, question.asked_at).await?;
        page.add_not_closed(&store_id, missing);
        let catalog = catalog_of(tables, store).await?;
        let found = lowest_prices(tables, &catalog, sku.as_ref(), (&before, date)).await?;
        page.add_unreadable(&found.unreadable);
        for record in &found.records {
            let key = vec![store_id.to_string(), record.sku.to_string()];
            page.add(key, cells(FIELDS, record));
        }
    }
    page.answer(&question, &columns(FIELDS), None)
}
