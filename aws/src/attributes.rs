//! DynamoDB items, written and read attribute by attribute.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::ports::Failure;
use rust_decimal::Decimal;

/// Attributes of an item, as the SDK represents them.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// Creates the key of an item. All tables have the same key attributes.
pub(crate) fn key(partition: impl Display, sort: impl Display) -> Attributes {
    Attributes::from([("pk".to_owned(), text(partition)), ("sk".to_owned(), text(sort))])
}

/// Text.
pub(crate) fn text(value: impl Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// Set of texts. DynamoDB does not accept an empty set.
pub(crate) fn texts(values: Vec<String>) -> AttributeValue {
    AttributeValue::Ss(values)
}

/// Number, exact to 38 digits.
pub(crate) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Decimal number without trailing zeros, as DynamoDB normalizes it.
pub(crate) fn decimal(value: Decimal) -> AttributeValue {
    number(value.normalize())
}

/// Bytes.
pub(crate) fn binary(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// Boolean.
pub(crate) fn truth(value: bool) -> AttributeValue {
    AttributeValue::Bool(value)
}

/// Instant as RFC 3339 text in UTC with milliseconds.
pub(crate) fn instant(at: DateTime<Utc>) -> AttributeValue {
    text(at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Reader of the attributes of one item. Its errors name the item, the attribute and the rule.
pub(crate) struct AttributeReader<'a> {
    attributes: &'a Attributes,
    /// Attributes with the key of the item.
    item: &'a Attributes,
    /// Names that lead from the item to the attributes, each with a dot behind it.
    path: String,
}

impl<'a> AttributeReader<'a> {
    pub(crate) fn new(attributes: &'a Attributes) -> Self {
        Self { attributes, item: attributes, path: String::new() }
    }

    fn within(&self, name: &str, attributes: &'a Attributes) -> Self {
        Self { attributes, item: self.item, path: format!("{}{name}.", self.path) }
    }

    /// Applies `read` to an attribute, or returns `None` if the item does not have it.
    pub(crate) fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        self.attributes.contains_key(name).then(|| read(name)).transpose()
    }

    /// Reads a text and parses it.
    pub(crate) fn text<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Failure> {
        let text = self.attribute(name)?.as_s().map_err(|_| self.wrong(name, "is not a text"))?;
        text.parse().map_err(|error| self.wrong(name, error))
    }

    /// Reads a set of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<&'a [String], Failure> {
        let texts = self.attribute(name)?.as_ss();
        Ok(texts.map_err(|_| self.wrong(name, "is not a set of texts"))?)
    }

    /// Reads a number and parses it.
    pub(crate) fn number<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Failure> {
        self.parse_number(name, self.attribute(name)?, "is not a number")
    }

    /// Reads a map of numbers and parses its keys.
    pub(crate) fn numbers<K>(&self, name: &str) -> Result<BTreeMap<K, Decimal>, Failure>
    where
        K: FromStr<Err: Display> + Ord,
    {
        let entry = |(key, value): (&String, &AttributeValue)| {
            let number = self.parse_number(name, value, "contains a value that is not a number")?;
            Ok((key.parse().map_err(|error| self.wrong(name, error))?, number))
        };
        self.map(name)?.iter().map(entry).collect()
    }

    /// Reads bytes.
    pub(crate) fn binary(&self, name: &str) -> Result<&'a [u8], Failure> {
        let blob = self.attribute(name)?.as_b().map_err(|_| self.wrong(name, "is not binary"))?;
        Ok(blob.as_ref())
    }

    /// Reads a boolean.
    pub(crate) fn truth(&self, name: &str) -> Result<bool, Failure> {
        let truth = self.attribute(name)?.as_bool();
        truth.copied().map_err(|_| self.wrong(name, "is not true or false"))
    }

    /// Reads a map as an item. Errors of its attributes name the item that contains it.
    pub(crate) fn item(&self, name: &str) -> Result<Self, Failure> {
        Ok(self.within(name, self.map(name)?))
    }

    /// Reads a map of items.
    pub(crate) fn items(&self, name: &str) -> Result<Vec<(&'a str, Self)>, Failure> {
        let items = self.item(name)?;
        let names = items.attributes.keys();
        names.map(|name| Ok((name.as_str(), items.item(name)?))).collect()
    }

    fn map(&self, name: &str) -> Result<&'a Attributes, Failure> {
        self.attribute(name)?.as_m().map_err(|_| self.wrong(name, "is not a map"))
    }

    /// Reads a list of items.
    pub(crate) fn item_list(&self, name: &str) -> Result<Vec<Self>, Failure> {
        let list = self.attribute(name)?.as_l().map_err(|_| self.wrong(name, "is not a list"))?;
        let item = |value: &'a AttributeValue| {
            let item = value.as_m();
            let item = item.map_err(|_| self.wrong(name, "contains a value that is not a map"))?;
            Ok(self.within(name, item))
        };
        list.iter().map(item).collect()
    }

    /// Reads a list of numbers; a null becomes `None`.
    pub(crate) fn list<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Vec<Option<T>>, Failure> {
        let list = self.attribute(name)?.as_l().map_err(|_| self.wrong(name, "is not a list"))?;
        let entry = |value: &AttributeValue| {
            let rule = "contains a value that is not a number";
            (!value.is_null()).then(|| self.parse_number(name, value, rule)).transpose()
        };
        list.iter().map(entry).collect()
    }

    /// Reads one of a fixed set of words.
    pub(crate) fn word<T: FromStr>(&self, name: &str) -> Result<T, Failure> {
        let word: String = self.text(name)?;
        word.parse().map_err(|_| self.wrong(name, format!("{word:?} is not a known word")))
    }

    /// Creates a failure that names the item, the attribute and the rule.
    pub(crate) fn wrong(&self, name: &str, rule: impl Display) -> Failure {
        let key = |name: &str| {
            let value = self.item.get(name).and_then(|value| value.as_s().ok());
            value.cloned().unwrap_or_else(|| "?".to_owned())
        };
        let path = &self.path;
        Failure::Unreadable(format!("item {}/{}: {path}{name} {rule}", key("pk"), key("sk")))
    }

    fn parse_number<T: FromStr<Err: Display>>(
        &self,
        name: &str,
        value: &AttributeValue,
        rule: &str,
    ) -> Result<T, Failure> {
        let number = value.as_n().map_err(|_| self.wrong(name, rule))?;
        number.parse().map_err(|error| self.wrong(name, error))
    }

    fn attribute(&self, name: &str) -> Result<&'a AttributeValue, Failure> {
        self.attributes.get(name).ok_or_else(|| self.wrong(name, "is missing"))
    }
}
