//! The world the doors stand in: an instant, rules, a runtime.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::{Acceptance, Event};

/// When everything happens.
pub(super) fn now() -> DateTime<Utc> {
    "2026-03-12T15:20:00Z".parse().expect("an instant")
}

/// The same event, read again from its own text at any age.
pub(super) fn reread(event: &Event) -> Event {
    let canonical = event.canonical();
    let anytime = Acceptance { age_max: None, ..Acceptance::at(now()) };
    Event::parse(&canonical, &anytime)
        .unwrap_or_else(|rejection| panic!("{rejection}: {canonical}"))
}

/// Runs to the end on one runtime for all inputs of this thread.
pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(work))
}

/// Whether a message can stand on one line of a terminal or a log.
#[track_caller]
pub(super) fn on_one_line(message: &str) {
    assert!(!message.is_empty(), "nothing is said");
    let stray = message.chars().find(|char| char.is_control());
    assert_eq!(stray, None, "{message:?}");
}

/// Lines are told in order, each by its own number, and none of them is blank. `by_newline`: only
/// `\n` and `\r\n` end a line; else a `\r` does as well, as in CSV.
#[track_caller]
pub(super) fn numbered_as_they_stand(
    numbers: impl Iterator<Item = u64>,
    text: &str,
    by_newline: bool,
) {
    let unix = text.replace("\r\n", "\n");
    let unix = if by_newline { unix } else { unix.replace('\r', "\n") };
    let lines: Vec<&str> = unix.split('\n').collect();
    let mut last = 0;
    for number in numbers {
        assert!(number > last, "line {number} is told after line {last}");
        let line = usize::try_from(number).ok().and_then(|number| lines.get(number - 1));
        assert!(line.is_some_and(|line| !line.is_empty()), "line {number} is {line:?}");
        last = number;
    }
}
