//! Chain: the settings of the retailer for all its stores.

use std::collections::BTreeSet;

use serde_json::json;

use super::{CatalogError, Shape};
use crate::field_reader::FieldReader;

const FIELDS: &[&str] = &["chain", "enabled", "perishables_exempt"];

/// Settings of the retailer for all its stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Name of the retailer.
    pub name: String,
    /// `false` if no price is decided in any store. Offers on the shelves stay valid until the
    /// close.
    pub enabled: bool,
    /// Countries (ISO 3166-1 alpha-2) in which offers of perishable goods need not name the lowest
    /// price of the last 30 days. Source: Directive 98/6/EC, article 6a (3).
    pub perishables_exempt: BTreeSet<String>,
}

impl Default for Chain {
    fn default() -> Self {
        Self { name: String::new(), enabled: true, perishables_exempt: BTreeSet::new() }
    }
}

impl Chain {
    /// Names of the fields.
    pub const SHAPE: Shape = Shape::flat(FIELDS);

    /// Parses `{"chain", "enabled"?, "perishables_exempt"?}`.
    ///
    /// # Errors
    /// Returns all violations of the entry.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let mut fields = FieldReader::new(json, FIELDS).map_err(CatalogError)?;
        fields.require("chain");
        let chain = Self {
            name: fields.text("chain").unwrap_or_default(),
            enabled: fields.flag("enabled").unwrap_or(true),
            perishables_exempt: countries(&mut fields).unwrap_or_default(),
        };
        fields.finish(Some(chain)).map_err(CatalogError)
    }

    /// Returns the JSON that [`Chain::parse`] accepts.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({
            "chain": self.name,
            "enabled": self.enabled,
            "perishables_exempt": self.perishables_exempt,
        })
        .to_string()
    }

    /// `true` if a store in `country` need not name the lowest price of the last 30 days. All goods
    /// count as perishable, because the longest shelf life is two weeks.
    #[must_use]
    pub fn exempts(&self, country: Option<&str>) -> bool {
        country.is_some_and(|country| self.perishables_exempt.contains(country))
    }
}

fn countries(fields: &mut FieldReader<'_>) -> Option<BTreeSet<String>> {
    let expected = r#"a list of countries of ISO 3166 like ["DE", "IE"]"#;
    let countries = fields.texts("perishables_exempt", expected)?;
    let valid = countries.iter().all(|country| is_country(country));
    let countries = valid.then(|| countries.into_iter().collect());
    fields.check("perishables_exempt", countries.ok_or_else(|| format!("is not {expected}")))
}

/// `true` if `text` has the form of a country code of ISO 3166-1.
pub(super) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}
