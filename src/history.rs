//! `daymark history`: the usual day of each item, estimated from past days.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use demand::{DemandProfile, Expectation, expectation, prior_elasticity};
use domain::history::{DayKind, HistoryKey, HistorySubject};
use domain::limits::SLOT_MINUTES;
use domain::ports::{CatalogTable, HistoryTable};
use domain::{History, Item, Sku, Store, StoreId};

use crate::output::{Column, Format};
use crate::{CommandError, clock, connect, empty_history, output};

/// Show the estimates from past days: usual day, variation between days, and price elasticity
///
/// Units are sales at the regular price: sales under an offer are converted to it, and hours with
/// an empty shelf do not count. An item with fewer than four days takes the estimates of its
/// category.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Store id
    #[arg(long, value_name = "STORE")]
    store: StoreId,

    /// Show this item, slot by slot (a slot is a quarter of an hour)
    #[arg(long, value_name = "SKU")]
    sku: Option<Sku>,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

const ITEMS: &[Column] = &[
    Column::Text("sku"),
    Column::Text("basis"),
    Column::Number("days"),
    Column::Number("weekday"),
    Column::Number("saturday"),
    Column::Number("sunday"),
    Column::Number("day_cv"),
    Column::Number("elasticity"),
    Column::Number("elasticity_sd"),
];
const SLOTS: &[Column] = &[
    Column::Text("slot"),
    Column::Number("weekday"),
    Column::Number("saturday"),
    Column::Number("sunday"),
];

pub(crate) async fn run(args: HistoryArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let store = tables.store(&args.store).await?;
    let items = tables.load_items(&args.store).await.map_err(explain)?;
    let wanted = |item: &&Item| args.sku.as_ref().is_none_or(|sku| item.sku == *sku);
    let items: Vec<&Item> = items.iter().filter(wanted).collect();
    if let (Some(sku), true) = (&args.sku, items.is_empty()) {
        return Err(format!("item {sku} is not in the catalogue of store {}", args.store).into());
    }
    let mut keys: Vec<HistoryKey> =
        items.iter().flat_map(|item| keys(&store, item)).flatten().collect();
    keys.sort();
    keys.dedup();
    let histories = tables.load_histories(&keys).await.map_err(explain)?;
    let histories: BTreeMap<HistoryKey, History> =
        histories.into_iter().map(|history| (history.key.clone(), history)).collect();
    if histories.is_empty() {
        let today = clock::now().with_timezone(&store.zone).date_naive();
        empty_history::note(&tables, &store, today).await?;
    }
    if args.sku.is_none() {
        let row = |item: &&Item| summary(item, &known(&store, item, &histories));
        output::rows(args.format, ITEMS, items.iter().map(row))?;
    } else {
        for item in items {
            output::rows(args.format, SLOTS, slots(&known(&store, item, &histories)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn keys(store: &Store, item: &Item) -> [Option<HistoryKey>; 2] {
    let key = |subject| HistoryKey { store_id: store.store_id.clone(), subject };
    let category = item.category.clone().map(|name| key(HistorySubject::Category(name)));
    [Some(key(HistorySubject::Item(item.sku.clone()))), category]
}

/// Returns the estimates of an item for each kind of day.
fn known(
    store: &Store,
    item: &Item,
    histories: &BTreeMap<HistoryKey, History>,
) -> [Expectation; 3] {
    let [own, category] = keys(store, item).map(|key| key.and_then(|key| histories.get(&key)));
    let believed = prior_elasticity(&store.policy.rules_of(item));
    DayKind::ALL.map(|kind| expectation(own, category, kind, believed))
}

fn summary(item: &Item, known: &[Expectation; 3]) -> Vec<String> {
    let profile = known[0].profile.as_ref();
    let elasticity = known[0].elasticity;
    let units = |expected: &Expectation| {
        let units =
            |profile: &DemandProfile| profile.slots.iter().map(|slot| slot.units).sum::<f64>();
        number(expected.profile.as_ref().map(units))
    };
    let days = |expected: &Expectation| {
        expected.profile.as_ref().map_or(0.0, |profile| profile.days.trunc())
    };
    let basis =
        profile.map_or_else(String::new, |profile| format!("{:?}", profile.basis).to_lowercase());
    let mut row = vec![item.sku.to_string(), basis];
    row.push(known.iter().map(days).sum::<f64>().to_string());
    row.extend(known.iter().map(units));
    row.push(number(profile.map(|profile| profile.day_cv)));
    row.push(number(Some(elasticity.mean)));
    row.push(number(Some(elasticity.sd)));
    row
}

fn slots(known: &[Expectation; 3]) -> Vec<Vec<String>> {
    let mut rows: BTreeMap<u16, [Option<f64>; 3]> = BTreeMap::new();
    for (kind, expected) in known.iter().enumerate() {
        for slot in expected.profile.iter().flat_map(|profile| &profile.slots) {
            rows.entry(slot.start).or_default()[kind] = Some(slot.units);
        }
    }
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let row = |(start, units): (u16, [Option<f64>; 3])| {
        let slot = format!("{}-{}", clock(start), clock(start + SLOT_MINUTES as u16));
        std::iter::once(slot).chain(units.map(number)).collect()
    };
    rows.into_iter().map(row).collect()
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.2}"))
}
