//! Spans of time as people write them: `250ms`, `60s`, `1.5m`, `2h`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Span of time, read from and written as a number with a unit: `ms`, `s`, `m` or `h`.
///
/// ```
/// use std::time::Duration;
///
/// use load_generator::span::Span;
///
/// let span: Span = "1.5m".parse().unwrap();
/// assert_eq!(span.0, Duration::from_secs(90));
/// assert_eq!(span.to_string(), "90s");
/// assert!("90".parse::<Span>().unwrap_err().to_string().contains("ms, s, m or h"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Duration);

/// Text that is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no span of time: expected a number with ms, s, m or h, such as 250ms or 60s")]
pub struct SpanError(String);

/// Longest span: a year.
const SPAN_MAX: f64 = 366.0 * 24.0 * 3600.0;

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let refused = || SpanError(text.to_owned());
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let seconds = match &text[digits.len()..] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(refused()),
        };
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let number = digits.trim_end();
        if !number.starts_with(|c: char| c.is_ascii_digit()) || !number.chars().all(is_number) {
            return Err(refused());
        }
        let seconds = number.parse::<f64>().map_err(|_| refused())? * seconds;
        if seconds > SPAN_MAX {
            return Err(refused());
        }
        Ok(Self(Duration::from_micros((seconds * 1e6).round() as u64)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        if micros.is_multiple_of(1_000_000) {
            write!(f, "{}s", micros / 1_000_000)
        } else if micros < 10_000_000 {
            write!(f, "{}ms", micros as f64 / 1_000.0)
        } else {
            write!(f, "{}s", micros as f64 / 1_000_000.0)
        }
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_come_back_as_they_were_written() {
        for text in ["0s", "1ms", "250ms", "1.5ms", "60s", "5400s", "12.5s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn texts_without_a_unit_or_a_number_are_refused() {
        for text in ["", "s", "60", "-1s", "1e3s", "1..5s", "9 days", "nans", "1000000h", "1µ"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
