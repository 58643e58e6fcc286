//! Rows as JSON, with JSON's types.

use std::io::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::Column;
use crate::CommandError;

/// Row as a JSON object, in the order of the columns.
struct Object<'a> {
    columns: &'a [Column],
    values: Vec<String>,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.len()))?;
        for (column, value) in self.columns.iter().zip(&self.values) {
            let name = column.name();
            match column {
                _ if value.is_empty() => map.serialize_entry(name, &())?,
                Column::Text(_) | Column::Amount(_) => map.serialize_entry(name, value)?,
                // The digits stay as they are. A text that is no number stays a text.
                Column::Number(_) | Column::Truth(_) => {
                    match serde_json::from_str::<&RawValue>(value) {
                        Ok(raw) => map.serialize_entry(name, raw)?,
                        Err(_) => map.serialize_entry(name, value)?,
                    }
                }
            }
        }
        map.end()
    }
}

/// Returns rows as an array.
pub(super) fn array(
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<String, CommandError> {
    let objects: Vec<Object<'_>> =
        rows.into_iter().map(|values| Object { columns, values }).collect();
    Ok(serde_json::to_string_pretty(&objects)?)
}

/// Prints one object a line, each when its row is there.
pub(super) fn lines(
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<(), CommandError> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for values in rows {
        serde_json::to_writer(&mut out, &Object { columns, values })?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}
