//! The program as a process, and what the tests say to it.

mod http;
mod program;
mod till;

use std::thread::sleep;
use std::time::Duration;

pub(crate) use http::{Wire, run};
pub(crate) use program::{Up, daymark};
pub(crate) use till::{by_seed, event, now, numbered, sale, stamp};

/// The lines of a table that hold text, header first, without what frames them.
pub(crate) fn table_lines(table: &str) -> Vec<String> {
    let unframed = table.lines().map(|line| line.replace(is_frame, "  "));
    unframed.filter(|line| !line.trim().is_empty()).collect()
}

/// Whether a table is drawn with it.
pub(crate) fn is_frame(c: char) -> bool {
    ('\u{2500}'..='\u{257f}').contains(&c)
}

const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS_MAX: u32 = 1_200;

/// Looks until there is something to see; `Err` says what was seen instead. Gives up when that
/// has not changed for a minute, which is no measure of speed: nothing takes that long unless it
/// is broken.
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
