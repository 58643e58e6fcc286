//! Global Trade Item Numbers (GTIN).

use std::str::FromStr;

/// GTIN of 8, 12, 13 or 14 digits with a valid check digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gtin(Box<str>);

/// Violation of the rules for a GTIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GtinError {
    /// The text has another length or other characters.
    #[error("is not 8, 12, 13 or 14 digits")]
    Digits,
    /// The check digit does not match the other digits.
    #[error("has the check digit {given}; by the GS1 rule it would be {expected}")]
    CheckDigit {
        /// Given check digit.
        given: u8,
        /// Valid check digit.
        expected: u8,
    },
}

/// `true` if `text` is a GTIN.
pub(crate) fn is_gtin(text: &str) -> bool {
    check(text).is_ok()
}

impl Gtin {
    /// Creates a GTIN from a text that was checked.
    pub(crate) fn valid(text: &str) -> Self {
        debug_assert!(is_gtin(text), "{text} is no GTIN");
        Self(text.into())
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Gtin {
    type Err = GtinError;

    fn from_str(text: &str) -> Result<Self, GtinError> {
        check(text).map(|()| Self(text.into()))
    }
}

/// Checks the digits of a GTIN. Source of the check digit: GS1 General Specifications, section
/// 7.9.1. The digits before the check digit are weighted 3, 1, 3, … from the right. The check digit
/// completes their sum to a multiple of ten.
fn check(text: &str) -> Result<(), GtinError> {
    if !matches!(text.len(), 8 | 12 | 13 | 14) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(GtinError::Digits);
    }
    let mut digits = text.bytes().map(|byte| byte - b'0').rev();
    let given = digits.next().unwrap_or_default();
    let weighted = |(place, digit): (usize, u8)| digit * if place % 2 == 0 { 3 } else { 1 };
    let sum: u8 = digits.enumerate().map(weighted).sum();
    let expected = (10 - sum % 10) % 10;
    if given == expected { Ok(()) } else { Err(GtinError::CheckDigit { given, expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_checked() {
        for right in ["4006381333931", "96385074", "036000291452", "00012345600012"] {
            assert!(right.parse::<Gtin>().is_ok(), "{right}");
        }
        assert_eq!(
            "4006381333932".parse::<Gtin>().unwrap_err().to_string(),
            "has the check digit 2; by the GS1 rule it would be 1"
        );
        assert_eq!("123".parse::<Gtin>(), Err(GtinError::Digits));
        assert_eq!("40063813339x1".parse::<Gtin>(), Err(GtinError::Digits));
    }
}
