//! Numbers, times and rates as text.

use std::time::Duration;

use crate::limit_check::millis;

/// Text of a number that is not finite.
const NO_NUMBER: &str = "–";

/// Formats a number with three significant digits or all digits before the point, in groups of
/// three: `0.25`, `12.5`, `12,500`.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return NO_NUMBER.to_owned();
    }
    let decimals = match value.abs() {
        0.0..0.1 => 3,
        0.1..10.0 => 2,
        10.0..100.0 => 1,
        _ => return grouped(value.round()),
    };
    let text = format!("{value:.decimals$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Formats a count, in groups of three digits.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a count with its noun: `1 error`, `2 errors`.
pub(super) fn counted(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

/// Formats a time in milliseconds with its unit; a time that is not finite is zero.
pub(super) fn time(time_ms: f64) -> String {
    millis(Duration::try_from_secs_f64(time_ms / 1e3).unwrap_or_default())
}

/// Formats a number of bytes in MB.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", number(bytes as f64 / 1e6))
}

fn grouped(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", count(value.abs() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_or_groups() {
        let shown = [0.0, 0.05, 0.5, 2.0, 12.34, 99.96, 1234.6, -1e6, f64::NAN].map(number);
        let expected = ["0", "0.05", "0.5", "2", "12.3", "100", "1,235", "-1,000,000", "–"];
        assert_eq!(shown, expected);
        assert_eq!([0, 999, 1_000, 12_345_678].map(count), ["0", "999", "1,000", "12,345,678"]);
    }
}
