//! `daymark demo`: the same seed gives the same day, and its data can be read afterwards.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::formats::rows_in_every_format;
use crate::support::{UpProcess, daymark, is_frame, table_lines};

/// Parts of the demo's output that depend on seed and date only.
#[derive(Debug, PartialEq, Eq)]
struct DemoOutput {
    /// Offers in the order of their publication.
    offers: Vec<String>,
    /// Table of offers, reasons, and figures of the day.
    tables: String,
}

fn parse(out: &str) -> DemoOutput {
    let start = out.find("The offers of the day").expect("the offers");
    let end = out.find(" events sent in ").expect("the end of the figures");
    let end = out[..end].rfind('\n').expect("a line before");
    let offers = out[..start].lines().filter(|line| line.contains(" -> ")).map(str::to_owned);
    DemoOutput { offers: offers.collect(), tables: out[start..end].to_owned() }
}

/// Returns the cells of the table below a title.
fn cells(tables: &str, title: &str) -> Vec<Vec<String>> {
    let below = tables.split_once(title).expect("the title").1;
    let table = below.split("\n\n").find(|part| part.trim_start().starts_with(is_frame));
    let lines = table_lines(table.expect("the table"));
    let row = |line: &String| {
        let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
        cells.map(str::to_owned).collect()
    };
    lines[1..].iter().map(row).collect()
}

/// Returns the word after the given words.
fn word_after<'a>(out: &'a str, words: &str) -> &'a str {
    let rest = out.split_once(words).unwrap_or_else(|| panic!("{words} in {out}")).1;
    rest.split_whitespace().next().expect("a word")
}

#[test]
fn the_same_seed_plays_the_same_day_and_its_data_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let first = daymark(["demo", "--pace", "0", "--days", "1", "--data", &data]).success();
    assert!(first.contains("equal the ledger: nothing lost, nothing twice"), "{first}");
    let date = word_after(&first, "A day of 3 shops,").trim_end_matches(',');

    let seed = word_after(&first, ", seed");
    let again =
        ["demo", "--pace", "0", "--days", "0", "--seed", seed, "--date", date, "--data", &data];
    let again = daymark(again).success();
    assert_effect_of_two_days(&first);
    assert!(!again.contains("with the customers of"), "{again}");
    let first_output = parse(&first);
    assert!(first_output.offers.len() > 20, "{first}");
    assert_eq!(first_output, parse(&again));
    let figures = cells(&first_output.tables, "without discounts");
    assert_eq!(figures.len(), 7, "{figures:?}");

    // Each run has its own folder, and the last lines show the commands to read it.
    let kept = word_after(&first, "daymark up --data ");
    assert_ne!(kept, word_after(&again, "daymark up --data "));
    let up = UpProcess::start(&["--data", kept]);
    let typed = first.trim_end().lines().last().expect("a line").trim();
    let query = typed.strip_prefix("daymark ").expect("what to type");
    assert!(up.daymark(query.split(' ')).success().contains("BRT-RYE"));
    assert_offers(&up, date, &cells(&first_output.tables, "as stored in DynamoDB"));
    assert_stock(&up, date, &figures);
}

/// Asserts that the effect of the day and one more is shown with its median and range.
fn assert_effect_of_two_days(out: &str) {
    let rows = cells(out, "with the customers of 2 seeds");
    assert!(out.contains("a first day without a history of sales"), "{out}");
    assert_eq!(rows.len(), 5, "{rows:?}");
    for row in rows {
        let percents = row[1..].iter().map(|text| {
            let number = text.trim_end_matches(" %").trim_start_matches('+');
            number.parse::<Decimal>().unwrap_or_else(|_| panic!("a percentage: {row:?}"))
        });
        let [low, median, high] = percents.collect::<Vec<_>>().try_into().expect("three figures");
        assert!(low <= median && median <= high, "{row:?}");
    }
}

/// Asserts that `daymark offers` shows the rows of the demo's table.
fn assert_offers(up: &UpProcess, date: &str, table: &[Vec<String>]) {
    let mut shown: BTreeMap<[String; 2], &[String]> =
        table.iter().map(|row| ([row[0].clone(), row[1].clone()], &row[2..])).collect();
    let stores: Vec<String> = up
        .daymark(["catalog", "list", "--format", "json"])
        .rows()
        .iter()
        .map(|row| row["store_id"].clone())
        .collect();
    assert_eq!(stores.len(), 3);
    for store in &stores {
        let query = ["offers", "--store", store, "--date", date];
        for offer in rows_in_every_format(up, &query) {
            let row =
                shown.remove(&[store.clone(), offer["sku"].clone()]).expect("in the demo's table");
            let [regular, steps, price, ..] = row else { panic!("{row:?}") };
            assert_eq!([&offer["regular_price"], &offer["price"]], [regular, price]);
            let last = steps.rsplit(", ").next().expect("a step");
            let step =
                format!("{} -{} %", &offer["valid_from"][11..16], offer["label_percent_off"]);
            assert_eq!(last, step);
        }
        let revisions = rows_in_every_format(up, &[&query[..], &["--revisions"]].concat());
        let steps =
            table.iter().filter(|row| row[0] == *store).map(|row| row[3].split(", ").count());
        assert_eq!(revisions.len(), steps.sum::<usize>());
    }
    assert!(shown.is_empty(), "not served: {shown:?}");
}

/// Asserts that the figures of the demo are the sums of `daymark stock`.
fn assert_stock(up: &UpProcess, date: &str, figures: &[Vec<String>]) {
    for (figure, column) in
        [("units delivered", "received"), ("units sold", "sold"), ("units wasted", "wasted")]
    {
        let row = figures.iter().find(|row| row[0] == figure).expect("a figure");
        let mut units = Decimal::ZERO;
        for store in ["berlin-01", "dublin-01", "lisbon-01"] {
            let query = ["stock", "--store", store, "--date", date, "--format", "json"];
            for item in up.daymark(query).rows() {
                units += item[column].parse::<Decimal>().expect("a number");
            }
        }
        assert_eq!(format!("{units:.1}"), row[1], "{figure}");
    }
}

#[test]
fn an_invalid_date_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let ran = daymark(["demo", "--pace", "0", "--date", "2026-02-30", "--data", &data]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("2026-02-30"), "{}", ran.err);
}
