//! The members of a JSON object that somebody asks for. The others are read over and never kept: a
//! stranger may send a million of them.

use std::collections::HashMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Texts by name.
pub type Members<'a> = HashMap<&'static str, &'a RawValue>;

/// The members of the object `json` that have one of these names, as they are written; of several
/// with one name the last.
///
/// # Errors
/// It is not a JSON object.
pub fn members<'a>(
    json: &'a str,
    names: &[&'static str],
) -> Result<Members<'a>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let members = Named(names).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(members)
}

struct Named<'n>(&'n [&'static str]);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Named<'_> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::new();
        while let Some(name) = map.next_key::<String>()? {
            if let Some(name) = self.0.iter().find(|known| **known == name) {
                members.insert(name, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(members)
    }
}
