//! Bytes from a till become validated events, and those become Kinesis records.
//!
//! The files follow a request: `body` bounds and inflates it, `format` knows its content type,
//! `split` cuts it into the texts of single events, `accept` judges each on its own, `pack` makes
//! records, `publish` puts them, `result` and `reply` answer for each event. `routes` ties them
//! together, and `problem` is the answer where there is none for single events.
//!
//! An answer says `stored` only for what the log has acknowledged. What a sender may not write for
//! is refused event by event: who it is, the shell finds out (`domain::Authority`).

mod accept;
mod body;
mod cloud_events;
mod format;
pub mod metrics;
mod pack;
mod problem;
mod publish;
mod reply;
mod result;
mod routes;
mod split;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::Acceptance;
use domain::limits::{EVENT_AGE_MAX, EVENT_AHEAD_MAX};

pub use routes::router;

/// Tells the time; the shell's clock.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Gives random bits for the jitter of pauses; the shell's randomness.
pub type Entropy = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What an operator may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How old an event may be when it is received; `None` takes history of any age.
    pub age_max: Option<Duration>,
    /// How far ahead of the receiver's clock an event may be.
    pub ahead_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { age_max: Some(EVENT_AGE_MAX), ahead_max: EVENT_AHEAD_MAX }
    }
}

/// Everything the routes need.
pub struct Service<L> {
    /// Where events are stored.
    pub log: L,
    /// What the operator chose.
    pub settings: Settings,
    /// The shell's clock.
    pub clock: Clock,
    /// The shell's randomness.
    pub entropy: Entropy,
}

impl<L> Service<L> {
    /// The rules for events received now.
    pub(crate) fn acceptance(&self) -> Acceptance {
        Acceptance {
            received_at: (self.clock)(),
            age_max: self.settings.age_max,
            ahead_max: self.settings.ahead_max,
        }
    }
}
