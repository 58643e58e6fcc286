//! Judges each event of a request on its own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::limits::ID_CHARS_MAX;
use domain::{Acceptance, Authority, Event, Fault, Rejection};
use serde_json::value::RawValue;

use crate::split::Piece;

/// Most characters of an invalid id that are told.
const ID_TOLD_CHARS_MAX: usize = ID_CHARS_MAX + 16;

/// What was found of one event.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Its line, counted from 1, where a line is an event.
    pub(crate) line: Option<usize>,
    /// Its id, as far as it could be read.
    pub(crate) event_id: Option<String>,
    /// What became of it.
    pub(crate) finding: Finding,
}

/// What became of an event before anything is stored.
#[derive(Debug)]
pub(crate) enum Finding {
    /// Valid, and the first of its id in this request.
    Fresh(Box<Event>),
    /// The same event as the one at this index.
    Duplicate(usize),
    /// Breaks rules of the event.
    Invalid(Vec<Fault>),
    /// Of a store that the sender may not write for.
    Foreign(Fault),
    /// Has the id of the event at this index and other content.
    Conflicting(usize),
}

impl Verdict {
    /// The event, if it is to be stored.
    pub(crate) fn fresh(&self) -> Option<&Event> {
        match &self.finding {
            Finding::Fresh(event) => Some(event),
            _ => None,
        }
    }
}

/// Judges all events, in their order.
pub(crate) fn accept(
    pieces: Vec<Piece<'_>>,
    acceptance: &Acceptance,
    authority: &Authority,
) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> =
        pieces.into_iter().map(|piece| verdict(piece, acceptance, authority)).collect();
    for (index, finding) in repetitions(&verdicts) {
        verdicts[index].finding = finding;
    }
    verdicts
}

fn verdict(piece: Piece<'_>, acceptance: &Acceptance, authority: &Authority) -> Verdict {
    let Piece { line, text } = piece;
    let parsed = text.and_then(|text| {
        Event::parse(&text, acceptance).map_err(|rejection| match line {
            Some(_) => unreadable_line(&text).unwrap_or(rejection),
            None => rejection,
        })
    });
    match parsed {
        Ok(event) => {
            let event_id = Some(event.event_id().to_string());
            let finding = if authority.allows(event.store_id()) {
                Finding::Fresh(Box::new(event))
            } else {
                Finding::Foreign(foreign(&event, authority))
            };
            Verdict { line, event_id, finding }
        }
        Err(Rejection { event_id, faults }) => {
            let event_id = event_id.map(|id| id.chars().take(ID_TOLD_CHARS_MAX).collect());
            Verdict { line, event_id, finding: Finding::Invalid(faults) }
        }
    }
}

/// Another sender may be meant, or another store, or the grant is yet to come.
fn foreign(event: &Event, authority: &Authority) -> Fault {
    let store_id = event.store_id();
    let rule = format!(
        "is not a store that this sender may write for, which is {}; send it with a token of that \
         store's client, or have `daymark clients grant` name the store too, for its next token",
        authority.told()
    );
    Fault { field: "store_id", given: Some(format!("{:?}", store_id.as_str())), rule }
}

/// A line's own JSON error: the parser's would name "line 1", which is never the line of the body.
fn unreadable_line(text: &str) -> Option<Rejection> {
    let error = serde_json::from_str::<&RawValue>(text).err()?;
    let column = error.column();
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default();
    let rule = format!("the line is not valid JSON: {reason} at its column {column}");
    Some(Rejection { event_id: None, faults: vec![Fault { field: "", given: None, rule }] })
}

/// An id names one event of a store: the first stays, later ones are the same or in conflict.
fn repetitions(verdicts: &[Verdict]) -> Vec<(usize, Finding)> {
    let mut firsts: HashMap<_, (usize, &Event)> = HashMap::with_capacity(verdicts.len());
    let mut found = Vec::new();
    for (index, verdict) in verdicts.iter().enumerate() {
        let Some(event) = verdict.fresh() else { continue };
        match firsts.entry((event.store_id(), event.event_id())) {
            Entry::Vacant(vacant) => {
                vacant.insert((index, event));
            }
            Entry::Occupied(occupied) => {
                let (first, first_event) = *occupied.get();
                let same = first_event == event;
                let finding =
                    if same { Finding::Duplicate(first) } else { Finding::Conflicting(first) };
                found.push((index, finding));
            }
        }
    }
    found
}
