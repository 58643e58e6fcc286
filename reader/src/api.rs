//! Figures over HTTP, for analysts and their programs.
//!
//! A request carries its [`Authority`](domain::Authority) among its extensions, as in the ingest.
//! A question without a store covers every store that the caller may read.

mod cursor;
mod days;
mod effect;
mod format;
mod offers;
mod page;
mod page_request;
mod parameters;
mod prices;
mod problem;
mod sales;
mod stock;
mod store_list;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use domain::ports::Clock;

use crate::ReadTables;
use problem::ReadProblem;

/// State of the routes.
pub struct ReaderService<T> {
    /// Tables that are read.
    pub tables: T,
    /// Clock of the program.
    pub clock: Clock,
}

/// Creates the router.
///
/// | path | answer |
/// |---|---|
/// | `GET /v1/stores` | stores of the catalogue |
/// | `GET /v1/stores/{store_id}/stock` | stock on hand and movements, or windows |
/// | `GET /v1/offers` | offers with expectation and reason, or their outcomes |
/// | `GET /v1/days` | closed days |
/// | `GET /v1/sales` | sales by slot and shelf price |
/// | `GET /v1/prices/lowest` | lowest prices of 30 days, with their evidence |
/// | `GET /v1/effect` | effect of the offers |
pub fn router<T: ReadTables + 'static>(service: Arc<ReaderService<T>>) -> Router {
    Router::new()
        .route("/v1/stores", get(store_list::stores::<T>))
        .route("/v1/stores/{store_id}/stock", get(stock::stock::<T>))
        .route("/v1/offers", get(offers::offers::<T>))
        .route("/v1/days", get(days::days::<T>))
        .route("/v1/sales", get(sales::sales::<T>))
        .route("/v1/prices/lowest", get(prices::lowest::<T>))
        .route("/v1/effect", get(effect::effects::<T>))
        .method_not_allowed_fallback(async || ReadProblem::MethodNotAllowed)
        .with_state(service)
}
