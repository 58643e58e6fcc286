//! The catalogue: `daymark catalog import`, CSV and JSON.

use std::path::Path;

use domain::{Chain, Item, Store};

use super::given::{numbered_as_they_stand, on_one_line};
use read::Entry;

#[path = "../../../src/catalog/read.rs"]
mod read;

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for file in ["catalogue.csv", "catalogue.json"] {
        match read::entries(Path::new(file), text) {
            Ok(entries) => {
                let is_json = file.ends_with("json");
                // Several entries of an array may stand on one line.
                if !text.trim_start().starts_with('[') || !is_json {
                    let numbers = entries.iter().map(|(line, _)| *line);
                    numbered_as_they_stand(numbers, text, is_json);
                }
                entries.iter().for_each(|(_, entry)| is_read_again_or_explained(entry));
            }
            Err(message) => on_one_line(&message),
        }
    }
}

fn is_read_again_or_explained(entry: &Result<Entry, String>) {
    match entry {
        Ok(Entry::Item(item)) => {
            let json = item.to_json();
            assert_eq!(Item::parse(&json).as_ref(), Ok(item), "{json}");
            is_the_same_in_a_file(&json, |again| matches!(again, Entry::Item(i) if i == item));
        }
        Ok(Entry::Store(store)) => {
            let json = store.to_json();
            assert_eq!(Store::parse(&json).as_ref(), Ok(&**store), "{json}");
            is_the_same_in_a_file(&json, |again| matches!(again, Entry::Store(s) if s == store));
        }
        Ok(Entry::Chain(chain)) => {
            let json = chain.to_json();
            assert_eq!(Chain::parse(&json).as_ref(), Ok(chain), "{json}");
            is_the_same_in_a_file(&json, |again| matches!(again, Entry::Chain(c) if c == chain));
        }
        Err(message) => on_one_line(message),
    }
}

/// An entry that was written as JSON is that entry when it is read from a file.
fn is_the_same_in_a_file(json: &str, same: impl Fn(&Entry) -> bool) {
    let array = format!("[\n{json}\n]");
    let entries = read::entries(Path::new("again.json"), &array).expect("JSON");
    assert!(matches!(&entries[..], [(2, Ok(entry))] if same(entry)), "{entries:?}");
}
