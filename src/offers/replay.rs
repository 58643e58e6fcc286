//! `daymark offers replay`: decides one offer again.

use std::collections::BTreeMap;
use std::process::ExitCode;

use chrono::{Days, NaiveDate};
use clap::Args;
use demand::{category_history, item_history};
use domain::history::DATES;
use domain::ports::{CatalogTable, DaysTable};
use domain::{History, Item, Offer, OfferId, Sku};
use pricing::decision_request::DecisionRequest;
use pricing::offer_draft::OfferDraft;
use pricing::store_snapshot::{ItemDecision, SkipReason, StoreRows, StoreSnapshot};
use pricing::{Pricing, contract};
use serde_json::Value;

use super::find;
use crate::connect::ConnectedTables;
use crate::{CommandError, connect, output};

/// Maximum number of differences shown.
const DIFFERENCES_SHOWN_MAX: usize = 20;

/// Decide one offer again: from its stored request, and from the stored windows as of its slot
///
/// Compares the bytes. If they differ, the command shows the differences with their causes, and
/// exits with code 1. Later events, an earlier day that was closed since, and changes of the
/// catalogue lead to different inputs. A newer version of this program may decide differently from
/// the same inputs.
#[derive(Debug, Args)]
pub(super) struct ReplayOfferArgs {
    /// Offer id, like 2026-03-12/0042/BRT-1180/2
    #[arg(value_name = "OFFER")]
    offer: OfferId,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(super) async fn run(args: ReplayOfferArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let (offer, _) = find(&tables, &args.offer).await?;
    let stored_request = from_the_request(&offer);
    let stored_windows = from_the_tables(&tables, &offer, &mut ReplayRows::default()).await?;
    let mut code = ExitCode::SUCCESS;
    let results =
        [("from what it keeps", stored_request), ("from the stored windows", stored_windows)];
    for (from, differences) in results {
        if differences.is_empty() {
            output::line(format!("{from}: identical, byte for byte"));
            continue;
        }
        code = ExitCode::FAILURE;
        output::line(format!("{from}: differs"));
        let more = differences.len().saturating_sub(DIFFERENCES_SHOWN_MAX);
        for difference in differences.iter().take(DIFFERENCES_SHOWN_MAX) {
            output::line(format!("  {difference}"));
        }
        if more > 0 {
            output::line(format!("  and {more} more"));
        }
    }
    output::line(format!("inputs {}", offer.inputs.digest()));
    Ok(code)
}

/// Decides the stored request, and returns the differences from the stored answer.
fn from_the_request(offer: &Offer) -> Vec<String> {
    let answer = contract::answer_line(offer.inputs.request.as_bytes(), 1).unwrap_or_default();
    let cause = |_: &str| "this version of the program decides otherwise";
    differences(&offer.inputs.answer, &answer, cause)
}

/// Tables as of past slots, for one or more offers of a store.
#[derive(Default)]
pub(crate) struct ReplayRows {
    /// Rows of the slot that was read last.
    slot: Option<StoreRows>,
    /// Histories as of the day of the offers, by item.
    histories: BTreeMap<(NaiveDate, Sku), Option<History>>,
}

/// Decides an offer from its stored request, and from the tables as of its slot. Returns the
/// differences. Offers of one slot in sequence read the log once.
pub(crate) async fn decide_again(
    tables: &ConnectedTables,
    offer: &Offer,
    rows: &mut ReplayRows,
) -> Result<Vec<String>, CommandError> {
    let mut found = from_the_request(offer);
    found.extend(from_the_tables(tables, offer, rows).await?);
    Ok(found)
}

/// Decides the offer from the windows, the earlier offers and the catalogue in the tables, and
/// returns the differences.
async fn from_the_tables(
    tables: &ConnectedTables,
    offer: &Offer,
    rows: &mut ReplayRows,
) -> Result<Vec<String>, CommandError> {
    let explain = |failure| tables.explain(failure);
    let OfferId { store_id, sku, .. } = &offer.offer_id;
    let missing = |reason: &str| Ok(vec![format!("{reason}, as the catalogue stands now")]);
    if rows.slot.as_ref().is_none_or(|known| known.slot != offer.slot) {
        let Some(store) = tables.load_store(store_id).await.map_err(explain)? else {
            return missing("there is no such store");
        };
        let Some(day) = store.afternoon_at(offer.slot) else {
            return missing("that was no time of the store's afternoon");
        };
        let pricing = Pricing { tables: aws::Tables::clone(tables) };
        let known = pricing.read_rows(store, day, false, offer.slot).await;
        let mut known = known.map_err(explain)?;
        known.offers.retain(|other| other.slot < offer.slot);
        rows.slot = Some(known);
    }
    let Some(mut known) = rows.slot.clone() else { return Ok(Vec::new()) };
    let Some(item) = known.items.iter().find(|item| item.sku == *sku).cloned() else {
        return missing("the store does not sell it");
    };
    known.histories = rows.histories(tables, offer, &item, &known.items).await?;
    let snapshot = StoreSnapshot::new(known);
    let arm = snapshot.arm_of(&item);
    let prepared = match snapshot.prepare(&item, arm) {
        Ok(prepared) => prepared,
        Err(why) => return Ok(vec![skipped(why)]),
    };
    let request = contract::write(&prepared.request);
    let changes = RequestChanges::new(offer, &prepared.request);
    let cause = |field: &str| changes.cause_of(field);
    let mut found = differences(&offer.inputs.request, &request, cause);
    match snapshot.decide_about(&item) {
        ItemDecision::Change(draft) => found.extend(other_differences(offer, &draft)),
        ItemDecision::Keep(_) => found.push("the price would be left as it is".to_owned()),
        ItemDecision::Skip(why) => found.push(skipped(why)),
        // The offers of this slot and later ones were left out.
        ItemDecision::AlreadyDecided => {}
    }
    Ok(found)
}

impl ReplayRows {
    /// Returns the histories of an item and of its category as of the day of the offer. The stored
    /// ones include that day and later days.
    async fn histories(
        &mut self,
        tables: &ConnectedTables,
        offer: &Offer,
        item: &Item,
        items: &[Item],
    ) -> Result<Vec<History>, CommandError> {
        let OfferId { date, store_id, .. } = &offer.offer_id;
        let (first, through) = (*date - Days::new(DATES), *date - Days::new(1));
        let is_included = |other: &&Item| {
            other.sku == item.sku || item.category.is_some() && other.category == item.category
        };
        let mut folded = Vec::new();
        for Item { sku, .. } in items.iter().filter(is_included) {
            let key = (*date, sku.clone());
            if !self.histories.contains_key(&key) {
                let rows = tables.query_days(store_id, sku, first, through).await;
                let rows = rows.map_err(|failure| tables.explain(failure))?;
                let history = item_history(store_id, sku, through, &rows);
                self.histories.insert(key.clone(), history);
            }
            folded.extend(self.histories[&key].clone());
        }
        let of_category = item
            .category
            .as_ref()
            .and_then(|name| category_history(store_id, name, &folded.iter().collect::<Vec<_>>()));
        folded.extend(of_category);
        Ok(folded)
    }
}

/// Returns the differences of an offer apart from its inputs.
fn other_differences(offer: &Offer, draft: &OfferDraft) -> Vec<String> {
    let again = &draft.offer;
    let pairs = [
        ("price", offer.price.to_string(), again.price.to_string()),
        ("reason", offer.reason.clone(), again.reason.clone()),
        ("arm", offer.arm.as_str().to_owned(), again.arm.as_str().to_owned()),
        ("trust", offer.trust.as_str().to_owned(), again.trust.as_str().to_owned()),
        ("shadow", offer.shadow.to_string(), again.shadow.to_string()),
        ("policy_version", offer.policy_version.to_string(), again.policy_version.to_string()),
    ];
    let differ = pairs.into_iter().filter(|(_, then, now)| then != now);
    differ.map(|(name, then, now)| format!("{name}: {then} then, {now} now")).collect()
}

fn skipped(why: SkipReason) -> String {
    format!("nothing would be decided: {}", why.sentence())
}

/// Differences of two requests on which the causes of other differences depend.
#[derive(Debug, Clone, Copy)]
struct RequestChanges {
    /// The portion of the item is another.
    portion: bool,
    /// The earlier offers of the day are others.
    offers: bool,
    /// The stored request was written before requests had a measure.
    is_older: bool,
}

impl RequestChanges {
    fn new(offer: &Offer, now: &DecisionRequest) -> Self {
        let then = contract::read(offer.inputs.request.as_bytes()).ok().map(|line| line.request);
        let changes =
            |request: &DecisionRequest| (request.shelf.changes_today, request.shelf.since);
        Self {
            portion: now.counted().portion != offer.portion,
            offers: then.as_ref().is_some_and(|then| changes(then) != changes(now)),
            is_older: then.is_some_and(|then| then.measure.is_none()) && now.measure.is_some(),
        }
    }

    /// Returns the cause of a difference in a field of the request.
    fn cause_of(self, field: &str) -> &'static str {
        let begins = |names: &[&str]| names.iter().any(|name| field.starts_with(name));
        let is_price = field.starts_with("sales_today") && field.ends_with(".price");
        let is_counted = begins(&["on_hand", "measure.portion", "profile"])
            || field.starts_with("sales_today") && !is_price;
        if begins(&["measure"]) && self.is_older {
            "an earlier version of the program did not store it"
        } else if self.portion && is_counted {
            "the portion of the item was changed in the catalogue"
        } else if is_price || begins(&["current"]) {
            // The price before the first offer of the day is the regular price.
            if self.offers { "earlier offers are others" } else { "the catalogue was changed" }
        } else if begins(&["sales_today"]) {
            "events came later"
        } else if begins(&["on_hand", "measure"]) {
            "events came later, the day before was closed again, or the shelf life was changed in \
             the catalogue"
        } else if begins(&["profile", "elasticity", "offer_history"]) {
            "a day before was closed since, or the category, its items, its elasticity or the \
             opening hours were changed"
        } else {
            "the catalogue was changed"
        }
    }
}

/// Returns the differences between two lines of JSON, each with its cause.
fn differences(then: &str, now: &str, cause: impl Fn(&str) -> &'static str) -> Vec<String> {
    if then == now {
        return Vec::new();
    }
    let (then, now) = (fields(then), fields(now));
    let names: std::collections::BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let value = |fields: &BTreeMap<String, String>, name: &str| {
        fields.get(name).cloned().unwrap_or_else(|| "nothing".to_owned())
    };
    let differ = names.into_iter().filter(|name| then.get(*name) != now.get(*name));
    differ
        .map(|name| {
            let (then, now) = (value(&then, name), value(&now, name));
            format!("{name}: {then} then, {now} now ({})", cause(name))
        })
        .collect()
}

/// Returns the values of a line of JSON by their dotted paths.
fn fields(json: &str) -> BTreeMap<String, String> {
    fn walk(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                let dot = if path.is_empty() { "" } else { "." };
                walk(&format!("{path}{dot}{name}"), value, found);
            }),
            Value::Array(values) => values.iter().enumerate().for_each(|(index, value)| {
                walk(&format!("{path}[{index}]"), value, found);
            }),
            value => drop(found.insert(path.to_owned(), value.to_string())),
        }
    }
    let mut found = BTreeMap::new();
    walk("", &serde_json::from_str(json).unwrap_or(Value::Null), &mut found);
    found
}
