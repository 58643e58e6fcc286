//! The public `decide` format: a request is one line of JSON, and so is its answer.
//!
//! The retailer's own data scientists use it from outside; inside it is how an offer keeps what it
//! was decided from.

mod answer;
mod reader;
mod request;
mod write;

use std::fmt;

use serde::Serialize;

pub use answer::answer;
pub use request::{Request, read};
pub use write::write;

use crate::decide;

/// Longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Not a JSON object.
    BadJson,
    /// A required field is absent.
    MissingField,
    /// A field that breaks its rule.
    BadValue,
    /// The store is closed.
    Closed,
}

/// Why a line cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The kind.
    pub code: Code,
    /// The field's dotted path, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Where, what was given, which rule.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// A line that cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Why.
    pub error: Fault,
    /// The request's id, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The number of the line, from 1.
    pub line: u64,
}

/// The answer to one line, without a line's end: a decision, or why there is none. `None` for a
/// blank line, which is not answered.
#[must_use]
pub fn answer_line(line: &[u8], number: u64) -> Option<String> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return None;
    }
    Some(match read(line) {
        Ok(request) => answer(&request, &decide(&request.situation)),
        Err((request_id, error)) => refuse(Refusal { error, request_id, line: number }),
    })
}

/// The answer to a line of more than [`LINE_BYTES_MAX`], of which nothing else is known.
#[must_use]
pub fn too_long(number: u64) -> String {
    let message = "the line has more than 1 MiB".to_owned();
    let error = Fault { code: Code::BadJson, field: None, message };
    refuse(Refusal { error, request_id: None, line: number })
}

fn refuse(refusal: Refusal) -> String {
    serde_json::to_string(&refusal).expect("a refusal is plain JSON")
}
