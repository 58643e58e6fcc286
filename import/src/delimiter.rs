//! Characters between the columns of a file.

use std::fmt;
use std::str::FromStr;

/// Character between the columns of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(char);

impl Delimiter {
    /// Delimiter of CSV.
    pub(crate) const COMMA: Self = Self(',');
    /// Delimiter of spreadsheets where the comma is the decimal sign.
    pub(crate) const SEMICOLON: Self = Self(';');
    /// Delimiters that are tried, in this order.
    pub(crate) const ALL: [Self; 4] = [Self::COMMA, Self::SEMICOLON, Self('\t'), Self('|')];

    pub(crate) fn as_char(self) -> char {
        self.0
    }
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut chars = text.chars();
        match (text, chars.next(), chars.next()) {
            ("tab" | "\\t", ..) => Ok(Self('\t')),
            (_, Some(char), None) if char != '"' && !char.is_alphanumeric() => Ok(Self(char)),
            _ => Err("expected one character that is no letter, digit or quote, or tab".to_owned()),
        }
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ',' => f.write_str("commas"),
            ';' => f.write_str("semicolons"),
            '\t' => f.write_str("tabs"),
            '|' => f.write_str("bars"),
            other => write!(f, "{other:?}"),
        }
    }
}
