//! Signs and codes of currencies beside a number.

use std::str::FromStr;

use domain::Currency;

/// Signs of one currency.
const SIGNS: [(&str, &str); 17] = [
    ("€", "EUR"),
    ("£", "GBP"),
    ("₩", "KRW"),
    ("₹", "INR"),
    ("₺", "TRY"),
    ("₽", "RUB"),
    ("₴", "UAH"),
    ("₪", "ILS"),
    ("₫", "VND"),
    ("₱", "PHP"),
    ("฿", "THB"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Ft", "HUF"),
    ("R$", "BRL"),
    ("CA$", "CAD"),
    ("A$", "AUD"),
];
/// Signs of several currencies, with the usual ones.
const SHARED_SIGNS: [(&str, &[&str]); 8] = [
    ("$", &["USD", "AUD", "CAD", "NZD", "SGD", "HKD", "TWD", "MXN", "CLP", "COP", "ARS"]),
    ("¥", &["JPY", "CNY"]),
    ("￥", &["JPY", "CNY"]),
    ("kr.", &["DKK", "SEK", "NOK", "ISK"]),
    ("kr", &["DKK", "SEK", "NOK", "ISK"]),
    ("Fr.", &["CHF"]),
    ("Rs.", &["INR", "PKR", "LKR"]),
    ("Rs", &["INR", "PKR", "LKR"]),
];
/// Sign or code of a currency beside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::till_lines) enum CurrencyMark {
    /// Code or sign of one currency.
    One(Currency),
    /// Sign of several currencies, with the usual ones.
    Shared(&'static str, &'static [&'static str]),
}

/// Removes a sign or a code of a currency from one end.
pub(super) fn without_currency(text: &str) -> Option<(&str, CurrencyMark)> {
    let at_end = |word: &str| text.strip_prefix(word).or_else(|| text.strip_suffix(word));
    for code in [text.get(..3), text.get(text.len().checked_sub(3)?..)].into_iter().flatten() {
        if let Ok(currency) = Currency::from_str(code) {
            return Some((at_end(code)?, CurrencyMark::One(currency)));
        }
    }
    for (sign, code) in SIGNS {
        if let Some(rest) = at_end(sign) {
            return Some((rest, CurrencyMark::One(code.parse().ok()?)));
        }
    }
    let shared = |(sign, usual): &(&'static str, &'static [&'static str])| {
        Some((at_end(sign)?, CurrencyMark::Shared(sign, usual)))
    };
    SHARED_SIGNS.iter().find_map(shared)
}
