//! Check of the files of `daymark send`, with columns and without.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::DateTime;
use clap::Parser;
use domain::{Acceptance, Event, EventId};
use import::{FileText, ImportedEvent, StoreZones, TillLine, TillMapping, file_text};

use crate::assertions::{numbered_in_order, on_one_line};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    mapping: TillMapping,
}

/// Export of a bakery.
const BAKERY: &str = "send --csv --store edinburgh --zone Europe/London \
    --map occurred_at=Date+Time --map sku=Item --skip Item=NONE \
    --default unit_price=2.50 --default currency=GBP";
/// Export with event ids.
const TILL: &str = "send --csv --map event_id=id --map store_id=store --map sku=sku \
    --map quantity=quantity --map occurred_at=at --time-format %d.%m.%Y";
/// One JSON event on each line.
const EVENTS: &str = "send";

/// Checks `file_text` and `TillMapping::read` with one file.
///
/// # Panics
/// Panics if a line is lost or has a wrong number, two events have one id, or an event is not sent
/// as it was read.
pub fn check_till_lines(data: &[u8]) {
    let Ok(FileText { text, note }) = file_text(data, None) else { return };
    note.iter().for_each(|note| on_one_line(note));
    for flags in [BAKERY, TILL, EVENTS] {
        let mapping = Arguments::parse_from(flags.split_whitespace()).mapping;
        match mapping.read(&text, &StoreZones::default()) {
            Ok(file) => {
                file.notes.iter().for_each(|note| on_one_line(note));
                none_is_lost(&file.lines, &text, flags);
            }
            Err(message) => on_one_line(&message),
        }
    }
}

fn none_is_lost(lines: &[TillLine], text: &str, flags: &str) {
    let numbers = || lines.iter().map(TillLine::number);
    numbered_in_order(numbers(), text, flags == EVENTS);
    if flags == EVENTS {
        let expected = text.lines().filter(|line| !line.trim().is_empty()).count();
        assert_eq!(lines.len(), expected);
    } else {
        rows_are_all_lines(&numbers().collect::<Vec<_>>(), text);
    }
    let mut ids = BTreeSet::new();
    for line in lines {
        match line {
            TillLine::Json { .. } => assert_eq!(flags, EVENTS),
            TillLine::Event { event, .. } => {
                is_whole(event);
                let event_id = event.event().event_id();
                assert!(ids.insert(event_id) || flags == TILL, "two events are {event_id}");
            }
            TillLine::Skipped { reason, .. } => assert_eq!(reason, "Item is NONE"),
            TillLine::Invalid { problem, .. } => {
                on_one_line(&problem.rule);
                problem.given.iter().for_each(|given| on_one_line(given));
            }
        }
    }
}

/// Asserts that every line behind the first row is a row, or belongs to one with a quote.
fn rows_are_all_lines(rows: &[u64], text: &str) {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let Some(first) = rows.first() else { return };
    let mut row = String::new();
    for (number, line) in (1..).zip(unix.split('\n')).skip_while(|(number, _)| number < first) {
        if rows.binary_search(&number).is_ok() {
            row = line.to_owned();
        } else {
            assert!(line.trim().is_empty() || row.contains('"'), "line {number} is lost");
        }
    }
}

/// Asserts that the text that is sent is the event, as a part of the import.
fn is_whole(event: &ImportedEvent) {
    let import_id: EventId = "import".parse().expect("an id");
    let anytime =
        Acceptance { received_at: DateTime::UNIX_EPOCH, age_max: None, ahead_max: Duration::MAX };
    let sent = Event::parse(&event.to_json(&import_id), &anytime).expect("a valid event");
    assert_eq!(sent.details().import_id, Some(import_id));
    assert!(sent.has_content_of(event.event()), "{sent:?}");
}
