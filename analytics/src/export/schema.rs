//! `schema.md`: every table and column of an export.

use std::fmt::Write;

use super::{ExportTable, tables};
use crate::table::ColumnType;

/// Returns the text of `schema.md`.
#[must_use]
pub fn schema() -> String {
    let mut text = String::from(
        "# Tables of the export\n\n\
         Written by `daymark export`. Parquet and xlsx have the types below; CSV and NDJSON have \
         the same columns. In NDJSON an amount is a text, and an absent value is null. A time of \
         the store's clock has its offset in CSV and NDJSON, and no time zone in Parquet and xlsx. \
         Amounts are in the `currency` of their row: never add amounts of different currencies.\n\n\
         Names and categories are those of the catalogue at the export.\n",
    );
    for table in tables() {
        section(&mut text, &table);
    }
    text
}

fn section(text: &mut String, table: &ExportTable) {
    let files = if table.is_dated { "One file a month." } else { "One file." };
    let key = table.key.join("`, `");
    let name = table.name;
    let _ = write!(text, "\n## {name}\n\nA row is {}. {files} Key: `{key}`.\n\n", table.grain);
    text.push_str("| column | type | meaning |\n|---|---|---|\n");
    for column in &table.columns {
        let kind = type_text(column.kind);
        let _ = writeln!(text, "| `{}` | {kind} | {} |", column.name, column.meaning);
    }
}

fn type_text(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "text",
        ColumnType::Date => "date",
        ColumnType::Instant => "timestamp, UTC",
        ColumnType::LocalTime => "timestamp of the store's clock",
        ColumnType::Integer => "integer",
        ColumnType::Quantity => "decimal(18,3)",
        ColumnType::Amount | ColumnType::Share => "decimal(18,6)",
        ColumnType::Truth => "boolean",
    }
}
