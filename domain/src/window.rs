//! Windows: half-open event-time intervals of five minutes, aligned to UTC.

use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// Length of a window, in minutes. It divides an hour, so every window lies in one UTC hour.
pub const WINDOW_MINUTES: i64 = 5;
const WINDOW_SECONDS: i64 = WINDOW_MINUTES * 60;

/// The interval `[start, start + 5 min)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Window {
    start: DateTime<Utc>,
}

impl Window {
    /// The window that `instant` falls into.
    #[must_use]
    pub fn of(instant: DateTime<Utc>) -> Self {
        let seconds = instant.timestamp();
        let start = seconds - seconds.rem_euclid(WINDOW_SECONDS);
        Self { start: DateTime::from_timestamp(start, 0).expect("earlier than a valid instant") }
    }

    /// The first instant inside.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        self.start
    }

    /// The first instant after.
    #[must_use]
    pub fn end(self) -> DateTime<Utc> {
        self.start + TimeDelta::minutes(WINDOW_MINUTES)
    }

    /// The UTC date it lies in.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        self.start.date_naive()
    }

    /// Whether `arrived_at` is after this window ended, that is: an event of it is late.
    #[must_use]
    pub fn is_over_at(self, arrived_at: DateTime<Utc>) -> bool {
        arrived_at >= self.end()
    }
}

/// Prints as `2026-03-12T15:15Z`.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start.format("%Y-%m-%dT%H:%MZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_window_holds_its_start_and_not_its_end() {
        let window = Window::of(at("2026-03-12T15:17:59.999Z"));
        assert_eq!(window.to_string(), "2026-03-12T15:15Z");
        assert_eq!(Window::of(window.start()), window);
        assert_eq!(Window::of(window.end()).start(), window.end());
        assert_eq!(Window::of(at("1969-12-31T23:59:59Z")).to_string(), "1969-12-31T23:55Z");
    }

    #[test]
    fn an_event_is_late_from_the_windows_end_on() {
        let window = Window::of(at("2026-03-12T15:15:00Z"));
        assert!(!window.is_over_at(at("2026-03-12T15:19:59.999Z")));
        assert!(window.is_over_at(at("2026-03-12T15:20:00Z")));
    }
}
