//! Fixed instant, runtime and assertions that several checks share.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::{Acceptance, Event};

/// Returns the instant of every check.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-12T15:20:00Z".parse().expect("an instant")
}

/// Parses the canonical text of `event` without an age limit.
pub(crate) fn reread(event: &Event) -> Event {
    let canonical = event.canonical();
    let anytime = Acceptance { age_max: None, ..Acceptance::at(now()) };
    Event::parse(&canonical, &anytime)
        .unwrap_or_else(|rejection| panic!("{rejection}: {canonical}"))
}

/// Runs `work` to its end on a runtime that all inputs of this thread share.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(work))
}

/// Asserts that a message fits on one line of a terminal or a log.
#[track_caller]
pub(crate) fn on_one_line(message: &str) {
    assert!(!message.is_empty(), "empty message");
    let stray = message.chars().find(|char| char.is_control());
    assert_eq!(stray, None, "{message:?}");
}

/// Asserts that line numbers ascend and that none of the lines is blank. If `by_newline` is `true`,
/// only `\n` and `\r\n` end a line; otherwise `\r` does too, as in CSV.
#[track_caller]
pub(crate) fn numbered_in_order(numbers: impl Iterator<Item = u64>, text: &str, by_newline: bool) {
    let unix = text.replace("\r\n", "\n");
    let unix = if by_newline { unix } else { unix.replace('\r', "\n") };
    let lines: Vec<&str> = unix.split('\n').collect();
    let mut last = 0;
    for number in numbers {
        assert!(number > last, "line {number} is reported after line {last}");
        let line = usize::try_from(number).ok().and_then(|number| lines.get(number - 1));
        assert!(line.is_some_and(|line| !line.is_empty()), "line {number} is {line:?}");
        last = number;
    }
}
