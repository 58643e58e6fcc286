//! Event ids derived from the content, for producers without ids of their own. Source:
//! docs/event-ids.md.

use chrono::SecondsFormat;

use super::{Charge, Event};
use crate::digest::digest;
use crate::identifier::{EventId, StoreId};

/// Beginning of a derived id. It names the version of the rule.
const EVENT_PREFIX: &str = "d1-";
/// Beginning of the id of an undo. It names the version of the rule.
const UNDO_PREFIX: &str = "u1-";
/// First line of the text of a derived id.
const EVENT_TITLE: &str = "daymark event id 1";
/// First line of the text of the id of an undo.
const UNDO_TITLE: &str = "daymark undo id 1";
/// Number of bytes of the digest in an id, as many as in a UUID.
const DIGEST_BYTES: usize = 16;

/// Returns the id that the rule derives from the content of `event`, whose own id is ignored.
/// `number` is the number of the event among those with equal fields, and `generation` the number
/// of times that its content was imported and undone, both counted from 1.
///
/// ```
/// use domain::event::derived_id;
/// use domain::{Acceptance, Event};
///
/// let json = r#"{"event_id":"-","kind":"sale","store_id":"0042","terminal_id":"t1",
///     "sku":"rye","quantity":"2.0","amount":"7.80","currency":"EUR",
///     "occurred_at":"2026-03-12T16:15:00+01:00"}"#;
/// let event = Event::parse(json, &Acceptance::at("2026-03-12T15:16:00Z".parse()?))?;
/// let event_id = derived_id(&event, 1, 1);
/// assert_eq!(event_id.as_str(), "d1-66d09c234891e8738b3ebd609461cb57");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn derived_id(event: &Event, number: u32, generation: u32) -> EventId {
    let text = format!("{EVENT_TITLE}\n{}\n{number}\n{generation}", key_fields(event));
    id(EVENT_PREFIX, &text)
}

/// Returns the id of the correction that undoes the import of an event. Every undo of the event has
/// this id, so a repeated one adds nothing.
#[must_use]
pub fn undo_id(store_id: &StoreId, event_id: &EventId) -> EventId {
    id(UNDO_PREFIX, &format!("{UNDO_TITLE}\n{store_id}\n{event_id}"))
}

/// Returns the number of each event among those with equal fields, in the order of `events`. Equal
/// fields are numbered in the order of the rest of the content, so the numbers do not depend on
/// the order of `events`. All events must have one and the same id, which stands for none.
#[must_use]
pub fn equal_event_numbers<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u32> {
    let events: Vec<&Event> = events.into_iter().collect();
    let mut ids: Vec<(EventId, usize)> =
        events.iter().zip(0..).map(|(event, index)| (derived_id(event, 1, 1), index)).collect();
    ids.sort_unstable();
    let mut numbers = vec![1; events.len()];
    for equal in ids.chunk_by(|a, b| a.0 == b.0).filter(|equal| equal.len() > 1) {
        let mut indices: Vec<usize> = equal.iter().map(|(_, index)| *index).collect();
        indices.sort_by_cached_key(|index| events[*index].content());
        for (index, number) in indices.into_iter().zip(1..) {
            numbers[index] = number;
        }
    }
    numbers
}

fn id(prefix: &str, text: &str) -> EventId {
    let id = format!("{prefix}{}", digest(text.as_bytes(), DIGEST_BYTES));
    id.parse().expect("a prefix and hexadecimal digits are an id")
}

/// Returns the fields of the rule, one on each line. No field contains a line end.
fn key_fields(event: &Event) -> String {
    let receipt = event.details.receipt.as_ref();
    let charge = event.action.charge();
    let money = charge.and_then(|charge| charge.amount().or_else(|| charge.unit_price()));
    [
        event.store_id.to_string(),
        event.terminal_id.to_string(),
        receipt.map(|receipt| receipt.receipt.to_string()).unwrap_or_default(),
        receipt.and_then(|receipt| receipt.line).map(|line| line.to_string()).unwrap_or_default(),
        event.action.kind().as_str().to_owned(),
        event.occurred_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        event.sku.to_string(),
        event.quantity.to_string(),
        money.map(|money| money.amount().normalize().to_string()).unwrap_or_default(),
        charge.map(Charge::currency).map(|currency| currency.to_string()).unwrap_or_default(),
    ]
    .join("\n")
}
