//! Fields of an event as texts of a till export.

use std::collections::BTreeMap;

use domain::Event;
use domain::money::parse_decimal;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::header::folded;
use crate::named_id::id_of_name;
use crate::nearest;

/// Field of a line that is no field of an event: the time zone of its time.
pub(super) const ZONE: &str = "zone";
/// Field of a line that is no field of an event: the means of payment.
pub(super) const PAYMENT: &str = "payment";
/// Field of a line that is no field of an event: the discount on the line.
pub(super) const DISCOUNT: &str = "discount";
/// Field of a line that is no field of an event: the tax of the line.
pub(super) const TAX: &str = "tax";
/// Field of a line that is no field of an event: what was charged for the lines of its receipt.
pub(super) const RECEIPT_AMOUNT: &str = "receipt_amount";
/// Field of a line that is no field of an event: the tax of its receipt.
pub(super) const RECEIPT_TAX: &str = "receipt_tax";
/// Field of a line that is no field of an event: what was paid back of its receipt.
pub(super) const RECEIPT_REFUND: &str = "receipt_refund";
/// Fields of a whole receipt.
pub(super) const OF_RECEIPT: [&str; 3] = [RECEIPT_AMOUNT, RECEIPT_TAX, RECEIPT_REFUND];
/// Fields of an event that no column or default can have: an object, and one of the import.
const OTHERS: [&str; 2] = ["sequence", "import_id"];
/// Fields that hold identifiers.
const IDS: &[&str] =
    &["event_id", "store_id", "terminal_id", "sku", "corrects", "receipt", "transfer_id"];
/// Fields without columns or defaults for them: one unit sold at the counter.
const BUILT_IN: &[(&str, &str)] = &[("kind", "sale"), ("quantity", "1"), ("terminal_id", "csv")];
/// Words of tills for a kind, beside its own.
const KINDS: [(&str, &str); 4] =
    [("refund", "return"), ("refunded", "return"), ("returned", "return"), ("sold", "sale")];

/// Returns the fields that a column or a default can have.
fn fields() -> impl Iterator<Item = &'static str> {
    Event::FIELDS
        .iter()
        .copied()
        .filter(|field| !OTHERS.contains(field))
        .chain([ZONE, PAYMENT, DISCOUNT, TAX])
        .chain(OF_RECEIPT)
}

/// Parses `NAME=VALUE`, which stays one text: the name of a column may contain the sign.
pub(crate) fn pair(text: &str) -> Result<String, String> {
    if text.contains('=') { Ok(text.to_owned()) } else { Err("is not like NAME=VALUE".to_owned()) }
}

/// Parses `FIELD=COLUMN`.
pub(crate) fn column_of_field(text: &str) -> Result<(String, String), String> {
    let (field, column) = text.split_once('=').ok_or("is not like FIELD=COLUMN")?;
    Ok((known_field(field.trim())?, column.trim().to_owned()))
}

fn known_field(field: &str) -> Result<String, String> {
    if fields().any(|known| known == field) {
        return Ok(field.to_owned());
    }
    let advice = match (field, nearest(field, fields())) {
        ("import_id", _) => "--import-id names the import".to_owned(),
        (_, Some(near)) => format!("did you mean {near}?"),
        (_, None) => format!("the fields are {}", fields().collect::<Vec<_>>().join(", ")),
    };
    Err(format!("{field} is no field of a till line; {advice}"))
}

/// Parses `FIELD=VALUE`.
pub(crate) fn value_of_field(text: &str) -> Result<(String, String), String> {
    let (field, value) = column_of_field(text)?;
    match &*field {
        "event_id" => Err("an event id belongs to one line, so it has no default".to_owned()),
        ZONE => Err("--zone names the zone of all lines".to_owned()),
        field @ (PAYMENT | DISCOUNT | TAX | RECEIPT_AMOUNT | RECEIPT_TAX | RECEIPT_REFUND) => {
            Err(format!("{field} belongs to one line, so it has no default"))
        }
        _ => Ok((field, value)),
    }
}

/// Parses `FIELD:CELL=VALUE`.
pub(crate) fn value_of_cell(text: &str) -> Result<(String, String, String), String> {
    let parts = text.split_once(':').and_then(|(field, rest)| {
        let (cell, value) = rest.rsplit_once('=')?;
        Some((field.trim(), cell.trim(), value.trim()))
    });
    let (field, cell, value) = parts.ok_or("is not like FIELD:CELL=VALUE")?;
    Ok((known_field(field)?, cell.to_owned(), value.to_owned()))
}

/// Identifiers of names, by name. The same name occurs in many lines.
#[derive(Debug, Default)]
pub(super) struct Names {
    all: BTreeMap<String, String>,
    /// Names of items and stores, which a person meets again in stock and offers.
    pub(super) told: BTreeMap<String, String>,
}

impl Names {
    fn id(&mut self, field: &str, name: &str) -> String {
        if let Some(id) = self.all.get(name) {
            return id.clone();
        }
        let id = id_of_name(name).into_owned();
        if id != name {
            self.all.insert(name.to_owned(), id.clone());
            if matches!(field, "sku" | "store_id") {
                self.told.insert(name.to_owned(), id.clone());
            }
        }
        id
    }
}

/// Fields of one event.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Returns the fields of a line without columns.
    pub(super) fn new() -> Self {
        let value = |(field, value): &(&str, &str)| {
            ((*field).to_owned(), Value::String((*value).to_owned()))
        };
        Self(BUILT_IN.iter().map(value).collect())
    }

    pub(super) fn set(&mut self, field: &str, value: &str, names: &mut Names) {
        let value = match field {
            "kind" => kind(value),
            _ if IDS.contains(&field) => names.id(field, value),
            _ => value.to_owned(),
        };
        self.0.insert(field.to_owned(), Value::String(value));
    }

    pub(super) fn remove(&mut self, field: &str) {
        self.0.remove(field);
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field).and_then(Value::as_str)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// Returns the JSON object. A sale of a negative quantity is a return, and the amounts of a
    /// return have no sign.
    pub(super) fn into_json(mut self) -> String {
        let is_sale = matches!(self.text("kind"), Some("sale" | "return"));
        if let Some(quantity) = self.text("quantity").and_then(positive).filter(|_| is_sale) {
            self.put("kind", "return".to_owned());
            self.put("quantity", quantity);
        }
        if self.text("kind") == Some("return") {
            for field in ["amount", "unit_price"] {
                if let Some(amount) = self.text(field).and_then(positive) {
                    self.put(field, amount);
                }
            }
        }
        Value::Object(self.0).to_string()
    }

    fn put(&mut self, field: &str, value: String) {
        self.0.insert(field.to_owned(), Value::String(value));
    }
}

/// Returns a negative number without its sign.
fn positive(text: &str) -> Option<String> {
    let value = parse_decimal(text).ok().filter(|value| *value < Decimal::ZERO);
    value.map(|value| (-value).to_string())
}

/// Returns the word of a kind, as tills write it: `Sale`, `Refund`, `Transfer In`.
fn kind(text: &str) -> String {
    let word = folded(text).replace([' ', '-'], "_");
    let other = KINDS.iter().find(|(known, _)| *known == word);
    other.map_or(word, |(_, kind)| (*kind).to_owned())
}
