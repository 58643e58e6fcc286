//! A bill for people and for programs.

use rust_decimal::Decimal;

use super::bill::{Bill, Line, cents, count};
use super::prices::{Prices, SeenAt};
use super::traffic::Traffic;
use crate::Failed;
use crate::output::{self, Column, Format};

const SUMMARY: &[Column] = &[
    Column::Number("stores"),
    Column::Number("events_a_month"),
    Column::Number("dollars_a_month"),
    Column::Number("per_store"),
    Column::Number("per_million_events"),
];
const PARTS: &[Column] = &[
    Column::Text("part"),
    Column::Number("dollars_a_month"),
    Column::Number("percent"),
    Column::Text("most_of_it"),
];
const LINES: &[Column] = &[
    Column::Number("stores"),
    Column::Text("part"),
    Column::Text("price"),
    Column::Number("quantity"),
    Column::Text("unit"),
    Column::Number("unit_price"),
    Column::Number("per"),
    Column::Number("dollars"),
    Column::Text("how"),
];
const LIST: &[Column] = &[
    Column::Text("price"),
    Column::Number("dollars"),
    Column::Number("per"),
    Column::Text("unit"),
    Column::Text("as_of"),
    Column::Text("seen_at"),
    Column::Text("source"),
];

type Month<'a> = (Traffic, Bill<'a>);

/// What each number of stores costs, and which part of the system most of it is for.
pub(super) fn summary(months: &[Month<'_>]) {
    let row = |(traffic, bill): &Month<'_>| {
        let dollars = bill.dollars();
        vec![
            count(traffic.stores),
            count(traffic.events),
            cents(dollars),
            cents(dollars / traffic.stores),
            cents(dollars * Decimal::from(1_000_000) / traffic.events),
        ]
    };
    output::line(output::table(SUMMARY, &months.iter().map(row).collect::<Vec<_>>()));
    for (traffic, bill) in months {
        output::line(format_args!("\n{} stores", count(traffic.stores)));
        output::line(output::table(PARTS, &parts(bill)));
    }
}

/// The parts in the order of their cost.
fn parts(bill: &Bill<'_>) -> Vec<Vec<String>> {
    let sum = |lines: &[&Line]| lines.iter().map(|line| line.dollars).sum::<Decimal>();
    let mut parts: Vec<Vec<&Line>> = Vec::new();
    for line in &bill.lines {
        match parts.iter_mut().find(|part| part[0].part == line.part) {
            Some(part) => part.push(line),
            None => parts.push(vec![line]),
        }
    }
    parts.sort_by_key(|part| std::cmp::Reverse(sum(part)));
    let all = bill.dollars();
    let row = |part: &Vec<&Line>| {
        let dollars = sum(part);
        let percent = (dollars * Decimal::ONE_HUNDRED / all).round_dp(1);
        let most = part.iter().max_by_key(|line| line.dollars).map_or("", |line| line.price);
        vec![part[0].part.to_owned(), cents(dollars), format!("{percent:.1}"), most.to_owned()]
    };
    parts.iter().map(row).collect()
}

/// Every line with its arithmetic.
pub(super) fn explained(months: &[Month<'_>], prices: &Prices) {
    for (traffic, bill) in months {
        output::line(format_args!(
            "{} stores: {} events a month, ${}",
            count(traffic.stores),
            count(traffic.events),
            cents(bill.dollars())
        ));
        output::line(format_args!(
            "{} shards; a batch has {} records, and {} events of each store in it",
            traffic.shards,
            count(traffic.records_per_batch),
            count(traffic.group_events)
        ));
        let mut part = "";
        for line in &bill.lines {
            if line.part != part {
                part = line.part;
                output::line(format_args!("\n{part}"));
            }
            let price = prices.of(line.price);
            let per = match price.per == Decimal::ONE {
                true => String::new(),
                false => format!(" / {}", count(price.per)),
            };
            output::line(format_args!(
                "  {} = {} x {}{per} dollars, {} ({})",
                cents(line.dollars),
                count(line.quantity),
                price.price,
                line.price,
                price.unit,
            ));
            output::line(format_args!("      {}", line.how));
        }
        output::line("");
    }
}

/// Every line for programs.
pub(super) fn lines(format: Format, months: &[Month<'_>], prices: &Prices) -> Result<(), Failed> {
    let of_month = |(traffic, bill): &Month<'_>| {
        let stores = traffic.stores.to_string();
        let row = |line: &Line| {
            let price = prices.of(line.price);
            vec![
                stores.clone(),
                line.part.to_owned(),
                line.price.to_owned(),
                exact(line.quantity),
                price.unit.clone(),
                exact(price.price),
                exact(price.per),
                exact(line.dollars),
                line.how.clone(),
            ]
        };
        bill.lines.iter().map(row).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = months.iter().flat_map(of_month).collect();
    output::rows(format, LINES, &rows)
}

/// The price list; in JSON as `--prices` reads it.
pub(super) fn list(format: Format, prices: &Prices) -> Result<(), Failed> {
    if format == Format::Json {
        output::line(prices.text().trim_end());
        return Ok(());
    }
    let row = |(name, price): (&str, &super::prices::Price)| {
        let seen_at = match price.seen_at {
            SeenAt::Aws => "aws",
            SeenAt::ThirdParty => "third-party",
        };
        vec![
            name.to_owned(),
            price.price.to_string(),
            price.per.to_string(),
            price.unit.clone(),
            price.as_of.clone(),
            seen_at.to_owned(),
            price.source.clone(),
        ]
    };
    output::rows(format, LIST, &prices.all().map(row).collect::<Vec<_>>())
}

fn exact(value: Decimal) -> String {
    value.round_dp(10).normalize().to_string()
}
