//! `GET /v1/stores/{store_id}/stock`: stock on hand and movements, or the windows of a date.

use std::sync::Arc;

use analytics::table::{cells, columns};
use analytics::tables::stock as windows;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::ReaderService;
use super::page::Page;
use super::page_request::PageRequest;
use super::problem::ReadProblem;
use crate::ReadTables;
use crate::stock::{FIELDS, StockQuestion};
use crate::stores::catalog_of;

pub(super) async fn stock<T: ReadTables>(
    State(service): State<Arc<ReaderService<T>>>,
    store_id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ReadProblem> {
    let known = ["sku", "date", "at", "windows"];
    let question = PageRequest::read(&request, &known, (service.clock)())?;
    drop(request);
    let Path(store_id) =
        store_id.map_err(|_| ReadProblem::StoreIdInPath("is no text in UTF-8".to_owned()))?;
    let store_id =
        store_id.parse().map_err(|error| ReadProblem::StoreIdInPath(format!("{error}")))?;
    let (tables, parameters) = (&service.tables, &question.parameters);
    let (sku, date, at) = (parameters.sku()?, parameters.date()?, parameters.instant("at")?);
    if date.is_some() && at.is_some() {
        return Err(ReadProblem::Parameter("send date or at, and not both".to_owned()));
    }
    let with_windows = parameters.truth("windows")?;
    let stores = question.stores(tables, Some(store_id)).await?;
    let mut page = Page::new(&question);
    for store in stores {
        let store_id = store.store_id.clone();
        let catalog = catalog_of(tables, store).await?;
        let asked = StockQuestion {
            store_id: &store_id,
            catalog: Some(&catalog),
            sku: sku.as_ref(),
            date,
            at: at.unwrap_or(question.asked_at),
        };
        let stock = asked.read(tables).await?;
        page.add_unreadable(&stock.unreadable);
        let start = [store_id.to_string(), stock.date.to_string()];
        for item in &stock.items {
            let key = |last: String| [&start[..], &[item.sku.to_string(), last]].concat();
            if !with_windows {
                let row = asked.row(item, item.figures.clone(), stock.date);
                page.add(key(String::new()), cells(FIELDS, &row));
                continue;
            }
            let (of, opening) = ((&item.sku, item.unit), stock.openings.get(&item.sku).copied());
            let records = windows::records(&catalog, stock.date, of, opening, &item.windows);
            for (window, record) in item.windows.iter().zip(&records) {
                let start = window.key().window.start().to_rfc3339();
                page.add(key(start), cells(windows::FIELDS, record));
            }
        }
    }
    let columns = if with_windows { columns(windows::FIELDS) } else { columns(FIELDS) };
    page.answer(&question, &columns, None)
}
