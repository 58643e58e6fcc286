//! Requests of a file of events, sent at the speed of their times.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Acceptance, Event, StoreId, sha256};

use super::{Leg, PlannedRequest, Written};
use crate::scenario::Scenario;

/// Largest file of a replay: it is kept in memory.
const FILE_BYTES_MAX: u64 = 2 << 30;
/// Most lines that an error names.
const NAMED_MAX: usize = 3;

/// File of events in NDJSON.
#[derive(Debug)]
pub struct ReplayFile {
    text: String,
    /// SHA-256 of the text.
    sha256: String,
    stores: Vec<StoreId>,
    /// Lines of each request, by store.
    lines: Vec<Vec<RequestLines>>,
    requests: Vec<PlannedRequest>,
}

/// Places of the lines of a request in the text.
type RequestLines = Vec<Range<usize>>;

/// Event of the file with the place of its line.
struct PlacedEvent {
    at: DateTime<Utc>,
    store_id: StoreId,
    place: Range<usize>,
}

/// File that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// File.
        path: PathBuf,
        /// Error of the system.
        error: std::io::Error,
    },
    /// The file is too large.
    #[error("{}: {bytes} bytes, of at most {FILE_BYTES_MAX}; cut the file", path.display())]
    TooLarge {
        /// File.
        path: PathBuf,
        /// Size of the file.
        bytes: u64,
    },
    /// The file is not the one that the run has sent.
    #[error(
        "{}: the file has changed since the run: its SHA-256 is {found}, and the file of \
         the run had {expected}; put the file of the run back to this path",
        path.display()
    )]
    Changed {
        /// File.
        path: PathBuf,
        /// Digest of the file that the run has sent.
        expected: String,
        /// Digest of the file as it is.
        found: String,
    },
    /// Lines of the file are no events.
    #[error("{}: {count} lines are no events: {first}", path.display())]
    Invalid {
        /// File.
        path: PathBuf,
        /// Number of lines.
        count: usize,
        /// First lines, with their errors.
        first: String,
    },
    /// The file has no event.
    #[error("{}: no event", path.display())]
    Empty {
        /// File.
        path: PathBuf,
    },
}

impl ReplayFile {
    /// Reads a file. `expected` is the digest that it must have.
    pub(super) fn open(
        path: &Path,
        scenario: &Scenario,
        expected: Option<&str>,
    ) -> Result<Self, FileError> {
        let path = path.to_owned();
        let unreadable = |error| FileError::Unreadable { path: path.clone(), error };
        let bytes = std::fs::metadata(&path).map_err(unreadable)?.len();
        if bytes > FILE_BYTES_MAX {
            return Err(FileError::TooLarge { path, bytes });
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let found = sha256(text.as_bytes());
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(FileError::Changed { path, expected: expected.to_owned(), found });
        }
        let acceptance = Acceptance {
            received_at: DateTime::<Utc>::MAX_UTC,
            age_max: None,
            ahead_max: Duration::ZERO,
        };
        let (mut events, mut invalid) = (Vec::new(), Vec::new());
        let mut start = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let place = start..start + line.trim_end().len();
            start += line.len();
            if line.trim().is_empty() {
                continue;
            }
            match Event::parse(line.trim(), &acceptance) {
                Ok(event) => {
                    let (at, store_id) = (event.occurred_at(), event.store_id().clone());
                    events.push(PlacedEvent { at, store_id, place });
                }
                Err(error) => invalid.push(format!("line {}: {error}", number + 1)),
            }
        }
        if !invalid.is_empty() {
            let first = invalid.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join("; ");
            return Err(FileError::Invalid { path, count: invalid.len(), first });
        }
        events.sort_by_key(|event| (event.at, event.place.start));
        let Some(first) = events.first() else { return Err(FileError::Empty { path }) };
        let first = first.at;
        let at_us = |at: DateTime<Utc>| {
            let micros = (at - first).num_microseconds().unwrap_or(i64::MAX);
            (micros as f64 / scenario.shops.speed).round() as u64
        };
        let size = scenario.mix.events_per_request as usize;
        Ok(Self::planned((text, found), events, size, at_us))
    }

    /// Groups the events of each store, in the order of time, into requests. A request is sent when
    /// its last event has occurred.
    fn planned(
        (text, sha256): (String, String),
        events: Vec<PlacedEvent>,
        size: usize,
        at_us: impl Fn(DateTime<Utc>) -> u64,
    ) -> Self {
        let mut by_store: BTreeMap<StoreId, Vec<PlacedEvent>> = BTreeMap::new();
        for event in events {
            by_store.entry(event.store_id.clone()).or_default().push(event);
        }
        let (mut stores, mut lines, mut requests) = (Vec::new(), Vec::new(), Vec::new());
        for (store_id, events) in by_store {
            let store = stores.len() as u32;
            let mut of_store = Vec::new();
            for chunk in events.chunks(size) {
                let last = chunk.last().map(|event| at_us(event.at)).unwrap_or_default();
                requests.push(PlannedRequest { at_us: last, store });
                of_store.push(chunk.iter().map(|event| event.place.clone()).collect());
            }
            stores.push(store_id);
            lines.push(of_store);
        }
        // The sort is stable, so the requests of a store stay in order.
        requests.sort_by_key(|request| request.at_us);
        Self { text, sha256, stores, lines, requests }
    }

    pub(super) fn requests(&self, leg: &Leg) -> Vec<PlannedRequest> {
        let later = |request: &PlannedRequest| PlannedRequest {
            at_us: leg.starts_us + request.at_us,
            store: request.store,
        };
        self.requests.iter().map(later).collect()
    }

    pub(super) fn sha256(&self) -> &str {
        &self.sha256
    }

    pub(super) fn stores(&self) -> u32 {
        self.stores.len() as u32
    }

    pub(super) fn store_id(&self, store: u32) -> StoreId {
        self.stores[store as usize].clone()
    }

    pub(super) fn write(&self, store: u32, number: u32, body: &mut String) -> Written {
        let lines = &self.lines[store as usize][number as usize];
        for place in lines {
            body.push_str(&self.text[place.clone()]);
            body.push('\n');
        }
        Written { events: lines.len() as u32, poison: 0 }
    }

    /// Time from the first event to the last one, at the speed of the replay.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.requests.last().map(|request| request.at_us).unwrap_or_default())
    }
}
