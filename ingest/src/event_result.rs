//! Results of single events, as an answer reports them.

use std::sync::Arc;

use domain::Violation;
use domain::ports::{Failure, PutOutcome};
use serde::Serialize;

use crate::validate::{ValidatedEvent, Validation};

/// Limit of the explanations in one answer, in bytes. Together with the receipts of a full request,
/// about 250 bytes each, the answer stays below the 6 MB of a Lambda payload.
const EXPLANATION_BYTES_MAX: usize = 1024 * 1024;

/// Status of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventStatus {
    /// The event keeps all rules; the request is a dry run.
    Valid,
    /// The log has acknowledged the event.
    Stored,
    /// The event equals an earlier event of this request, which is valid or stored.
    Duplicate,
    /// The event breaks a rule and will never be accepted as it is.
    Rejected,
    /// The event is not acknowledged; the sender has to send it again as it is.
    Retry,
}

/// Reason for not storing an event, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventCode {
    InvalidEvent,
    ConflictingDuplicate,
    StoreNotAllowed,
    Throttled,
    Unavailable,
}

/// Element of `results`.
#[derive(Debug, Serialize)]
pub(crate) struct EventResult<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    pub(crate) status: EventStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<EventCode>,
    #[serde(skip_serializing_if = "<[Violation]>::is_empty")]
    errors: &'a [Violation],
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Returns the results of all events, in order. `puts` holds the outcomes of the valid events by
/// index, and is `None` for a dry run. Once the explanations are too long, rejected events get a
/// short message.
pub(crate) fn results<'a>(
    events: &'a [ValidatedEvent],
    puts: Option<&'a [Option<Arc<PutOutcome>>]>,
) -> Vec<EventResult<'a>> {
    let mut explained_bytes = 0;
    let mut results = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let mut result = EventResult::new(index, event, puts);
        let bytes = result.explanation_bytes();
        if explained_bytes + bytes > EXPLANATION_BYTES_MAX {
            result.shorten();
        } else {
            explained_bytes += bytes;
        }
        results.push(result);
    }
    results
}

impl<'a> EventResult<'a> {
    fn new(
        index: usize,
        event: &'a ValidatedEvent,
        puts: Option<&'a [Option<Arc<PutOutcome>>]>,
    ) -> Self {
        let mut result = Self {
            index,
            line: event.line,
            event_id: event.event_id.as_deref(),
            status: EventStatus::Valid,
            shard_id: None,
            sequence_number: None,
            code: None,
            errors: &[],
            message: None,
        };
        let put_of = |index: usize| puts.map(|puts| puts[index].as_deref());
        match &event.validation {
            Validation::Valid(_) => result.set_put(put_of(index)),
            Validation::Duplicate(first) => {
                // A duplicate is stored if and only if its first event is stored.
                result.set_put(put_of(*first));
                if result.status != EventStatus::Retry {
                    result.status = EventStatus::Duplicate;
                    result.message = Some(format!("the same as event {first} of this request"));
                }
            }
            Validation::Rejected(code, violations) => {
                let rules: Vec<String> = violations.iter().map(Violation::to_string).collect();
                result.status = EventStatus::Rejected;
                result.code = Some(*code);
                result.message = Some(format!("{}: {}", result.name(), rules.join("; ")));
                result.errors = violations;
            }
        }
        result
    }

    /// Sets the status by the outcome of a put. `None` is a dry run, `Some(None)` a missing
    /// outcome, which counts as a failure.
    fn set_put(&mut self, put: Option<Option<&'a PutOutcome>>) {
        let (code, message) = match put {
            None => return,
            Some(Some(PutOutcome::Stored { shard_id, sequence_number })) => {
                self.status = EventStatus::Stored;
                self.shard_id = Some(shard_id);
                self.sequence_number = Some(sequence_number.as_str());
                return;
            }
            Some(Some(PutOutcome::Failed(Failure::Throttled(_)))) => (
                EventCode::Throttled,
                "the stream is busy and has not acknowledged it; send it again, its event_id \
                 makes that safe",
            ),
            Some(Some(PutOutcome::Failed(_)) | None) => (
                EventCode::Unavailable,
                "the stream has not acknowledged it; send it again, its event_id makes that safe",
            ),
        };
        self.status = EventStatus::Retry;
        self.code = Some(code);
        self.message = Some(message.to_owned());
    }

    /// Returns a name by which a person finds the event in the request.
    fn name(&self) -> String {
        let details = [
            self.line.map(|line| format!("line {line}")),
            self.event_id.map(|event_id| format!("event_id {event_id}")),
        ];
        let details: Vec<String> = details.into_iter().flatten().collect();
        if details.is_empty() {
            format!("event {}", self.index)
        } else {
            format!("event {} ({})", self.index, details.join(", "))
        }
    }

    /// Returns the length of the explanation of a rejected event, in bytes.
    fn explanation_bytes(&self) -> usize {
        if self.status != EventStatus::Rejected {
            return 0;
        }
        let error =
            |error: &Violation| error.rule.len() + error.given.as_deref().unwrap_or_default().len();
        // The id and its repetition in the message, as if every character were escaped. The given
        // value is JSON already and hardly grows.
        let id = 2 * "\\u0000".len() * self.event_id.unwrap_or_default().len();
        let message = self.message.as_deref().unwrap_or_default().len();
        id + message + self.errors.iter().map(error).sum::<usize>()
    }

    /// Removes the explanation of a rejected event.
    fn shorten(&mut self) {
        if self.status == EventStatus::Rejected {
            self.event_id = None;
            self.errors = &[];
            self.message = Some("not explained, this answer is full; send fewer events".to_owned());
        }
    }
}
