//! Waiting for what must happen.

use std::thread::sleep;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(250);
const LOOKS_MAX: u32 = 240;

/// Looks until there is something to see; `Err` says what was seen instead. Gives up when that
/// has not changed for a minute, which is no measure of speed: nothing takes that long unless it
/// is broken.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let mut seen = String::new();
    let mut looks = 0;
    while looks < LOOKS_MAX {
        match look() {
            Ok(found) => return found,
            Err(instead) if instead == seen => looks += 1,
            Err(instead) => (looks, seen) = (0, instead),
        }
        sleep(LOOK_EVERY);
    }
    panic!("{what}: never happened; last seen: {seen}");
}
