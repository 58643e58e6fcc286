//! Check of catalogue files, in CSV and JSON.

use std::path::Path;

use domain::{Chain, Item, Store};
use import::{CatalogEntry, catalog_entries};

use crate::assertions::{numbered_in_order, on_one_line};

/// Checks `import::catalog_entries` with one file.
///
/// # Panics
/// Panics if a line number is wrong, a message does not fit on one line or a written entry is read
/// as a different one.
pub fn check_catalogue(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for file in ["catalogue.csv", "catalogue.json"] {
        match catalog_entries(Path::new(file), text) {
            Ok(entries) => {
                let is_json = file.ends_with("json");
                // Several entries of an array may stand on one line.
                if !text.trim_start().starts_with('[') || !is_json {
                    let numbers = entries.iter().map(|(line, _)| *line);
                    numbered_in_order(numbers, text, is_json);
                }
                entries.iter().for_each(|(_, entry)| is_read_again_or_explained(entry));
            }
            Err(message) => on_one_line(&message),
        }
    }
}

fn is_read_again_or_explained(entry: &Result<CatalogEntry, String>) {
    match entry {
        Ok(CatalogEntry::Item(item)) => {
            let json = item.to_json();
            assert_eq!(Item::parse(&json).as_ref(), Ok(item), "{json}");
            is_the_same_in_a_file(
                &json,
                |again| matches!(again, CatalogEntry::Item(i) if i == item),
            );
        }
        Ok(CatalogEntry::Store(store)) => {
            let json = store.to_json();
            assert_eq!(Store::parse(&json).as_ref(), Ok(&**store), "{json}");
            is_the_same_in_a_file(
                &json,
                |again| matches!(again, CatalogEntry::Store(s) if s == store),
            );
        }
        Ok(CatalogEntry::Chain(chain)) => {
            let json = chain.to_json();
            assert_eq!(Chain::parse(&json).as_ref(), Ok(chain), "{json}");
            is_the_same_in_a_file(
                &json,
                |again| matches!(again, CatalogEntry::Chain(c) if c == chain),
            );
        }
        Err(message) => on_one_line(message),
    }
}

/// Asserts that an entry written as JSON is read from a file unchanged.
fn is_the_same_in_a_file(json: &str, same: impl Fn(&CatalogEntry) -> bool) {
    let array = format!("[\n{json}\n]");
    let entries = catalog_entries(Path::new("again.json"), &array).expect("JSON");
    assert!(matches!(&entries[..], [(2, Ok(entry))] if same(entry)), "{entries:?}");
}
