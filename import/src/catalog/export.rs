//! Files of the stored catalogue that an import reads without a change.

use std::collections::BTreeMap;

use domain::catalog::Shape;
use domain::{Chain, Item, Store};

use super::fields::{Fields, cells, stored_fields};
use super::stored::Catalogue;

/// Format of exported files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Table with a header line.
    Csv,
    /// One JSON object on each line.
    Ndjson,
}

/// Returns the files of a catalogue, by name: the chain, the stores and the items, each as far as
/// there are any. Every field has a column, so that an import restores all of them.
///
/// # Errors
/// Returns an error if a row cannot be written as CSV.
pub fn export(
    catalogue: &Catalogue,
    format: ExportFormat,
) -> Result<BTreeMap<&'static str, String>, csv::Error> {
    let chain: Vec<String> = catalogue.chain.iter().map(Chain::to_json).collect();
    let stores: Vec<String> = catalogue.stores.values().map(Store::to_json).collect();
    let items: Vec<String> = catalogue.items.values().map(Item::to_json).collect();
    let names = match format {
        ExportFormat::Csv => ["chain.csv", "stores.csv", "items.csv"],
        ExportFormat::Ndjson => ["chain.ndjson", "stores.ndjson", "items.ndjson"],
    };
    let kinds = [(chain, &Chain::SHAPE), (stores, &Store::SHAPE), (items, &Item::SHAPE)];
    let mut files = BTreeMap::new();
    for (name, (entries, shape)) in
        names.into_iter().zip(kinds).filter(|(_, kind)| !kind.0.is_empty())
    {
        let text = match format {
            ExportFormat::Csv => table(&entries, shape)?,
            ExportFormat::Ndjson => entries.iter().map(|entry| format!("{entry}\n")).collect(),
        };
        files.insert(name, text);
    }
    Ok(files)
}

fn table(entries: &[String], shape: &Shape) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells(shape, &Fields::new(), "", false).iter().map(|(path, _)| path))?;
    for entry in entries {
        let cells = cells(shape, &stored_fields(entry, shape), "", false);
        writer.write_record(cells.into_iter().map(|(_, cell)| cell.unwrap_or_default()))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
