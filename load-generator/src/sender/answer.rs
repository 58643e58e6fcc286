//! Answers of a target, held against the request.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;

use super::Lines;
use crate::outcomes::EventOutcome;

/// Longest text of an error.
const ERROR_CHARS_MAX: usize = 160;

/// Answer to the lines of a request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// HTTP status; `None` if no answer came.
    pub status: Option<u16>,
    /// Status of each line. Lines without one are unknown.
    pub lines: Vec<LineStatus>,
    /// Wait that the answer asks for.
    pub retry_after: Option<Duration>,
    /// Reason why lines are not stored.
    pub error: Option<String>,
    /// Differences between answer and request.
    pub mismatched: Vec<String>,
}

/// Status of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineStatus {
    /// The event is stored.
    Stored,
    /// The event is refused.
    Refused,
    /// The event is to be sent again.
    Retry,
    /// The answer says nothing of the event.
    Unknown,
}

/// Body of an answer of the ingest API, as far as it is needed.
#[derive(Debug, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    results: Option<Vec<LineResult<'a>>>,
    #[serde(borrow)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow)]
    detail: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct LineResult<'a> {
    index: usize,
    #[serde(borrow)]
    event_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
}

impl Answer {
    /// Creates the answer of a broken connection or a timeout.
    #[must_use]
    pub fn none(error: &str) -> Self {
        Self { error: Some(cut(error)), ..Self::default() }
    }

    /// Creates an answer with one status for all lines.
    #[must_use]
    pub fn uniform(status: LineStatus, lines: usize, error: Option<&str>) -> Self {
        Self { lines: vec![status; lines], error: error.map(cut), ..Self::default() }
    }

    /// Reads an answer of the ingest API.
    #[must_use]
    pub fn parse(
        status: u16,
        retry_after: Option<Duration>,
        body: &[u8],
        lines: &Lines<'_>,
    ) -> Self {
        let answer = Self { status: Some(status), retry_after, ..Self::default() };
        match serde_json::from_slice::<Body<'_>>(body) {
            Ok(Body { results: Some(results), .. }) => answer.with_results(&results, lines),
            Ok(Body { title, detail, .. }) if title.is_some() || detail.is_some() => {
                let words = [title, detail].map(Option::unwrap_or_default).join(": ");
                Self { error: Some(cut(&format!("{status} {words}"))), ..answer }
            }
            _ => {
                let text = String::from_utf8_lossy(&body[..body.len().min(ERROR_CHARS_MAX)]);
                let error = cut(&format!("{status} without results: {}", text.trim()));
                Self { error: Some(error), ..answer }
            }
        }
    }

    fn with_results(mut self, results: &[LineResult<'_>], lines: &Lines<'_>) -> Self {
        let texts = lines.texts();
        let ids: Vec<&str> = texts.iter().map(|text| event_id(text)).collect();
        let mut found: Vec<Option<LineStatus>> = vec![None; ids.len()];
        for result in results {
            let status = match result.status.as_ref() {
                "stored" | "duplicate" => LineStatus::Stored,
                "rejected" => LineStatus::Refused,
                "retry" => LineStatus::Retry,
                _ => LineStatus::Unknown,
            };
            if let (LineStatus::Refused | LineStatus::Retry, None) = (status, &self.error) {
                self.error = result.message.as_deref().map(generalized);
            }
            let has_id = |place: usize| match result.event_id.as_deref() {
                Some(id) => ids.get(place).is_some_and(|sent| sent.is_empty() || *sent == id),
                None => place < ids.len(),
            };
            let is_open = |place: usize| has_id(place) && found[place].is_none();
            // An id may be in a request twice.
            let place = Some(result.index).filter(|place| is_open(*place));
            match place.or_else(|| (0..ids.len()).find(|place| is_open(*place))) {
                Some(place) => found[place] = Some(status),
                None => {
                    let id = result.event_id.as_deref().unwrap_or("without id");
                    let sent = lines.request.number;
                    self.mismatched.push(format!(
                        "request {sent}: the answer names event {id} at index {} once more than it \
                         was sent",
                        result.index
                    ));
                }
            }
        }
        for (place, status) in found.iter_mut().enumerate() {
            if status.is_none() {
                let (number, id) = (lines.request.number, ids[place]);
                // 202 says that every event is stored.
                let is_all = self.status == Some(202);
                *status = Some(if is_all { LineStatus::Stored } else { LineStatus::Unknown });
                self.mismatched.push(format!("request {number}: the answer leaves out event {id}"));
            }
        }
        self.lines = found.into_iter().flatten().collect();
        self
    }

    /// `true` if the target asks to slow down.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        matches!(self.status, Some(429 | 503))
    }

    /// Writes the lines into the outcomes of the events at `places`, all if `None`. Returns the
    /// places that have to be sent again.
    pub(super) fn apply(
        &self,
        places: Option<&[usize]>,
        outcomes: &mut [EventOutcome],
    ) -> Vec<usize> {
        let all: Vec<usize>;
        let places = match places {
            Some(places) => places,
            None => {
                all = (0..outcomes.len()).collect();
                &all
            }
        };
        let mut again = Vec::new();
        for (index, place) in places.iter().enumerate() {
            match self.lines.get(index).copied().unwrap_or(LineStatus::Unknown) {
                LineStatus::Stored => outcomes[*place] = EventOutcome::Stored,
                LineStatus::Refused => outcomes[*place] = EventOutcome::Refused,
                LineStatus::Retry => again.push(*place),
                // As a till: nothing is known, so it is sent again. An answer that the target means
                // as a refusal of the request (400, 404) would come again.
                LineStatus::Unknown if self.is_worth_a_repeat() => again.push(*place),
                LineStatus::Unknown => {}
            }
        }
        again
    }

    fn is_worth_a_repeat(&self) -> bool {
        match self.status {
            None => true,
            Some(status) => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
        }
    }
}

/// Returns the id in a line as the planner or a till writes it; empty if it is not found at once.
fn event_id(line: &str) -> &str {
    let rest = line.split_once("\"event_id\":").map_or("", |(_, rest)| rest.trim_start());
    let id = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    id.map_or("", |(id, _)| if id.contains('\\') { "" } else { id })
}

/// Returns a message without the number and the id of its event, so that equal errors count as one.
fn generalized(message: &str) -> String {
    let rest = message.split_once("): ").map_or(message, |(_, rest)| rest);
    cut(rest)
}

fn cut(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match one_line.char_indices().nth(ERROR_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &one_line[..end]),
        None => one_line,
    }
}
