//! Catalogue files -> entries, each with the line it stands on.

use std::path::Path;

use domain::catalog::CatalogError;
use domain::{Chain, Item, Store, members};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::rows::{Row, rows};

/// One entry of a file.
#[derive(Debug)]
pub(super) enum Entry {
    Item(Item),
    Store(Box<Store>),
    Chain(Chain),
}

/// The columns of a policy start with this.
const POLICY_PREFIX: &str = "policy.";

/// What stands on a line, or what is wrong with it.
type OnLine<T> = (u64, Result<T, String>);

/// Reads `text`, the content of `file`: entries or what is wrong with them, each with its line.
///
/// # Errors
/// It is neither CSV nor JSON.
pub(super) fn entries(file: &Path, text: &str) -> Result<Vec<OnLine<Entry>>, String> {
    let objects = match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => from_csv(text)?,
        Some("json" | "ndjson" | "jsonl") => from_json(text)?,
        _ => return Err("a catalogue file ends in .csv, .json or .ndjson".to_owned()),
    };
    Ok(objects.into_iter().map(|(line, json)| (line, json.and_then(|json| entry(&json)))).collect())
}

/// An entry with a sku is an item, one with a chain the chain; another is a store.
fn entry(json: &str) -> Result<Entry, String> {
    let has = |name| members(json, &[name]).is_ok_and(|members| !members.is_empty());
    let entry = if has("sku") {
        Item::parse(json).map(Entry::Item)
    } else if has("chain") {
        Chain::parse(json).map(Entry::Chain)
    } else {
        Store::parse(json).map(Box::new).map(Entry::Store)
    };
    entry.map_err(|error: CatalogError| error.to_string())
}

type Objects = Vec<OnLine<String>>;

fn from_json(text: &str) -> Result<Objects, String> {
    if !text.trim_start().starts_with('[') {
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        return Ok(lines.map(|(line, number)| (number, Ok(line.to_owned()))).collect());
    }
    let entries: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| format!("not a JSON array: {error}"))?;
    let line_of = |entry: &str| {
        let offset = entry.as_ptr() as usize - text.as_ptr() as usize;
        text[..offset].matches('\n').count() as u64 + 1
    };
    Ok(entries.iter().map(|entry| (line_of(entry.get()), Ok(entry.get().to_owned()))).collect())
}

fn from_csv(text: &str) -> Result<Objects, String> {
    let (headers, rows) = rows(text, csv::Trim::All)?;
    let row = |(line, record): Row| (line, record.map(|record| object(&headers, &record)));
    Ok(rows.into_iter().map(row).collect())
}

/// A row as a JSON object; an empty cell is an absent field.
fn object(headers: &csv::StringRecord, record: &csv::StringRecord) -> String {
    let mut object = Map::new();
    let mut policy = Map::new();
    for (header, cell) in headers.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
        let value = Value::String(cell.to_owned());
        match header.strip_prefix(POLICY_PREFIX) {
            Some(name) => policy.insert(name.to_owned(), value),
            None => object.insert(header.to_owned(), value),
        };
    }
    if !policy.is_empty() {
        object.insert("policy".to_owned(), Value::Object(policy));
    }
    Value::Object(object).to_string()
}
