//! Identifiers: 1 to 64 characters of `A-Za-z0-9._:-`. They are valid parts of table keys
//! (`store#date`) and file names. A clone shares the text: a day of a store has many events and
//! few items, tills and receipts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::limits::ID_CHARS_MAX;

/// Violation of the rules for an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("is empty; expected 1 to {ID_CHARS_MAX} characters of A-Za-z0-9._:-")]
    Empty,
    /// The text has more characters than allowed.
    #[error("has {0} characters; at most {ID_CHARS_MAX} are allowed")]
    TooLong(usize),
    /// The text has a character outside the alphabet.
    #[error("has the character {0:?}; only A-Za-z0-9._:- are allowed")]
    Character(char),
}

/// `true` for each byte of an identifier. Each operator evaluates both sides.
const fn is_allowed(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    // From the hyphen to the colon lie the digits, the point and the slash.
    let is_other = (byte.wrapping_sub(b'-') <= b':' - b'-') & (byte != b'/');
    is_letter | is_other | (byte == b'_')
}

/// `true` if `text` is an identifier.
pub(crate) fn is_identifier(text: &str) -> bool {
    // Without an early end, the bytes are checked with vector instructions.
    let are_allowed = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & is_allowed(*byte));
    (1..=ID_CHARS_MAX).contains(&text.len()) && are_allowed(text.as_bytes())
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if let Some(character) = text.chars().find(|c| !u8::try_from(*c).is_ok_and(is_allowed)) {
        return Err(IdError::Character(character));
    }
    if text.len() > ID_CHARS_MAX {
        return Err(IdError::TooLong(text.len()));
    }
    Ok(())
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Creates an identifier from a text that was checked.
            #[allow(dead_code, reason = "some types have no such text")]
            pub(crate) fn valid(text: &str) -> Self {
                debug_assert!(is_identifier(text), "{text} is no identifier");
                Self(text.into())
            }

            /// Returns the identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

identifier! {
    /// Id of an event, unique within its store.
    EventId
}
identifier! {
    /// Id of a client of the ingest API in the user pool.
    ClientId
}
identifier! {
    /// Id of a store.
    StoreId
}
identifier! {
    /// Id of a till, unique within its store.
    TerminalId
}
identifier! {
    /// Stock keeping unit: the id of an item.
    Sku
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_quote_the_rule_and_the_given_text() {
        let message = |text: &str| text.parse::<Sku>().unwrap_err().to_string();
        assert_eq!(message(""), "is empty; expected 1 to 64 characters of A-Za-z0-9._:-");
        assert_eq!(message(&"x".repeat(65)), "has 65 characters; at most 64 are allowed");
        assert_eq!(message("rye#1"), "has the character '#'; only A-Za-z0-9._:- are allowed");
        assert_eq!(
            message("rye\u{7}"),
            "has the character '\\u{7}'; only A-Za-z0-9._:- are allowed"
        );
        assert!("x".repeat(64).parse::<Sku>().is_ok());
        assert!("A-Za_0.9:z".parse::<Sku>().is_ok());
    }
}
