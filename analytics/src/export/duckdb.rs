//! Views of an export for DuckDB.

use std::fmt::Write;

use super::tables;

/// Returns a script that creates a view for each table. Paths are relative to the folder of the
/// export, so DuckDB starts there. A dated table has a column `month`, from its folders.
#[must_use]
pub fn duckdb_views() -> String {
    let mut text = String::from(
        "-- Views for DuckDB, written by `daymark export`. Start DuckDB in this folder:\n\
         -- duckdb -init views.duckdb.sql\nSET TimeZone = 'UTC';\n",
    );
    for table in tables() {
        let files = if table.is_dated { "*/*.parquet" } else { "*.parquet" };
        let options = if table.is_dated {
            ", hive_partitioning = true, hive_types = {'month': VARCHAR}"
        } else {
            ""
        };
        let name = table.name;
        let _ = writeln!(
            text,
            "CREATE OR REPLACE VIEW {name} AS\n  \
             SELECT * FROM read_parquet('{name}/{files}'{options});"
        );
    }
    text
}
