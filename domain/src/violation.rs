//! Violations: broken rules of an event or a catalogue entry.

use std::fmt;

use serde::Serialize;

/// Broken rule of one field: the field, the given value, the rule and a value that would pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Name of the field; empty if the object as a whole breaks the rule.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub field: &'static str,
    /// Beginning of the given value; `None` if the field is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// Text of the rule, with its number and a value that would pass.
    #[serde(rename = "message")]
    pub rule: String,
}

impl Violation {
    /// Creates a violation with the beginning of the given value.
    #[must_use]
    pub fn new(field: &'static str, given: Option<&str>, rule: impl Into<String>) -> Self {
        Self { field, given: given.map(excerpt), rule: rule.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.given, self.field) {
            (Some(given), "") => write!(f, "{given} {}", self.rule),
            (None, "") => write!(f, "{}", self.rule),
            (Some(given), field) => write!(f, "{field} {given} {}", self.rule),
            (None, field) => write!(f, "{field} {}", self.rule),
        }
    }
}

/// Writes violations in one line.
pub(crate) fn write_list(f: &mut fmt::Formatter<'_>, violations: &[Violation]) -> fmt::Result {
    for (index, violation) in violations.iter().enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        write!(f, "{separator}{violation}")?;
    }
    Ok(())
}

/// Length of an excerpt, in characters.
const EXCERPT_CHARS_MAX: usize = 80;

/// Returns the beginning of `text` on one line, with control characters escaped.
#[must_use]
pub fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS_MAX) {
        Some((end, _)) => one_line(&text[..end]) + "…",
        None => one_line(text),
    }
}

/// Returns the whole of `text` on one line, with control characters escaped.
///
/// ```
/// assert_eq!(domain::one_line("rye\n\u{1b}[2J"), r"rye\n\u{1b}[2J");
/// ```
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for char in text.chars() {
        if char.is_control() {
            line.extend(char.escape_debug());
        } else {
            line.push(char);
        }
    }
    line
}
