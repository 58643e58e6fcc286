//! Support of the tests: the program as a process, its clients, and checks of its tables.

mod disk;
mod faulty_proxy;
mod http;
mod program;
mod skipped;
mod stored_events;
mod till;
mod tills;

use std::thread::sleep;
use std::time::Duration;

pub(crate) use disk::Disk;
pub(crate) use faulty_proxy::FaultyProxy;
pub(crate) use http::{ApiClient, run};
pub(crate) use program::{
    ProgramOutput, UpProcess, command, daymark, daymark_reading, daymark_under, free_ports,
};
pub(crate) use skipped::skipped;
pub(crate) use stored_events::{
    EventLedger, assert_acknowledged_stored_once, assert_sent_stored_once, key_of,
};
pub(crate) use till::{Random, env_number, event, now, numbered, sale, stamp};
pub(crate) use tills::{Tills, ledger_of};

/// Returns the lines of a table with text, header first, without the frame.
pub(crate) fn table_lines(table: &str) -> Vec<String> {
    let unframed = table.lines().map(|line| line.replace(is_frame, "  "));
    unframed.filter(|line| !line.trim().is_empty()).collect()
}

/// Returns `true` if the character belongs to the frame of a table.
pub(crate) fn is_frame(c: char) -> bool {
    ('\u{2500}'..='\u{257f}').contains(&c)
}

/// Interval between two checks.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// Maximum number of checks with the same result.
const CHECKS_MAX: u32 = 1_200;

/// Repeats a check until it succeeds. Panics if its error has stayed the same for a minute. The
/// limit does not measure speed: only a defect takes that long.
pub(crate) fn eventually<T>(condition: &str, mut check: impl FnMut() -> Result<T, String>) -> T {
    let mut seen = String::new();
    let mut checks = 0;
    while checks < CHECKS_MAX {
        match check() {
            Ok(found) => return found,
            Err(instead) if instead == seen => checks += 1,
            Err(instead) => (checks, seen) = (0, instead),
        }
        sleep(CHECK_INTERVAL);
    }
    panic!("{condition}: never happened; last seen: {seen}");
}
