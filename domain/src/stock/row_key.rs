//! Keys of stored rows. A window is stored in one row or, once the row is full, in continuation
//! rows.

use std::fmt;
use std::str::FromStr;

use super::WindowKey;
use crate::digest::digest;
use crate::identifier::EventId;

/// Path of a continuation row: hexadecimal digits, empty for the first row. An event belongs to the
/// first row on the path of the SHA-256 of its id that is not split. Its row depends on the events
/// of the window and not on their order of arrival.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Part(String);

/// Text that is not a path of hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a path of hexadecimal digits")]
pub struct PartError;

impl Part {
    /// Number of continuation rows of a full row.
    pub const FANOUT: usize = 16;

    /// `true` for the first row of a window.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the continuation row for the event with this id.
    #[must_use]
    pub fn next(&self, event_id: &EventId) -> Self {
        let path = digest(event_id.as_str().as_bytes(), self.0.len() / 2 + 1);
        Self(path[..=self.0.len()].to_owned())
    }
}

impl FromStr for Part {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        if text.chars().all(is_digit) { Ok(Self(text.to_owned())) } else { Err(PartError) }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Key of a stored row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey {
    /// Window whose events, or part of them, the row holds.
    pub window: WindowKey,
    /// Path of the row.
    pub part: Part,
}

impl RowKey {
    /// Returns the continuation row for the event with this id.
    #[must_use]
    pub fn next(&self, event_id: &EventId) -> Self {
        Self { window: self.window.clone(), part: self.part.next(event_id) }
    }
}

/// Returns the first row of the window.
impl From<WindowKey> for RowKey {
    fn from(window: WindowKey) -> Self {
        Self { window, part: Part::default() }
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { window, part } = self;
        if part.is_first() { write!(f, "{window}") } else { write!(f, "{window}#{part}") }
    }
}
