//! Till lines of a real bakery, compared with a tally that shares no code with the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use stock_log::read_date;

use crate::support::{UpProcess, daymark, eventually, run, skipped};

/// Units sold, by item and window.
type SalesTally = BTreeMap<(String, String), u32>;

/// Returns the file, if this machine has it.
fn bread_basket() -> Option<PathBuf> {
    let named = std::env::var_os("DAYMARK_BREAD_BASKET").map(PathBuf::from);
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/bread-basket.csv");
    named.or_else(|| usual.is_file().then_some(usual))
}

#[test]
fn every_window_of_every_day_equals_the_file() {
    let Some(file) = bread_basket() else {
        skipped(
            "no ../shared/data/bread-basket.csv beside the repository; \
             DAYMARK_BREAD_BASKET names it elsewhere",
        );
        return;
    };
    let file = file.display().to_string();
    let text = std::fs::read_to_string(&file).expect("the till lines");
    let tally = tally(&text);
    let sold: u32 = tally.values().sum();
    let skipped = text.lines().filter(|line| line.ends_with(",NONE")).count();

    let up = UpProcess::start(&["--any-age", "--memory"]);
    let words = words_of_example();
    let out =
        up.daymark(words.iter().map(|word| word.replace("bread-basket.csv", &file))).success();
    let expected = format!("{sold} stored, 0 duplicate, {skipped} skipped, 0 refused");
    assert_eq!(out.trim_end(), expected);
    eventually("every event is processed", || {
        let stored = up.counter("daymark_processor_events_total{outcome=\"written\"}");
        if stored >= sold.into() { Ok(()) } else { Err(format!("{stored} of {sold}")) }
    });
    let stored = eventually("all rows are saved", || {
        let stored = stored(&up);
        let sum: u32 = stored.values().sum();
        if sum == sold { Ok(stored) } else { Err(format!("{sum} of {sold} units")) }
    });
    let missing: Vec<_> =
        tally.iter().filter(|(key, count)| stored.get(key) != Some(count)).collect();
    let extra: Vec<_> =
        stored.iter().filter(|(key, count)| tally.get(key) != Some(count)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing {missing:?}; extra {extra:?}");

    // The output equals the stored rows.
    for date in ["2016-10-30", "2017-02-04", "2017-04-09"] {
        let command =
            ["stock", "--store", "edinburgh", "--date", date, "--windows", "--format", "json"];
        let shown = up.daymark(command).rows().into_iter().map(|row| {
            ((slug(&row["sku"]), row["window"].clone()), row["sold"].parse().expect("a number"))
        });
        let expected: SalesTally = tally
            .iter()
            .filter(|((_, window), _)| window.starts_with(date))
            .map(|(key, count)| (key.clone(), *count))
            .collect();
        assert_eq!(shown.collect::<SalesTally>(), expected, "{date}");
    }
}

/// Returns the words of the example in `daymark send --help`, as a shell splits them.
fn words_of_example() -> Vec<String> {
    let help = daymark(["send", "--help"]).success();
    let lines: Vec<&str> =
        help.lines().map(str::trim).skip_while(|line| !line.starts_with("daymark send ")).collect();
    let end = lines.iter().position(|line| !line.ends_with('\\')).expect("an end");
    let example = lines[..=end].join(" ").replace('\\', " ");
    example.split_whitespace().skip(1).map(str::to_owned).collect()
}

/// Counts the units in the lines of the file. London is an hour ahead of UTC until the morning of
/// 2016-10-30, before the file begins, and again from 2017-03-26 on.
fn tally(text: &str) -> SalesTally {
    let mut tally = SalesTally::new();
    for line in text.lines().skip(1) {
        let [date, time, _, item] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("four columns: {line}");
        };
        let item = item.trim();
        if item == "NONE" {
            continue;
        }
        let (hour, minute): (u32, u32) = (number(&time[..2]), number(&time[3..5]));
        let ahead = u32::from(date >= "2017-03-26");
        // The file has no sale within an hour after midnight in summer.
        let hour = hour.checked_sub(ahead).expect("the same date in UTC");
        let words =
            item.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let sku = words.collect::<Vec<_>>().join("-");
        let window = format!("{date}T{hour:02}:{:02}Z", minute - minute % 5);
        *tally.entry((sku, window)).or_default() += 1;
    }
    tally
}

/// Returns the readable beginning of the id that a name becomes: `Hot-chocolate-7430e3e10ea0` is
/// `Hot-chocolate`. The names of the file have beginnings of their own.
fn slug(sku: &str) -> String {
    let is_digest = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let parts = sku.rsplit_once('-').filter(|(_, last)| is_digest(last));
    parts.map_or(sku, |(beginning, _)| beginning).to_owned()
}

fn number(digits: &str) -> u32 {
    digits.parse().expect("digits")
}

/// Reads the windows of every date in the stock log.
fn stored(up: &UpProcess) -> SalesTally {
    let endpoints = aws::Endpoints { kinesis: up.kinesis.clone(), dynamodb: up.dynamodb.clone() };
    let client = aws::AwsClients::local(&endpoints).dynamodb;
    let pages = client.scan().table_name("daymark-stock-log").into_paginator().items().send();
    let items = run(pages.collect::<Result<Vec<_>, _>>()).expect("the items");
    let partition = |item: &std::collections::HashMap<String, AttributeValue>| {
        item["pk"].as_s().expect("a text").clone()
    };
    let partitions: BTreeSet<String> = items.iter().map(partition).collect();
    let dates = partitions.iter().filter_map(|partition| partition.strip_prefix("edinburgh#"));
    let dates: Vec<NaiveDate> = dates.filter_map(|date| date.parse().ok()).collect();
    let tables = aws::Tables::new(client, &aws::ResourceNames::default());
    let store = "edinburgh".parse().expect("a store");
    let mut tally = SalesTally::new();
    for date in dates {
        let read = run(read_date(&tables, &store, date)).expect("the log");
        assert_eq!(read.unreadable, [], "every segment can be read");
        for window in read.day.into_windows() {
            let (key, sold) = (window.key(), window.figures().sold);
            assert_eq!(Decimal::from(window.len()), sold);
            let sold = sold.to_string().parse().expect("a number");
            tally.insert((slug(key.sku.as_str()), key.window.to_string()), sold);
        }
    }
    tally
}
