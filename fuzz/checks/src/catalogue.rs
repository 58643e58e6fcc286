//! Check of catalogue files, in CSV and JSON.

use std::path::Path;

use domain::{Chain, Item, Store};
use import::{CatalogEntry, CatalogFile, Catalogue, ExportFormat, catalog_entries, export, plan};

use crate::assertions::{numbered_in_order, on_one_line};

/// Checks `import::catalog_entries` and `import::plan` with one file.
///
/// # Panics
/// Panics if a line number is wrong, a message does not fit on one line, a written entry is read
/// as a different one, or an import of the exported catalogue changes it.
pub fn check_catalogue(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for name in ["catalogue.csv", "catalogue.json"] {
        match catalog_entries(Path::new(name), text) {
            Ok(entries) => {
                let is_json = name.ends_with("json");
                // Several entries of an array may stand on one line.
                if !text.trim_start().starts_with('[') || !is_json {
                    let numbers = entries.iter().map(|(place, _)| place.line);
                    numbered_in_order(numbers, text, is_json);
                }
                check_import(CatalogFile { name: name.to_owned(), entries });
            }
            Err(message) => on_one_line(&message),
        }
    }
}

fn check_import(file: CatalogFile) {
    let mut catalogue = Catalogue::default();
    let plan = plan(&mut catalogue, &[file]);
    for located in plan.refused.iter().chain(&plan.warnings) {
        on_one_line(&located.message);
    }
    for change in &plan.changes {
        change.rules.iter().for_each(|rule| on_one_line(&rule.to_string()));
        is_read_again(&change.entry);
    }
    for format in [ExportFormat::Csv, ExportFormat::Ndjson] {
        is_unchanged_by_its_export(&catalogue, format);
    }
}

fn is_read_again(entry: &CatalogEntry) {
    match entry {
        CatalogEntry::Item(item) => {
            assert_eq!(Item::parse(&item.to_json()).as_ref(), Ok(&**item));
        }
        CatalogEntry::Store(store) => {
            assert_eq!(Store::parse(&store.to_json()).as_ref(), Ok(&**store));
        }
        CatalogEntry::Chain(chain) => {
            assert_eq!(Chain::parse(&chain.to_json()).as_ref(), Ok(chain));
        }
    }
}

fn is_unchanged_by_its_export(catalogue: &Catalogue, format: ExportFormat) {
    let (mut same, mut empty) = (catalogue.clone(), Catalogue::default());
    for (name, text) in export(catalogue, format).expect("a table") {
        let entries = |text| catalog_entries(Path::new(name), text).expect("an exported file");
        let file = || CatalogFile { name: name.to_owned(), entries: entries(&text) };
        let again = plan(&mut same, &[file()]);
        assert!(again.refused.is_empty(), "{:?}", again.refused);
        let changed = again.changes.iter().find(|change| !change.is_none());
        assert_eq!(changed, None);
        assert!(plan(&mut empty, &[file()]).refused.is_empty());
    }
    assert_eq!((&same, &empty), (catalogue, catalogue));
}
