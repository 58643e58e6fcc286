//! Entries of catalogue files.

use std::path::Path;

use domain::catalog::CatalogError;
use domain::{Chain, Item, Store, members};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::Numbered;
use crate::csv_rows::{Row, rows};

/// Entry of a catalogue file.
#[derive(Debug)]
pub enum CatalogEntry {
    /// Item of one store or of the whole chain; the entry has a `sku`.
    Item(Item),
    /// Store; the entry has neither a `sku` nor a `chain`.
    Store(Box<Store>),
    /// Retailer; the entry has a `chain` and no `sku`.
    Chain(Chain),
}

/// Prefix of the CSV columns that hold the fields of a policy.
const POLICY_PREFIX: &str = "policy.";

/// Reads the entries of `text`, the content of `file`. The extension of `file` selects the format:
/// `.csv`, `.json`, `.ndjson` or `.jsonl`.
///
/// # Errors
/// Returns an error if the extension is unknown, the header of a CSV file cannot be read or a JSON
/// array is malformed.
pub fn catalog_entries(file: &Path, text: &str) -> Result<Vec<Numbered<CatalogEntry>>, String> {
    let objects = match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => from_csv(text)?,
        Some("json" | "ndjson" | "jsonl") => from_json(text)?,
        _ => return Err("a catalogue file ends in .csv, .json or .ndjson".to_owned()),
    };
    Ok(objects.into_iter().map(|(line, json)| (line, json.and_then(|json| entry(&json)))).collect())
}

fn entry(json: &str) -> Result<CatalogEntry, String> {
    let has = |name| members(json, &[name]).is_ok_and(|members| !members.is_empty());
    let entry = if has("sku") {
        Item::parse(json).map(CatalogEntry::Item)
    } else if has("chain") {
        Chain::parse(json).map(CatalogEntry::Chain)
    } else {
        Store::parse(json).map(Box::new).map(CatalogEntry::Store)
    };
    entry.map_err(|error: CatalogError| error.to_string())
}

fn from_json(text: &str) -> Result<Vec<Numbered<String>>, String> {
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

fn from_csv(text: &str) -> Result<Vec<Numbered<String>>, String> {
    let (headers, rows) = rows(text, csv::Trim::All)?;
    let row = |(line, record): Row| (line, record.map(|record| object(&headers, &record)));
    Ok(rows.into_iter().map(row).collect())
}

/// Converts a row to a JSON object. An empty cell is an absent field.
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
