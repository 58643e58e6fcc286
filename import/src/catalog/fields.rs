//! Fields of an entry as a file names them: a patch that changes these fields and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::catalog::{Nested, Shape};
use domain::{excerpt, one_line};
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::names::unknown_name;

/// Fields with a text of any characters. Other texts have forms of their own.
const NAMES: [&str; 4] = ["name", "category", "chain", "salt"];
/// Longest text of these fields, in characters. Names on labels are far shorter.
const NAME_CHARS_MAX: usize = 500;
/// Rule for the names in a map.
pub(super) const NAMELESS: &str = "has an empty name; name the category, or leave it out";

/// Fields by name.
pub(crate) type Fields = BTreeMap<String, Field>;

/// Value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field {
    /// `null` or an empty cell: the field returns to its default.
    Cleared,
    /// JSON text of any other value.
    Value(String),
    /// Object of the shape.
    Object(Fields),
}

/// Reader of the fields of JSON objects.
#[derive(Default)]
pub(crate) struct PatchReader {
    /// `true` if the object is stored already: its texts are kept as they are.
    is_stored: bool,
    /// Unknown names and names that occur twice.
    pub(crate) problems: Vec<String>,
}

impl PatchReader {
    /// Reads the fields of an object. Returns `None` if `json` is not a JSON object.
    pub(crate) fn read(&mut self, json: &str, shape: &Shape, path: &str) -> Option<Fields> {
        let mut fields = Fields::new();
        for (name, raw) in pairs(json)? {
            let path = join(path, &name);
            if !shape.fields.contains(&&*name) {
                self.problems.push(unknown_name("field", &path, shape));
                continue;
            }
            let field = self.field(raw.get(), shape.nested(&name), &path);
            if fields.insert(name, field).is_some() {
                self.problems.push(format!("{path} stands twice; keep one"));
            }
        }
        Some(fields)
    }

    /// Reads a value. A value of another form than the shape stays text, for the parser to refuse.
    pub(crate) fn field(&mut self, raw: &str, nested: Option<Nested>, path: &str) -> Field {
        let text = serde_json::from_str::<String>(raw).ok();
        if raw == "null" || !self.is_stored && text.as_ref().is_some_and(|t| t.trim().is_empty()) {
            return Field::Cleared;
        }
        // A cell of a table holds JSON as a text.
        let inner = text.as_deref().unwrap_or(raw).trim();
        let object = match nested {
            None if self.is_stored => None,
            None => {
                let Some(text) = text else { return Field::Value(raw.to_owned()) };
                let name = path.rsplit('.').next().unwrap_or(path);
                let chars_max = if NAMES.contains(&name) { NAME_CHARS_MAX } else { usize::MAX };
                let rule = unfit(text.trim(), chars_max);
                self.problems.extend(rule.map(|rule| format!("{path} {rule}")));
                return Field::Value(quoted(text.trim()));
            }
            Some(Nested::Object(shape)) => self.read(inner, shape, path),
            Some(Nested::Map(shape)) => self.map(inner, shape, path),
            Some(Nested::List(shape)) => {
                let list = serde_json::from_str::<Vec<&RawValue>>(inner);
                for object in list.iter().flatten() {
                    self.read(object.get(), shape, path);
                }
                return Field::Value(if list.is_ok() { inner } else { raw }.to_owned());
            }
        };
        object.map_or_else(|| Field::Value(raw.to_owned()), Field::Object)
    }

    fn map(&mut self, json: &str, shape: &Shape, path: &str) -> Option<Fields> {
        let mut fields = Fields::new();
        for (mut name, raw) in pairs(json)? {
            let is_cleared = raw.get() == "null";
            if !is_cleared && !self.is_stored {
                // An item's category is trimmed as well, and an item without one has none.
                name = name.trim().to_owned();
                let rule = Some(NAMELESS.to_owned()).filter(|_| name.is_empty());
                let rule = rule.or_else(|| unfit(&name, NAME_CHARS_MAX));
                self.problems.extend(rule.map(|rule| format!("{path} {rule}")));
            }
            let path = join(path, &name);
            let field = if is_cleared {
                Field::Cleared
            } else {
                let object = self.read(raw.get(), shape, &path);
                object.map_or_else(|| Field::Value(raw.get().to_owned()), Field::Object)
            };
            if fields.insert(name, field).is_some() {
                self.problems.push(format!("{path} stands twice; keep one"));
            }
        }
        Some(fields)
    }
}

/// Returns the rule that a text of a catalogue file breaks.
fn unfit(text: &str, chars_max: usize) -> Option<String> {
    let given = || excerpt(&quoted(text));
    if let Some(control) = text.chars().find(|char| char.is_control()) {
        let control = control.escape_debug();
        return Some(format!("{} holds the control character {control}; remove it", given()));
    }
    let chars = text.chars().count();
    (chars > chars_max)
        .then(|| format!("{} has {chars} characters; at most {chars_max} are allowed", given()))
}

/// Returns the fields of an entry's own JSON.
pub(crate) fn stored_fields(json: &str, shape: &Shape) -> Fields {
    let mut reader = PatchReader { is_stored: true, ..PatchReader::default() };
    let mut fields = reader.read(json, shape, "").unwrap_or_default();
    remove_cleared(&mut fields);
    fields
}

fn remove_cleared(fields: &mut Fields) {
    fields.retain(|_, field| *field != Field::Cleared);
    for field in fields.values_mut() {
        if let Field::Object(inner) = field {
            remove_cleared(inner);
        }
    }
}

/// Changes `fields` as `patch` says. Fields without a place in the patch stay as they are.
pub(crate) fn merge(fields: &mut Fields, patch: &Fields) {
    for (name, field) in patch {
        match field {
            Field::Cleared => drop(fields.remove(name)),
            Field::Value(_) => drop(fields.insert(name.clone(), field.clone())),
            Field::Object(inner) => {
                if let Some(Field::Object(stored)) = fields.get_mut(name) {
                    merge(stored, inner);
                } else {
                    let mut object = Fields::new();
                    merge(&mut object, inner);
                    if !object.is_empty() || inner.is_empty() {
                        fields.insert(name.clone(), Field::Object(object));
                    }
                }
            }
        }
    }
}

/// Returns the JSON object of the fields.
pub(crate) fn to_json(fields: &Fields) -> String {
    let mut json = String::from("{");
    for (name, field) in fields {
        let value = match field {
            Field::Cleared => continue,
            Field::Value(raw) => raw.clone(),
            Field::Object(inner) => to_json(inner),
        };
        let separator = if json.len() == 1 { "" } else { "," };
        json.push_str(&format!("{separator}{}:{value}", quoted(name)));
    }
    json + "}"
}

/// Change of one rule of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange {
    /// Path of the field, like `policy.max_changes`; the column of a CSV file has the same name.
    pub rule: String,
    /// Value before the change; `None` if the rule was not set.
    pub before: Option<String>,
    /// Value after the change; `None` if the rule is no longer set.
    pub after: Option<String>,
    /// `true` if an empty cell or `null` cleared the rule.
    pub is_cleared: bool,
}

impl fmt::Display for RuleChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| match value.as_deref() {
            None | Some("") => "none".to_owned(),
            Some(value) => one_line(value),
        };
        let cleared = if self.is_cleared { " (cleared)" } else { "" };
        let (before, after) = (text(&self.before), text(&self.after));
        write!(f, "{} {before} -> {after}{cleared}", one_line(&self.rule))
    }
}

/// Returns the differences between two forms of an entry, in the order of the shape. `patch` is the
/// cause of the change.
pub(crate) fn changes(
    shape: &Shape,
    before: &Fields,
    after: &Fields,
    patch: &Fields,
) -> Vec<RuleChange> {
    let mut found = Vec::new();
    collect(shape, "", [before, after], Some(patch), &mut found);
    found
}

/// `patch` is `None` inside a field that is cleared.
fn collect(
    shape: &Shape,
    path: &str,
    [before, after]: [&Fields; 2],
    patch: Option<&Fields>,
    found: &mut Vec<RuleChange>,
) {
    let none = Fields::new();
    for name in shape.fields {
        let path = join(path, name);
        let sides = [before.get(*name), after.get(*name)];
        let patch = patch_of(patch, name, &none);
        match shape.nested(name) {
            Some(Nested::Object(shape)) => {
                collect(shape, &path, sides.map(|side| object(side, &none)), patch, found);
            }
            Some(Nested::Map(shape)) => {
                let maps = sides.map(|side| object(side, &none));
                let names: BTreeSet<&String> = maps.iter().flat_map(|map| map.keys()).collect();
                for name in names {
                    let sides = maps.map(|map| object(map.get(name), &none));
                    let patch = patch_of(patch, name, &none);
                    collect(shape, &join(&path, name), sides, patch, found);
                }
            }
            Some(Nested::List(_)) | None => {
                let [before, after] = sides.map(|side| side.map(shown));
                if before != after {
                    let is_cleared = patch.is_none();
                    found.push(RuleChange { rule: path, before, after, is_cleared });
                }
            }
        }
    }
}

fn patch_of<'a>(patch: Option<&'a Fields>, name: &str, none: &'a Fields) -> Option<&'a Fields> {
    match patch?.get(name) {
        Some(Field::Cleared) => None,
        Some(Field::Object(inner)) => Some(inner),
        Some(Field::Value(_)) | None => Some(none),
    }
}

/// Returns all fields of a shape in their order, by path, with the values that are set. The objects
/// of a map stand for themselves in `expanded`, and are one JSON value otherwise.
pub(crate) fn cells(
    shape: &Shape,
    fields: &Fields,
    path: &str,
    expanded: bool,
) -> Vec<(String, Option<String>)> {
    let none = Fields::new();
    let cells_of = |name: &&str| {
        let (path, field) = (join(path, name), fields.get(*name));
        match shape.nested(name) {
            Some(Nested::Object(shape)) => cells(shape, object(field, &none), &path, expanded),
            Some(Nested::Map(shape)) if expanded => {
                let inner = object(field, &none).iter();
                let inner = inner.flat_map(|(name, field)| {
                    cells(shape, object(Some(field), &none), &join(&path, name), expanded)
                });
                inner.collect()
            }
            Some(Nested::Map(_) | Nested::List(_)) | None => {
                let value = field.map(shown).filter(|value| value != "[]" && value != "{}");
                vec![(path, value)]
            }
        }
    };
    shape.fields.iter().flat_map(cells_of).collect()
}

/// Returns the object in a field, or an empty one.
fn object<'a>(field: Option<&'a Field>, none: &'a Fields) -> &'a Fields {
    if let Some(Field::Object(inner)) = field { inner } else { none }
}

/// Returns a value as a cell of a table: texts without quotes, lists of plain values with blanks.
pub(crate) fn shown(field: &Field) -> String {
    match field {
        Field::Cleared => String::new(),
        Field::Object(inner) => to_json(inner),
        Field::Value(raw) => {
            let plain = |raw: &str| serde_json::from_str::<String>(raw).ok();
            let list = serde_json::from_str::<Vec<&RawValue>>(raw).unwrap_or_default();
            let is_plain = |value: &&RawValue| !value.get().starts_with(['{', '[']);
            if !list.is_empty() && list.iter().all(is_plain) {
                let words = list
                    .iter()
                    .map(|value| plain(value.get()).unwrap_or_else(|| value.get().to_owned()));
                return words.collect::<Vec<_>>().join(" ");
            }
            plain(raw).unwrap_or_else(|| raw.clone())
        }
    }
}

/// Returns the path of a field inside an object.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Returns `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns the members of a JSON object, in their order; `None` if `json` is not an object.
pub(crate) fn pairs(json: &str) -> Option<Vec<(String, &RawValue)>> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let pairs = (&mut deserializer).deserialize_map(Pairs).ok()?;
    deserializer.end().ok()?;
    Some(pairs)
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
