//! Offers over HTTP, for shelf labels, tills and price displays.
//!
//! A request carries its [`Authority`] among its extensions, as in the ingest. The program or the
//! authorizer puts it there after it has checked the sender. A request without one is refused.

mod problem;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::Uri;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{CatalogTable, Clock, OffersTable};
use domain::{Authority, Offer, PriceLabel, Store, StoreId};
use serde_json::{Map, Value, json};

use crate::offer_fields::{fields, latest, today};
use crate::offer_labels::labelled;
use problem::OffersProblem;

/// Public fields of an offer, in addition to its revision. The arm and the expectations are not for
/// everyone who may read prices.
const PUBLIC_FIELDS: [&str; 12] = [
    "offer_id",
    "sku",
    "valid_from",
    "valid_until",
    "regular_price",
    "price",
    "currency",
    "label_percent_off",
    "reason",
    "label_was_price",
    "lowest_price",
    "discount_percent",
];

/// State of the routes.
pub struct OffersService<T> {
    /// Catalogue and offers.
    pub tables: T,
    /// Clock of the program.
    pub clock: Clock,
}

/// Creates the router.
///
/// | path | answer |
/// |---|---|
/// | `GET /v1/stores/{store_id}/offers` | offers that are valid now, on the store's business day |
/// | `…?date=2026-03-12` | last offers of that day |
///
/// The fallback answers 404 as problem details. To merge the router with another one that has a
/// fallback, call [`Router::reset_fallback`] on one of them.
pub fn router<T>(service: Arc<OffersService<T>>) -> Router
where
    T: CatalogTable + OffersTable + 'static,
{
    Router::new()
        .route("/v1/stores/{store_id}/offers", get(offers::<T>))
        .fallback(async |uri: Uri| OffersProblem::NotFound { path: uri.path().to_owned() })
        .method_not_allowed_fallback(async || OffersProblem::MethodNotAllowed)
        .with_state(service)
}

async fn offers<T: CatalogTable + OffersTable>(
    State(service): State<Arc<OffersService<T>>>,
    store_id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Json<Value>, OffersProblem> {
    let authority =
        request.extensions().get::<Authority>().ok_or(OffersProblem::Unauthenticated)?;
    let Path(store_id) = store_id.map_err(|_| OffersProblem::NoText)?;
    let store_id: StoreId = store_id.parse().map_err(OffersProblem::NoStoreId)?;
    if !authority.allows(&store_id) {
        return Err(OffersProblem::StoreNotAllowed { store_id, allowed: authority.summary() });
    }
    let date = date_of(query.as_deref().unwrap_or_default())?;
    let store = service.tables.load_store(&store_id).await.map_err(OffersProblem::Tables)?;
    let store = store.ok_or(OffersProblem::NoStore(store_id))?;
    let now = (service.clock)();
    let day = date.unwrap_or_else(|| today(&store, now));
    let offers =
        service.tables.query_offers(&store.store_id, day).await.map_err(OffersProblem::Tables)?;
    let mut offers = latest(offers.into_iter().filter(|offer| !offer.shadow).collect());
    offers.retain(|offer| date.is_some() || now < offer.valid_until);
    let offers = labelled(&service.tables, &store.store_id, offers, now).await;
    let offers = offers.map_err(OffersProblem::Tables)?;
    Ok(Json(json!({
        "store_id": store.store_id.as_str(),
        "business_date": day.to_string(),
        "offers": offers.iter().map(|(offer, label)| row(offer, label, &store)).collect::<Vec<_>>(),
    })))
}

/// Returns the date of a query, if it has one.
fn date_of(query: &str) -> Result<Option<NaiveDate>, OffersProblem> {
    let mut date = None;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let given = parameter.strip_prefix("date=");
        let given = given.ok_or_else(|| OffersProblem::Parameter(parameter.to_owned()))?;
        if date.is_some() {
            return Err(OffersProblem::DateAgain);
        }
        date = Some(given.parse().map_err(|_| OffersProblem::Date(given.to_owned()))?);
    }
    Ok(date)
}

fn row(offer: &Offer, label: &PriceLabel, store: &Store) -> Value {
    let clock = |at: DateTime<Utc>| at.with_timezone(&store.zone).to_rfc3339();
    let fields = fields(offer, label, clock).into_iter();
    let fields = fields.filter(|(name, _)| PUBLIC_FIELDS.contains(name));
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
