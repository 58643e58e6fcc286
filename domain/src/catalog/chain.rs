//! What counts for all stores.

use std::collections::BTreeSet;

use serde_json::json;

use super::CatalogError;
use crate::fields::Fields;

const FIELDS: &[&str] = &["chain", "enabled", "perishables_exempt"];

/// The chain itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// What people call it.
    pub name: String,
    /// Whether any price is decided at all. What is on the shelves stays as it is until the close.
    pub enabled: bool,
    /// Countries, by their two letters, that exempt goods which perish quickly from naming the
    /// lowest price of the last 30 days. Source: Directive 98/6/EC, article 6a (3).
    pub perishables_exempt: BTreeSet<String>,
}

impl Default for Chain {
    fn default() -> Self {
        Self { name: String::new(), enabled: true, perishables_exempt: BTreeSet::new() }
    }
}

impl Chain {
    /// Reads `{"chain", "enabled"?, "perishables_exempt"?}`.
    ///
    /// # Errors
    /// All rules that the entry breaks.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let mut fields = Fields::of(json, FIELDS).map_err(|fault| CatalogError(vec![fault]))?;
        fields.present("chain");
        let chain = Self {
            name: fields.text("chain").unwrap_or_default(),
            enabled: fields.flag("enabled").unwrap_or(true),
            perishables_exempt: countries(&mut fields).unwrap_or_default(),
        };
        if fields.faults.is_empty() { Ok(chain) } else { Err(CatalogError(fields.faults)) }
    }

    /// The entry as [`Chain::parse`] reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({
            "chain": self.name,
            "enabled": self.enabled,
            "perishables_exempt": self.perishables_exempt,
        })
        .to_string()
    }

    /// Whether a store in `country` need not name the lowest price of the last 30 days: nothing
    /// here keeps for longer than two weeks.
    #[must_use]
    pub fn exempts(&self, country: Option<&str>) -> bool {
        country.is_some_and(|country| self.perishables_exempt.contains(country))
    }
}

fn countries(fields: &mut Fields<'_>) -> Option<BTreeSet<String>> {
    let countries = fields.words("perishables_exempt")?;
    let valid = countries.iter().all(|country| is_country(country));
    let rule = r#"is not a list of countries of ISO 3166 like ["DE", "IE"]"#;
    let countries = valid.then(|| countries.into_iter().collect()).ok_or(rule);
    fields.parsed("perishables_exempt", countries)
}

/// Whether a text looks like a country of ISO 3166-1.
pub(super) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}
