//! `GET /v1/stores`: stores that the caller may read.

use std::sync::Arc;

use analytics::table::{cells, columns};
use analytics::tables::catalog::STORES;
use axum::extract::{Request, State};
use axum::response::Response;

use super::ReaderService;
use super::page::Page;
use super::page_request::PageRequest;
use super::problem::ReadProblem;
use crate::ReadTables;

pub(super) async fn stores<T: ReadTables>(
    State(service): State<Arc<ReaderService<T>>>,
    request: Request,
) -> Result<Response, ReadProblem> {
    let question = PageRequest::read(&request, &[], (service.clock)())?;
    drop(request);
    let mut page = Page::new(&question);
    for store in question.stores(&service.tables, None).await? {
        page.add(vec![store.store_id.to_string()], cells(STORES, &store));
    }
    page.answer(&question, &columns(STORES), None)
}
