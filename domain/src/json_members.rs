//! Members of a JSON object, by a list of names. Other members are skipped and not kept: untrusted
//! input may have a million of them.

use std::collections::HashMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// JSON texts of members, by name.
pub type Members<'a> = HashMap<&'static str, &'a RawValue>;

/// Returns the members of the object `json` with these names, unparsed. The last of several members
/// with one name counts.
///
/// ```
/// let members = domain::members(r#"{"sku":"A","price":2.50,"other":[1]}"#, &["sku", "price"])?;
/// assert_eq!(members["price"].get(), "2.50");
/// assert!(!members.contains_key("other"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
/// Returns an error if `json` is not a JSON object.
pub fn members<'a>(
    json: &'a str,
    names: &[&'static str],
) -> Result<Members<'a>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let members = MemberNames(names).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(members)
}

struct MemberNames<'n>(&'n [&'static str]);

impl<'de> DeserializeSeed<'de> for MemberNames<'_> {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MemberNames<'_> {
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
