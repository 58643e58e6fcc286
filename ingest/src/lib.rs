//! The ingest API: requests of tills become validated events and Kinesis records.
//!
//! The modules follow a request: `body` reads and inflates it within limits, `format` and
//! `raw_event` split it into the texts of single events, `validate` validates each event on its
//! own, `pack` makes records, `publish` puts them, and `event_result` and `reply` answer for each
//! event. `routes` calls them, and `problem` is the answer to a request that fails as a whole.
//!
//! - An answer reports `stored` only for events that the log has acknowledged.
//! - An event of a store that the sender may not write for is rejected. The program authenticates
//!   the sender (`domain::Authority`).
//! - The crate reads no clock and no randomness: both are arguments of [`IngestService`].
//!
//! ```
//! # use std::sync::Arc;
//! use axum::Extension;
//! use axum::body::Body;
//! use domain::Authority;
//! use domain::ports::{EventLog, Failure, PutOutcome};
//! use domain::record::{Record, SequenceNumber};
//! use ingest::{IngestService, IngestSettings, router};
//! use tower::ServiceExt;
//!
//! /// Log that acknowledges every record and keeps none.
//! struct NullLog;
//!
//! impl EventLog for NullLog {
//!     async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
//!         let sequence_number = SequenceNumber::new("1");
//!         let shard_id = "shardId-000000000000".to_owned();
//!         let put = PutOutcome::Stored { shard_id, sequence_number };
//!         Ok(vec![put; records.len()])
//!     }
//!
//!     async fn check_ready(&self) -> Result<(), Failure> {
//!         Ok(())
//!     }
//! }
//!
//! let service = IngestService {
//!     log: NullLog,
//!     settings: IngestSettings::default(),
//!     clock: Arc::new(|| "2026-03-12T15:20:00Z".parse().unwrap()),
//!     monotonic: Arc::new(std::time::Duration::default),
//!     entropy: Arc::new(|| 0),
//! };
//! let event = r#"{"event_id":"t1-0001","kind":"sale","store_id":"0042","terminal_id":"t1",
//!     "sku":"BRT-1180","quantity":1,"unit_price":"2.50","currency":"EUR",
//!     "occurred_at":"2026-03-12T16:15:00+01:00"}"#;
//! let request = http::Request::post("/v1/events")
//!     .header("content-type", "application/json")
//!     .body(Body::from(event))?;
//! let router = router(Arc::new(service)).layer(Extension(Authority::everything()));
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let response = router.oneshot(request).await?;
//! assert_eq!(response.status(), 202);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod binary_mode;
mod body;
mod event_result;
mod format;
pub mod metrics;
mod pack;
mod problem;
mod publish;
mod raw_event;
mod reply;
mod routes;
mod validate;

use std::sync::Arc;
use std::time::Duration;

use domain::Acceptance;
use domain::limits::{EVENT_AGE_MAX, EVENT_AHEAD_MAX};
use domain::ports::Clock;

pub use routes::router;

/// Monotonic clock of the program: the time since an arbitrary start. It never goes back and is not
/// affected by changes of the wall clock.
pub type MonotonicClock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Source of random bits of the program, for the jitter of pauses.
pub type Entropy = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Settings of the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestSettings {
    /// Largest age of an event when it is received; `None` accepts events of any age.
    pub age_max: Option<Duration>,
    /// Largest time by which an event may be ahead of the receiver's clock.
    pub ahead_max: Duration,
}

impl Default for IngestSettings {
    fn default() -> Self {
        Self { age_max: Some(EVENT_AGE_MAX), ahead_max: EVENT_AHEAD_MAX }
    }
}

/// Dependencies of the routes.
pub struct IngestService<L> {
    /// Log that stores the events.
    pub log: L,
    /// Settings of the operator.
    pub settings: IngestSettings,
    /// Wall clock, for the age of events.
    pub clock: Clock,
    /// Monotonic clock, for the deadline of storing.
    pub monotonic: MonotonicClock,
    /// Source of random bits.
    pub entropy: Entropy,
}

impl<L> IngestService<L> {
    /// Returns the rules for events that are received now.
    pub(crate) fn acceptance(&self) -> Acceptance {
        Acceptance {
            received_at: (self.clock)(),
            age_max: self.settings.age_max,
            ahead_max: self.settings.ahead_max,
        }
    }
}
