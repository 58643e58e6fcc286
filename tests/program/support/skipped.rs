//! Notices of skipped tests.

use std::io::Write;

/// Says that a test, or the rest of it, is skipped. The harness captures the output of a test that
/// passes, but not what is written to the stream itself.
pub(crate) fn skipped(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(std::io::stderr(), "skipped: {test}: {reason}").expect("an open stream");
}
