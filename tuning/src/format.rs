//! Numbers as text for people, with a comma between thousands.

use rust_decimal::Decimal;

/// Formats a quantity: two decimal places below 100, whole above.
///
/// ```
/// assert_eq!(tuning::format::count(1_234_567.into()), "1,234,567");
/// ```
#[must_use]
pub fn count(number: Decimal) -> String {
    let rounded = if number < Decimal::from(100) { number.round_dp(2) } else { number.round() };
    with_commas(&rounded.normalize().to_string())
}

/// Formats an amount of dollars with its cents.
#[must_use]
pub fn cents(dollars: Decimal) -> String {
    with_commas(&format!("{:.2}", dollars.round_dp(2)))
}

/// Own code because `num-format` takes integers only and `thousands` is not maintained.
fn with_commas(text: &str) -> String {
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (digit, place) in whole.chars().zip((0..whole.len()).rev()) {
        grouped.push(digit);
        if place > 0 && place % 3 == 0 {
            grouped.push(',');
        }
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_have_a_comma_between_thousands() {
        assert_eq!(count(decimal("1234567.8")), "1,234,568");
        assert_eq!(count(decimal("12.345")), "12.34");
        assert_eq!(count(decimal("999")), "999");
        assert_eq!(cents(decimal("1999.996")), "2,000.00");
        assert_eq!(cents(decimal("0.5")), "0.50");
    }
}
