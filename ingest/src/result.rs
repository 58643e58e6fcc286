//! What is told of one event.

use domain::Fault;
use serde::Serialize;

use crate::accept::{Finding, Verdict};
use crate::publish::Fate;

/// Most bytes of explanations in one answer. With the receipts of a full request, about 250 bytes
/// each, the answer stays below Lambda's 6 MB; else a till would never hear what is wrong.
const EXPLANATION_BYTES_MAX: usize = 1024 * 1024;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It keeps all rules; nothing was to be stored.
    Valid,
    /// The log has acknowledged it.
    Stored,
    /// The same as an earlier one of this request, which is valid or stored.
    Duplicate,
    /// It will never be taken as it is.
    Rejected,
    /// To be sent again as it is.
    Retry,
}

/// Why an event is not stored, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    InvalidEvent,
    ConflictingDuplicate,
    StoreNotAllowed,
    Throttled,
    Unavailable,
}

/// One element of `results`.
#[derive(Debug, Serialize)]
pub(crate) struct EventResult<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    pub(crate) status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<Code>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<EventError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// One broken rule, in parts; the result's message has them in one sentence.
#[derive(Debug, Serialize)]
struct EventError {
    #[serde(skip_serializing_if = "str::is_empty")]
    field: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<String>,
    message: String,
}

/// Tells what became of each event, in order. `fates` are those of the fresh events by their
/// index; `None` when nothing was to be stored.
pub(crate) fn results<'a>(
    verdicts: &'a [Verdict],
    fates: Option<&'a [Option<Fate>]>,
) -> Vec<EventResult<'a>> {
    let mut explained_bytes = 0;
    let mut results = Vec::with_capacity(verdicts.len());
    for (index, verdict) in verdicts.iter().enumerate() {
        let mut result = EventResult::of(index, verdict, verdicts, fates);
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
    fn of(
        index: usize,
        verdict: &'a Verdict,
        verdicts: &'a [Verdict],
        fates: Option<&'a [Option<Fate>]>,
    ) -> Self {
        let mut result = Self {
            index,
            line: verdict.line,
            event_id: verdict.event_id.as_deref(),
            status: Status::Valid,
            shard_id: None,
            sequence_number: None,
            code: None,
            errors: Vec::new(),
            message: None,
        };
        match &verdict.finding {
            Finding::Fresh(_) => result.keep(fates.map(|fates| &fates[index])),
            Finding::Duplicate(first) => {
                // It is as safe as its first: where that is not stored, neither is this.
                result.keep(fates.map(|fates| &fates[*first]));
                if result.status != Status::Retry {
                    result.status = Status::Duplicate;
                    result.message = Some(format!("the same as event {first} of this request"));
                }
            }
            Finding::Invalid(faults) => result.reject(Code::InvalidEvent, faults),
            Finding::Foreign(fault) => {
                result.reject(Code::StoreNotAllowed, std::slice::from_ref(fault));
            }
            Finding::Conflicting(first) => {
                let fault = conflict(&verdicts[*first], *first, result.event_id);
                result.reject(Code::ConflictingDuplicate, &[fault]);
            }
        }
        result
    }

    /// `None` when nothing was to be stored; a fate that is missing is one that failed.
    fn keep(&mut self, fate: Option<&'a Option<Fate>>) {
        let (code, message) = match fate {
            None => {
                self.status = Status::Valid;
                return;
            }
            Some(Some(Fate::Stored { shard_id, sequence_number })) => {
                self.status = Status::Stored;
                self.shard_id = Some(shard_id);
                self.sequence_number = Some(sequence_number.as_str());
                return;
            }
            Some(Some(Fate::Throttled)) => (
                Code::Throttled,
                "the stream is busy and has not acknowledged it; send it again, its event_id \
                 makes that safe",
            ),
            Some(Some(Fate::Unavailable) | None) => (
                Code::Unavailable,
                "the stream has not acknowledged it; send it again, its event_id makes that safe",
            ),
        };
        self.status = Status::Retry;
        self.code = Some(code);
        self.message = Some(message.to_owned());
    }

    fn reject(&mut self, code: Code, faults: &[Fault]) {
        let told: Vec<String> = faults.iter().map(Fault::to_string).collect();
        self.status = Status::Rejected;
        self.code = Some(code);
        self.message = Some(format!("{}: {}", self.name(), told.join("; ")));
        let error = |fault: &Fault| EventError {
            field: fault.field,
            given: fault.given.clone(),
            message: fault.rule.clone(),
        };
        self.errors = faults.iter().map(error).collect();
    }

    /// How a person would find it in the request.
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

    /// How much it takes to say what is wrong.
    fn explanation_bytes(&self) -> usize {
        if self.status != Status::Rejected {
            return 0;
        }
        let error = |error: &EventError| {
            error.message.len() + error.given.as_deref().unwrap_or_default().len()
        };
        // The id and its repetition in the message, as if every character had to be escaped.
        // What was given is JSON already and hardly grows.
        let id = 2 * "\\u0000".len() * self.event_id.unwrap_or_default().len();
        let message = self.message.as_deref().unwrap_or_default().len();
        id + message + self.errors.iter().map(error).sum::<usize>()
    }

    /// Leaves out the explanations.
    fn shorten(&mut self) {
        if self.status == Status::Rejected {
            self.event_id = None;
            self.errors.clear();
            self.message = Some("not explained, this answer is full; send fewer events".to_owned());
        }
    }
}

fn conflict(first: &Verdict, index: usize, given: Option<&str>) -> Fault {
    let line = first.line.map(|line| format!(" (line {line})")).unwrap_or_default();
    Fault {
        field: "event_id",
        given: given.map(|event_id| format!("{event_id:?}")),
        rule: format!(
            "was given to event {index}{line} of this request with other content; an id names one \
             event of a store: send the same content, or an id of its own"
        ),
    }
}
