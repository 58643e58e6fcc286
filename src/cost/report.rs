//! Bills and price lists as tables, JSON and CSV.

use rust_decimal::Decimal;
use tuning::format::{cents, count};
use tuning::{BillLine, MonthlyBill, Price, PriceList};

use crate::CommandError;
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
const PRICE_LIST: &[Column] = &[
    Column::Text("price"),
    Column::Number("dollars"),
    Column::Number("per"),
    Column::Text("unit"),
    Column::Text("as_of"),
    Column::Text("seen_at"),
    Column::Text("source"),
];

/// Prints the total cost for each number of stores, then the parts of each bill.
pub(super) fn summary(bills: &[MonthlyBill]) {
    let row = |bill: &MonthlyBill| {
        let (dollars, traffic) = (bill.dollars(), &bill.traffic);
        vec![
            count(traffic.stores),
            count(traffic.events),
            cents(dollars),
            cents(dollars / traffic.stores),
            cents(dollars * Decimal::from(1_000_000) / traffic.events),
        ]
    };
    output::line(output::table(SUMMARY, bills.iter().map(row)));
    for bill in bills {
        output::line(format_args!("\n{} stores", count(bill.traffic.stores)));
        output::line(output::table(PARTS, parts(bill)));
    }
}

fn parts(bill: &MonthlyBill) -> Vec<Vec<String>> {
    let total = bill.dollars();
    let rows = bill.parts().into_iter().map(|part| {
        let percent = (part.dollars * Decimal::ONE_HUNDRED / total).round_dp(1);
        let (name, dollars) = (part.part.to_owned(), cents(part.dollars));
        vec![name, dollars, format!("{percent:.1}"), part.largest.to_owned()]
    });
    rows.collect()
}

/// Prints every line with its arithmetic.
pub(super) fn explanation(bills: &[MonthlyBill], prices: &PriceList) {
    for bill in bills {
        let traffic = &bill.traffic;
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
            let price = prices.price(line.price);
            let per = match price.per == Decimal::ONE {
                true => String::new(),
                false => format!(" / {}", count(price.per)),
            };
            let product = format!(
                "  {} = {} x {}{per} dollars, {} ({})",
                cents(line.dollars),
                count(line.quantity),
                price.price,
                line.price,
                price.unit,
            );
            output::line(output::wrapped(&product, 6));
            output::line(output::wrapped(&format!("      {}", line.derivation), 8));
        }
        output::line("");
    }
}

/// Prints every line as JSON or CSV.
pub(super) fn lines(
    format: Format,
    bills: &[MonthlyBill],
    prices: &PriceList,
) -> Result<(), CommandError> {
    let rows_of = |bill: &MonthlyBill| {
        let row = |line: &BillLine| {
            let price = prices.price(line.price);
            vec![
                bill.traffic.stores.to_string(),
                line.part.to_owned(),
                line.price.to_owned(),
                exact(line.quantity),
                price.unit.clone(),
                exact(price.price),
                exact(price.per),
                exact(line.dollars),
                line.derivation.clone(),
            ]
        };
        bill.lines.iter().map(row).collect::<Vec<_>>()
    };
    output::rows(format, LINES, bills.iter().flat_map(rows_of))
}

/// Prints the price list. The JSON form is the input of `--prices`.
pub(super) fn price_list(format: Format, prices: &PriceList) -> Result<(), CommandError> {
    if format == Format::Json {
        output::line(prices.text().trim_end());
        return Ok(());
    }
    let row = |(name, price): (&str, &Price)| {
        vec![
            name.to_owned(),
            price.price.to_string(),
            price.per.to_string(),
            price.unit.clone(),
            price.as_of.clone(),
            price.seen_at.as_str().to_owned(),
            price.source.clone(),
        ]
    };
    output::rows(format, PRICE_LIST, prices.iter().map(row))
}

fn exact(value: Decimal) -> String {
    value.round_dp(10).normalize().to_string()
}
