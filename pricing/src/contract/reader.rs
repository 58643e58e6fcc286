//! Fields of a JSON object, each with its path for the message.

use chrono::{DateTime, FixedOffset};
use domain::Currency;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{Code, Fault};

/// Most characters of a wrong value that a message repeats.
const SHOWN_MAX: usize = 40;

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Place<'a> {
    value: &'a Value,
    path: String,
}

/// An object and where it stands; the request itself has no path.
pub(super) struct Object<'a> {
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> Object<'a> {
    pub(super) fn request(fields: &'a Map<String, Value>) -> Self {
        Self { fields, path: String::new() }
    }

    /// A field; `null` is the same as absent.
    pub(super) fn optional(&self, name: &str) -> Option<Place<'a>> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        Some(Place { value, path: self.path_of(name) })
    }

    pub(super) fn required(&self, name: &str) -> Result<Place<'a>, Fault> {
        self.optional(name).ok_or_else(|| {
            let path = self.path_of(name);
            Fault {
                code: Code::MissingField,
                message: format!("{path} is required"),
                field: Some(path),
            }
        })
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl<'a> Place<'a> {
    /// The fault of a value that breaks a rule, which reads like "must be …".
    pub(super) fn fault(&self, rule: &str) -> Fault {
        let given = self.value.to_string();
        let shown: String = given.chars().take(SHOWN_MAX).collect();
        let dots = if shown.len() < given.len() { "…" } else { "" };
        Fault {
            code: Code::BadValue,
            message: format!("{} {rule}; given is {shown}{dots}", self.path),
            field: Some(self.path.clone()),
        }
    }

    pub(super) fn object(&self) -> Result<Object<'a>, Fault> {
        let fields = self.value.as_object().ok_or_else(|| self.fault("must be an object"))?;
        Ok(Object { fields, path: self.path.clone() })
    }

    pub(super) fn array(&self) -> Result<Vec<Place<'a>>, Fault> {
        let values = self.value.as_array().ok_or_else(|| self.fault("must be an array"))?;
        let place = |(index, value)| Place { value, path: format!("{}[{index}]", self.path) };
        Ok(values.iter().enumerate().map(place).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, Fault> {
        self.value.as_str().ok_or_else(|| self.fault("must be a string"))
    }

    pub(super) fn boolean(&self) -> Result<bool, Fault> {
        self.value.as_bool().ok_or_else(|| self.fault("must be true or false"))
    }

    /// An integer from `least` to `most`; `2.0` is one.
    pub(super) fn integer(&self, least: u64, most: u64) -> Result<u64, Fault> {
        let whole = |number: f64| {
            (number.fract() == 0.0 && (0.0..=9e15).contains(&number)).then_some(number as u64)
        };
        let integer = self.value.as_u64().or_else(|| whole(self.value.as_f64()?));
        integer.filter(|integer| (least..=most).contains(integer)).ok_or_else(|| {
            self.fault(&if most >= UNITS_MAX && integer.is_none_or(|integer| integer < least) {
                format!("must be an integer >= {least}")
            } else {
                format!("must be an integer from {least} to {most}")
            })
        })
    }

    /// A number from `least` to `most`.
    pub(super) fn number(&self, least: f64, most: f64) -> Result<f64, Fault> {
        let given = self.value.as_f64();
        let number = given.filter(|number| (least..=most).contains(number));
        // Minus zero is zero, and would only show in the sign of a result.
        number.map(|number| number + 0.0).ok_or_else(|| {
            self.fault(&if most >= UNITS_MAX as f64 && given.is_none_or(|given| given < least) {
                format!("must be a number >= {least}")
            } else {
                format!("must be a number from {least} to {most}")
            })
        })
    }

    /// A percentage as it is written, from 0 to `most`.
    pub(super) fn percent(&self, most: u8) -> Result<Decimal, Fault> {
        let rule = || self.fault(&format!("must be a number from 0 to {most}"));
        let number = self.value.as_number().ok_or_else(rule)?.to_string();
        let percent = number.parse().or_else(|_| Decimal::from_scientific(&number));
        // A share of nothing, written with more digits than a decimal has.
        let is_tiny = || self.value.as_f64().filter(|it| (0.0..1e-20).contains(it));
        let percent = percent.or_else(|error| is_tiny().map(|_| Decimal::ZERO).ok_or(error));
        let percent = percent.ok().filter(|it| (Decimal::ZERO..=most.into()).contains(it));
        percent.map(|percent: Decimal| percent.normalize()).ok_or_else(rule)
    }

    /// An amount of money, with exactly the minor digits of its currency; below zero only where
    /// that is allowed.
    pub(super) fn money(&self, currency: Currency, sign: Sign) -> Result<Decimal, Fault> {
        let places = currency.minor_digits();
        let example = Decimal::new(240, places);
        let rule = || {
            self.fault(&format!(
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

    pub(super) fn instant(&self) -> Result<DateTime<FixedOffset>, Fault> {
        let text = self.value.as_str().unwrap_or_default();
        let rule = "must be an instant of RFC 3339 with offset, like \"2026-03-12T15:15:00+01:00\"";
        DateTime::parse_from_rfc3339(text).map_err(|_| self.fault(rule))
    }

    /// A time of the store's clock as minutes from midnight; `24:00` is the end of the day.
    pub(super) fn clock(&self) -> Result<u16, Fault> {
        let rule = || self.fault("must be a time of the clock from \"00:00\" to \"24:00\"");
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

    /// One of several words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Fault> {
        let text = self.value.as_str();
        let known = words.iter().find(|(word, _)| Some(*word) == text);
        known.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.fault(&format!("must be one of {}", words.join(", ")))
        })
    }

    pub(super) fn field(&self, name: &str) -> Self {
        Self {
            value: self.value.get(name).unwrap_or(self.value),
            path: format!("{}.{name}", self.path),
        }
    }
}

/// Which amounts a field may hold.
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

/// More pieces than any shelf holds; keeps every sum exact.
pub(super) const UNITS_MAX: u64 = 1_000_000_000;

/// Most digits of an amount before the point: a million million.
const AMOUNT_DIGITS_MAX: usize = 13;
