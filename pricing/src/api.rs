//! The offers over HTTP, for shelf labels, tills and price displays.
//!
//! As where events come in, a request brings its [`Authority`] among its extensions: who puts it
//! there has checked the sender. Without one it is refused.

mod problem;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::Uri;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{CatalogTable, OffersTable};
use domain::{Authority, Offer, Store, StoreId};
use serde_json::{Map, Value, json};

use crate::listed::{fields, latest, today};
use problem::Problem;

/// Tells the time; the shell's clock.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What is told of an offer, with its revision. Who decided it and what the chain expects of it is
/// not for everyone who may read prices.
const TOLD: [&str; 11] = [
    "offer_id",
    "sku",
    "from",
    "until",
    "regular",
    "price",
    "currency",
    "percent_off",
    "reason",
    "was_price",
    "lowest_price",
];

/// Everything the routes need.
pub struct Service<T> {
    /// Catalogue and offers.
    pub tables: T,
    /// The shell's clock.
    pub clock: Clock,
}

/// The paths.
///
/// | path | answers |
/// |---|---|
/// | `GET /v1/stores/{store_id}/offers` | the offers that hold now, on the store's business day |
/// | `…?date=2026-03-12` | those that were the last of that day |
///
/// It listens nowhere: the shell does. Its fallback answers 404 as problem details; a shell that
/// merges it with another router's fallback calls [`Router::reset_fallback`] on one of them.
pub fn router<T>(service: Arc<Service<T>>) -> Router
where
    T: CatalogTable + OffersTable + 'static,
{
    Router::new()
        .route("/v1/stores/{store_id}/offers", get(offers::<T>))
        .fallback(async |uri: Uri| Problem::NotFound { path: uri.path().to_owned() })
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .with_state(service)
}

async fn offers<T: CatalogTable + OffersTable>(
    State(service): State<Arc<Service<T>>>,
    store_id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let authority = request.extensions().get::<Authority>().ok_or(Problem::Unauthenticated)?;
    let Path(store_id) = store_id.map_err(|_| Problem::NoText)?;
    let store_id: StoreId = store_id.parse().map_err(Problem::NoStoreId)?;
    if !authority.allows(&store_id) {
        return Err(Problem::StoreNotAllowed { store_id, allowed: authority.summary() });
    }
    let date = date_of(query.as_deref().unwrap_or_default())?;
    let store = service.tables.load_store(&store_id).await.map_err(Problem::Tables)?;
    let store = store.ok_or(Problem::NoStore(store_id))?;
    let now = (service.clock)();
    let day = date.unwrap_or_else(|| today(&store, now));
    let offers =
        service.tables.query_offers(&store.store_id, day).await.map_err(Problem::Tables)?;
    let mut offers = latest(offers.into_iter().filter(|offer| !offer.shadow).collect());
    offers.retain(|offer| date.is_some() || now < offer.valid_until);
    Ok(Json(json!({
        "store_id": store.store_id.as_str(),
        "date": day.to_string(),
        "offers": offers.iter().map(|offer| row(offer, &store)).collect::<Vec<_>>(),
    })))
}

/// The date that a query names, if it names one.
fn date_of(query: &str) -> Result<Option<NaiveDate>, Problem> {
    let mut date = None;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let given = parameter.strip_prefix("date=");
        let given = given.ok_or_else(|| Problem::Parameter(parameter.to_owned()))?;
        if date.is_some() {
            return Err(Problem::DateAgain);
        }
        date = Some(given.parse().map_err(|_| Problem::Date(given.to_owned()))?);
    }
    Ok(date)
}

fn row(offer: &Offer, store: &Store) -> Value {
    let clock = |at: DateTime<Utc>| at.with_timezone(&store.zone).to_rfc3339();
    let fields = fields(offer, clock).into_iter().filter(|(name, _)| TOLD.contains(name));
    let revision = ("revision", offer.offer_id.revision.to_string());
    let field = |(name, value): (&str, String)| (name.to_owned(), Value::String(value));
    Value::Object(fields.chain([revision]).map(field).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_a_date_or_nothing() {
        assert_eq!(date_of("").ok(), Some(None));
        assert_eq!(date_of("date=2026-03-12").ok(), Some("2026-03-12".parse().ok()));
        for (query, told) in [
            ("date=tomorrow", "the date \"tomorrow\" is none; send it as YYYY-MM-DD"),
            ("date=", "the date \"\" is none"),
            ("day=2026-03-12", "the parameter \"day=2026-03-12\" is not known; date"),
            ("date=2026-03-12&date=2026-03-13", "the date is given twice; send it once"),
        ] {
            let message = date_of(query).unwrap_err().to_string();
            assert!(message.contains(told), "{message}");
        }
    }
}
