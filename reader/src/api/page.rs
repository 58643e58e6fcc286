//! Pages: rows in the order of their keys, and the answer made of them.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use analytics::row_text::{JsonRow, csv_cell};
use analytics::table::{Cell, Column};
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::ports::Failure;
use domain::{Store, StoreId};
use serde::Serialize;
use sha2::{Digest, Sha256};
use stock_log::UnreadableSegment;

use super::cursor::CursorKey;
use super::format::AnswerFormat;
use super::page_request::PageRequest;
use super::problem::ReadProblem;
use crate::stores::{latest_today, ranges};

/// Largest number of stores whose rows a page reads, so that a question with few rows ends in time.
const STORES_MAX: usize = 16;
/// Sorts after every date and item. No id has this character.
const END_OF_STORE: &str = "~";
/// Header of the reasons for which rows are missing.
const INCOMPLETE: HeaderName = HeaderName::from_static("x-incomplete");
/// Largest number of reasons in that header; JSON has all.
const REASONS_MAX: usize = 8;

/// Rows of a page while they are read.
#[derive(Debug)]
pub(super) struct Page {
    limit: usize,
    after: Option<CursorKey>,
    rows: Vec<(CursorKey, Vec<Cell>)>,
    stores_read: Vec<StoreId>,
    /// `true` if stores are left for the next page.
    is_cut: bool,
    not_closed: Vec<NotClosed>,
    notes: BTreeSet<String>,
}

/// Dates of a store that are missing, because they are not closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct NotClosed {
    store_id: String,
    dates: Vec<NaiveDate>,
}

/// Page in JSON.
#[derive(Serialize)]
struct JsonPage<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<NaiveDate>,
    rows: Vec<JsonRow<'a>>,
    next_cursor: Option<&'a str>,
    not_closed: &'a [NotClosed],
    notes: &'a BTreeSet<String>,
}

impl Page {
    pub(super) fn new(question: &PageRequest) -> Self {
        Self {
            limit: question.limit,
            after: question.after.clone(),
            rows: Vec::new(),
            stores_read: Vec::new(),
            is_cut: false,
            not_closed: Vec::new(),
            notes: BTreeSet::new(),
        }
    }

    /// `true` if the page has a row more than it shows.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() > self.limit
    }

    /// `true` if no row of a store belongs to the page: they are on earlier pages, or the page is
    /// full, or it has read as many stores as it may. Stores are asked for in their order.
    pub(super) fn skips(&mut self, store_id: &StoreId) -> bool {
        let is_past = self.after.as_ref().is_some_and(|after| match after.as_slice() {
            [last, end] if end == END_OF_STORE => store_id.as_str() <= last.as_str(),
            [last, ..] => store_id.as_str() < last.as_str(),
            [] => false,
        });
        if is_past || self.is_full() || self.is_cut {
            return true;
        }
        self.is_cut = self.stores_read.len() == STORES_MAX;
        if !self.is_cut {
            self.stores_read.push(store_id.clone());
        }
        self.is_cut
    }

    /// Returns the dates of a store that the page can have, of those of the question.
    pub(super) fn dates_of(
        &self,
        store_id: &StoreId,
        dates: &RangeInclusive<NaiveDate>,
    ) -> RangeInclusive<NaiveDate> {
        let after = self.after.as_ref().filter(|after| after[..1] == [store_id.as_str()]);
        let from = after.and_then(|after| after.get(1)?.parse::<NaiveDate>().ok());
        from.map_or(*dates.start(), |from| from.clamp(*dates.start(), *dates.end()))..=*dates.end()
    }

    /// Adds a row unless it is on an earlier page. Rows of later stores follow those of earlier
    /// ones; those of a store may be in any order.
    pub(super) fn add(&mut self, key: CursorKey, cells: Vec<Cell>) {
        if self.after.as_ref().is_none_or(|after| key > *after) {
            self.rows.push((key, cells));
        }
    }

    pub(super) fn add_not_closed(&mut self, store_id: &StoreId, dates: Vec<NaiveDate>) {
        if !dates.is_empty() {
            self.not_closed.push(NotClosed { store_id: store_id.to_string(), dates });
        }
    }

    pub(super) fn add_unreadable(&mut self, unreadable: &[UnreadableSegment]) {
        let left_out = |segment| format!("left out, so the figures may be incomplete: {segment}");
        self.notes.extend(unreadable.iter().map(left_out));
    }

    /// Notes dates that have come in no store yet.
    pub(super) fn note_future(
        &mut self,
        question: &PageRequest,
        stores: &[Store],
        dates: &RangeInclusive<NaiveDate>,
    ) {
        let today = latest_today(stores, question.asked_at);
        if *dates.end() > today {
            self.note(format!("dates after {today} are in the future"));
        }
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.insert(note);
    }

    /// Returns the answer. A caller that has the same already gets 304.
    ///
    /// # Errors
    /// Returns an error if the rows cannot be written, which does not occur.
    pub(super) fn answer(
        mut self,
        question: &PageRequest,
        columns: &[Column],
        dates: Option<&RangeInclusive<NaiveDate>>,
    ) -> Result<Response, ReadProblem> {
        self.rows.sort_by(|a, b| a.0.cmp(&b.0));
        let has_more = self.is_full();
        self.rows.truncate(self.limit);
        let last_row = self.rows.last().filter(|_| has_more).map(|(key, _)| key.clone());
        let last_store = self.stores_read.last().filter(|_| self.is_cut);
        let end_of_store = |store_id: &StoreId| vec![store_id.to_string(), END_OF_STORE.to_owned()];
        let after = last_row.or_else(|| last_store.map(end_of_store));
        let cursor = after.map(|after| question.next(after));
        let body = self.body(question.format, columns, dates, cursor.as_deref());
        let body = body.map_err(|error| Failure::Unreadable(format!("no row: {error}")))?;
        let tag = entity_tag(&body);
        let mut headers = HeaderMap::new();
        let mut insert = |name: HeaderName, value: String| {
            // Texts of this function are ASCII; others are left out.
            headers.extend(HeaderValue::from_str(&value).map(|value| (name, value)));
        };
        insert(VARY, "Accept".to_owned());
        insert(CACHE_CONTROL, "private, no-cache".to_owned());
        insert(ETAG, tag.clone());
        if question.if_none_match.as_deref().is_some_and(|given| names_tag(given, &tag)) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        insert(CONTENT_TYPE, question.format.content_type().to_owned());
        if let Some(cursor) = &cursor {
            insert(LINK, format!("<{}>; rel=\"next\"", question.link(cursor)));
        }
        let reasons = self.reasons();
        if !reasons.is_empty() {
            insert(INCOMPLETE, reasons);
        }
        Ok((headers, Body::from(body)).into_response())
    }

    fn body(
        &self,
        format: AnswerFormat,
        columns: &[Column],
        dates: Option<&RangeInclusive<NaiveDate>>,
        next_cursor: Option<&str>,
    ) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let rows = self.rows.iter().map(|(_, cells)| JsonRow { columns, cells });
        let mut body = Vec::new();
        match format {
            AnswerFormat::Json => {
                let (not_closed, notes) = (&*self.not_closed, &self.notes);
                let (from, to) =
                    (dates.map(|dates| *dates.start()), dates.map(|dates| *dates.end()));
                let rows = rows.collect();
                let page = JsonPage { from, to, rows, next_cursor, not_closed, notes };
                serde_json::to_writer(&mut body, &page)?;
            }
            AnswerFormat::Ndjson => {
                for row in rows {
                    serde_json::to_writer(&mut body, &row)?;
                    body.push(b'\n');
                }
            }
            AnswerFormat::Csv => {
                let mut writer = csv::Writer::from_writer(&mut body);
                writer.write_record(columns.iter().map(|column| column.name))?;
                for (_, cells) in &self.rows {
                    writer.write_record(cells.iter().map(csv_cell))?;
                }
                writer.flush()?;
            }
        }
        Ok(body)
    }

    /// Returns the reasons for which rows are missing, for a header.
    fn reasons(&self) -> String {
        let stores = self.not_closed.iter().map(|missing| {
            let dates = ranges(&missing.dates).into_iter().map(|range| match range.into_inner() {
                (first, last) if first == last => first.to_string(),
                (first, last) => format!("{first} to {last}"),
            });
            let dates = dates.collect::<Vec<_>>().join(", ");
            format!("store {} is not closed on {dates}", missing.store_id)
        });
        let mut reasons: Vec<String> = stores.chain(self.notes.iter().cloned()).collect();
        let more = reasons.len().saturating_sub(REASONS_MAX);
        reasons.truncate(REASONS_MAX);
        if more > 0 {
            reasons.push(format!("and {more} more, which the answer in JSON has"));
        }
        reasons.join("; ")
    }
}

/// Returns a strong entity tag of a body.
fn entity_tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

/// `true` if `If-None-Match` names the tag. Source: RFC 9110, section 13.1.2.
fn names_tag(given: &str, tag: &str) -> bool {
    let is_tag = |other: &str| other == "*" || other.strip_prefix("W/").unwrap_or(other) == tag;
    given.split(',').map(str::trim).any(is_tag)
}
