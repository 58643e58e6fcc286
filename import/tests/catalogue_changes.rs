//! Random sequences of catalogue files: a file changes what it names and nothing else, and an
//! export imports without a change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use import::{
    CatalogFile, Catalogue, Change, EntryKey, ExportFormat, catalog_entries, export, plan,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Fields of an item with two valid values each. Every floor is below every price.
const OF_ITEMS: &[(&str, [&str; 2])] = &[
    ("name", ["Rye loaf", "Roggen, \"groß\" 🥖"]),
    ("category", ["bread", "cakes and pies"]),
    ("price", ["3.90", "4.10"]),
    ("currency", ["EUR", "GBP"]),
    ("cost", ["1.15", "1.20"]),
    ("shelf_life_days", ["2", "14"]),
    ("ladder_percent", ["0 10 20", "0 50"]),
    ("floor", ["0.50", "2.00"]),
    ("no_discount", ["true", "true"]),
    ("salvage_value", ["-0.05", "0.10"]),
    ("portion", ["0.1", "0.5"]),
    ("elasticity", ["1.5", "3"]),
    ("unit", ["EA", "KGM"]),
];

/// Fields of a store with two valid values each. Every latest time is after every earliest one.
const OF_STORES: &[(&str, [&str; 2])] = &[
    ("name", ["Corner", "Το γωνιακό"]),
    ("country", ["DE", "IE"]),
    ("zone", ["Europe/Berlin", "Asia/Kolkata"]),
    ("hours", ["mon 07:00-18:30", "sat 08:00-12:00, sun 08:00-12:00"]),
    ("policy.enabled", ["false", "false"]),
    ("policy.shadow", ["true", "true"]),
    ("policy.afternoon_starts", ["09:30", "10:00"]),
    ("policy.latest_change", ["15:00", "16:00"]),
    ("policy.ladder_percent", ["0 20", "0 30 60"]),
    ("policy.max_discount_percent", ["40", "60"]),
    ("policy.min_price", ["0.30", "0.4"]),
    ("policy.min_margin_percent", ["0", "20"]),
    ("policy.price_endings", ["0 5", "9"]),
    ("policy.min_minutes_between_changes", ["0", "45"]),
    ("policy.max_changes", ["unlimited", "3"]),
    ("policy.max_changes_per_hour", ["12", "0"]),
    ("policy.step_jitter_minutes", ["15", "30"]),
    ("policy.min_on_hand", ["2", "0.5"]),
    ("policy.elasticity", ["1.5", "3"]),
    ("policy.on_doubt", ["withhold", "withhold"]),
    ("policy.doubt_after_minutes", ["15", "90"]),
    ("policy.experiment.salt", ["spring", "summer"]),
    ("policy.experiment.control_percent", ["10", "20"]),
    ("policy.experiment.exploration_percent", ["5", "1"]),
    ("policy.experiment.rule", [r#"[{"at":"17:00","discount_percent":30}]"#, "[]"]),
    ("policy.categories.bread.exclude", ["true", "true"]),
    ("policy.categories.bread.max_discount_percent", ["30", "50"]),
    ("policy.categories.cakes v1.2.earliest", ["10:30", "10:45"]),
    ("policy.categories.cakes v1.2.min_price", ["0.50", "0"]),
];

/// Change of a file: the entry, and its fields with their new values; an empty value clears.
#[derive(Debug, Clone)]
struct FileChange {
    key: &'static [(&'static str, &'static str)],
    fields: BTreeMap<&'static str, &'static str>,
    is_csv: bool,
}

const RYE: &[(&str, &str)] = &[("sku", "rye")];
const RYE_OF_CORNER: &[(&str, &str)] = &[("sku", "rye"), ("store_id", "corner")];
const CORNER: &[(&str, &str)] = &[("store_id", "corner")];

fn file_change() -> impl Strategy<Value = FileChange> {
    let of = |table: &'static [(&'static str, [&'static str; 2])]| {
        let field = (select(table), 0..3_usize).prop_map(|((name, values), choice)| {
            let required = ["price", "currency", "zone", "hours"].contains(&name);
            (
                name,
                if choice < 2 {
                    values[choice]
                } else if required {
                    values[0]
                } else {
                    ""
                },
            )
        });
        prop::collection::vec(field, 1..6)
    };
    let items = (select(vec![RYE, RYE_OF_CORNER]), of(OF_ITEMS));
    let stores = (Just(CORNER), of(OF_STORES));
    (prop_oneof![items, stores], any::<bool>()).prop_map(|((key, fields), is_csv)| FileChange {
        key,
        fields: fields.into_iter().collect(),
        is_csv,
    })
}

impl FileChange {
    fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.key.iter().copied().chain(self.fields.iter().map(|(name, value)| (*name, *value)))
    }

    fn file(&self) -> CatalogFile {
        let (name, text) = if self.is_csv {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(self.columns().map(|(name, _)| name)).unwrap();
            writer.write_record(self.columns().map(|(_, value)| value)).unwrap();
            ("file.csv", String::from_utf8(writer.into_inner().unwrap()).unwrap())
        } else {
            let mut object = Map::new();
            for (path, value) in self.columns() {
                let value = if value.is_empty() { Value::Null } else { value.into() };
                insert(&mut object, path, value);
            }
            ("file.ndjson", Value::Object(object).to_string())
        };
        file(name, &text)
    }
}

/// Inserts a value by its path. The name of a category may have points.
fn insert(object: &mut Map<String, Value>, path: &str, value: Value) {
    let (name, inner) = match path.strip_prefix("categories.") {
        Some(rest) => {
            let (category, field) = rest.rsplit_once('.').unwrap();
            let categories = object.entry("categories").or_insert(json!({}));
            let rules = categories.as_object_mut().unwrap().entry(category).or_insert(json!({}));
            rules.as_object_mut().unwrap().insert(field.to_owned(), value);
            return;
        }
        None => path.split_once('.').map_or((path, None), |(name, inner)| (name, Some(inner))),
    };
    match inner {
        None => drop(object.insert(name.to_owned(), value)),
        Some(inner) => {
            let entry = object.entry(name).or_insert(json!({}));
            insert(entry.as_object_mut().unwrap(), inner, value);
        }
    }
}

fn file(name: &str, text: &str) -> CatalogFile {
    let entries = catalog_entries(Path::new(name), text).unwrap_or_else(|e| panic!("{e}: {text}"));
    CatalogFile { name: name.to_owned(), entries }
}

/// Imports a file that is valid, and returns the changes.
fn import(catalogue: &mut Catalogue, file: CatalogFile) -> Vec<Change> {
    let plan = plan(catalogue, &[file]);
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    plan.changes
}

/// Cells of all entries by key and path, from the exported tables.
type Cells = BTreeMap<(String, String), String>;

fn cells(catalogue: &Catalogue) -> Cells {
    let mut cells = Cells::new();
    for (_, text) in export(catalogue, ExportFormat::Csv).unwrap() {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        for row in reader.deserialize::<BTreeMap<String, String>>() {
            let row = row.unwrap();
            let key = ["sku", "store_id"].map(|name| row.get(name).cloned().unwrap_or_default());
            for (path, cell) in row {
                if path != "policy.categories" {
                    cells.insert((key.join("/"), path), cell);
                    continue;
                }
                let categories: Map<String, Value> =
                    serde_json::from_str(&cell).unwrap_or_default();
                for (name, rules) in categories {
                    for (field, value) in rules.as_object().unwrap() {
                        let value = value.as_str().map_or(value.to_string(), str::to_owned);
                        cells.insert((key.join("/"), format!("{path}.{name}.{field}")), value);
                    }
                }
            }
        }
    }
    cells
}

fn first_catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let entries = r#"{"store_id":"corner","zone":"Europe/Berlin","hours":"mon 07:00-18:30"}
        {"sku":"rye","price":"3.90","currency":"EUR"}
        {"sku":"rye","store_id":"corner","price":"4.00","currency":"EUR","floor":"1.00"}
        {"sku":"bun","price":"0.60","currency":"EUR","category":"rolls"}
        {"chain":"Winterfeldt","perishables_exempt":"DE"}"#;
    import(&mut catalogue, file("first.ndjson", entries));
    catalogue
}

/// Cells of the entries with all their fields cleared.
fn defaults() -> Cells {
    cells(&first_catalogue()).into_iter().filter(|((_, path), _)| path != "floor").collect()
}

fn key_of(key: &EntryKey) -> String {
    match key {
        EntryKey::Chain => "/".to_owned(),
        EntryKey::Store(store_id) => format!("/{store_id}"),
        EntryKey::Item(store_id, sku) => {
            format!("{sku}/{}", store_id.as_ref().map_or("", domain::StoreId::as_str))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else(
        sequence in prop::collection::vec(file_change(), 1..12),
    ) {
        let (mut catalogue, defaults) = (first_catalogue(), defaults());
        for change in sequence {
            let before = cells(&catalogue);
            let changes = import(&mut catalogue, change.file());
            let after = cells(&catalogue);
            let named = |path: &str| change.fields.get(path).copied();
            let key = key_of(&changes[0].key);
            let paths: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
            let mut differing = BTreeSet::new();
            for place in paths {
                let [old, new] = [&before, &after].map(|cells| cells.get(&place).map_or("", |c| c));
                if old != new {
                    differing.insert(place.1.clone());
                }
                let expected = match named(&place.1).filter(|_| place.0 == key) {
                    None => old,
                    Some("[]") => "",
                    Some("") => defaults.get(&place).map_or("", |cell| cell),
                    Some(value) => value,
                };
                // A category with a rule is not excluded unless it says so.
                let is_false = new == "false" && place.1.ends_with(".exclude");
                prop_assert!(new == expected || is_false, "{place:?}: {old} {new} {expected}");
            }
            let listed: BTreeSet<String> =
                changes[0].rules.iter().map(|rule| rule.rule.clone()).collect();
            prop_assert_eq!(listed, differing);
        }
    }

    #[test]
    fn an_export_imports_without_a_change(
        sequence in prop::collection::vec(file_change(), 0..12),
        format in select(vec![ExportFormat::Csv, ExportFormat::Ndjson]),
    ) {
        let mut catalogue = first_catalogue();
        for change in sequence {
            import(&mut catalogue, change.file());
        }
        let (mut same, mut empty) = (catalogue.clone(), Catalogue::default());
        for (name, text) in export(&catalogue, format).unwrap() {
            for change in import(&mut same, file(name, &text)) {
                prop_assert!(change.is_none(), "{change:?}");
            }
            import(&mut empty, file(name, &text));
        }
        prop_assert_eq!(&same, &catalogue);
        prop_assert_eq!(&empty, &catalogue);
    }
}
