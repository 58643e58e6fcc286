//! Exports of tills, read with the flags of `daymark send`.
#![allow(dead_code, reason = "every test file takes a part of it")]

use clap::Parser;
use import::{ImportedEvent, StoreZones, TillFile, TillLine, TillMapping};
use serde_json::Value;

/// Flags for an export with the columns `time`, `item`, `qty` and `paid`.
pub(crate) const TILL: &str = "--map occurred_at=time --map sku=item --map quantity=qty \
    --map amount=paid --default currency=EUR";

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    mapping: TillMapping,
}

/// Reads a file whose stores are not in the catalogue. A flag with blanks is in quotes.
pub(crate) fn read_file(flags: &str, text: &str) -> Result<TillFile, String> {
    read_in_zones(flags, text, &StoreZones::default())
}

/// Reads a file with the zones of stores in the catalogue.
pub(crate) fn read_in_zones(
    flags: &str,
    text: &str,
    zones: &StoreZones,
) -> Result<TillFile, String> {
    let mut words = vec!["send", "--csv"];
    for (place, part) in flags.split('\'').enumerate() {
        if place % 2 == 1 { words.push(part) } else { words.extend(part.split_whitespace()) }
    }
    Arguments::parse_from(words).mapping.read(text, zones)
}

/// Reads an export.
pub(crate) fn read(flags: &str, text: &str) -> Vec<TillLine> {
    read_file(flags, text).expect("the columns").lines
}

/// Reads an export whose lines all become events.
pub(crate) fn events(flags: &str, text: &str) -> Vec<ImportedEvent> {
    let event = |line| match line {
        TillLine::Event { event, .. } => *event,
        other => panic!("{other:?}"),
    };
    read(flags, text).into_iter().map(event).collect()
}

/// Returns a field of each event of an export.
pub(crate) fn values(flags: &str, text: &str, field: &str) -> Vec<String> {
    let value = |event: ImportedEvent| {
        let json: Value = serde_json::from_str(&event.event().canonical()).expect("JSON");
        json[field].as_str().map_or_else(|| json[field].to_string(), str::to_owned)
    };
    events(flags, text).into_iter().map(value).collect()
}
