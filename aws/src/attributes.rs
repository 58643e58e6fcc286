//! DynamoDB items read and written field by field.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::ports::Failure;
use rust_decimal::Decimal;

/// An item as the SDK has it.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// A text.
pub(crate) fn text(value: impl Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A set of texts; DynamoDB has no empty one.
pub(crate) fn texts(values: Vec<String>) -> AttributeValue {
    AttributeValue::Ss(values)
}

/// A number, exact to 38 digits.
pub(crate) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A decimal number without trailing zeros, as DynamoDB itself would write it.
pub(crate) fn decimal(value: Decimal) -> AttributeValue {
    number(value.normalize())
}

/// Bytes.
pub(crate) fn binary(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// Whether something is so.
pub(crate) fn truth(value: bool) -> AttributeValue {
    AttributeValue::Bool(value)
}

/// An instant as RFC 3339 text in UTC, to the millisecond.
pub(crate) fn instant(at: DateTime<Utc>) -> AttributeValue {
    text(at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Reads the attributes of one item; an error names the item and the attribute.
pub(crate) struct Reader<'a> {
    attributes: &'a Attributes,
}

impl<'a> Reader<'a> {
    pub(crate) fn of(attributes: &'a Attributes) -> Self {
        Self { attributes }
    }

    /// A text that `T` can be made of.
    pub(crate) fn text<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Failure> {
        let text = self.attribute(name)?.as_s().map_err(|_| self.wrong(name, "is not a text"))?;
        text.parse().map_err(|error| self.wrong(name, error))
    }

    /// The texts of a set.
    pub(crate) fn texts(&self, name: &str) -> Result<&'a [String], Failure> {
        let texts =
            self.attribute(name)?.as_ss().map_err(|_| self.wrong(name, "is no set of texts"))?;
        Ok(texts)
    }

    /// A number that `T` can be made of.
    pub(crate) fn number<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Failure> {
        let number =
            self.attribute(name)?.as_n().map_err(|_| self.wrong(name, "is not a number"))?;
        number.parse().map_err(|error| self.wrong(name, error))
    }

    /// A map from what `K` can be made of to numbers.
    pub(crate) fn numbers<K>(&self, name: &str) -> Result<BTreeMap<K, Decimal>, Failure>
    where
        K: FromStr<Err: Display> + Ord,
    {
        let map = self.attribute(name)?.as_m().map_err(|_| self.wrong(name, "is not a map"))?;
        let entry = |(key, value): (&String, &AttributeValue)| {
            let number = value.as_n().map_err(|_| self.wrong(name, "has what is no number"))?;
            let key = key.parse().map_err(|error| self.wrong(name, error))?;
            Ok((key, number.parse().map_err(|error| self.wrong(name, error))?))
        };
        map.iter().map(entry).collect()
    }

    /// Bytes.
    pub(crate) fn binary(&self, name: &str) -> Result<&'a [u8], Failure> {
        let blob = self.attribute(name)?.as_b().map_err(|_| self.wrong(name, "is not binary"))?;
        Ok(blob.as_ref())
    }

    /// Bytes, if they are there.
    pub(crate) fn optional_binary(&self, name: &str) -> Result<Option<&'a [u8]>, Failure> {
        if !self.attributes.contains_key(name) {
            return Ok(None);
        }
        self.binary(name).map(Some)
    }

    /// Whether something is so.
    pub(crate) fn truth(&self, name: &str) -> Result<bool, Failure> {
        let truth = self.attribute(name)?.as_bool();
        truth.copied().map_err(|_| self.wrong(name, "is not true or false"))
    }

    /// An item within the item.
    pub(crate) fn item(&self, name: &str) -> Result<&'a Attributes, Failure> {
        self.attribute(name)?.as_m().map_err(|_| self.wrong(name, "is not a map"))
    }

    /// Items within the item, by name; none where there are none.
    pub(crate) fn items(&self, name: &str) -> Result<Vec<(&'a str, &'a Attributes)>, Failure> {
        if !self.attributes.contains_key(name) {
            return Ok(Vec::new());
        }
        let item = |(key, value): (&'a String, &'a AttributeValue)| {
            let item = value.as_m().map_err(|_| self.wrong(name, "has what is no map"))?;
            Ok((key.as_str(), item))
        };
        self.item(name)?.iter().map(item).collect()
    }

    /// Numbers in order; `None` where there is a null.
    pub(crate) fn list<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Vec<Option<T>>, Failure> {
        let list = self.attribute(name)?.as_l().map_err(|_| self.wrong(name, "is not a list"))?;
        let entry = |value: &AttributeValue| {
            if value.is_null() {
                return Ok(None);
            }
            let number = value.as_n().map_err(|_| self.wrong(name, "has what is no number"))?;
            number.parse().map(Some).map_err(|error| self.wrong(name, error))
        };
        list.iter().map(entry).collect()
    }

    /// One of a few words.
    pub(crate) fn word<T>(&self, name: &str, find: fn(&str) -> Option<T>) -> Result<T, Failure> {
        let word: String = self.text(name)?;
        find(&word).ok_or_else(|| self.wrong(name, format!("{word:?} is no word for it")))
    }

    /// Whether the item is expired by its time to live. DynamoDB deletes expired items within a
    /// few days only, so readers leave them out themselves.
    pub(crate) fn is_expired(&self, name: &str, now: DateTime<Utc>) -> Result<bool, Failure> {
        if !self.attributes.contains_key(name) {
            return Ok(false);
        }
        Ok(self.number::<i64>(name)? <= now.timestamp())
    }

    /// A failure that names the item and the attribute.
    pub(crate) fn wrong(&self, name: &str, rule: impl Display) -> Failure {
        let key = |name: &str| {
            let value = self.attributes.get(name).and_then(|value| value.as_s().ok());
            value.cloned().unwrap_or_else(|| "?".to_owned())
        };
        Failure::Unreadable(format!("item {}/{}: {name} {rule}", key("pk"), key("sk")))
    }

    fn attribute(&self, name: &str) -> Result<&'a AttributeValue, Failure> {
        self.attributes.get(name).ok_or_else(|| self.wrong(name, "is missing"))
    }
}
