//! The queries of an export, answered by DuckDB and held against the commands and against sums of
//! the events. `tests/analysts/setup` installs DuckDB.

use std::path::Path;
use std::process::Command;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::analysts::{DATES, Row, asked, closed_chain, decimal};
use crate::support::{UpProcess, daymark};

/// Returns the output of a program.
#[track_caller]
pub(crate) fn output(command: &mut Command) -> String {
    let ran = command.output().expect("started");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    assert!(ran.status.success(), "{command:?}: {}", text(ran.stderr));
    text(ran.stdout)
}

/// Installs DuckDB and returns the Python that has it.
pub(crate) fn python() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    output(&mut Command::new(root.join("tests/analysts/setup"))).trim().to_owned()
}

/// Answers of an export.
struct Answers(Value);

impl Answers {
    fn of(python: &str, folder: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/analysts/answers.py");
        let text = output(Command::new(python).arg(script).arg(folder));
        Self(serde_json::from_str(&text).expect("JSON"))
    }

    #[track_caller]
    fn rows(&self, query: &str) -> Vec<Row> {
        let rows = &self.0["answers"][query];
        serde_json::from_value(rows.clone()).unwrap_or_else(|error| panic!("{query}: {error}"))
    }
}

fn total(rows: &[Row], column: &str) -> Decimal {
    rows.iter().filter(|row| !row[column].is_null()).map(|row| decimal(&row[column])).sum()
}

/// Compares columns of rows in any order, by value.
#[track_caller]
fn assert_same(left: &[Row], right: &[Row], columns: &[(&str, &str)]) {
    let sorted = |rows: &[Row], name: fn(&(&str, &str)) -> String| {
        let value = |value: &Value| match value {
            Value::Null => String::new(),
            value => value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
                .parse::<Decimal>()
                .map_or_else(|_| value.to_string(), |number| number.normalize().to_string()),
        };
        let row = |row: &Row| -> Vec<String> {
            columns.iter().map(|column| value(&row[&name(column)])).collect()
        };
        let mut rows: Vec<Vec<String>> = rows.iter().map(row).collect();
        rows.sort();
        rows
    };
    let own = sorted(left, |(left, _)| (*left).to_owned());
    assert_eq!(own, sorted(right, |(_, right)| (*right).to_owned()));
    assert!(!own.is_empty());
}

#[test]
fn the_queries_agree_with_the_commands_and_with_sums_of_the_events() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("tables");
    let [from, to] = DATES;
    let name = place.display().to_string();
    up.daymark(["export", &name, "--from", from, "--to", to]).success();
    let python = python();
    let answers = Answers::of(&python, &place);
    let types = &answers.0["types"];
    for (table, column, kind) in [
        ("days", "revenue", "DECIMAL(18,6)"),
        ("days", "sold", "DECIMAL(18,3)"),
        ("days", "business_date", "DATE"),
        ("days", "closes_at", "TIMESTAMP WITH TIME ZONE"),
        ("sales_by_slot", "slot_starts_at_local", "TIMESTAMP"),
        ("offers", "shadow", "BOOLEAN"),
        ("offers", "revision", "BIGINT"),
    ] {
        assert_eq!(types[table][column], kind, "{table}.{column}");
    }

    // The events: 8 × 7 and 8 × 3 sold, one returned, and one for dollars.
    let days = answers.rows("07-all-days");
    assert_eq!(total(&days, "sold"), Decimal::from(81));
    let morning = Decimal::from(4 * 7 * (4 + 9));
    let afternoon = Decimal::from(4 * 3) * (decimal(&json!("2.80")) + decimal(&json!("6.30")));
    assert_eq!(total(&days, "revenue"), morning + afternoon - Decimal::from(4));

    let command = asked(&up, &["days"]);
    let columns = [
        "store_id",
        "business_date",
        "sku",
        "name",
        "category",
        "opening",
        "received",
        "sold",
        "returned",
        "wasted",
        "closing",
        "expired",
        "sold_discounted",
        "given_away",
        "revenue",
        "currency",
        "other_revenue",
    ];
    assert_same(&days, &command, &columns.map(|name| (name, name)));
    let discounted = asked(&up, &["days", "--by", "item", "--discounted"]);
    let discounted: Vec<Row> =
        discounted.into_iter().filter(|row| row["sold_discounted"] != json!(0)).collect();
    let columns = ["store_id", "sku", "sold_discounted", "given_away", "currency"];
    assert_same(
        &answers.rows("01-most-discounted-items"),
        &discounted,
        &columns.map(|name| (name, name)),
    );
    let columns = ["store_id", "sku", "to_sell", "sell_through"].map(|name| (name, name));
    assert_same(&answers.rows("02-sell-through-of-discounted-items"), &discounted, &columns);
    let columns = ["store_id", "hour", "sold", "sold_discounted", "revenue", "currency"];
    let hours = asked(&up, &["sales", "--by", "hour"]);
    assert_same(&answers.rows("06-sales-by-hour"), &hours, &columns.map(|name| (name, name)));
    let columns = ["store_id", "business_date", "sku", "sold", "revenue", "expected_revenue"];
    assert_same(
        &answers.rows("04-offers-expected-and-earned"),
        &asked(&up, &["offers", "--outcomes"]),
        &columns.map(|name| (name, name)),
    );
    // The 30 days before the 14th end with the last date.
    let lowest = ["prices", "lowest", "--date", "2026-03-14", "--format", "json"];
    let columns = ["store_id", "sku", "lowest_price", "currency"].map(|name| (name, name));
    assert_same(&answers.rows("05-lowest-price-of-30-days"), &up.daymark(lowest).json(), &columns);

    assert_effect(&up, &answers.rows("08-treated-against-control"));
    for reconciled in ["19-stock-against-days", "20-slots-against-days"] {
        assert_eq!(answers.rows(reconciled), Vec::<Row>::new(), "{reconciled}");
    }
    assert_eq!(answers.0["answers"].as_object().map(serde_json::Map::len), Some(20));
    assert_sql_command(&python, &name);
}

/// Compares every figure of `daymark effect` with SQL over the table `experiment`.
fn assert_effect(up: &UpProcess, arms: &[Row]) {
    let mut compared = 0;
    for row in asked(up, &["effect"]) {
        let arm = arms.iter().find(|arm| arm["arm"] == row["arm"]).expect("the arm");
        let figure = row["figure"].as_str().expect("a figure");
        let value = |value: &Value| value.as_f64().map(|value| format!("{value:.5}"));
        assert_eq!(value(&arm[figure]), value(&row["value"]), "{figure} of {row:?}");
        if !row["total"].is_null() {
            let total = decimal(&arm[&format!("{figure}_total")]);
            assert_eq!(total, decimal(&row["total"]), "{figure} of {row:?}");
        }
        assert_eq!(arm["item_days"], row["item_days"]);
        compared += 1;
    }
    assert!(compared >= 8, "{arms:?}");
}

/// Runs `daymark sql` with the DuckDB program beside Python.
fn assert_sql_command(python: &str, folder: &str) {
    let duckdb = Path::new(python).with_file_name("duckdb").display().to_string();
    let sql = "SELECT sum(sold) AS sold FROM days";
    let ask = ["sql", sql, "--dir", folder, "--duckdb", &duckdb, "--format", "json"];
    let rows = daymark(ask).json();
    assert_eq!(decimal(&rows[0]["sold"]), Decimal::from(81));
    let ask = ["sql", "--query", "8", "--dir", folder, "--duckdb", &duckdb, "--format", "csv"];
    assert!(daymark(ask).success().starts_with("arm,currency,item_days"));
}

/// An Excel workbook has numbers and dates, and not texts.
#[test]
fn a_workbook_has_numbers_and_dates() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let name = folder.path().join("sheet").display().to_string();
    let [from, to] = DATES;
    let book = ["export", &name, "--from", from, "--to", to, "--table", "days"];
    up.daymark(book.iter().copied().chain(["--format", "xlsx"])).success();
    let script = "import openpyxl, json, sys\n\
                  rows = list(openpyxl.load_workbook(sys.argv[1])['days'].values)\n\
                  first = dict(zip(rows[0], rows[1]))\n\
                  print(json.dumps([len(rows) - 1, first['sold'], first['revenue'],\n\
                  first['business_date'].isoformat()]))";
    let path = format!("{name}/days.xlsx");
    let found = output(Command::new(python()).args(["-c", script, &path]));
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found, json!([8, 10, 81.9, "2026-03-12T00:00:00"]));
}
