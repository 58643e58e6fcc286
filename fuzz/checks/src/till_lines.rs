//! Check of the files of `daymark send`, with columns and without.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::DateTime;
use clap::Parser;
use import::{ColumnMapping, TillLine};
use serde_json::Value;

use crate::assertions::{numbered_in_order, on_one_line};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    mapping: ColumnMapping,
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

/// Checks `ColumnMapping::read` with one file.
///
/// # Panics
/// Panics if a line is lost or has a wrong number, or an event holds a malformed field.
pub fn check_till_lines(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for flags in [BAKERY, TILL, EVENTS] {
        let mapping = Arguments::parse_from(flags.split_whitespace()).mapping;
        match mapping.read(Path::new("export.csv"), text) {
            Ok(lines) => none_is_lost(&lines, text, flags),
            Err(message) => assert!(!message.is_empty()),
        }
    }
}

fn none_is_lost(lines: &[TillLine], text: &str, flags: &str) {
    let expected = if flags == EVENTS {
        text.lines().filter(|line| !line.trim().is_empty()).count()
    } else {
        // The first line is the header. A line never takes another one with it.
        text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).count() - 1
    };
    assert_eq!(lines.len(), expected);

    let numbers = lines.iter().map(|line| match line {
        TillLine::Event { number, .. }
        | TillLine::Skipped { number, .. }
        | TillLine::Invalid { number, .. } => *number,
    });
    numbered_in_order(numbers, text, flags == EVENTS);

    let mut ids = BTreeSet::new();
    for line in lines {
        match line {
            TillLine::Event { .. } if flags == EVENTS => {}
            TillLine::Event { number, json } => {
                let event: Value = serde_json::from_str(json).expect("JSON");
                holds_texts(&event);
                if flags == BAKERY {
                    assert_eq!(event["event_id"], format!("export:{number}"));
                    assert!(ids.insert(*number), "two events are {number}");
                }
            }
            TillLine::Skipped { reason, .. } => assert_eq!(reason, "Item is NONE"),
            TillLine::Invalid { message, .. } => on_one_line(message),
        }
    }
}

/// Asserts that every field is a text, with the characters of an identifier or the offset of an
/// instant where the field holds one.
fn holds_texts(event: &Value) {
    for (field, value) in event.as_object().expect("an object") {
        let text = value.as_str().expect("a text");
        match field.as_str() {
            "event_id" | "store_id" | "terminal_id" | "sku" => {
                let allowed = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
                assert!(!text.is_empty() && text.chars().all(allowed), "{field} {text:?}");
            }
            "occurred_at" => assert!(DateTime::parse_from_rfc3339(text).is_ok(), "{text:?}"),
            _ => {}
        }
    }
}
