//! System clock and random numbers. No other module of the program reads them.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::ports::Clock;

/// Returns the system clock.
pub(crate) fn system() -> Clock {
    Arc::new(now)
}

/// Returns the system time.
#[expect(clippy::disallowed_methods, reason = "the program reads the clock here alone")]
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

/// Reads an instant of the command line.
///
/// # Errors
/// Returns an error if the text is no instant, or has no offset from UTC.
pub(crate) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let example = "like 2026-03-12T16:00:00+01:00";
    text.parse().map_err(|error| match format!("{text}Z").parse::<DateTime<Utc>>() {
        Ok(_) => format!("the offset from UTC is missing: append Z or one like +01:00, {example}"),
        Err(_) => format!("{error}; an instant is {example}"),
    })
}

/// Returns a monotonic clock: the time since this call.
#[expect(clippy::disallowed_methods, reason = "the program reads the clock here alone")]
pub(crate) fn monotonic() -> impl Fn() -> Duration + Send + Sync {
    let start = Instant::now();
    move || start.elapsed()
}

/// Returns random bits without cryptographic strength.
pub(crate) fn entropy() -> u64 {
    RandomState::new().hash_one(0)
}

/// Clock that is set by hand, for a day that is simulated faster than real time.
#[derive(Debug, Clone)]
pub(crate) struct SetClock(Arc<AtomicI64>);

/// Value of a clock that shows the system time. The clock is never set to this instant.
const FOLLOWS_SYSTEM: i64 = i64::MIN;

impl SetClock {
    pub(crate) fn new(at: DateTime<Utc>) -> Self {
        Self(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    pub(crate) fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_millis(), Ordering::SeqCst);
    }

    /// Makes the clock follow the system time.
    pub(crate) fn follow_system(&self) {
        self.0.store(FOLLOWS_SYSTEM, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let millis = self.0.clone();
        Arc::new(move || match millis.load(Ordering::SeqCst) {
            FOLLOWS_SYSTEM => now(),
            millis => DateTime::from_timestamp_millis(millis).unwrap_or_default(),
        })
    }
}
