//! The only place of the program that reads a clock or makes a random number.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// Tells what time it is.
pub(crate) type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The machine's clock.
pub(crate) fn system() -> Clock {
    Arc::new(now)
}

/// The machine's time.
#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

/// Random bits, for what only has to differ.
pub(crate) fn entropy() -> u64 {
    RandomState::new().hash_one(0)
}

/// A clock that shows what it was set to, for a day that is played faster than it passes.
#[derive(Debug, Clone)]
pub(crate) struct SetClock(Arc<AtomicI64>);

/// No instant that is ever set: the machine's time is shown instead.
const FOLLOWS_THE_MACHINE: i64 = i64::MIN;

impl SetClock {
    pub(crate) fn new(at: DateTime<Utc>) -> Self {
        Self(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    pub(crate) fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_millis(), Ordering::SeqCst);
    }

    /// From now on it is an ordinary clock.
    pub(crate) fn follow_the_machine(&self) {
        self.0.store(FOLLOWS_THE_MACHINE, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let millis = self.0.clone();
        Arc::new(move || match millis.load(Ordering::SeqCst) {
            FOLLOWS_THE_MACHINE => now(),
            millis => DateTime::from_timestamp_millis(millis).unwrap_or_default(),
        })
    }
}
