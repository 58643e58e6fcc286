//! Ledger of all acknowledged events, for comparison with stored windows. The ledger computes its
//! own sums and shares no code with `domain::stock`.

mod difference;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::event::Kind;
use domain::stock::{StockWindow, WindowKey};
use domain::{Currency, Event, EventId, Sku, StoreId};
use rust_decimal::Decimal;

pub use difference::{LedgerDifference, WindowMismatch};

/// Every acknowledged event, once.
///
/// ```
/// use load_generator::ledger::Ledger;
/// # use domain::{Acceptance, Event};
/// # let json = r#"{"event_id": "1", "kind": "sale", "store_id": "berlin-01",
/// #     "terminal_id": "till-1",
/// #     "sku": "BRT-RYE", "quantity": "1", "unit": "EA", "unit_price": "3.90", "currency": "EUR",
/// #     "occurred_at": "2026-03-12T09:00:01Z"}"#;
/// # let received = Acceptance::at("2026-03-12T09:00:02Z".parse().unwrap());
/// # let sale = Event::parse(json, &received).unwrap();
/// let mut ledger = Ledger::new();
/// assert!(ledger.acknowledge(&sale));
/// let differences = ledger.compare([]);
/// assert!(differences[0].to_string().ends_with("the row of 1 events is missing"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    events: BTreeMap<(StoreId, EventId), Event>,
}

/// Expected figures of one window. Quantities are in the item's unit. An event that a correction
/// voids counts only in `voided`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExpectedWindow {
    /// Quantities by kind of event, except counts and corrections, which move no goods.
    pub quantities: BTreeMap<Kind, Decimal>,
    /// Sales minus returns, by currency.
    pub revenue: BTreeMap<Currency, Decimal>,
    /// Number of events that are not voided, including corrections.
    pub events: u64,
    /// Number of voided events.
    pub voided: u64,
}

impl Ledger {
    /// Creates an empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event that the system acknowledged. Returns `false` if the store already has an
    /// event with this id; the first content stays.
    pub fn acknowledge(&mut self, event: &Event) -> bool {
        let key = (event.store_id().clone(), event.event_id().clone());
        let is_new = !self.events.contains_key(&key);
        self.events.entry(key).or_insert_with(|| event.clone());
        is_new
    }

    /// Number of acknowledged events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// `true` if no event was acknowledged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Computes the expected figures of every window.
    #[must_use]
    pub fn expected(&self) -> BTreeMap<WindowKey, ExpectedWindow> {
        let voided = self.voided();
        let mut rows: BTreeMap<WindowKey, ExpectedWindow> = BTreeMap::new();
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

    /// Computes the stock on hand just before `instant`, event by event in the order of time.
    #[must_use]
    pub fn on_hand(&self, store_id: &StoreId, sku: &Sku, instant: DateTime<Utc>) -> Decimal {
        self.levels(store_id, instant).remove(sku).unwrap_or_default()
    }

    /// Computes the stock on hand of each item of a store just before `instant`.
    #[must_use]
    pub fn levels(&self, store_id: &StoreId, instant: DateTime<Utc>) -> BTreeMap<Sku, Decimal> {
        let voided = self.voided();
        let mut events: Vec<&Event> = (self.events.iter())
            .filter(|(key, _)| key.0 == *store_id)
            .filter(|(key, event)| event.occurred_at() < instant && !voided.contains(*key))
            .map(|(_, event)| event)
            .collect();
        events.sort_by_key(|event| (event.occurred_at(), event.event_id()));
        let mut levels: BTreeMap<Sku, Decimal> = BTreeMap::new();
        for event in events {
            let on_hand = levels.entry(event.sku().clone()).or_default();
            let quantity = event.quantity().get();
            match event.action().kind() {
                Kind::Count => *on_hand = quantity,
                Kind::Receipt | Kind::Return | Kind::TransferIn => *on_hand += quantity,
                Kind::Sale | Kind::Waste | Kind::TransferOut => *on_hand -= quantity,
                Kind::Correction => {}
            }
        }
        levels
    }

    /// Compares stored windows, in any order, with the ledger. Returns each unexpected, missing or
    /// repeated window and each wrong figure, sorted by window.
    #[must_use]
    pub fn compare<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a StockWindow>,
    ) -> Vec<LedgerDifference> {
        let mut differences = Vec::new();
        let mut missing = self.expected();
        let mut seen = BTreeSet::new();
        for row in rows {
            let mut differs = |mismatch| {
                differences.push(LedgerDifference { key: row.key().clone(), mismatch });
            };
            if !seen.insert(row.key().clone()) {
                differs(WindowMismatch::Repeated);
            } else if let Some(expected) = missing.remove(row.key()) {
                difference::figures(&expected, &row.figures()).into_iter().for_each(differs);
            } else {
                differs(WindowMismatch::Unexpected { events: row.len() as u64 });
            }
        }
        differences.extend(missing.into_iter().map(|(key, expected)| {
            let events = expected.events + expected.voided;
            LedgerDifference { key, mismatch: WindowMismatch::Missing { events } }
        }));
        differences.sort_by(|a, b| a.key.cmp(&b.key));
        differences
    }

    /// Events that a correction of the same instant names.
    fn voided(&self) -> BTreeSet<(StoreId, EventId)> {
        let corrected = |event: &Event| {
            let key = (event.store_id().clone(), event.action().corrects()?.clone());
            let named = self.events.get(&key)?;
            (named.occurred_at() == event.occurred_at()).then_some(key)
        };
        self.events.values().filter_map(corrected).collect()
    }
}

impl ExpectedWindow {
    /// Quantity moved by events of one kind, in the item's unit.
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
        if let Some(charge) = event.action().charge() {
            let sign = if kind == Kind::Return { -Decimal::ONE } else { Decimal::ONE };
            let total = charge.total(event.quantity());
            *self.revenue.entry(charge.currency()).or_default() += sign * total;
        }
    }
}
