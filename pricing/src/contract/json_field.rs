//! Fields of a JSON request, each with its path for error messages.

use chrono::{DateTime, FixedOffset};
use domain::Currency;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{DecideError, DecideErrorCode};

/// Maximum length of a wrong value in a message, in characters.
const SHOWN_MAX: usize = 40;

/// Value of a field with its path.
#[derive(Clone)]
pub(super) struct JsonField<'a> {
    value: &'a Value,
    path: String,
}

/// Object with its path. The path of the request itself is empty.
pub(super) struct RequestObject<'a> {
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> RequestObject<'a> {
    pub(super) fn request(fields: &'a Map<String, Value>) -> Self {
        Self { fields, path: String::new() }
    }

    /// Returns a field. `null` means the same as an absent field.
    pub(super) fn optional(&self, name: &str) -> Option<JsonField<'a>> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        Some(JsonField { value, path: self.path_of(name) })
    }

    pub(super) fn required(&self, name: &str) -> Result<JsonField<'a>, DecideError> {
        self.optional(name).ok_or_else(|| {
            let path = self.path_of(name);
            DecideError {
                code: DecideErrorCode::MissingField,
                message: format!("{path} is required"),
                field: Some(path),
            }
        })
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl<'a> JsonField<'a> {
    /// Returns the error of a value that breaks a rule. The rule begins with "must".
    pub(super) fn bad_value(&self, rule: &str) -> DecideError {
        let given = self.value.to_string();
        let shown: String = given.chars().take(SHOWN_MAX).collect();
        let dots = if shown.len() < given.len() { "…" } else { "" };
        DecideError {
            code: DecideErrorCode::BadValue,
            message: format!("{} {rule}; given is {shown}{dots}", self.path),
            field: Some(self.path.clone()),
        }
    }

    pub(super) fn object(&self) -> Result<RequestObject<'a>, DecideError> {
        let fields = self.value.as_object().ok_or_else(|| self.bad_value("must be an object"))?;
        Ok(RequestObject { fields, path: self.path.clone() })
    }

    pub(super) fn array(&self) -> Result<Vec<JsonField<'a>>, DecideError> {
        let values = self.value.as_array().ok_or_else(|| self.bad_value("must be an array"))?;
        let field = |(index, value)| JsonField { value, path: format!("{}[{index}]", self.path) };
        Ok(values.iter().enumerate().map(field).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, DecideError> {
        self.value.as_str().ok_or_else(|| self.bad_value("must be a string"))
    }

    pub(super) fn boolean(&self) -> Result<bool, DecideError> {
        self.value.as_bool().ok_or_else(|| self.bad_value("must be true or false"))
    }

    /// Reads an integer from `least` to `most`. `2.0` is an integer.
    pub(super) fn integer(&self, least: u64, most: u64) -> Result<u64, DecideError> {
        let whole = |number: f64| {
            (number.fract() == 0.0 && (0.0..=9e15).contains(&number)).then_some(number as u64)
        };
        let integer = self.value.as_u64().or_else(|| whole(self.value.as_f64()?));
        integer.filter(|integer| (least..=most).contains(integer)).ok_or_else(|| {
            self.bad_value(&if most >= UNITS_MAX && integer.is_none_or(|integer| integer < least) {
                format!("must be an integer >= {least}")
            } else {
                format!("must be an integer from {least} to {most}")
            })
        })
    }

    /// Reads a number from `least` to `most`.
    pub(super) fn number(&self, least: f64, most: f64) -> Result<f64, DecideError> {
        let given = self.value.as_f64();
        let number = given.filter(|number| (least..=most).contains(number));
        // Minus zero is zero, and would only show in the sign of a result.
        number.map(|number| number + 0.0).ok_or_else(|| {
            self.bad_value(
                &if most >= UNITS_MAX as f64 && given.is_none_or(|given| given < least) {
                    format!("must be a number >= {least}")
                } else {
                    format!("must be a number from {least} to {most}")
                },
            )
        })
    }

    /// Reads a percentage from 0 to `most` with its exact digits.
    pub(super) fn percent(&self, most: u8) -> Result<Decimal, DecideError> {
        let rule = || self.bad_value(&format!("must be a number from 0 to {most}"));
        let number = self.value.as_number().ok_or_else(rule)?.to_string();
        let percent = number.parse().or_else(|_| Decimal::from_scientific(&number));
        // A positive number with more digits than a decimal has counts as 0.
        let is_tiny = || self.value.as_f64().filter(|number| (0.0..1e-20).contains(number));
        let percent = percent.or_else(|error| is_tiny().map(|_| Decimal::ZERO).ok_or(error));
        let percent =
            percent.ok().filter(|percent| (Decimal::ZERO..=most.into()).contains(percent));
        percent.map(|percent: Decimal| percent.normalize()).ok_or_else(rule)
    }

    /// Reads an exact quantity from `least` to `most`.
    pub(super) fn quantity(&self, least: Decimal, most: Decimal) -> Result<Decimal, DecideError> {
        let quantity = self.value.as_str().and_then(|text| domain::money::parse_decimal(text).ok());
        let quantity = quantity.filter(|quantity| (least..=most).contains(quantity));
        quantity.map(|quantity| quantity.normalize()).ok_or_else(|| {
            self.bad_value(&format!("must be a decimal string from {least} to {most}"))
        })
    }

    /// Reads an amount of money with exactly the minor digits of its currency.
    pub(super) fn money(&self, currency: Currency, sign: Sign) -> Result<Decimal, DecideError> {
        let places = currency.minor_digits();
        let example = Decimal::new(240, places);
        let rule = || {
            self.bad_value(&format!(
                "must be a decimal string in {currency} with {places} digits after the point, \
                 like \"{example}\"{}",
                sign.rule()
            ))
        };
        let text = self.value.as_str().ok_or_else(rule)?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        let whole = digits.split('.').next().unwrap_or_default();
        let is_plain = whole.len() <= AMOUNT_DIGITS_MAX
            && (whole.len() == 1 || !whole.starts_with('0'))
            && (places == 0) != digits.contains('.');
        let amount = domain::money::parse_decimal(text).ok().filter(|_| is_plain);
        let is_allowed = |amount: &Decimal| match sign {
            Sign::Any => true,
            Sign::NotNegative => *amount >= Decimal::ZERO,
            Sign::Positive => *amount > Decimal::ZERO,
        };
        amount.filter(|amount| amount.scale() == places && is_allowed(amount)).ok_or_else(rule)
    }

    pub(super) fn instant(&self) -> Result<DateTime<FixedOffset>, DecideError> {
        let text = self.value.as_str().unwrap_or_default();
        let rule = "must be an instant of RFC 3339 with offset, like \"2026-03-12T15:15:00+01:00\"";
        DateTime::parse_from_rfc3339(text).map_err(|_| self.bad_value(rule))
    }

    /// Reads a wall-clock time as minutes from midnight. `24:00` is the end of the day.
    pub(super) fn clock(&self) -> Result<u16, DecideError> {
        let rule = || self.bad_value("must be a time of the clock from \"00:00\" to \"24:00\"");
        let text = self.value.as_str().ok_or_else(rule)?;
        let two_digits = |part: &str| {
            let is_plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|_| is_plain)
        };
        let (hours, minutes) = text.split_once(':').ok_or_else(rule)?;
        let time = two_digits(hours).zip(two_digits(minutes));
        let time = time.filter(|(hours, minutes)| *hours < 24 && *minutes < 60 || text == "24:00");
        time.map(|(hours, minutes)| hours * 60 + minutes).ok_or_else(rule)
    }

    /// Reads one of several words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, DecideError> {
        let text = self.value.as_str();
        let known = words.iter().find(|(word, _)| Some(*word) == text);
        known.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.bad_value(&format!("must be one of {}", words.join(", ")))
        })
    }

    pub(super) fn field(&self, name: &str) -> Self {
        Self {
            value: self.value.get(name).unwrap_or(self.value),
            path: format!("{}.{name}", self.path),
        }
    }
}

/// Amounts that a field may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Any,
    NotNegative,
    Positive,
}

impl Sign {
    fn rule(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::NotNegative => ", >= 0",
            Self::Positive => ", above 0",
        }
    }
}

/// Largest number of units: more than any shelf holds, and small enough for exact sums.
pub(super) const UNITS_MAX: u64 = 1_000_000_000;

/// Maximum number of digits of an amount before the point.
const AMOUNT_DIGITS_MAX: usize = 13;
