//! `daymark offers explain`: all details of one offer.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::Args;
use domain::ports::CatalogTable;
use domain::{Money, Offer, OfferId, Outlook, PriceLabel, StoreId};
use pricing::contract::read;
use pricing::measure::Measure;
use pricing::offer_fields::{is_undercut, reason};
use pricing::offer_labels::labelled;
use rust_decimal::Decimal;
use serde_json::Value;

use super::chart_inputs::load_chart;
use super::find;
use crate::connect::ConnectedTables;
use crate::output::{Column, table};
use crate::{CommandError, clock, connect, output};

/// Show all details of one offer: price and previous price, expected result with and without it,
/// reason, arm and rules, and every other step of the ladder
///
/// A chart of the item's afternoon follows, as far as it is known: stock, prices, sales, and the
/// forecast of the stock at the price of the offer and at the price before.
#[derive(Debug, Args)]
#[command(after_help = "To decide the offer again from its stored request:
  daymark offers explain OFFER --request | daymark decide")]
pub(super) struct ExplainOfferArgs {
    /// Offer id, like 2026-03-12/0042/BRT-1180/2
    #[arg(value_name = "OFFER")]
    offer: OfferId,

    /// Print only the request of the decision, as one line for `daymark decide`
    #[arg(long)]
    request: bool,

    /// Also write the chart to this file, as SVG
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    svg: Option<PathBuf>,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(super) async fn run(args: ExplainOfferArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let (offer, revisions) = find(&tables, &args.offer).await?;
    if args.request {
        output::line(&offer.inputs.request);
        return Ok(ExitCode::SUCCESS);
    }
    let store = tables.load_store(&args.offer.store_id).await;
    let store = store.map_err(|failure| tables.explain(failure))?;
    let zone = store.as_ref().map_or(Tz::UTC, |store| store.zone);
    let now = clock::now();
    let label = label_at(&tables, &args.offer.store_id, &offer, &revisions, now).await?;
    output::line(described(&offer, &label, zone));
    output::line(alternatives(&offer)?);
    match load_chart(&tables, store.as_ref(), &offer, &revisions, now).await {
        Ok(mut chart) => {
            chart.reason = reason(&offer, &label);
            if let Some(file) = &args.svg {
                let failed = |error| format!("cannot write {}: {error}", file.display());
                std::fs::write(file, chart.to_svg()).map_err(failed)?;
            }
            // The description above contains the reason.
            chart.reason.clear();
            output::line("");
            output::line(chart.to_terminal(output::terminal_style()).trim_end());
        }
        Err(reason) if args.svg.is_some() => return Err(reason.into()),
        Err(reason) => output::note(reason),
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the label of an offer at `now`, as the list of the offers shows it.
async fn label_at(
    tables: &ConnectedTables,
    store_id: &StoreId,
    offer: &Offer,
    revisions: &[Offer],
    now: DateTime<Utc>,
) -> Result<PriceLabel, CommandError> {
    let same = revisions.iter().filter(|other| other.shadow == offer.shadow).cloned().collect();
    let labels = labelled(&**tables, store_id, same, now).await;
    let labels = labels.map_err(|failure| tables.explain(failure))?;
    let own = labels.into_iter().find(|(other, _)| other.offer_id == offer.offer_id);
    Ok(own.map_or_else(|| offer.label(None), |(_, label)| label))
}

fn described(offer: &Offer, label: &PriceLabel, zone: Tz) -> String {
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).format("%H:%M");
    let (price, currency) = (offer.price, offer.price.currency());
    let lowest = offer.lowest_price.map(|lowest| format!("; the lowest of 30 days is {lowest}"));
    let measure = measure_of(offer);
    let portions = measure.portions_text().map(|text| format!(", counted in {text}"));
    let per = measure.unit_name().map(|name| format!("/{name}")).unwrap_or_default();
    let mut text = format!("{}\n", offer.offer_id);
    let mut add = |name: &str, value: String| {
        let line = output::wrapped(&format!("  {name:<12}  {value}"), 16);
        for line in line.lines() {
            writeln!(text, "{}", line.trim_end()).expect("a string can be written to");
        }
    };
    let step = format!("the {} % step of {}", offer.discount_percent, offer.regular_price);
    let shown = label.price;
    add(
        "price",
        match is_undercut(offer, label) {
            true => format!(
                "{shown} {currency}{per}: the catalogue price was lowered below the offer of \
                 {price}, {step}, and the label shows it; the figures and the chart below are of \
                 the offer"
            ),
            false => format!("{price} {currency}{per}, {step}"),
        },
    );
    add("label", label_text(label) + &lowest.unwrap_or_default());
    let period = format!("{} to {}, {zone}", local(offer.valid_from), local(offer.valid_until));
    add("valid", if offer.shadow { format!("nowhere: a shadow, of {period}") } else { period });
    let on_hand = measure.quantity(offer.on_hand);
    add("on hand", on_hand + &portions.unwrap_or_default());
    add("expected", outlook(&offer.expected, &measure, price));
    add("if unchanged", outlook(&offer.if_unchanged, &measure, price));
    add("reason", reason(offer, label));
    add("arm", offer.arm.as_str().to_owned());
    add("trust", offer.trust.as_str().to_owned());
    add("slot", offer.slot.with_timezone(&zone).to_rfc3339());
    add("policy", offer.policy_version.to_string());
    add("inputs", offer.inputs.digest());
    text
}

/// Returns the text that a label may show in addition to the price.
fn label_text(label: &PriceLabel) -> String {
    match (label.was_price, label.percent_off) {
        (Some(was), Some(percent)) => format!("was {was}, {percent} % off"),
        _ => "no previous price, no percentage".to_owned(),
    }
}

/// Returns the measure of the offer's item. A request of an earlier version of the program names
/// the portion only.
fn measure_of(offer: &Offer) -> Measure {
    let line = read(offer.inputs.request.as_bytes()).ok();
    let unnamed = Measure { portion: offer.portion, ..Measure::pieces(0) };
    let measure = line.and_then(|line| line.request.measure).unwrap_or(unnamed);
    Measure { on_hand: offer.on_hand, ..measure }
}

fn outlook(outlook: &Outlook, measure: &Measure, price: Money) -> String {
    let digits = price.currency().minor_digits() as usize;
    let [sold, left] = measure.sold_and_left(outlook.units).map(|units| measure.quantity(units));
    format!("{sold} sold for {:.digits$} {}, {left} left", outlook.revenue, price.currency())
}

/// Columns of the steps. The caption says "expected" once for the last four.
const COLUMNS: &[Column] = &[
    Column::Number("discount_percent"),
    Column::Amount("price"),
    Column::Text("allowed"),
    Column::Number("units"),
    Column::Amount("revenue"),
    Column::Number("waste"),
    Column::Amount("value"),
];

/// Formats the steps of the ladder from the stored answer, with the chosen step marked. The line
/// above the table names the units.
fn alternatives(offer: &Offer) -> Result<String, CommandError> {
    let answer: Value = serde_json::from_str(&offer.inputs.answer)?;
    let steps = answer["alternatives"].as_array().map(Vec::as_slice).unwrap_or_default();
    let measure = measure_of(offer);
    // An answer of an earlier version of the program counts portions.
    let is_in_portions = !offer.inputs.request.contains(r#""measure":"#);
    let scale = if is_in_portions { offer.portion } else { Decimal::ONE };
    let currency = offer.price.currency();
    let row = |step: &Value| {
        let word = |name: &str| match &step[name] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let is_chosen = step["discount_percent"] == offer.discount_percent;
        let why_not = word("why_not").replace('_', " ");
        let allowed = match (is_chosen, why_not.is_empty()) {
            (true, _) => "chosen".to_owned(),
            (false, true) => "yes".to_owned(),
            (false, false) => why_not,
        };
        let scaled = |name: &str| Some(word(name).parse::<Decimal>().ok()? * scale);
        let sold = scaled("expected_units").map(|units| measure.sold_and_left(units));
        let places = if measure.unit_name().is_some() { 3 } else { 1 };
        let [units, waste] = [0, 1].map(|part| Some(format!("{:.places$}", sold?[part])));
        let digits = currency.minor_digits() as usize;
        let money = |name| {
            scaled(name).map(|amount| format!("{:.digits$}", amount.round_dp(digits as u32)))
        };
        let figures = [units, money("expected_revenue"), waste, money("expected_value")];
        let start = [word("discount_percent"), word("price"), allowed];
        start.into_iter().chain(figures.map(Option::unwrap_or_default)).collect()
    };
    let units = match measure.unit_name() {
        Some(name) => {
            format!("price in {currency} per {name}; expected: units and waste in {name}")
        }
        None => format!("price in {currency}; expected: units and waste in pieces"),
    };
    let caption = output::wrapped(&format!("{units}, revenue and value in {currency}"), 2);
    Ok(format!("{caption}\n{}", table(COLUMNS, steps.iter().map(row))))
}
