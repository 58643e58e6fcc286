//! Why an event was refused, in words that let its sender mend it.

use std::fmt;

use crate::fault::Fault;
use crate::fields::shorten;

/// Everything wrong with one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The event's id, if it could be read.
    pub event_id: Option<String>,
    /// At least one fault.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(event_id) = &self.event_id {
            write!(f, "event {}: ", shorten(event_id))?;
        }
        crate::fault::list(f, &self.faults)
    }
}

impl std::error::Error for Rejection {}
