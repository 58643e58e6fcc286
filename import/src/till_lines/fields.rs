//! Fields of an event as texts of a till export.

use domain::Event;
use domain::money::parse_decimal;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::nearest;

/// Fields of an event that no column or default can have: an object, and one of the import.
const OTHERS: [&str; 2] = ["sequence", "import_id"];
/// Fields that hold identifiers.
const IDS: &[&str] =
    &["event_id", "store_id", "terminal_id", "sku", "corrects", "receipt", "transfer_id"];
/// Fields without columns or defaults for them: one unit sold at the counter.
const BUILT_IN: &[(&str, &str)] = &[("kind", "sale"), ("quantity", "1"), ("terminal_id", "csv")];

/// Returns the fields that a column or a default can have.
fn fields() -> impl Iterator<Item = &'static str> {
    Event::FIELDS.iter().copied().filter(|field| !OTHERS.contains(field))
}

/// Parses `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("is not like NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Parses `FIELD=COLUMN`.
pub(super) fn column_of_field(text: &str) -> Result<(String, String), String> {
    let (field, column) = pair(text)?;
    if fields().any(|known| known == field) {
        return Ok((field, column));
    }
    let advice = match (&*field, nearest(&field, fields())) {
        ("import_id", _) => "--import-id names the import".to_owned(),
        (_, Some(near)) => format!("did you mean {near}?"),
        (_, None) => format!("the fields are {}", fields().collect::<Vec<_>>().join(", ")),
    };
    Err(format!("{field} is no field of a till line; {advice}"))
}

/// Parses `FIELD=VALUE`.
pub(super) fn value_of_field(text: &str) -> Result<(String, String), String> {
    let (field, value) = column_of_field(text)?;
    if field == "event_id" {
        return Err("an event id belongs to one line, so it has no default".to_owned());
    }
    Ok((field, value))
}

/// Fields of one event.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Returns the fields of a line without columns.
    pub(super) fn new() -> Self {
        let mut fields = Self(Map::new());
        BUILT_IN.iter().for_each(|(field, value)| fields.set(field, value));
        fields
    }

    pub(super) fn set(&mut self, field: &str, value: &str) {
        let value = match field {
            "kind" => kind(value),
            _ if IDS.contains(&field) => as_id(value),
            _ => value.to_owned(),
        };
        self.0.insert(field.to_owned(), Value::String(value));
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field).and_then(Value::as_str)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// Returns the JSON object. A sale of a negative quantity is a return.
    pub(super) fn into_json(mut self) -> String {
        let is_sale = matches!(self.text("kind"), Some("sale" | "return"));
        if let Some(quantity) = self.text("quantity").and_then(positive).filter(|_| is_sale) {
            self.set("kind", "return");
            self.set("quantity", &quantity);
            if let Some(amount) = self.text("amount").and_then(positive) {
                self.set("amount", &amount);
            }
        }
        Value::Object(self.0).to_string()
    }
}

/// Returns a negative number without its sign.
fn positive(text: &str) -> Option<String> {
    let value = parse_decimal(text).ok().filter(|value| *value < Decimal::ZERO);
    value.map(|value| (-value).to_string())
}

/// Returns the word of a kind, as tills write it: `Sale`, `Refund`, `Transfer In`.
fn kind(text: &str) -> String {
    match &*text.to_lowercase().replace([' ', '-'], "_") {
        "refund" => "return".to_owned(),
        word => word.to_owned(),
    }
}

/// Replaces each character that an identifier must not contain by a dash.
fn as_id(text: &str) -> String {
    let dash = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-') { c } else { '-' }
    };
    text.chars().map(dash).collect()
}
