//! `GET /v1/offers`: offers over dates, with expectation and reason, or their outcomes.

use std::ops::RangeInclusive;
use std::sync::Arc;

use analytics::table::{cells, columns};
use analytics::tables::offer_outcomes;
use analytics::tables::offers::{FIELDS, OfferRecord};
use axum::extract::{Request, State};
use axum::response::Response;
use chrono::NaiveDate;
use domain::{OfferId, Store};

use super::ReaderService;
use super::cursor::CursorKey;
use super::page::Page;
use super::page_request::PageRequest;
use super::problem::ReadProblem;
use crate::ReadTables;
use crate::offers::{OfferSelection, outcomes};
use crate::stores::{catalog_of, not_closed};

pub(super) async fn offers<T: ReadTables>(
    State(service): State<Arc<ReaderService<T>>>,
    request: Request,
) -> Result<Response, ReadProblem> {
    let known = ["store", "sku", "date", "from", "to", "revisions", "shadows", "outcomes"];
    let question = PageRequest::read(&request, &known, (service.clock)())?;
    drop(request);
    let (tables, parameters) = (&service.tables, &question.parameters);
    let sku = parameters.sku()?;
    let selection = OfferSelection {
        sku: sku.as_ref(),
        shadows: parameters.truth("shadows")?,
        revisions: parameters.truth("revisions")?,
    };
    let with_outcomes = parameters.truth("outcomes")?;
    if with_outcomes && (selection.shadows || selection.revisions) {
        return Err(ReadProblem::Parameter(
            "outcomes has every revision that was published; leave out revisions and shadows"
                .to_owned(),
        ));
    }
    let stores = question.stores(tables, parameters.store()?).await?;
    let dates = question.dates(&stores)?;
    let mut page = Page::new(&question);
    page.note_future(&question, &stores, &dates);
    for store in stores {
        if page.skips(&store.store_id) {
            continue;
        }
        let of_page = page.dates_of(&store.store_id, &dates);
        if with_outcomes {
            let missing = not_closed(tables, &store, &dates, question.asked_at).await?;
            page.add_not_closed(&store.store_id, missing);
            let catalog = catalog_of(tables, store).await?;
            let found = outcomes(tables, &catalog, selection.sku, &of_page).await?;
            page.add_unreadable(&found.unreadable);
            for record in &found.records {
                let key = key(&record.offer.offer_id);
                page.add(key, cells(offer_outcomes::FIELDS, record));
            }
        } else {
            add_offers(&mut page, tables, store, &selection, &of_page).await?;
        }
    }
    let columns = if with_outcomes { columns(offer_outcomes::FIELDS) } else { columns(FIELDS) };
    page.answer(&question, &columns, Some(&dates))
}

/// Adds the offers of a store, date by date until the page is full.
async fn add_offers(
    page: &mut Page,
    tables: &impl ReadTables,
    store: Store,
    selection: &OfferSelection<'_>,
    dates: &RangeInclusive<NaiveDate>,
) -> Result<(), ReadProblem> {
    let store_id = store.store_id.clone();
    let catalog = catalog_of(tables, store).await?;
    for date in dates.start().iter_days().take_while(|date| date <= dates.end()) {
        if page.is_full() {
            break;
        }
        for offer in selection.of(tables.query_offers(&store_id, date).await?) {
            let key = key(&offer.offer_id);
            page.add(key, cells(FIELDS, &OfferRecord::new(offer, &catalog)));
        }
    }
    Ok(())
}

fn key(id: &OfferId) -> CursorKey {
    let revision = format!("{:010}", id.revision);
    vec![id.store_id.to_string(), id.date.to_string(), id.sku.to_string(), revision]
}
