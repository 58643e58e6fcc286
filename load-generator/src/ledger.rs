//! The auditor: a plain map of everything that was acknowledged, far simpler than the system it
//! judges. It adds up by itself and shares no sum with `domain::stock`.

mod difference;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::event::Kind;
use domain::stock::{StockWindow, WindowKey};
use domain::{Currency, Event, EventId, Sku, StoreId};
use rust_decimal::Decimal;

pub use difference::{Difference, What};

/// Every acknowledged event, once.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    events: BTreeMap<(StoreId, EventId), Event>,
}

/// What one row must come to. Quantities are in the item's unit; what a correction voids counts
/// only as voided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// Quantities by kind; a kind that did not occur is absent. Counts and corrections move
    /// nothing and are absent too.
    pub quantities: BTreeMap<Kind, Decimal>,
    /// Sales less returns, by currency.
    pub revenue: BTreeMap<Currency, Decimal>,
    /// How many events count, corrections included.
    pub events: u64,
    /// How many were voided.
    pub voided: u64,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes an event that the system said is stored. Whether it was new: the same id of the same
    /// store is the same event, and the first content stays.
    pub fn acknowledge(&mut self, event: &Event) -> bool {
        let key = (event.store_id().clone(), event.event_id().clone());
        let new = !self.events.contains_key(&key);
        self.events.entry(key).or_insert_with(|| event.clone());
        new
    }

    /// How many events were acknowledged.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// What every row must come to.
    #[must_use]
    pub fn expected(&self) -> BTreeMap<WindowKey, Expected> {
        let voided = self.voided();
        let mut rows: BTreeMap<WindowKey, Expected> = BTreeMap::new();
        for (key, event) in &self.events {
            let store_id = event.store_id().clone();
            let (sku, window) = (event.sku().clone(), event.window());
            let row = rows.entry(WindowKey { store_id, sku, window }).or_default();
            if voided.contains(key) {
                row.voided += 1;
            } else {
                row.add(event);
            }
        }
        rows
    }

    /// What must lie on the shelf just before `instant`: event by event in the order of time.
    #[must_use]
    pub fn on_hand(&self, store_id: &StoreId, sku: &Sku, instant: DateTime<Utc>) -> Decimal {
        let voided = self.voided();
        let mut events: Vec<&Event> = (self.events.iter())
            .filter(|(key, event)| key.0 == *store_id && event.sku() == sku)
            .filter(|(key, event)| event.occurred_at() < instant && !voided.contains(*key))
            .map(|(_, event)| event)
            .collect();
        events.sort_by_key(|event| (event.occurred_at(), event.event_id().clone()));
        events.iter().fold(Decimal::ZERO, |on_hand, event| {
            let quantity = event.quantity().get();
            match event.action().kind() {
                Kind::Count => quantity,
                Kind::Receipt | Kind::Return | Kind::TransferIn => on_hand + quantity,
                Kind::Sale | Kind::Waste | Kind::TransferOut => on_hand - quantity,
                Kind::Correction => on_hand,
            }
        })
    }

    /// Holds stored rows, in any order, against the ledger. Empty when they are equal; otherwise
    /// every row that should not be, is missing or came twice, and every figure that differs.
    #[must_use]
    pub fn compare<'a>(&self, rows: impl IntoIterator<Item = &'a StockWindow>) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut missing = self.expected();
        let mut seen = BTreeSet::new();
        for row in rows {
            let mut differs = |what| {
                differences.push(Difference { row: row.key().clone(), what });
            };
            if !seen.insert(row.key().clone()) {
                differs(What::Repeated);
            } else if let Some(expected) = missing.remove(row.key()) {
                difference::figures(&expected, &row.figures()).into_iter().for_each(differs);
            } else {
                differs(What::Unexpected { events: row.len() as u64 });
            }
        }
        differences.extend(missing.into_iter().map(|(row, expected)| {
            let events = expected.events + expected.voided;
            Difference { row, what: What::Missing { events } }
        }));
        differences.sort_by(|a, b| a.row.cmp(&b.row));
        differences
    }

    fn voided(&self) -> BTreeSet<(StoreId, EventId)> {
        let corrected =
            |event: &Event| Some((event.store_id().clone(), event.action().corrects()?.clone()));
        self.events.values().filter_map(corrected).collect()
    }
}

impl Expected {
    /// What moved by events of one kind, in the item's unit.
    #[must_use]
    pub fn quantity(&self, kind: Kind) -> Decimal {
        self.quantities.get(&kind).copied().unwrap_or_default()
    }

    fn add(&mut self, event: &Event) {
        self.events += 1;
        let quantity = event.quantity().get();
        let kind = event.action().kind();
        if !matches!(kind, Kind::Count | Kind::Correction) {
            *self.quantities.entry(kind).or_default() += quantity;
        }
        if let Some(price) = event.action().unit_price() {
            let sign = if kind == Kind::Return { -Decimal::ONE } else { Decimal::ONE };
            *self.revenue.entry(price.currency()).or_default() += sign * quantity * price.amount();
        }
    }
}
