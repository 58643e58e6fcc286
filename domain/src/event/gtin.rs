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

impl Gtin {
    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Source of the check digit: GS1 General Specifications, section 7.9.1. The digits before the
/// check digit are weighted 3, 1, 3, … from the right. The check digit completes their sum to a
/// multiple of ten.
impl FromStr for Gtin {
    type Err = GtinError;

    fn from_str(text: &str) -> Result<Self, GtinError> {
        if !matches!(text.len(), 8 | 12 | 13 | 14) || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(GtinError::Digits);
        }
        let digits: Vec<u8> = text.bytes().map(|byte| byte - b'0').collect();
        let (given, rest) = digits.split_last().expect("at least 8 digits");
        let weighted = |(place, digit): (usize, &u8)| digit * if place % 2 == 0 { 3 } else { 1 };
        let sum: u8 = rest.iter().rev().enumerate().map(weighted).sum();
        let expected = (10 - sum % 10) % 10;
        if *given != expected {
            return Err(GtinError::CheckDigit { given: *given, expected });
        }
        Ok(Self(text.into()))
    }
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
