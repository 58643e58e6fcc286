//! Reads the fields of one JSON object, collecting what is wrong instead of stopping at it.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::value::RawValue;

use crate::fault::Fault;
use crate::members::{Members, members};

/// Longest piece of a value that a message repeats, in characters.
const GIVEN_CHARS_MAX: usize = 80;

/// The fields of one object and the faults found so far.
pub(crate) struct Fields<'a> {
    names: &'static [&'static str],
    values: Members<'a>,
    pub(crate) faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    /// Takes a JSON object apart; only fields of these names are looked for.
    pub(crate) fn of(json: &'a str, names: &'static [&'static str]) -> Result<Self, Fault> {
        let values = members(json, names).map_err(|error| {
            let rule = if serde_json::from_str::<&RawValue>(json).is_ok() {
                "is not a JSON object; one event is one object".to_owned()
            } else {
                format!("is not valid JSON: {error}")
            };
            Fault::new("", Some(json), rule)
        })?;
        Ok(Self { names, values, faults: Vec::new() })
    }

    /// Notes a fault of `field`.
    pub(crate) fn fault(&mut self, field: &'static str, rule: impl Display) {
        self.faults.push(Fault::new(field, self.raw(field), rule.to_string()));
    }

    /// The field as it stands; `null` is the same as absent.
    pub(crate) fn raw(&self, field: &str) -> Option<&'a str> {
        debug_assert!(self.names.contains(&field), "{field} is not looked for");
        self.values.get(field).map(|raw| raw.get()).filter(|text| *text != "null")
    }

    /// A JSON string.
    pub(crate) fn text(&mut self, field: &'static str) -> Option<String> {
        let raw = self.raw(field)?;
        let text = serde_json::from_str(raw).ok();
        if text.is_none() {
            self.fault(field, "must be a JSON string");
        }
        text
    }

    /// A JSON string or a JSON number, as written.
    pub(crate) fn text_or_number(&mut self, field: &'static str) -> Option<String> {
        let raw = self.raw(field)?;
        if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Some(raw.to_owned());
        }
        self.text(field)
    }

    /// Whole numbers: a JSON array, or a text like `0 10 20`.
    pub(crate) fn numbers(&mut self, field: &'static str) -> Option<Vec<u8>> {
        let raw = self.raw(field)?;
        let numbers = if raw.starts_with('[') {
            serde_json::from_str(raw).ok()
        } else {
            let text = self.text_or_number(field)?;
            text.split_whitespace().map(|word| word.parse().ok()).collect()
        };
        self.parsed(field, numbers.ok_or("is not a list of whole numbers, like [0, 10, 20]"))
    }

    /// Words: a JSON array of strings, or a text like `0 5`.
    pub(crate) fn words(&mut self, field: &'static str) -> Option<Vec<String>> {
        let raw = self.raw(field)?;
        if !raw.starts_with('[') {
            let text = self.text_or_number(field)?;
            return Some(text.split_whitespace().map(str::to_owned).collect());
        }
        let words = serde_json::from_str(raw);
        self.parsed(field, words.map_err(|_| r#"is not a list of strings, like ["0", "5"]"#))
    }

    /// A whole number, as a string or a number, if the field is there.
    pub(crate) fn optional_number<T: FromStr>(&mut self, field: &'static str) -> Option<T> {
        let text = self.text_or_number(field)?;
        self.parsed(field, text.parse().map_err(|_| "is not a whole number that can stand here"))
    }

    /// A string that `T` can be made of, if the field is there.
    pub(crate) fn optional<T: FromStr<Err: Display>>(&mut self, field: &'static str) -> Option<T> {
        let text = self.text(field)?;
        self.parsed(field, text.parse())
    }

    /// A string that `T` can be made of.
    pub(crate) fn required<T: FromStr<Err: Display>>(&mut self, field: &'static str) -> Option<T> {
        self.present(field)?;
        self.optional(field)
    }

    /// Notes a missing field.
    pub(crate) fn present(&mut self, field: &'static str) -> Option<()> {
        let present = self.raw(field).map(|_| ());
        if present.is_none() {
            self.fault(field, "is required");
        }
        present
    }

    /// The value of a result; its error becomes a fault.
    pub(crate) fn parsed<T, E: Display>(
        &mut self,
        field: &'static str,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.fault(field, error)).ok()
    }
}

/// What a message repeats of `text`: its beginning, on one line.
pub(crate) fn shorten(text: &str) -> String {
    let mut told = String::new();
    for (index, char) in text.chars().enumerate() {
        if index == GIVEN_CHARS_MAX {
            told.push('…');
            break;
        }
        if char.is_control() {
            told.extend(char.escape_debug());
        } else {
            told.push(char);
        }
    }
    told
}
