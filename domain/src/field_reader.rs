//! Reader of the fields of one JSON object. Violations are collected, so that one pass reports all
//! of them.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::NaiveTime;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

use crate::calendar::parse_clock_time;
use crate::json_members::{Members, members};
use crate::limits::DISCOUNT_PERCENT_MAX;
use crate::money::{Currency, Money, parse_decimal};
use crate::violation::Violation;

/// JSON types in plain words.
const NUMBER: &str = "a number";
const LIST: &str = "a list";
/// List of whole numbers that would pass.
const LIKE_NUMBERS: &str = "a list of whole numbers, like [0, 10, 20]";

/// Fields of one object and the violations found so far.
pub(crate) struct FieldReader<'a> {
    names: &'static [&'static str],
    values: Members<'a>,
    pub(crate) violations: Vec<Violation>,
}

impl<'a> FieldReader<'a> {
    /// Reads the fields with the given names of a JSON object.
    ///
    /// # Errors
    /// Returns a violation if `json` is not a JSON object.
    pub(crate) fn new(
        json: &'a str,
        names: &'static [&'static str],
    ) -> Result<Self, Vec<Violation>> {
        let values = members(json, names).map_err(|error| {
            let rule = if serde_json::from_str::<&RawValue>(json).is_ok() {
                "is not a JSON object; expected a single object".to_owned()
            } else {
                format!("is not valid JSON: {error}")
            };
            vec![Violation::new("", Some(json), rule)]
        })?;
        Ok(Self { names, values, violations: Vec::new() })
    }

    /// Returns `value` if there are no violations.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Violation>> {
        value.filter(|_| self.violations.is_empty()).ok_or(self.violations)
    }

    /// Adds a violation of `field`.
    pub(crate) fn violation(&mut self, field: &'static str, rule: impl Display) {
        self.violations.push(Violation::new(field, self.raw(field), rule.to_string()));
    }

    /// Returns the value of a result. An error becomes a violation of `field`.
    pub(crate) fn check<T, E: Display>(
        &mut self,
        field: &'static str,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.violation(field, error)).ok()
    }

    /// Returns the JSON text of a field. `null` counts as absent.
    pub(crate) fn raw(&self, field: &str) -> Option<&'a str> {
        debug_assert!(self.names.contains(&field), "{field} is not in the list of names");
        self.values.get(field).map(|raw| raw.get()).filter(|text| *text != "null")
    }

    /// Adds a violation if the field is absent.
    pub(crate) fn require(&mut self, field: &'static str) -> Option<()> {
        let present = self.raw(field).map(|_| ());
        if present.is_none() {
            self.violation(field, "is required");
        }
        present
    }

    /// Reads a JSON string.
    pub(crate) fn text(&mut self, field: &'static str) -> Option<String> {
        self.text_like(field, "a text in quotes")
    }

    /// Reads a JSON string. `expected` names a value that would pass.
    pub(crate) fn text_like(
        &mut self,
        field: &'static str,
        expected: impl Display,
    ) -> Option<String> {
        let raw = self.raw(field)?;
        let text = serde_json::from_str(raw);
        self.check(field, text.map_err(|_| format!("is {}; expected {expected}", type_of(raw))))
    }

    /// Reads a JSON string, or the text of a JSON number. `expected` names a value that would pass.
    pub(crate) fn text_or_number(
        &mut self,
        field: &'static str,
        expected: impl Display,
    ) -> Option<String> {
        let raw = self.raw(field)?;
        if type_of(raw) == NUMBER { Some(raw.to_owned()) } else { self.text_like(field, expected) }
    }

    /// Reads a JSON string that `T` parses.
    pub(crate) fn optional<T: FromStr<Err: Display>>(&mut self, field: &'static str) -> Option<T> {
        let text = self.text(field)?;
        self.check(field, text.parse())
    }

    /// Reads a JSON string that `T` parses. Adds a violation if the field is absent.
    pub(crate) fn required<T: FromStr<Err: Display>>(&mut self, field: &'static str) -> Option<T> {
        self.require(field)?;
        self.optional(field)
    }

    /// Reads one of the allowed words.
    pub(crate) fn word<T: Copy + Into<&'static str>>(
        &mut self,
        field: &'static str,
        allowed: &[T],
    ) -> Option<T> {
        let list = fmt::from_fn(|f| {
            let words: Vec<&str> = allowed.iter().map(|word| (*word).into()).collect();
            f.write_str(&words.join(", "))
        });
        let text = self.text_like(field, format_args!("one of {list}, in quotes"))?;
        let word = allowed.iter().copied().find(|word| (*word).into() == text);
        self.check(field, word.ok_or_else(|| format!("is not one of {list}")))
    }

    /// Reads `true` or `false`, as a JSON boolean or string.
    pub(crate) fn flag(&mut self, field: &'static str) -> Option<bool> {
        // Spreadsheets write TRUE.
        let flag = match self.raw(field)?.trim_matches('"').to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("is neither true nor false"),
        };
        self.check(field, flag)
    }

    /// Reads a time of the store's clock, `HH:MM`.
    pub(crate) fn clock_time(&mut self, field: &'static str) -> Option<NaiveTime> {
        let text = self.text_like(field, "a time in quotes, like \"14:00\"")?;
        let rule = if text.trim() == "24:00" {
            "is not a time like 14:00; the first minute of a day is 00:00, the last one 23:59"
        } else {
            "is not a time like 14:00"
        };
        self.check(field, parse_clock_time(&text).ok_or(rule))
    }

    /// Reads a discount or a margin, 0 to [`DISCOUNT_PERCENT_MAX`].
    pub(crate) fn percent(&mut self, field: &'static str) -> Option<u8> {
        self.whole_number(field, 0..=DISCOUNT_PERCENT_MAX, "percent")
    }

    /// Reads a whole number in a range, as a JSON number or string. `unit` may be empty.
    pub(crate) fn whole_number<T: FromStr + PartialOrd + Display>(
        &mut self,
        field: &'static str,
        range: RangeInclusive<T>,
        unit: &str,
    ) -> Option<T> {
        let bounds = fmt::from_fn(|f| {
            let blank = if unit.is_empty() { "" } else { " " };
            write!(f, "{} to {}{blank}{unit}", range.start(), range.end())
        });
        let expected = format_args!("a whole number from {bounds}");
        let text = self.text_or_number(field, expected)?;
        let number = self.check(field, text.parse().map_err(|_| format!("is not {expected}")))?;
        let rule = format!("is outside {bounds}");
        self.check(field, if range.contains(&number) { Ok(number) } else { Err(rule) })
    }

    /// Reads a decimal number from `min` to `max`, as a JSON number or string.
    pub(crate) fn decimal(
        &mut self,
        field: &'static str,
        min: Decimal,
        max: Decimal,
    ) -> Option<Decimal> {
        let text = self.text_or_number(field, format_args!("a number from {min} to {max}"))?;
        let value = self.check(field, parse_decimal(&text))?;
        let rule = format!("is outside {min} to {max}");
        self.check(field, (min..=max).contains(&value).then_some(value).ok_or(rule))
    }

    /// Reads the price elasticity of demand, 0.1 to 10.
    pub(crate) fn elasticity(&mut self) -> Option<Decimal> {
        self.decimal("elasticity", Decimal::new(1, 1), Decimal::TEN)
    }

    /// Reads a price, as a JSON number or string.
    pub(crate) fn price(&mut self, field: &'static str, currency: Currency) -> Option<Money> {
        let text = self.text_or_number(field, format_args!("a price in {currency}, like 2"))?;
        let price = Money::parse_price(&text, currency);
        self.check(field, price.map_err(|error| format!("{error} (a price in {currency})")))
    }

    /// Reads whole numbers: a JSON array, or a string like `0 10 20`.
    pub(crate) fn whole_numbers(&mut self, field: &'static str) -> Option<Vec<u8>> {
        let raw = self.raw(field)?;
        let numbers = if type_of(raw) == LIST {
            serde_json::from_str(raw).ok()
        } else {
            let text = self.text_or_number(field, LIKE_NUMBERS)?;
            text.split_whitespace().map(|word| word.parse().ok()).collect()
        };
        self.check(field, numbers.ok_or_else(|| format!("is not {LIKE_NUMBERS}")))
    }

    /// Reads words: a JSON array of strings, or a string like `0 5`. `expected` names a list that
    /// would pass.
    pub(crate) fn texts(&mut self, field: &'static str, expected: &str) -> Option<Vec<String>> {
        let raw = self.raw(field)?;
        if type_of(raw) != LIST {
            let text = self.text_or_number(field, expected)?;
            return Some(text.split_whitespace().map(str::to_owned).collect());
        }
        let texts = serde_json::from_str(raw);
        self.check(field, texts.map_err(|_| format!("is not {expected}")))
    }

    /// Reads the text of a JSON object. The object may be inside a string, as in the cell of a
    /// table.
    pub(crate) fn object(&mut self, field: &'static str) -> Option<String> {
        let raw = self.raw(field)?;
        let text = serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned());
        let is_object = text.trim_start().starts_with('{');
        self.check(field, is_object.then_some(text).ok_or("is not a JSON object"))
    }

    /// Reads a JSON object of decimal numbers, as JSON numbers or strings, by name.
    pub(crate) fn decimals(&mut self, field: &'static str) -> Option<Vec<(String, Decimal)>> {
        let text = self.object(field)?;
        let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text).ok();
        let number = |(name, raw): (String, &RawValue)| {
            let text = serde_json::from_str::<String>(raw.get()).unwrap_or(raw.get().to_owned());
            Some((name, parse_decimal(&text).ok()?))
        };
        let numbers = members.and_then(|members| members.into_iter().map(number).collect());
        self.check(field, numbers.ok_or(r#"is not a JSON object of numbers, like {"EA": 0.75}"#))
    }

    /// Reads the texts of a JSON object of objects, by name.
    pub(crate) fn objects(&mut self, field: &'static str) -> Option<BTreeMap<String, String>> {
        let text = self.object(field)?;
        let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text).ok();
        let objects = members
            .filter(|members| members.values().all(|raw| raw.get().starts_with('{')))
            .map(|members| members.into_iter().map(|(name, raw)| (name, raw.get().to_owned())));
        self.check(field, objects.map(Iterator::collect).ok_or("is not a JSON object of objects"))
    }

    /// Adds the violations of an object inside `field`. `path` precedes each of them.
    pub(crate) fn nested(&mut self, field: &'static str, path: &str, violations: Vec<Violation>) {
        let nested = |inner| Violation::new(field, None, format!("{path}{inner}"));
        self.violations.extend(violations.into_iter().map(nested));
    }
}

/// Returns the type of a JSON value in plain words.
fn type_of(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => NUMBER,
        Some(b'[') => LIST,
        Some(b'{') => "an object",
        Some(b't' | b'f') => "a boolean",
        Some(b'"') => "a text with an escape that is no character",
        _ => "no JSON value",
    }
}
