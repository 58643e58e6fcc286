//! Windows: half-open intervals of event time, five minutes long and aligned to UTC.

use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// Length of a window, in minutes. It divides an hour, so a window lies within one UTC hour.
pub const WINDOW_MINUTES: i64 = 5;
/// Length of a UTC date, in milliseconds.
pub const DATE_MILLIS: i64 = 24 * 3600 * 1000;
const WINDOW_SECONDS: i64 = WINDOW_MINUTES * 60;

/// Window of stock: the interval `[start, start + 5 min)`.
///
/// ```
/// use domain::Window;
///
/// let window = Window::of("2026-03-12T15:17:59Z".parse()?);
/// assert_eq!(window.to_string(), "2026-03-12T15:15Z");
/// assert!(window.is_over_at("2026-03-12T15:20:00Z".parse()?));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Window {
    start: DateTime<Utc>,
}

impl Window {
    /// Returns the window that contains `instant`.
    #[must_use]
    pub fn of(instant: DateTime<Utc>) -> Self {
        let seconds = instant.timestamp();
        let start = seconds - seconds.rem_euclid(WINDOW_SECONDS);
        Self { start: DateTime::from_timestamp(start, 0).expect("an instant before a valid one") }
    }

    /// Returns the first instant of the window.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        self.start
    }

    /// Returns the first instant after the window.
    #[must_use]
    pub fn end(self) -> DateTime<Utc> {
        self.start + TimeDelta::minutes(WINDOW_MINUTES)
    }

    /// Returns the UTC date of the window.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        self.start.date_naive()
    }

    /// `true` if the window has ended at `arrived_at`. An event of the window is late then.
    #[must_use]
    pub fn is_over_at(self, arrived_at: DateTime<Utc>) -> bool {
        arrived_at >= self.end()
    }
}

/// Writes the start as `2026-03-12T15:15Z`.
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
