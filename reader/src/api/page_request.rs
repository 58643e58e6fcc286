//! Request of a page: its caller, parameters, format and place.

use std::ops::RangeInclusive;

use axum::extract::Request;
use axum::http::header::IF_NONE_MATCH;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{Authority, Store, StoreId};

use super::cursor::{Cursor, CursorKey};
use super::format::AnswerFormat;
use super::parameters::Parameters;
use super::problem::ReadProblem;
use crate::ReadTables;
use crate::stores::{latest_today, stores, usual_dates};

/// Request of a page of an answer.
#[derive(Debug)]
pub(super) struct PageRequest {
    pub(super) authority: Authority,
    pub(super) parameters: Parameters,
    pub(super) format: AnswerFormat,
    /// Number of rows of a page.
    pub(super) limit: usize,
    /// Instant of the first page.
    pub(super) asked_at: DateTime<Utc>,
    /// Key of the last row of the page before.
    pub(super) after: Option<CursorKey>,
    /// Digest of the question.
    pub(super) digest: String,
    pub(super) path: String,
    /// Query without the cursor.
    query: String,
    pub(super) if_none_match: Option<String>,
}

impl PageRequest {
    /// Reads a request that may have the parameters `known`.
    ///
    /// # Errors
    /// Returns an error if the request has no authority, or an invalid parameter or header.
    pub(super) fn read(
        request: &Request,
        known: &[&'static str],
        now: DateTime<Utc>,
    ) -> Result<Self, ReadProblem> {
        let authority = request.extensions().get::<Authority>();
        let authority = authority.ok_or(ReadProblem::Unauthenticated)?.clone();
        let format = AnswerFormat::of(request.headers())?;
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        let parameters = Parameters::parse(query, known)?;
        let digest = parameters.question(path);
        let cursor =
            parameters.cursor().map(|text| Cursor::read(text, &digest, now)).transpose()?;
        let asked_at = cursor.as_ref().map_or(now, |cursor| cursor.asked_at);
        let others = query.split('&').filter(|given| !given.starts_with("cursor="));
        let tags = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        Ok(Self {
            authority,
            format,
            limit: parameters.limit()?,
            asked_at,
            after: cursor.map(|cursor| cursor.after),
            digest,
            path: path.to_owned(),
            query: others.filter(|given| !given.is_empty()).collect::<Vec<_>>().join("&"),
            if_none_match: tags.map(str::to_owned),
            parameters,
        })
    }

    /// Returns the cursor of the page after the one that ends with a row.
    pub(super) fn next(&self, after: CursorKey) -> String {
        let (question, asked_at) = (self.digest.clone(), self.asked_at);
        Cursor { question, asked_at, after }.text()
    }

    /// Returns the path and query of the page with a cursor.
    pub(super) fn link(&self, cursor: &str) -> String {
        let separator = if self.query.is_empty() { "" } else { "&" };
        format!("{}?{}{separator}cursor={cursor}", self.path, self.query)
    }

    /// Loads one store, or every store that the caller may read.
    ///
    /// # Errors
    /// Returns an error if the caller may not read the store, if it is not in the catalogue, or if
    /// the catalogue cannot be read.
    pub(super) async fn stores(
        &self,
        tables: &impl ReadTables,
        store_id: Option<StoreId>,
    ) -> Result<Vec<Store>, ReadProblem> {
        let Some(store_id) = store_id else {
            let entries = stores(tables, |id| self.authority.allows(id)).await?;
            return Ok(entries.into_iter().map(|(_, store)| store).collect::<Result<_, _>>()?);
        };
        if !self.authority.allows(&store_id) {
            let allowed = self.authority.summary();
            return Err(ReadProblem::StoreNotAllowed { store_id, allowed });
        }
        let store = tables.load_store(&store_id).await?;
        Ok(vec![store.ok_or(ReadProblem::NoStore(store_id))?])
    }

    /// Returns the dates of the question, or the usual ones.
    pub(super) fn dates(&self, stores: &[Store]) -> Result<RangeInclusive<NaiveDate>, ReadProblem> {
        let usual = || usual_dates(latest_today(stores, self.asked_at));
        Ok(self.parameters.dates()?.unwrap_or_else(usual))
    }
}
