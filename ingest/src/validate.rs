//! Validation of the events of a request, each on its own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::limits::ID_CHARS_MAX;
use domain::{Acceptance, Authority, Event, Rejection, Violation};
use serde_json::value::RawValue;

use crate::event_result::EventCode;
use crate::raw_event::RawEvent;

/// Length to which an answer cuts an invalid id, in characters.
const REPEATED_ID_CHARS_MAX: usize = ID_CHARS_MAX + 16;

/// Event of a request after its validation.
#[derive(Debug)]
pub(crate) struct ValidatedEvent {
    /// Number of the line, counted from 1, in a format with one event per line.
    pub(crate) line: Option<usize>,
    /// Event id, if it could be read.
    pub(crate) event_id: Option<String>,
    pub(crate) validation: Validation,
}

/// Result of the validation of one event.
#[derive(Debug)]
pub(crate) enum Validation {
    /// Valid event, the first with its id in this request.
    Valid(Box<Event>),
    /// Repetition of the valid event with this index.
    Duplicate(usize),
    /// Event that breaks at least one rule.
    Rejected(EventCode, Vec<Violation>),
}

impl ValidatedEvent {
    /// Returns the event if it has to be stored.
    pub(crate) fn valid(&self) -> Option<&Event> {
        match &self.validation {
            Validation::Valid(event) => Some(event),
            _ => None,
        }
    }
}

/// Validates all events of a request, in their order.
pub(crate) fn validate(
    raw_events: Vec<RawEvent<'_>>,
    acceptance: &Acceptance,
    authority: &Authority,
) -> Vec<ValidatedEvent> {
    let validate = |raw_event| validate_alone(raw_event, acceptance, authority);
    let mut events: Vec<ValidatedEvent> = raw_events.into_iter().map(validate).collect();
    for (index, validation) in repetitions(&events) {
        events[index].validation = validation;
    }
    events
}

fn validate_alone(
    RawEvent { line, text }: RawEvent<'_>,
    acceptance: &Acceptance,
    authority: &Authority,
) -> ValidatedEvent {
    let parsed = text.and_then(|text| {
        Event::parse(&text, acceptance).map_err(|rejection| match line {
            Some(_) => malformed_line(&text).unwrap_or(rejection),
            None => rejection,
        })
    });
    match parsed {
        Ok(event) => {
            let event_id = Some(event.event_id().to_string());
            let validation = if authority.allows(event.store_id()) {
                Validation::Valid(Box::new(event))
            } else {
                let violations = vec![store_not_allowed(&event, authority)];
                Validation::Rejected(EventCode::StoreNotAllowed, violations)
            };
            ValidatedEvent { line, event_id, validation }
        }
        Err(Rejection { event_id, violations }) => {
            let event_id = event_id.map(|id| id.chars().take(REPEATED_ID_CHARS_MAX).collect());
            let validation = Validation::Rejected(EventCode::InvalidEvent, violations);
            ValidatedEvent { line, event_id, validation }
        }
    }
}

/// Returns the violation of an event whose store the sender may not write for. Its text names all
/// three causes: the wrong sender, the wrong store and a missing grant.
fn store_not_allowed(event: &Event, authority: &Authority) -> Violation {
    let store_id = event.store_id();
    let rule = format!(
        "is not a store that this sender may write for, which is {}; send it with a token of that \
         store's client, or have `daymark clients grant` name the store too, for its next token",
        authority.summary()
    );
    Violation { field: "store_id", given: Some(format!("{:?}", store_id.as_str())), rule }
}

/// Returns the JSON error of a line. The message of the parser would name "line 1", which is not
/// the line of the body.
fn malformed_line(text: &str) -> Option<Rejection> {
    let error = serde_json::from_str::<&RawValue>(text).err()?;
    let column = error.column();
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default();
    let rule = format!("the line is not valid JSON: {reason} at its column {column}");
    Some(Rejection { event_id: None, violations: vec![Violation { field: "", given: None, rule }] })
}

/// Returns the new validations of events that repeat the id of an earlier valid event of the same
/// store: duplicates with the same content, conflicts with other content.
fn repetitions(events: &[ValidatedEvent]) -> Vec<(usize, Validation)> {
    let mut firsts: HashMap<_, (usize, &Event)> = HashMap::with_capacity(events.len());
    let mut repetitions = Vec::new();
    for (index, validated) in events.iter().enumerate() {
        let Some(event) = validated.valid() else { continue };
        match firsts.entry((event.store_id(), event.event_id())) {
            Entry::Vacant(vacant) => {
                vacant.insert((index, event));
            }
            Entry::Occupied(occupied) => {
                let (first, first_event) = *occupied.get();
                let validation = if event.has_content_of(first_event) {
                    Validation::Duplicate(first)
                } else {
                    let violations = vec![conflict(event, first, events[first].line)];
                    Validation::Rejected(EventCode::ConflictingDuplicate, violations)
                };
                repetitions.push((index, validation));
            }
        }
    }
    repetitions
}

fn conflict(event: &Event, first: usize, line: Option<usize>) -> Violation {
    let line = line.map(|line| format!(" (line {line})")).unwrap_or_default();
    Violation {
        field: "event_id",
        given: Some(format!("{:?}", event.event_id().as_str())),
        rule: format!(
            "was given to event {first}{line} of this request with other content; an id names one \
             event of a store: send the same content, or an id of its own"
        ),
    }
}
