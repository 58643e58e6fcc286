//! Mapping as a TOML file. Its keys are the flags of `daymark send`, and its values are checked as
//! theirs are.

use std::collections::BTreeMap;

use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize};

use super::TillMapping;

/// Keys of a mapping file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MappingFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_of_day: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fill: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skip: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    map: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    default: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    value: BTreeMap<String, BTreeMap<String, String>>,
}

/// Command line of a mapping file.
#[derive(Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct MappingFlags {
    #[command(flatten)]
    mapping: TillMapping,
}

impl MappingFile {
    /// Returns the flags of the keys.
    fn flags(&self) -> Vec<String> {
        let single = [
            ("store", &self.store),
            ("zone", &self.zone),
            ("time-format", &self.time_format),
            ("time-of-day", &self.time_of_day),
            ("tax", &self.tax),
            ("decimal", &self.decimal),
            ("delimiter", &self.delimiter),
            ("encoding", &self.encoding),
        ];
        let single = single.into_iter().filter_map(|(flag, value)| Some((flag, value.clone()?)));
        let fill = self.fill.iter().map(|column| ("fill", column.clone()));
        let skip = self.skip.iter().map(|rule| ("skip", rule.clone()));
        let map = self.map.iter().map(|(field, columns)| ("map", format!("{field}={columns}")));
        let default =
            self.default.iter().map(|(field, value)| ("default", format!("{field}={value}")));
        let value = self.value.iter().flat_map(|(field, words)| {
            words.iter().map(move |(cell, value)| ("value", format!("{field}:{cell}={value}")))
        });
        let all = single.chain(fill).chain(skip).chain(map).chain(default).chain(value);
        let flags = all.map(|(flag, value)| format!("--{flag}={value}"));
        std::iter::once("--csv".to_owned()).chain(flags).collect()
    }
}

impl TillMapping {
    /// Returns the mapping with the keys of a mapping file, which count where no flag does.
    ///
    /// ```
    /// # use clap::Parser;
    /// # use import::TillMapping;
    /// # #[derive(Parser)]
    /// # struct Arguments { #[command(flatten)] mapping: TillMapping }
    /// let file = "zone = \"Europe/Berlin\"\n\n[map]\nsku = \"Artikel\"\n";
    /// let flags = Arguments::parse_from(["send", "--csv", "--zone", "Europe/Vienna"]).mapping;
    /// let mapping = flags.with_file(file)?;
    /// assert_eq!(mapping.to_toml(), "zone = \"Europe/Vienna\"\n\n[map]\nsku = \"Artikel\"\n");
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text is no TOML, or a key or a value breaks the rule of its flag.
    pub fn with_file(self, text: &str) -> Result<Self, String> {
        let file: MappingFile = toml::from_str(text)
            .map_err(|error| error.to_string().trim_end().replace('\n', " "))?;
        let parsed = MappingFlags::try_parse_from(file.flags());
        // The first line of the message has the value and its rule; the usage follows.
        let first_line = |error: clap::Error| {
            let text = error.to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        };
        let file = parsed.map_err(first_line)?.mapping;
        let joined = |flags: Vec<(String, String)>, mut file: Vec<(String, String)>| {
            file.retain(|(field, _)| flags.iter().all(|(given, _)| given != field));
            file.into_iter().chain(flags).collect()
        };
        let mut file_map = file.map;
        file_map.retain(|(field, _)| field != "store_id" || self.store.is_none());
        let mut map: Vec<(String, String)> = joined(self.map, file_map);
        map.retain(|(_, column)| !column.is_empty());
        let mut value = file.value;
        value.retain(|(field, cell, _)| {
            self.value.iter().all(|(of, word, _)| (of, word) != (field, cell))
        });
        Ok(Self {
            csv: true,
            mapping: self.mapping,
            like: self.like,
            map,
            default: joined(self.default, file.default),
            value: value.into_iter().chain(self.value).collect(),
            fill: file.fill.into_iter().chain(self.fill).collect(),
            skip: file.skip.into_iter().chain(self.skip).collect(),
            store: self.store.or(file.store),
            zone: self.zone.or(file.zone),
            time_format: self.time_format.or(file.time_format),
            time_of_day: self.time_of_day.or(file.time_of_day),
            tax: self.tax.or(file.tax),
            decimal: self.decimal.or(file.decimal),
            delimiter: self.delimiter.or(file.delimiter),
            encoding: self.encoding.or(file.encoding),
            of_layout: [0, 0],
        })
    }

    /// Returns the mapping as the text of a mapping file.
    ///
    /// # Panics
    /// Never: every value is text.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut value: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (field, cell, replacement) in &self.value {
            let words = value.entry(field.clone()).or_default();
            words.insert(cell.clone(), replacement.clone());
        }
        let file = MappingFile {
            store: self.store.clone(),
            zone: self.zone.map(|zone| zone.name().to_owned()),
            time_format: self.time_format.clone(),
            time_of_day: self.time_of_day.map(|time| time.format("%H:%M").to_string()),
            tax: self.tax.and_then(word),
            decimal: self.decimal.and_then(word),
            delimiter: self.delimiter.map(|delimiter| delimiter.as_char().to_string()),
            encoding: self.encoding.map(|encoding| encoding.name().to_owned()),
            fill: self.fill.clone(),
            skip: self.skip.clone(),
            map: self.map.iter().cloned().collect(),
            default: self.default.iter().cloned().collect(),
            value,
        };
        toml::to_string(&file).expect("a mapping is TOML")
    }
}

/// Returns the word of a value on the command line.
fn word(value: impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}
