//! One broken rule, in words that let the sender mend it.

use std::fmt;

use crate::fields::shorten;

/// One rule that an event breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field, as in the event's JSON; empty when the event as a whole is meant.
    pub field: &'static str,
    /// What was given, shortened; `None` when the field is missing.
    pub given: Option<String>,
    /// The rule with its number, and what would pass.
    pub rule: String,
}

impl Fault {
    /// A broken rule, with the beginning of what was given.
    #[must_use]
    pub fn new(field: &'static str, given: Option<&str>, rule: impl Into<String>) -> Self {
        Self { field, given: given.map(shorten), rule: rule.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.given, self.field) {
            (Some(given), "") => write!(f, "{given} {}", self.rule),
            (None, "") => write!(f, "{}", self.rule),
            (Some(given), field) => write!(f, "{field} {given} {}", self.rule),
            (None, field) => write!(f, "{field} {}", self.rule),
        }
    }
}

/// All of them in one line.
pub(crate) fn list(f: &mut fmt::Formatter<'_>, faults: &[Fault]) -> fmt::Result {
    for (index, fault) in faults.iter().enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        write!(f, "{separator}{fault}")?;
    }
    Ok(())
}
