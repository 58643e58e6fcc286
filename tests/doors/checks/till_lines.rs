//! Till lines: `daymark send`, with columns and without.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::DateTime;
use clap::Parser;
use serde_json::Value;

use super::given::on_one_line;
use columns::{Line, Mapping};

#[path = "../../../src/send/columns.rs"]
mod columns;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    mapping: Mapping,
}

/// The bakery's export, a till with ids of its own, and events as they are.
const BAKERY: &str = "send --csv --store edinburgh --zone Europe/London \
    --map occurred_at=Date+Time --map sku=Item --skip Item=NONE \
    --default unit_price=2.50 --default currency=GBP";
const TILL: &str = "send --csv --map event_id=id --map store_id=store --map sku=sku \
    --map quantity=quantity --map occurred_at=at --time-format %d.%m.%Y";
const EVENTS: &str = "send";

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for flags in [BAKERY, TILL, EVENTS] {
        let mapping = Flags::parse_from(flags.split_whitespace()).mapping;
        match mapping.read(Path::new("export.csv"), text) {
            Ok(lines) => none_is_lost(&lines, text, flags),
            Err(message) => assert!(!message.is_empty()),
        }
    }
}

fn none_is_lost(lines: &[Line], text: &str, flags: &str) {
    let expected = if flags == EVENTS {
        text.lines().filter(|line| !line.trim().is_empty()).count()
    } else {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        reader.byte_records().count()
    };
    assert_eq!(lines.len(), expected);

    let numbers = lines.iter().map(|line| match line {
        Line::Event { number, .. } | Line::Skipped { number, .. } | Line::Wrong { number, .. } => {
            *number
        }
    });
    super::given::numbered_as_they_stand(numbers, text, flags == EVENTS);

    let mut ids = BTreeSet::new();
    for line in lines {
        match line {
            Line::Event { .. } if flags == EVENTS => {}
            Line::Event { number, json } => {
                let event: Value = serde_json::from_str(json).expect("JSON");
                holds_texts(&event);
                if flags == BAKERY {
                    assert_eq!(event["event_id"], format!("export:{number}"));
                    assert!(ids.insert(*number), "two events are {number}");
                }
            }
            Line::Skipped { reason, .. } => assert_eq!(reason, "Item is NONE"),
            Line::Wrong { message, .. } => on_one_line(message),
        }
    }
}

/// Every field is a text; identifiers have only their characters, and instants their offset.
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
