//! `daymark offers explain`: everything behind one offer.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono_tz::Tz;
use clap::Args;
use domain::ports::CatalogTable;
use domain::{Money, Offer, OfferId, Outlook};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{draw, find};
use crate::output::{Column, table};
use crate::{Failed, clock, connect, output, picture};

/// Show everything behind one offer: its price and what it was before, what is expected with it and
/// without it, why, who decided under which rules, and every other step of the ladder
///
/// Below it the item's afternoon is drawn, as far as it is known: stock, prices, sales, and where
/// the decision expected the stock to go at its price and at the one before.
#[derive(Debug, Args)]
#[command(after_help = "To decide it once more, from what it keeps:
  daymark offers explain OFFER --request | daymark decide")]
pub(super) struct Flags {
    /// The offer, like 2026-03-12/0042/BRT-1180/2
    #[arg(value_name = "OFFER")]
    offer: OfferId,

    /// Print what it was decided from, as one line for `daymark decide`, and nothing else
    #[arg(long)]
    request: bool,

    /// Draw the afternoon into this file as well, as SVG
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    svg: Option<PathBuf>,

    #[command(flatten)]
    tables: connect::TableFlags,
}

pub(super) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    let tables = flags.tables.connect().await?;
    let (offer, revisions) = find(&tables, &flags.offer).await?;
    if flags.request {
        output::line(&offer.inputs.request);
        return Ok(ExitCode::SUCCESS);
    }
    let store = tables.load_store(&flags.offer.store_id).await;
    let store = store.map_err(|failure| tables.explain(failure))?;
    let zone = store.as_ref().map_or(Tz::UTC, |store| store.zone);
    output::line(described(&offer, zone));
    output::line(alternatives(&offer)?);
    match draw::afternoon(&tables, store.as_ref(), &offer, &revisions, clock::now()).await {
        Ok(mut afternoon) => {
            if let Some(file) = &flags.svg {
                let failed = |error| format!("cannot write {}: {error}", file.display());
                std::fs::write(file, picture::svg(&afternoon)).map_err(failed)?;
            }
            // It stands above.
            afternoon.reason.clear();
            output::line("");
            output::line(picture::terminal(&afternoon, output::style()).trim_end());
        }
        Err(why) if flags.svg.is_some() => return Err(why.into()),
        Err(why) => output::note(why),
    }
    Ok(ExitCode::SUCCESS)
}

fn described(offer: &Offer, zone: Tz) -> String {
    let wall = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).format("%H:%M");
    let (price, currency) = (offer.price, offer.price.currency());
    let lowest = offer.lowest_price.map(|lowest| format!("; the lowest of 30 days is {lowest}"));
    let piece = (offer.piece != Decimal::ONE).then(|| format!(", counted by {}", offer.piece));
    let mut text = format!("{}\n", offer.offer_id);
    let mut say = |name: &str, what: String| {
        writeln!(text, "  {name:<10} {what}").expect("room");
    };
    say(
        "price",
        format!("{price} {currency}, {} % off {}", offer.discount_percent, offer.regular_price),
    );
    say("before", format!("{}{}", offer.was_price, lowest.unwrap_or_default()));
    let place = format!("{} to {}, {zone}", wall(offer.valid_from), wall(offer.valid_until));
    say("holds", if offer.shadow { format!("nowhere: a shadow, of {place}") } else { place });
    say("on hand", format!("{}{}", offer.on_hand, piece.unwrap_or_default()));
    say("expected", outlook(&offer.expected, price));
    say("unchanged", outlook(&offer.if_unchanged, price));
    say("reason", offer.reason.clone());
    say("arm", offer.arm.as_str().to_owned());
    say("trust", offer.trust.as_str().to_owned());
    say("slot", offer.slot.with_timezone(&zone).to_rfc3339());
    say("rules", offer.policy_version.to_string());
    say("inputs", offer.inputs.digest());
    text
}

fn outlook(outlook: &Outlook, price: Money) -> String {
    let digits = price.currency().minor_digits() as usize;
    let Outlook { units, revenue, waste } = outlook;
    format!("{units} sold for {revenue:.digits$} {}, {waste} left", price.currency())
}

const COLUMNS: &[Column] = &[
    Column::Number("percent_off"),
    Column::Number("price"),
    Column::Text("allowed"),
    Column::Number("sold"),
    Column::Number("left"),
    Column::Number("revenue"),
    Column::Number("value"),
];

/// Every step of the ladder, as it was answered; the chosen one is marked.
fn alternatives(offer: &Offer) -> Result<String, Failed> {
    let answer: Value = serde_json::from_str(&offer.inputs.answer)?;
    let steps = answer["alternatives"].as_array().map(Vec::as_slice).unwrap_or_default();
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
        let (units, waste) = (word("expected_units"), word("expected_waste"));
        let (revenue, value) = (word("expected_revenue"), word("expected_value"));
        vec![word("discount_percent"), word("price"), allowed, units, waste, revenue, value]
    };
    Ok(table(COLUMNS, &steps.iter().map(row).collect::<Vec<_>>()))
}
