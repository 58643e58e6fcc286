//! Identifiers: 1 to 64 characters of `A-Za-z0-9._:-`, so that they can stand inside a table key
//! (`store#date`) and inside a file name.

use std::fmt;
use std::str::FromStr;

use crate::limits::ID_CHARS_MAX;

/// Why a text is not an identifier. The message states the rule and what was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// No character at all.
    #[error("is empty; expected 1 to {ID_CHARS_MAX} characters of A-Za-z0-9._:-")]
    Empty,
    /// More characters than allowed.
    #[error("has {0} characters; at most {ID_CHARS_MAX} are allowed")]
    TooLong(usize),
    /// A character outside the alphabet.
    #[error("has the character {0:?}; only A-Za-z0-9._:- are allowed")]
    Character(char),
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    if let Some(stranger) = text.chars().find(|c| !allowed(c)) {
        return Err(IdError::Character(stranger));
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
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier as text.
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
    /// Names one event, uniquely within its store. The same id is the same event.
    EventId
}
identifier! {
    /// Names a client of the ingest API, as the user pool does.
    ClientId
}
identifier! {
    /// Names a store.
    StoreId
}
identifier! {
    /// Names a till within its store.
    TerminalId
}
identifier! {
    /// Names an item that is sold.
    Sku
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_quoted_with_what_was_given() {
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
