//! Plan of a run: each request with its instant, its store and its events, all from the seed.
//!
//! The plan is a function of the scenario, the id and the start of the run and its legs. So the
//! sender and the audit, which is another process, compute the same requests.

mod file;
mod shops;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::StoreId;
use serde::{Deserialize, Serialize};

use crate::arrivals::instants;
use crate::draw::Draw;
use crate::scenario::{Scenario, Stage};

pub use file::{FileError, ReplayFile};
pub use shops::PlannedShops;

/// Leg of a run: a stage at a place in the time of the run. A search for the knee adds one leg for
/// each probe.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Leg {
    /// Start, in microseconds after that of the run.
    pub starts_us: u64,
    /// Course of the rate.
    pub stage: Stage,
}

/// Planned request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedRequest {
    /// Instant, in microseconds after the start of the run.
    pub at_us: u64,
    /// Index of the store.
    pub store: u32,
}

/// Values that a plan depends on, apart from its legs.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct PlanKey {
    /// Id of the run, in the ids of its events and tills.
    pub run_id: String,
    /// Start of the run. Events occur relative to it.
    pub starts_at: DateTime<Utc>,
    /// Scenario.
    pub scenario: Scenario,
    /// SHA-256 of the replayed file in hexadecimal digits. `None` without a file, and before it was
    /// read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_sha256: Option<String>,
}

/// Source of the requests of a run.
#[derive(Debug)]
pub enum Plan {
    /// Generated traffic of shops.
    Shops(Box<PlannedShops>),
    /// Events of a file.
    File(Box<ReplayFile>),
}

impl PlanKey {
    /// Creates the key of a run. Its id has the time and the seed: two runs that start in the same
    /// millisecond with one seed are one run, in parts.
    #[must_use]
    pub fn new(scenario: Scenario, starts_at: DateTime<Utc>) -> Self {
        let starts_at =
            DateTime::from_timestamp_millis(starts_at.timestamp_millis()).unwrap_or(starts_at);
        let run_id = format!("ld{:x}-{:x}", starts_at.timestamp_millis(), scenario.seed);
        Self { run_id, starts_at, scenario, file_sha256: None }
    }

    /// Returns the instant of an offset from the start.
    #[must_use]
    pub fn instant(&self, at_us: u64) -> DateTime<Utc> {
        self.starts_at + TimeDelta::microseconds(at_us as i64)
    }
}

impl Plan {
    /// Creates the plan of a run.
    ///
    /// # Errors
    /// Returns an error if the file of a replay cannot be read, a line of it is no event, or it is
    /// not the file whose digest the key holds.
    pub fn new(key: &PlanKey) -> Result<Self, FileError> {
        match &key.scenario.shops.file {
            None => Ok(Self::Shops(Box::new(PlannedShops::new(key)))),
            Some(file) => {
                let expected = key.file_sha256.as_deref();
                ReplayFile::open(file, &key.scenario, expected).map(Box::new).map(Self::File)
            }
        }
    }

    /// Returns the digest of the file of a replay.
    #[must_use]
    pub fn file_sha256(&self) -> Option<&str> {
        match self {
            Self::Shops(_) => None,
            Self::File(file) => Some(file.sha256()),
        }
    }

    /// Returns the requests of a leg, in the order of their instants. `number` is the number of the
    /// leg, from 0.
    #[must_use]
    pub fn requests(&self, leg: &Leg, number: usize) -> Vec<PlannedRequest> {
        match self {
            Self::Shops(shops) => shops.requests(leg, number),
            Self::File(file) => file.requests(leg),
        }
    }

    /// Id of a store.
    #[must_use]
    pub fn store_id(&self, store: u32) -> StoreId {
        match self {
            Self::Shops(shops) => shops.store_id(store),
            Self::File(file) => file.store_id(store),
        }
    }

    /// Number of stores.
    #[must_use]
    pub fn stores(&self) -> u32 {
        match self {
            Self::Shops(shops) => shops.stores(),
            Self::File(file) => file.stores(),
        }
    }

    /// Starts to write the events of the requests.
    #[must_use]
    pub fn writer(&self) -> PlanWriter<'_> {
        match self {
            Self::Shops(shops) => PlanWriter::Shops(Box::new(shops.writer())),
            Self::File(file) => PlanWriter::File { file, next: vec![0; file.stores() as usize] },
        }
    }
}

/// Events of a written request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Number of events.
    pub events: u32,
    /// Number of events that must be refused.
    pub poison: u32,
}

/// Writer of the events of a plan. The requests of one store have to be written in their order,
/// those of different stores in any.
pub enum PlanWriter<'a> {
    /// Traffic of shops.
    Shops(Box<shops::ShopsWriter<'a>>),
    /// Lines of a file.
    File {
        /// File.
        file: &'a ReplayFile,
        /// Number of requests written, by store.
        next: Vec<u32>,
    },
}

impl PlanWriter<'_> {
    /// Appends the events of the next request of a store, one JSON object a line.
    pub fn write(&mut self, request: &PlannedRequest, body: &mut String) -> Written {
        match self {
            Self::Shops(writer) => writer.write(request, body),
            Self::File { file, next } => {
                let number = &mut next[request.store as usize];
                *number += 1;
                file.write(request.store, *number - 1, body)
            }
        }
    }
}

/// Returns the instants of a leg in requests, from the scenario's arrivals.
fn leg_instants(
    scenario: &Scenario,
    leg: &Leg,
    number: usize,
) -> impl Iterator<Item = u64> + use<> {
    let draw = Draw::of(scenario.seed, &format!("arrivals {number}"));
    let events = f64::from(scenario.mix.events_per_request);
    let starts_us = leg.starts_us;
    instants(&leg.stage.segments(), events, scenario.arrivals, draw).map(move |at| starts_us + at)
}

/// Returns the legs of stages, one after the other.
#[must_use]
pub fn legs(stages: &[Stage]) -> Vec<Leg> {
    let mut starts = Duration::ZERO;
    let leg = |stage: &Stage| {
        let leg = Leg { starts_us: starts.as_micros() as u64, stage: stage.clone() };
        starts += stage.duration();
        leg
    };
    stages.iter().map(leg).collect()
}
