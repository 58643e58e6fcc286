//! The public `decide` format: one request line of JSON, one answer line of JSON.
//!
//! Data scientists of the retailer use it from outside. Inside, an offer stores the request and the
//! answer that it was decided from.
//!
//! # Examples
//!
//! ```
//! let answer = pricing::contract::answer_line(b"{\"store_id\": \"0042\"}", 7);
//! let error = r#"{"code":"missing_field","field":"sku","message":"sku is required"}"#;
//! assert_eq!(answer, Some(format!(r#"{{"error":{error},"line":7}}"#)));
//! assert_eq!(pricing::contract::answer_line(b" ", 8), None);
//! ```

mod answer;
mod json_field;
mod request_reader;
mod request_writer;

use std::fmt;

use serde::Serialize;

pub use answer::answer;
pub use request_reader::{RequestLine, read};
pub use request_writer::write;

use crate::decide;

/// Maximum length of a line, in bytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecideErrorCode {
    /// The line is not a JSON object.
    BadJson,
    /// A required field is absent.
    MissingField,
    /// A field breaks its rule.
    BadValue,
    /// The store is closed.
    Closed,
}

/// Reason why a line cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecideError {
    /// Kind of error.
    pub code: DecideErrorCode,
    /// Dotted path of the field, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Field, given value and rule.
    pub message: String,
}

impl fmt::Display for DecideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecideError {}

/// Answer to a line that cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorLine {
    /// Error.
    pub error: DecideError,
    /// Id of the request, if it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Number of the line, from 1.
    pub line: u64,
}

/// Returns the answer to one line, without a line end: a decision or an error. Returns `None` for a
/// blank line.
#[must_use]
pub fn answer_line(line: &[u8], number: u64) -> Option<String> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return None;
    }
    Some(match read(line) {
        Ok(line) => answer(&line, &decide(&line.request)),
        Err((request_id, error)) => to_json(&ErrorLine { error, request_id, line: number }),
    })
}

/// Returns the answer to a line of more than [`LINE_BYTES_MAX`] bytes.
#[must_use]
pub fn too_long(number: u64) -> String {
    let message = "the line has more than 1 MiB".to_owned();
    let error = DecideError { code: DecideErrorCode::BadJson, field: None, message };
    to_json(&ErrorLine { error, request_id: None, line: number })
}

fn to_json(error: &ErrorLine) -> String {
    serde_json::to_string(error).expect("an error is plain JSON")
}
