//! What must hold when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::ports::StockTable;
use domain::quarantine::QuarantineReason;
use domain::record::Delivered;
use in_memory::Tables;
use processors::Processor;
use processors::question::{Question, stock_at};

use super::expected::{Expected, Kept};
use super::{Auditor, offers, sums};
use crate::stream::Stream;
use crate::traffic::Scene;

/// Holds the tables against the stream, and the stream against what was acknowledged.
pub(crate) async fn audit(
    auditor: &Auditor,
    scene: &Scene,
    stream: &Stream,
    tables: &Tables,
    row_events_max: usize,
) {
    let expected = Expected::of(stream, auditor);
    let weather = &auditor.weather;
    weather.count("records in the stream", stream.records().len());
    weather.count("events repeated in the stream", expected.repeated);
    everything_acknowledged(auditor, &expected);
    rows(auditor, &expected, tables);
    quarantine(auditor, &expected, tables);
    as_without_faults(auditor, stream, tables, row_events_max).await;
    on_hand(auditor, &expected, scene, tables).await;
    offers::within_the_rules(auditor, scene, &tables.offers);
}

fn everything_acknowledged(auditor: &Auditor, expected: &Expected) {
    let acknowledged = auditor.notes().acknowledged.clone();
    auditor.weather.count("events acknowledged", acknowledged.len());
    let in_stream: BTreeSet<String> =
        expected.events().iter().map(|event| event.canonical()).collect();
    for text in acknowledged.into_keys() {
        let refused = (QuarantineReason::ConflictingDuplicate, None, text.clone().into_bytes());
        if !in_stream.contains(&text) && !expected.quarantine.contains(&refused) {
            auditor.object("acknowledged", format!("is not in the stream: {text}"));
        }
    }
}

/// Every event once, in its row, and nothing else; and every figure of every row.
fn rows(auditor: &Auditor, expected: &Expected, tables: &Tables) {
    let mut missing = expected.rows.clone();
    let rows = tables.stock.rows();
    auditor.weather.count("windows compared", rows.len());
    auditor.weather.count("rows compared", tables.stock.bytes().len());
    for row in rows {
        let mut events = missing.remove(row.key()).unwrap_or_default();
        let found: Vec<_> = row.events().cloned().collect();
        for event in &found {
            match events.remove(event.event_id().as_str()) {
                Some(wanted) if wanted == *event => {}
                Some(_) => auditor.object("rows", format!("wrong content: {}", event.canonical())),
                None => auditor.object("rows", format!("nobody sent {}", event.canonical())),
            }
        }
        for event in events.into_values() {
            auditor.object("rows", format!("lost: {}", event.canonical()));
        }
        if let Some((name, is, ought)) = sums::wrong_figure(row.key(), &row.figures(), &found) {
            auditor.object("figures", format!("{}: {name} is {is}, not {ought}", row.key()));
        }
    }
    for event in missing.into_values().flat_map(BTreeMap::into_values) {
        auditor.object("rows", format!("lost: {}", event.canonical()));
    }
}

/// The poison, by reason, and nothing else.
fn quarantine(auditor: &Auditor, expected: &Expected, tables: &Tables) {
    let mut missing = expected.quarantine.clone();
    for kept in tables.quarantine.kept() {
        let is_conflict = kept.reason == QuarantineReason::ConflictingDuplicate;
        let key = (!is_conflict).then(|| kept.id.key.clone());
        let what: Kept = (kept.reason, key, kept.bytes);
        auditor.weather.count(counted(kept.reason), 1);
        if !missing.remove(&what) {
            auditor.object("quarantine", format!("{} {:?} is no poison", kept.id, kept.reason));
        }
    }
    for (reason, key, bytes) in missing {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        auditor.object("quarantine", format!("{reason:?} is missing: {key:?} {text}"));
    }
}

fn counted(reason: QuarantineReason) -> &'static str {
    match reason {
        QuarantineReason::Unopenable => "quarantined: unopenable",
        QuarantineReason::InvalidEvent => "quarantined: invalid event",
        QuarantineReason::ConflictingDuplicate => "quarantined: conflicting duplicate",
        QuarantineReason::WindowFull => "quarantined: window full",
    }
}

/// The same tables, to the last byte, as when the stream is processed once, at once, in order.
async fn as_without_faults(
    auditor: &Auditor,
    stream: &Stream,
    tables: &Tables,
    row_events_max: usize,
) {
    let records: Vec<Delivered> =
        stream.records().into_iter().map(|stored| stored.record).collect();
    let calm = Processor { row_events_max, ..Processor::new(Tables::default()) };
    let outcome = calm.process(&records).await;
    if outcome.retry_from.is_some() {
        auditor.object("bytes", format!("the run without faults failed: {outcome:?}"));
    }
    let quarantine = calm.tables.quarantine;
    let (calm, stormy) = (calm.tables.stock.bytes(), tables.stock.bytes());
    for (key, bytes) in &calm {
        if stormy.get(key) != Some(bytes) {
            auditor.object("bytes", format!("{key} differs from the run without faults"));
        }
    }
    for key in stormy.keys().filter(|key| !calm.contains_key(key)) {
        auditor.object("bytes", format!("{key} is not in the run without faults"));
    }
    if quarantine.kept() != tables.quarantine.kept() {
        let what = "the quarantine differs from the run without faults";
        auditor.object("bytes", what.to_owned());
    }
}

/// What is on hand, at several instants, over each item's shelf life.
async fn on_hand(auditor: &Auditor, expected: &Expected, scene: &Scene, tables: &Tables) {
    let events = expected.events();
    let tables = tables.snapshot();
    let length = scene.ends_at - scene.starts_at;
    let instants = [0, 1, 2, 3, 5].map(|part| scene.starts_at + length * part / 3);
    for (shop, at) in scene.shops.iter().flat_map(|shop| instants.map(|at| (shop, at))) {
        let since = scene.starts_at - TimeDelta::days(10);
        let store_id = &shop.store.store_id;
        let on_shelf_since = BTreeMap::new();
        let question = Question { store_id, sku: None, since, at, on_shelf_since };
        let answer = stock_at(&tables, &question, at).await.expect("a calm table answers");
        for line in &shop.items {
            let sku = &line.item.sku;
            let found = answer.iter().find(|item| item.sku == *sku);
            let found = found.map(|item| item.level.on_hand).unwrap_or_default();
            let ought = sums::on_hand(&events, store_id, sku, since, at);
            auditor.weather.count("stocks on hand recomputed", 1);
            if found != ought {
                let what = format!("{store_id}/{sku} at {at}: {found} on hand, not {ought}");
                auditor.object("on hand", what);
            }
        }
    }
    // The question goes to the same table as the pricing's.
    let (from, to) = (scene.starts_at - TimeDelta::days(10), scene.ends_at + TimeDelta::days(3));
    for shop in &scene.shops {
        let rows = tables.query_stock(&shop.store.store_id, None, from, to, to).await;
        let rows = rows.expect("a calm table answers");
        if !rows
            .is_sorted_by(|a, b| (&a.key().sku, a.key().window) < (&b.key().sku, b.key().window))
        {
            auditor.object("on hand", "rows are not in order".to_owned());
        }
    }
}
