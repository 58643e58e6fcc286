//! `daymark price`: decisions about the items of a store now, each with its reason.

use std::collections::BTreeSet;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use domain::{Arm, Item, Money, Offer, Sku, StoreId, slot_of};
use pricing::store_snapshot::{ItemDecision, SkipReason, StoreDecisions, StoreSnapshot};
use pricing::{NotPriced, Pricing};

use crate::connect::ConnectedTables;
use crate::output::{Column, Format};
use crate::{CommandError, clock, connect, output};

/// Decide the prices of a store now, and show for each item the decision and its reason, or the
/// reason for none
///
/// Publishes the changes, as the schedule does every quarter of an hour in the store's afternoon.
/// A slot is decided once for each item: a repetition changes nothing. --dry-run decides the same
/// and publishes nothing. A store in shadow mode stores its decisions and publishes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Why an item has no offer now, and whether it had one at four:
  daymark price --store 0042 --dry-run
  daymark price --store 0042 --dry-run --at 2026-03-12T16:00:00+01:00")]
pub(crate) struct PriceArgs {
    /// Store id
    #[arg(long, value_name = "STORE")]
    store: StoreId,

    /// Decide as at this instant, like 2026-03-12T16:00:00+01:00, with the offers made until then
    /// and today's catalogue; only with --dry-run [default: now]
    #[arg(long, value_name = "INSTANT", requires = "dry_run", value_parser = clock::instant)]
    at: Option<DateTime<Utc>>,

    /// Publish nothing
    #[arg(long)]
    dry_run: bool,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

const COLUMNS: &[Column] = &[
    Column::Text("sku"),
    Column::Text("arm"),
    Column::Text("action"),
    Column::Amount("price"),
    Column::Text("currency"),
    Column::Text("reason"),
];

/// Columns of a table, in its order: a narrow terminal moves the last ones under each row.
const IN_TABLE: [usize; 6] = [0, 2, 3, 4, 1, 5];

pub(crate) async fn run(args: PriceArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = args.at.unwrap_or_else(clock::now);
    let pricing = Pricing { tables: aws::Tables::clone(&tables) };
    let read = pricing.read(&args.store, slot_of(now)).await;
    let snapshot = match read.map_err(|failure| tables.explain(failure))? {
        Ok(snapshot) => snapshot.as_known_at(now),
        Err(NotPriced::UnknownStore(store_id)) => {
            return Err(tables.unknown_store(&store_id).await?.into());
        }
        Err(reason) => {
            output::note(reason);
            output::rows_in_order(args.format, COLUMNS, &IN_TABLE, [])?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let decisions = snapshot.decide();
    let rows = rows(&snapshot, &decisions, args.dry_run);
    output::rows_in_order(args.format, COLUMNS, &IN_TABLE, rows)?;
    if !args.dry_run {
        let written = pricing.write(&snapshot, decisions, slot_of(now).max(now)).await;
        let report = written.map_err(|failure| tables.explain(failure))?;
        output::note(format_args!(
            "published: {}; written as shadows: {}",
            report.published.len(),
            report.shadows
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the reason for the absence of offers at `now`, as far as it holds for the whole store or
/// for every item with stock.
pub(crate) async fn no_offer(
    tables: &ConnectedTables,
    store_id: &StoreId,
    now: DateTime<Utc>,
) -> Result<String, CommandError> {
    let pricing = Pricing { tables: aws::Tables::clone(tables) };
    let read = pricing.read(store_id, slot_of(now)).await;
    let snapshot = match read.map_err(|failure| tables.explain(failure))? {
        Ok(snapshot) => snapshot,
        Err(reason) => return Ok(reason.to_string()),
    };
    let command =
        format!("`daymark price --store {store_id} --dry-run` shows the reason for each item");
    let decisions = snapshot.decide();
    let reason = |decision: &ItemDecision| match decision {
        ItemDecision::Skip(SkipReason::NoStock(_)) => None,
        ItemDecision::Skip(reason) => Some(reason.sentence()),
        ItemDecision::Keep(reason) => Some(reason.clone()),
        ItemDecision::AlreadyDecided | ItemDecision::Change(_) => Some(String::new()),
    };
    let reasons: BTreeSet<String> = decisions.unchanged.values().filter_map(reason).collect();
    let mut reasons = reasons.into_iter();
    Ok(match (reasons.next(), reasons.next()) {
        _ if !decisions.drafts.is_empty() || snapshot.items.is_empty() => command,
        (None, _) => format!("no item has stock; {command}"),
        (Some(reason), None) if !reason.is_empty() => {
            format!("{reason} This holds for every item with stock; {command}")
        }
        _ => command,
    })
}

/// Returns one row for each item, sorted by item.
fn rows(snapshot: &StoreSnapshot, decisions: &StoreDecisions, is_dry: bool) -> Vec<Vec<String>> {
    let change = if is_dry || snapshot.store.policy.shadow { "would change" } else { "change" };
    let row = |sku: &Sku, arm: Arm, action: &str, price: Money, reason: &str| {
        let (amount, currency) = (price.to_string(), price.currency().to_string());
        [sku.as_str(), arm.as_str(), action, &amount, &currency, reason].map(str::to_owned).to_vec()
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for draft in &decisions.drafts {
        let offer = &draft.offer;
        let sku = &offer.offer_id.sku;
        rows.push(row(sku, offer.arm, change, offer.price, &offer.reason));
    }
    for item in &snapshot.items {
        let Some(decision) = decisions.unchanged.get(&item.sku) else { continue };
        let (action, reason) = match decision {
            ItemDecision::Keep(reason) => ("keep", reason.clone()),
            ItemDecision::Skip(reason) => ("none", reason.sentence()),
            ItemDecision::AlreadyDecided => ("decided", decided_already(snapshot, item)),
            ItemDecision::Change(_) => continue,
        };
        let shown = snapshot.shelf_price(item);
        rows.push(row(&item.sku, snapshot.arm_of(item), action, shown, &reason));
    }
    let missing = "No price: the item is not in the catalogue (`daymark catalog import`).";
    for sku in snapshot.unpriced() {
        rows.push([sku.as_str(), "", "none", "", "", missing].map(str::to_owned).to_vec());
    }
    rows.sort();
    rows
}

/// Returns the reason for deciding nothing about an item whose slot is decided.
fn decided_already(snapshot: &StoreSnapshot, item: &Item) -> String {
    let Some(Offer { offer_id, slot, shadow, .. }) = snapshot.decided_by(item) else {
        return "This slot is decided already.".to_owned();
    };
    let clock = slot.with_timezone(&snapshot.store.zone).format("%H:%M");
    let slot = match *slot == snapshot.slot {
        true => "This slot".to_owned(),
        false => format!("The later slot of {clock}"),
    };
    let revision = offer_id.revision;
    match shadow {
        true => {
            format!("{slot} has a shadow decision, which is not published: revision {revision}.")
        }
        false => format!("{slot} has an offer already: revision {revision}."),
    }
}
