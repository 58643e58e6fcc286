//! Values that several entries of the catalogue have.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::NaiveTime;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

use crate::calendar::clock;
use crate::fields::Fields;
use crate::limits::DISCOUNT_PERCENT_MAX;
use crate::money::{Currency, Money, parse_decimal};

impl Fields<'_> {
    /// `true` or `false`, also as a text.
    pub(crate) fn flag(&mut self, field: &'static str) -> Option<bool> {
        match self.raw(field)? {
            "true" | "\"true\"" => Some(true),
            "false" | "\"false\"" => Some(false),
            _ => {
                self.fault(field, "is neither true nor false");
                None
            }
        }
    }

    /// A time by the store's clock.
    pub(crate) fn clock(&mut self, field: &'static str) -> Option<NaiveTime> {
        let text = self.text(field)?;
        self.parsed(field, clock(&text).ok_or("is not a time like 14:00"))
    }

    /// A discount or a margin.
    pub(crate) fn percent(&mut self, field: &'static str) -> Option<u8> {
        self.whole(field, 0..=DISCOUNT_PERCENT_MAX, "percent")
    }

    /// A whole number of a range.
    pub(crate) fn whole<T>(
        &mut self,
        field: &'static str,
        range: RangeInclusive<T>,
        unit: &str,
    ) -> Option<T>
    where
        T: std::str::FromStr + PartialOrd + std::fmt::Display,
    {
        let number = self.optional_number::<T>(field)?;
        let rule = format!("is outside {} to {} {unit}", range.start(), range.end());
        self.parsed(field, if range.contains(&number) { Ok(number) } else { Err(rule) })
    }

    /// A decimal number of a range, ends included.
    pub(crate) fn decimal(
        &mut self,
        field: &'static str,
        min: Decimal,
        max: Decimal,
    ) -> Option<Decimal> {
        let text = self.text_or_number(field)?;
        let value = self.parsed(field, parse_decimal(&text))?;
        let rule = format!("is outside {min} to {max}");
        self.parsed(field, (min..=max).contains(&value).then_some(value).ok_or(rule))
    }

    /// How demand answers to price.
    pub(crate) fn elasticity(&mut self) -> Option<Decimal> {
        self.decimal("elasticity", Decimal::new(1, 1), Decimal::TEN)
    }

    /// An amount of at least 0.
    pub(crate) fn price(&mut self, field: &'static str, currency: Currency) -> Option<Money> {
        let text = self.text_or_number(field)?;
        let price = Money::parse_price(&text, currency);
        self.parsed(field, price.map_err(|error| format!("{error} (a price in {currency})")))
    }

    /// A JSON object, also one inside a text, as a cell of a table has it.
    pub(crate) fn object(&mut self, field: &'static str) -> Option<String> {
        let raw = self.raw(field)?;
        let text = if raw.starts_with('"') { self.text(field)? } else { raw.to_owned() };
        let is_object = text.trim_start().starts_with('{');
        self.parsed(field, is_object.then_some(text).ok_or("is not a JSON object"))
    }

    /// A JSON object of objects.
    pub(crate) fn objects(&mut self, field: &'static str) -> Option<BTreeMap<String, String>> {
        let text = self.object(field)?;
        let members = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text).ok();
        let objects = members
            .filter(|members| members.values().all(|raw| raw.get().starts_with('{')))
            .map(|members| members.into_iter().map(|(name, raw)| (name, raw.get().to_owned())));
        self.parsed(field, objects.map(Iterator::collect).ok_or("is not a JSON object of objects"))
    }
}
