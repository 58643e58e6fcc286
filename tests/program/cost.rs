//! `daymark cost`: its tables in the documentation, its formats and its errors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rust_decimal::Decimal;

use crate::support::daymark;

fn page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cost.md");
    fs::read_to_string(page).expect("the page")
}

#[test]
fn the_page_shows_what_the_command_prints() {
    let page = page();
    let printed = daymark(["cost"]).success();
    for table in printed.trim().split("\n\n") {
        assert!(page.contains(table), "docs/cost.md lacks:\n{table}");
    }
}

#[test]
fn the_page_shows_the_effect_of_each_setting() {
    let page = page();
    let lines: Vec<&str> = page.lines().filter(|line| line.starts_with("| `--")).collect();
    assert!(lines.len() > 5, "{lines:?}");
    for line in lines {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, flags, dollars @ .., _] = &cells[..] else { panic!("{line}") };
        let words = ["cost", "--format=json"].into_iter().chain(flags.split_whitespace());
        let mut sums: BTreeMap<u32, Decimal> = BTreeMap::new();
        for row in daymark(words).rows() {
            let sum = sums.entry(row["stores"].parse().expect("a number")).or_default();
            *sum += row["dollars"].parse::<Decimal>().expect("dollars");
        }
        let documented = dollars.iter().map(|cell| cell.replace(',', ""));
        let printed = sums.values().map(|sum| format!("{:.2}", sum.round_dp(2)));
        assert_eq!(documented.collect::<Vec<_>>(), printed.collect::<Vec<_>>(), "{flags}");
    }
}

#[test]
fn every_command_of_the_page_runs() {
    let page = page();
    let commands: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("daymark cost")).collect();
    assert!(commands.len() > 3, "{commands:?}");
    for command in commands {
        let words = command.split('#').next().unwrap_or_default().split_whitespace();
        let words = words.take_while(|word| *word != ">");
        if !command.contains("--prices") {
            daymark(["cost"].into_iter().chain(words)).success();
        }
    }
}

#[test]
fn every_line_is_its_quantity_times_its_price() {
    let rows = daymark(["cost", "--stores=10", "--format=json"]).rows();
    let parts: BTreeSet<&str> = rows.iter().map(|row| &*row["part"]).collect();
    assert_eq!(parts.len(), 10, "{parts:?}");
    let number = |text: &str| text.parse::<Decimal>().expect("a number");
    for row in &rows {
        let dollars = number(&row["quantity"]) * number(&row["unit_price"]) / number(&row["per"]);
        let difference = (dollars - number(&row["dollars"])).abs();
        // Ten stores stay below the first step of every price.
        assert!(difference < Decimal::new(1, 6), "{row:?}");
    }
    let explained = daymark(["cost", "--stores=10", "--explain"]).success();
    for row in &rows {
        assert!(explained.contains(&row["how"]), "{}", row["how"]);
    }
    let csv = daymark(["cost", "--stores=10", "--format=csv"]).success();
    assert_eq!(csv.lines().count(), rows.len() + 1);
}

#[test]
fn a_price_list_from_a_file_is_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("prices.json");
    let list = daymark(["cost", "--list", "--format=json"]).success();
    let mut list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    list["region"] = "eu-central-1".into();
    list["prices"]["kms.key"]["price"] = "7".into();
    fs::write(&file, list.to_string()).expect("written");
    let file = file.display().to_string();
    let words = ["cost", "--stores=1", "--format=json", "--region=eu-central-1", "--prices", &file];
    let rows = daymark(words).rows();
    let key = rows.iter().find(|row| row["price"] == "kms.key").expect("a key");
    assert_eq!(key["dollars"], "7");
}

#[test]
fn invalid_flags_are_refused_with_the_valid_range() {
    let region = daymark(["cost", "--region=eu-central-1"]).failure();
    assert!(
        region.contains("the price list is that of us-east-1, not of eu-central-1"),
        "{region}"
    );
    assert!(region.contains("--prices"), "{region}");
    let missing = daymark(["cost", "--prices=nowhere.json"]).failure();
    assert!(missing.contains("cannot read the prices in nowhere.json"), "{missing}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("prices.json");
    fs::write(&file, r#"{"region": "us-east-1", "read_on": "today", "prices": {}}"#)
        .expect("written");
    let empty = daymark(["cost", "--prices", &file.display().to_string()]).failure();
    assert!(
        empty.contains("there is no price of api-gateway.request, cloudwatch.alarm"),
        "{empty}"
    );
    for (flag, expected) in [
        ("--stores=0", "expected a whole number from 1 to 1000000"),
        ("--stores=many", "expected a whole number from 1 to 1000000"),
        ("--memory=prices=512", "there is no function prices; there are ingest, token,"),
        ("--memory=pricing=64", "a whole number from 128 to 10240 MB"),
        ("--retention=23", "expected a whole number from 24 to 8760"),
        ("--open-hours=25", "expected a number from 0 to 24"),
        ("--token-hours=25", "expected a number from 1 to 24"),
        ("--open-hours=0", "expected more than 0 and at most 24 hours"),
        ("--events-per-request=20000", "expected a number from 1 to 10000"),
        ("--batch-window=301", "expected a whole number from 0 to 300"),
        ("--stream=cheap", "[possible values: on-demand, provisioned]"),
    ] {
        let ran = daymark(["cost", flag]);
        assert_eq!(ran.code, Some(2), "{flag}");
        assert!(ran.err.contains(expected), "{flag}: {}", ran.err);
    }
}

#[test]
fn the_price_list_has_the_source_of_each_price() {
    let list = daymark(["cost", "--list", "--format=csv"]).success();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines[0], "price,dollars,per,unit,as_of,seen_at,source");
    for seen_at in ["aws", "third-party"] {
        assert!(lines.iter().any(|line| line.contains(&format!(",{seen_at},"))), "{seen_at}");
    }
}
