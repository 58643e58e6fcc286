//! Rejection of an event.

use std::fmt;

use crate::violation::{Violation, excerpt, write_list};

/// All violations of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Id of the event, if it could be read.
    pub event_id: Option<String>,
    /// At least one violation.
    pub violations: Vec<Violation>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(event_id) = &self.event_id {
            write!(f, "event {}: ", excerpt(event_id))?;
        }
        write_list(f, &self.violations)
    }
}

impl std::error::Error for Rejection {}
