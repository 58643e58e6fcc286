//! Tables of an export for Athena.

use std::fmt::Write;

use super::tables;
use crate::table::ColumnType;

/// Returns a script that creates an external table for each table, over a copy of the export at
/// `LOCATION`. Months are found by partition projection, without a crawler. Athena runs one
/// statement at a time.
#[must_use]
pub fn athena_tables() -> String {
    let mut text = String::from(
        "-- Tables for Athena, written by `daymark export`. Copy the folder to S3, and replace\n\
         -- s3://BUCKET/PREFIX below.\n",
    );
    for table in tables() {
        let columns = table.columns.iter().map(|column| {
            let kind = type_text(column.kind);
            format!("  `{}` {kind}", column.name)
        });
        let columns: Vec<String> = columns.collect();
        let name = table.name;
        let location = format!("s3://BUCKET/PREFIX/{name}/");
        let columns = columns.join(",\n");
        let partitions = if table.is_dated { "PARTITIONED BY (`month` string)\n" } else { "" };
        let properties = properties(table.is_dated, &location);
        let _ = write!(
            text,
            "\nCREATE EXTERNAL TABLE {name} (\n{columns}\n)\n{partitions}STORED AS PARQUET\n\
             LOCATION '{location}'\n{properties};\n",
        );
    }
    text
}

/// Projection of the months: from 2020, before any export, to the present one.
fn properties(is_dated: bool, location: &str) -> String {
    if !is_dated {
        return "TBLPROPERTIES ('parquet.compression' = 'ZSTD')".to_owned();
    }
    format!(
        "TBLPROPERTIES (\n  'parquet.compression' = 'ZSTD',\n  'projection.enabled' = 'true',\n  \
         'projection.month.type' = 'date',\n  'projection.month.format' = 'yyyy-MM',\n  \
         'projection.month.range' = '2020-01,NOW',\n  'projection.month.interval' = '1',\n  \
         'projection.month.interval.unit' = 'MONTHS',\n  \
         'storage.location.template' = '{location}month=${{month}}/'\n)"
    )
}

fn type_text(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "string",
        ColumnType::Date => "date",
        ColumnType::Instant | ColumnType::LocalTime => "timestamp",
        ColumnType::Integer => "bigint",
        ColumnType::Quantity => "decimal(18,3)",
        ColumnType::Amount | ColumnType::Share => "decimal(18,6)",
        ColumnType::Truth => "boolean",
    }
}
