//! The program as a process, and what the tests say to it.

mod audit;
mod disk;
mod http;
mod program;
mod till;
mod tills;

use std::thread::sleep;
use std::time::Duration;

pub(crate) use audit::{
    Books, everything_acknowledged_is_there_once, everything_sent_is_there_once,
};
pub(crate) use disk::Disk;
pub(crate) use http::{Wire, run};
pub(crate) use program::{Up, command, daymark, daymark_under};
pub(crate) use till::{Random, event, now, numbered, sale, setting, stamp};
pub(crate) use tills::{Tills, books_of};

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
