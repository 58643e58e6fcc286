//! Where a window is stored: in one row, or, once that is full, in continuation rows.

use std::fmt;
use std::str::FromStr;

use super::WindowKey;
use crate::id::EventId;
use crate::version::digest;

/// Which continuation: a path of hexadecimal digits, empty for the first row. An event's place is
/// the path along the SHA-256 of its id that leads to a row which is not split, so it is a
/// function of the window's events and not of the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Part(String);

/// Not a path of hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a path of hexadecimal digits")]
pub struct PartError;

impl Part {
    /// How many rows take over from one that is full.
    pub const FANOUT: usize = 16;

    /// Whether it is the window's first row.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.0.is_empty()
    }

    /// The continuation of this row that takes the event with this id.
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

/// One stored row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey {
    /// The window that it holds, or holds a part of.
    pub window: WindowKey,
    /// Which part.
    pub part: Part,
}

impl RowKey {
    /// The continuation of this row that takes the event with this id.
    #[must_use]
    pub fn next(&self, event_id: &EventId) -> Self {
        Self { window: self.window.clone(), part: self.part.next(event_id) }
    }
}

/// The window's first row.
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
