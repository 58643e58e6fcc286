//! Entries of catalogue files, as patches of the stored entries.

mod columns;
mod currencies;
mod export;
mod fields;
mod in_force;
mod names;
mod place;
mod plan;
mod stored;
mod warnings;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use domain::catalog::Shape;
use domain::{Chain, Item, Sku, Store, StoreId};
use serde_json::value::RawValue;

pub use export::{ExportFormat, export};
pub use fields::RuleChange;
pub use in_force::{RuleInForce, chain_rules, item_rules, store_rules};
pub use names::nearest;
pub use place::Place;
pub use plan::{CatalogFile, Located, Plan, plan};
pub use stored::{CatalogEntry, Catalogue, Change, Origin};

use crate::file_text::unreadable;
use crate::named_id::id_of_name;
use fields::{Field, Fields, PatchReader, pairs};

/// Key of a catalogue entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKey {
    /// Settings of the retailer.
    Chain,
    /// Store.
    Store(StoreId),
    /// Item of one store, or of the whole chain without a store.
    Item(Option<StoreId>, Sku),
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain => f.write_str("chain"),
            Self::Store(store_id) => write!(f, "store {store_id}"),
            Self::Item(None, sku) => write!(f, "item {sku}"),
            Self::Item(Some(store_id), sku) => write!(f, "item {sku} of store {store_id}"),
        }
    }
}

/// Entry of a catalogue file: the fields that it names, and no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPatch {
    /// Entry that the patch changes or creates.
    pub key: EntryKey,
    /// Names in the key that are no identifiers, with the identifiers made of them.
    pub names: Vec<(String, String)>,
    fields: Fields,
}

/// Entry of a file with its place, or the reason for refusing it.
pub type Placed = (Place, Result<EntryPatch, String>);

/// Kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    Item,
    Chain,
    Store,
}

impl EntryKind {
    /// All kinds, in the order in which the names of fields decide.
    const ALL: [Self; 3] = [Self::Item, Self::Chain, Self::Store];

    /// Returns the field that names an entry of the kind.
    fn key_field(self) -> &'static str {
        match self {
            Self::Item => "sku",
            Self::Chain => "chain",
            Self::Store => "store_id",
        }
    }

    fn shape(self) -> &'static Shape {
        match self {
            Self::Item => &Item::SHAPE,
            Self::Chain => &Chain::SHAPE,
            Self::Store => &Store::SHAPE,
        }
    }

    /// Returns the kind of an entry with these fields.
    fn of(has_field: impl Fn(&'static str) -> bool) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| has_field(kind.key_field()))
    }
}

/// Reads the entries of `text`, the content of `file`. The extension of `file` selects the format:
/// `.csv`, `.json`, `.ndjson` or `.jsonl`. An entry with a `sku` is an item, one with a `chain` the
/// retailer, and another one a store. The entries of one key in one file are all refused.
///
/// # Errors
/// Returns an error if the extension is unknown, the file is empty, the header of a CSV file cannot
/// be read or has an unknown column, or a JSON array is malformed.
pub fn catalog_entries(file: &Path, text: &str) -> Result<Vec<Placed>, String> {
    let mut entries = match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => columns::read(text)?,
        Some("json" | "ndjson" | "jsonl") => from_json(text)?,
        _ => return Err("a catalogue file ends in .csv, .json or .ndjson".to_owned()),
    };
    refuse_repeated(&mut entries);
    Ok(entries)
}

fn refuse_repeated(entries: &mut [Placed]) {
    let mut places: BTreeMap<EntryKey, Vec<Place>> = BTreeMap::new();
    for (place, entry) in &*entries {
        if let Ok(entry) = entry {
            places.entry(entry.key.clone()).or_default().push(*place);
        }
    }
    for (_, entry) in entries {
        let Ok(EntryPatch { key, .. }) = entry else { continue };
        let Some([first, .., last]) = places.get(key).map(Vec::as_slice) else { continue };
        *entry = Err(format!(
            "{key} stands more than once in the file, first {} and last {}; keep one",
            first.in_words(),
            last.in_words()
        ));
    }
}

fn from_json(text: &str) -> Result<Vec<Placed>, String> {
    let entries = text.trim_start();
    if entries.is_empty() {
        return Err(crate::EMPTY_FILE.to_owned());
    }
    if !entries.starts_with('[') {
        // One object may stand on several lines.
        if pairs(entries).is_some() {
            let blank = &text[..text.len() - entries.len()];
            let line = blank.matches('\n').count() as u64 + 1;
            return Ok(vec![(line.into(), from_object(entries))]);
        }
        let lines = text.lines().zip(1_u64..).filter(|(line, _)| !line.trim().is_empty());
        return Ok(lines.map(|(line, number)| (number.into(), from_object(line))).collect());
    }
    let entries: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| format!("not a JSON array: {error}"))?;
    let mut line = 1;
    let mut seen = 0;
    let lines = entries.iter().map(|entry| {
        let offset = entry.get().as_ptr() as usize - text.as_ptr() as usize;
        line += text[seen..offset].matches('\n').count() as u64;
        seen = offset;
        line
    });
    let lines: Vec<u64> = lines.collect();
    let entries = entries.iter().map(|entry| from_object(entry.get()));
    Ok(Place::of_elements(&lines).zip(entries).collect())
}

fn from_object(json: &str) -> Result<EntryPatch, String> {
    if let Some(reason) = unreadable(json) {
        return Err(format!("the entry {reason}"));
    }
    let has = |name| domain::members(json, &[name]).is_ok_and(|members| !members.is_empty());
    let kind = EntryKind::of(has);
    let mut reader = PatchReader::default();
    let Some(fields) = reader.read(json, kind.unwrap_or(EntryKind::Store).shape(), "") else {
        let error = Item::parse(json).err();
        return Err(error.map_or_else(String::new, |error| error.to_string()));
    };
    let Some(kind) = kind else {
        let unknown = reader.problems.into_iter().map(|problem| format!("; {problem}"));
        let required = "one of sku, chain and store_id is required";
        return Err(std::iter::once(required.to_owned()).chain(unknown).collect());
    };
    if !reader.problems.is_empty() {
        return Err(reader.problems.join("; "));
    }
    EntryPatch::new(kind, fields)
}

impl EntryPatch {
    fn new(kind: EntryKind, mut fields: Fields) -> Result<Self, String> {
        let mut names = Vec::new();
        if kind != EntryKind::Chain {
            for field in ["sku", "store_id"] {
                names.extend(replace_name(&mut fields, field));
            }
        }
        let key = match kind {
            EntryKind::Item => {
                let store_id = fields.get("store_id").filter(|field| **field != Field::Cleared);
                let store_id = store_id.map(|_| id(&fields, "store_id")).transpose()?;
                EntryKey::Item(store_id, id(&fields, "sku")?)
            }
            EntryKind::Chain => {
                id::<String>(&fields, "chain")?;
                EntryKey::Chain
            }
            EntryKind::Store => EntryKey::Store(id(&fields, "store_id")?),
        };
        Ok(Self { key, names, fields })
    }
}

/// Replaces a name by its identifier, as in the events of a till export, and returns both.
fn replace_name(fields: &mut Fields, field: &str) -> Option<(String, String)> {
    let Some(Field::Value(json)) = fields.get_mut(field) else { return None };
    let name: String = serde_json::from_str(json).ok()?;
    let id = id_of_name(&name);
    if id == name {
        return None;
    }
    *json = fields::quoted(&id);
    let id = id.into_owned();
    Some((name, id))
}

/// Reads a field that is part of a key.
fn id<T: FromStr<Err: fmt::Display>>(fields: &Fields, name: &str) -> Result<T, String> {
    match fields.get(name) {
        None | Some(Field::Cleared) => Err(format!("{name} is required")),
        Some(field) => {
            let text = fields::shown(field);
            let given = domain::excerpt(&fields::quoted(&text));
            text.parse().map_err(|error| format!("{name} {given} {error}"))
        }
    }
}
