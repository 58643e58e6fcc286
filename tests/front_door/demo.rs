//! `daymark demo`: ends by itself, ends well, and can be looked at afterwards.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::answers::agreeing;
use crate::support::{Up, daymark, is_frame, table_lines};

/// The parts of the demo's output that depend on seed and date alone.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// As they appeared.
    offers: Vec<String>,
    /// The table of offers, the reasons, and the day's figures.
    tables: String,
}

fn told(out: &str) -> Told {
    let start = out.find("The offers of the day").expect("the offers");
    let end = out.find(" events sent in ").expect("the end of the figures");
    let end = out[..end].rfind('\n').expect("a line before");
    let offers = out[..start].lines().filter(|line| line.contains(" -> ")).map(str::to_owned);
    Told { offers: offers.collect(), tables: out[start..end].to_owned() }
}

/// The cells of the rows of the table below a title.
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

/// The word behind some others.
fn word_after<'a>(out: &'a str, words: &str) -> &'a str {
    let rest = out.split_once(words).unwrap_or_else(|| panic!("{words} in {out}")).1;
    rest.split_whitespace().next().expect("a word")
}

#[test]
fn it_ends_well_the_same_seed_plays_the_same_day_and_its_data_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let first = daymark(["demo", "--pace", "0", "--data", &data]).well();
    assert!(first.contains("equal the ledger: nothing lost, nothing twice"), "{first}");
    let date = word_after(&first, "A day of 3 shops,").trim_end_matches(',');

    let seed = word_after(&first, ", seed");
    let again = ["demo", "--pace", "0", "--seed", seed, "--date", date, "--data", &data];
    let again = daymark(again).well();
    let told_first = told(&first);
    assert!(told_first.offers.len() > 20, "{first}");
    assert_eq!(told_first, told(&again));
    let figures = cells(&told_first.tables, "without discounts");
    assert_eq!(figures.len(), 7, "{figures:?}");

    // Each run has a folder of its own, and the last lines say how to look into it.
    let kept = word_after(&first, "daymark up --data ");
    assert_ne!(kept, word_after(&again, "daymark up --data "));
    let up = Up::start(&["--data", kept]);
    let typed = first.trim_end().lines().last().expect("a line").trim();
    let question = typed.strip_prefix("daymark ").expect("what to type");
    assert!(up.daymark(question.split(' ')).well().contains("BRT-RYE"));
    offers_are_served(&up, date, &cells(&told_first.tables, "as stored in DynamoDB"));
    stock_is_served(&up, date, &figures);
}

/// The table of the demo, row by row, as `daymark offers` says it.
fn offers_are_served(up: &Up, date: &str, table: &[Vec<String>]) {
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
        let question = ["offers", "--store", store, "--date", date];
        for offer in agreeing(up, &question) {
            let row =
                shown.remove(&[store.clone(), offer["sku"].clone()]).expect("in the demo's table");
            let [regular, steps, price, ..] = row else { panic!("{row:?}") };
            assert_eq!([&offer["regular"], &offer["price"]], [regular, price]);
            let last = steps.rsplit(", ").next().expect("a step");
            let step = format!("{} -{} %", &offer["from"][11..16], offer["percent_off"]);
            assert_eq!(last, step);
        }
        let revisions = agreeing(up, &[&question[..], &["--revisions"]].concat());
        let steps =
            table.iter().filter(|row| row[0] == *store).map(|row| row[3].split(", ").count());
        assert_eq!(revisions.len(), steps.sum::<usize>());
    }
    assert!(shown.is_empty(), "not served: {shown:?}");
}

/// The figures of the demo are the sums of what `daymark stock` says.
fn stock_is_served(up: &Up, date: &str, figures: &[Vec<String>]) {
    for (figure, column) in
        [("units delivered", "received"), ("units sold", "sold"), ("units wasted", "wasted")]
    {
        let row = figures.iter().find(|row| row[0] == figure).expect("a figure");
        let mut units = Decimal::ZERO;
        for store in ["berlin-01", "dublin-01", "lisbon-01"] {
            let question = ["stock", "--store", store, "--date", date, "--format", "json"];
            for item in up.daymark(question).rows() {
                units += item[column].parse::<Decimal>().expect("a number");
            }
        }
        assert_eq!(format!("{units:.1}"), row[1], "{figure}");
    }
}

#[test]
fn a_date_that_is_none_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let ran = daymark(["demo", "--pace", "0", "--date", "2026-02-30", "--data", &data]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("2026-02-30"), "{}", ran.err);
}
