//! List prices: the price of each unit, with its source and date.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

/// Price list that is compiled into the program.
const BUILT_IN: &str = include_str!("prices.json");

/// Prices of one region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// AWS region of the prices.
    pub region: String,
    /// Date on which the sources were read.
    pub read_on: String,
    prices: BTreeMap<String, Price>,
    /// JSON text that the list was read from.
    #[serde(skip)]
    text: String,
}

/// Price of one unit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Dollars for `per` units, below the first step.
    pub price: Decimal,
    /// Number of units that the price is for.
    pub per: Decimal,
    /// Unit that is priced.
    pub unit: String,
    /// Steps: the number of units in a month from which another price applies, and that price.
    #[serde(default)]
    above: Vec<(Decimal, Decimal)>,
    /// Units of a month in the free tier.
    free: Decimal,
    /// Page or repository that names the price.
    pub source: String,
    /// Date of the source.
    pub as_of: String,
    /// Author of the source.
    pub seen_at: PriceOrigin,
}

/// Author of the source of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriceOrigin {
    /// A page of AWS.
    Aws,
    /// A page of a third party that quotes AWS.
    ThirdParty,
}

impl PriceOrigin {
    /// Returns the word of the price list.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::ThirdParty => "third-party",
        }
    }
}

impl PriceList {
    /// Returns the price list that is compiled into the program.
    ///
    /// # Panics
    /// Never: a test reads the list.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse(BUILT_IN).expect("a test reads the built-in list")
    }

    /// Parses a price list in JSON.
    ///
    /// # Errors
    /// Returns an error if the text is not a price list, if a price of the built-in list is
    /// missing, or if a price is negative, is for no unit or has steps that do not rise.
    pub fn parse(text: &str) -> Result<Self, String> {
        let list: Self = serde_json::from_str(text).map_err(|error| {
            format!("{error}; the form is that of `daymark cost --list --format json`")
        })?;
        let list = Self { text: text.to_owned(), ..list };
        let needed: PriceNames =
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
            price.check().map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(list)
    }

    /// Returns the price with the given key.
    ///
    /// # Panics
    /// If the built-in list has no such key. Every list has the keys of the built-in list.
    #[must_use]
    pub fn price(&self, name: &str) -> &Price {
        self.prices.get(name).expect("`parse` requires the keys of the built-in list")
    }

    /// Returns the JSON text that the list was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Iterates over the keys and prices, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Price)> {
        self.prices.iter().map(|(name, price)| (name.as_str(), price))
    }
}

/// Keys of a price list.
#[derive(Deserialize)]
struct PriceNames {
    prices: BTreeMap<String, serde::de::IgnoredAny>,
}

impl Price {
    fn check(&self) -> Result<(), String> {
        let mut last = Decimal::ZERO;
        for (from, price) in &self.above {
            if *from <= last {
                return Err(format!("`above` has {from} after {last}; it has to rise"));
            }
            if price.is_sign_negative() {
                return Err(format!("`above` has the price {price}, which is below 0"));
            }
            last = *from;
        }
        if self.per <= Decimal::ZERO {
            return Err(format!("`per` is {}; it has to be above 0", self.per));
        }
        for (field, value) in [("price", self.price), ("free", self.free)] {
            if value.is_sign_negative() {
                return Err(format!("`{field}` is {value}, which is below 0"));
            }
        }
        Ok(())
    }

    /// Returns the cost of a month's quantity, step by step.
    #[must_use]
    pub fn dollars(&self, quantity: Decimal, deducts_free_tier: bool) -> Decimal {
        let free = if deducts_free_tier { self.free } else { Decimal::ZERO };
        let mut from = Decimal::ZERO;
        let mut price = self.price;
        let mut sum = Decimal::ZERO;
        let steps = self.above.iter().map(|(from, price)| (*from, *price));
        for (until, next) in steps.chain([(Decimal::MAX, Decimal::ZERO)]) {
            let within = quantity.min(until) - from.max(free);
            sum += within.max(Decimal::ZERO) * price / self.per;
            (from, price) = (until, next);
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
        PriceList::built_in().price(name).dollars(decimal(quantity), false).normalize()
    }

    #[test]
    fn every_price_has_a_source_and_a_date() {
        for (name, price) in PriceList::built_in().iter() {
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
    fn units_above_a_step_cost_the_price_of_the_step() {
        // 300 million at 1.00 and 100 million at 0.90.
        assert_eq!(dollars("api-gateway.request", "400000000"), decimal("390"));
        // 10,240 at 0.09, 40,960 at 0.085 and 800 at 0.07.
        assert_eq!(dollars("data-transfer.out", "52000"), decimal("4459.2"));
    }

    #[test]
    fn the_free_tier_takes_the_first_units() {
        let prices = PriceList::built_in();
        let request = prices.price("lambda.request");
        assert_eq!(request.dollars(decimal("900000"), true), Decimal::ZERO);
        assert_eq!(request.dollars(decimal("3000000"), true).normalize(), decimal("0.4"));
        assert_eq!(request.dollars(decimal("3000000"), false).normalize(), decimal("0.6"));
    }

    #[test]
    fn a_list_that_lacks_a_price_is_refused_with_its_name() {
        let mut list: serde_json::Value = serde_json::from_str(BUILT_IN).unwrap();
        list["prices"].as_object_mut().unwrap().remove("kms.key");
        let error = PriceList::parse(&list.to_string()).unwrap_err();
        assert_eq!(error, "there is no price of kms.key");
    }

    #[test]
    fn a_negative_price_is_refused() {
        for (field, value, expected) in [
            ("price", "-1", "`price` is -1, which is below 0"),
            ("per", "0", "`per` is 0; it has to be above 0"),
        ] {
            let mut list: serde_json::Value = serde_json::from_str(BUILT_IN).unwrap();
            list["prices"]["kms.key"][field] = value.into();
            let error = PriceList::parse(&list.to_string()).unwrap_err();
            assert_eq!(error, format!("kms.key: {expected}"));
        }
    }
}
