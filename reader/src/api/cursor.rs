//! Cursors: the key of the last row of a page.
//!
//! Rows have a fixed order, and a cursor names a place in it. So rows that late corrections add or
//! remove between two pages neither shift nor repeat the others.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::problem::ReadProblem;

/// Place of a row in the order of an answer: store first, then date where rows have one.
pub(super) type CursorKey = Vec<String>;

/// Time for which a cursor is taken.
const VALID_FOR: TimeDelta = TimeDelta::days(1);

/// Cursor of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Digest of the question.
    pub(super) question: String,
    /// Instant of the first page. "Today" and "now" stay the same for all pages.
    pub(super) asked_at: DateTime<Utc>,
    /// Key of the last row.
    pub(super) after: CursorKey,
}

impl Cursor {
    /// Reads the cursor of a question.
    ///
    /// # Errors
    /// Returns an error if the text is no cursor, that of another question, or older than a day.
    pub(super) fn read(
        text: &str,
        question: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, ReadProblem> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let cursor: Option<Self> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let cursor = cursor.ok_or(ReadProblem::Cursor("cannot be read"))?;
        if cursor.question != question {
            return Err(ReadProblem::Cursor("is of another question"));
        }
        let age = now.signed_duration_since(cursor.asked_at);
        if age < TimeDelta::zero() || age > VALID_FOR {
            return Err(ReadProblem::Cursor("is older than a day"));
        }
        Ok(cursor)
    }

    /// Returns the opaque text.
    pub(super) fn text(&self) -> String {
        // Serialization of texts and an instant does not fail.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_no_other_text_is_one() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        let asked_at = at("2026-03-12T23:59:00Z");
        let after = vec!["0042".to_owned(), "2026-03-12".to_owned(), "rye".to_owned()];
        let cursor = Cursor { question: "q".to_owned(), asked_at, after };
        let text = cursor.text();
        let next_day = at("2026-03-13T23:59:00Z");
        assert_eq!(Cursor::read(&text, "q", next_day).expect("a cursor"), cursor);
        for (text, question, now, told) in [
            (&*text, "other", asked_at, "is of another question"),
            ("", "q", asked_at, "cannot be read"),
            (&text[1..], "q", asked_at, "cannot be read"),
            ("e30", "q", asked_at, "cannot be read"),
            (&*text, "q", next_day + TimeDelta::seconds(1), "is older than a day"),
            (&*text, "q", asked_at - TimeDelta::seconds(1), "is older than a day"),
        ] {
            let error = Cursor::read(text, question, now).expect_err("refused").to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
