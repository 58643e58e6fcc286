//! List prices: what a unit costs, by whom that was said, and when.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

/// The prices that come with the program.
const BUILT_IN: &str = include_str!("prices.json");

/// A price list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prices {
    /// The region it holds for.
    pub(super) region: String,
    /// When the sources were read.
    pub(super) read_on: String,
    prices: BTreeMap<String, Price>,
    /// As it was read.
    #[serde(skip)]
    text: String,
}

/// The price of one thing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    #[serde(deserialize_with = "exact")]
    pub(super) price: Decimal,
    /// For so many units.
    #[serde(deserialize_with = "exact")]
    pub(super) per: Decimal,
    pub(super) unit: String,
    /// From so many units of a month on, another price.
    #[serde(default)]
    above: Vec<(Exact, Exact)>,
    /// Units of a month that the free tier gives.
    #[serde(deserialize_with = "exact")]
    free: Decimal,
    pub(super) source: String,
    /// The date of the source.
    pub(super) as_of: String,
    pub(super) seen_at: SeenAt,
}

/// Who was seen to say a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SeenAt {
    /// A page of AWS.
    Aws,
    /// A page of somebody else who quotes AWS.
    ThirdParty,
}

/// A number that is written as text, so that no digit is lost.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Exact(#[serde(deserialize_with = "exact")] pub(super) Decimal);

/// Reads a number from text.
pub(super) fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    read(deserializer)
}

fn read<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error| serde::de::Error::custom(format!("{text:?}: {error}")))
}

impl Prices {
    /// The list that comes with the program.
    pub(super) fn built_in() -> Self {
        Self::parse(BUILT_IN).expect("the file is part of the program and a test reads it")
    }

    /// Reads a list; it has to name everything that the built-in one names.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let list: Self = serde_json::from_str(text).map_err(|error| {
            format!("{error}; the form is that of `daymark cost --list --format json`")
        })?;
        let list = Self { text: text.to_owned(), ..list };
        let needed: BuiltInNames =
            serde_json::from_str(BUILT_IN).map_err(|error| error.to_string())?;
        let missing: Vec<&str> = needed
            .prices
            .keys()
            .filter(|name| !list.prices.contains_key(*name))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            return Err(format!("there is no price of {}", missing.join(", ")));
        }
        for (name, price) in &list.prices {
            price.check().map_err(|fault| format!("{name}: {fault}"))?;
        }
        Ok(list)
    }

    /// The price of something that the program asks for by its name.
    pub(super) fn of(&self, name: &str) -> &Price {
        self.prices.get(name).expect("parsing has checked the names")
    }

    /// The list as it was read.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// All prices, by name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Price)> {
        self.prices.iter().map(|(name, price)| (name.as_str(), price))
    }
}

#[derive(Deserialize)]
struct BuiltInNames {
    prices: BTreeMap<String, serde::de::IgnoredAny>,
}

impl Price {
    fn check(&self) -> Result<(), String> {
        let mut last = Decimal::ZERO;
        for (from, price) in &self.above {
            if from.0 <= last {
                return Err(format!("`above` has {} after {last}; it has to rise", from.0));
            }
            if price.0.is_sign_negative() {
                return Err(format!("`above` has the price {}, which is below 0", price.0));
            }
            last = from.0;
        }
        if self.per <= Decimal::ZERO {
            return Err(format!("`per` is {}; it has to be above 0", self.per));
        }
        let negative = [("price", self.price), ("free", self.free)]
            .into_iter()
            .find(|(_, value)| value.is_sign_negative());
        match negative {
            Some((field, value)) => Err(format!("`{field}` is {value}, which is below 0")),
            None => Ok(()),
        }
    }

    /// What a month's quantity costs, tier by tier.
    pub(super) fn dollars(&self, quantity: Decimal, is_free_tier: bool) -> Decimal {
        let free = if is_free_tier { self.free } else { Decimal::ZERO };
        let mut from = Decimal::ZERO;
        let mut price = self.price;
        let mut sum = Decimal::ZERO;
        let steps = self.above.iter().map(|(from, price)| (from.0, Some(price.0)));
        for (until, next) in steps.chain([(Decimal::MAX, None)]) {
            let within = quantity.min(until) - from.max(free);
            sum += within.max(Decimal::ZERO) * price / self.per;
            from = until;
            price = next.unwrap_or(price);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn dollars(name: &str, quantity: &str) -> Decimal {
        Prices::built_in().of(name).dollars(decimal(quantity), false).normalize()
    }

    #[test]
    fn every_price_says_where_it_is_from() {
        for (name, price) in Prices::built_in().all() {
            assert!(!price.source.is_empty() && !price.as_of.is_empty(), "{name}");
            assert!(price.price > Decimal::ZERO, "{name}");
        }
    }

    #[test]
    fn a_quantity_costs_its_share_of_the_unit_that_is_priced() {
        assert_eq!(dollars("api-gateway.request", "2500000"), decimal("2.5"));
        assert_eq!(dollars("kms.request", "5000"), decimal("0.015"));
        assert_eq!(dollars("lambda.arm64", "1000000"), decimal("13.3334"));
    }

    #[test]
    fn what_is_above_a_step_costs_the_next_price() {
        // 300 million at 1.00 and 100 million at 0.90.
        assert_eq!(dollars("api-gateway.request", "400000000"), decimal("390"));
        // 10,240 at 0.09, 40,960 at 0.085 and 800 at 0.07.
        assert_eq!(dollars("data-transfer.out", "52000"), decimal("4459.2"));
    }

    #[test]
    fn the_free_tier_takes_the_first_units() {
        let prices = Prices::built_in();
        let request = prices.of("lambda.request");
        assert_eq!(request.dollars(decimal("900000"), true), Decimal::ZERO);
        assert_eq!(request.dollars(decimal("3000000"), true).normalize(), decimal("0.4"));
        assert_eq!(request.dollars(decimal("3000000"), false).normalize(), decimal("0.6"));
    }

    #[test]
    fn a_list_that_lacks_a_price_is_refused_by_name() {
        let mut list: serde_json::Value = serde_json::from_str(BUILT_IN).unwrap();
        list["prices"].as_object_mut().unwrap().remove("kms.key");
        let error = Prices::parse(&list.to_string()).unwrap_err();
        assert_eq!(error, "there is no price of kms.key");
    }

    #[test]
    fn a_price_below_nothing_is_refused() {
        for (field, value, expected) in [
            ("price", "-1", "`price` is -1, which is below 0"),
            ("per", "0", "`per` is 0; it has to be above 0"),
        ] {
            let mut list: serde_json::Value = serde_json::from_str(BUILT_IN).unwrap();
            list["prices"]["kms.key"][field] = value.into();
            let error = Prices::parse(&list.to_string()).unwrap_err();
            assert_eq!(error, format!("kms.key: {expected}"));
        }
    }
}
