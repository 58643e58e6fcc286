//! Sums of events by store, item and window.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::Kind;
use foldhash::fast::RandomState;

use crate::event_record::EventRecord;

/// Sums of the events of one store and item in one window of a UTC date. Quantities are in
/// thousandths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WindowSums {
    /// Number of the window within the date.
    pub(crate) window: u32,
    pub(crate) store: u32,
    pub(crate) sku: u32,
    /// Number of events of any kind that count.
    pub(crate) events: u64,
    /// Sales less returns.
    pub(crate) sold: i64,
    pub(crate) received: i64,
    pub(crate) wasted: i64,
    pub(crate) net_change: i64,
    pub(crate) revenue: Revenue,
}

/// Revenue of sales less returns, in thousandths of the minor unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Revenue {
    None,
    /// Place of the currency, and the amount.
    One(u16, i128),
    Several(BTreeMap<u16, i128>),
}

impl Revenue {
    fn add(&mut self, currency: u16, amount: i128) {
        match self {
            Self::None => *self = Self::One(currency, amount),
            Self::One(known, sum) if *known == currency => *sum += amount,
            Self::One(known, sum) => {
                *self = Self::Several(BTreeMap::from([(*known, *sum), (currency, amount)]));
            }
            Self::Several(sums) => *sums.entry(currency).or_default() += amount,
        }
    }
}

impl WindowSums {
    fn new(record: &EventRecord) -> Self {
        Self {
            window: record.window(),
            store: record.store,
            sku: record.sku,
            events: 0,
            sold: 0,
            received: 0,
            wasted: 0,
            net_change: 0,
            revenue: Revenue::None,
        }
    }

    fn add(&mut self, record: &EventRecord) {
        let quantity = i64::from(record.quantity);
        let charged = i128::from(record.charged);
        self.events += 1;
        match record.kind {
            Kind::Sale => {
                self.sold += quantity;
                self.net_change -= quantity;
                self.revenue.add(record.currency, charged);
            }
            Kind::Return => {
                self.sold -= quantity;
                self.net_change += quantity;
                self.revenue.add(record.currency, -charged);
            }
            Kind::Receipt => {
                self.received += quantity;
                self.net_change += quantity;
            }
            Kind::Waste => {
                self.wasted += quantity;
                self.net_change -= quantity;
            }
            Kind::TransferIn => self.net_change += quantity,
            Kind::TransferOut => self.net_change -= quantity,
            Kind::Count | Kind::Correction => {}
        }
    }
}

/// Adds the sums of events of one UTC date, of which each has its own id. A correction voids the
/// event of the same store, item and instant with the id that it names, and counts itself.
pub(crate) fn add_sums(events: &[&EventRecord], to: &mut Vec<WindowSums>) {
    let place = |event: &EventRecord| (event.store, event.sku, event.occurred_at);
    let corrections = events.iter().filter(|event| event.kind == Kind::Correction);
    let voids: HashSet<_, RandomState> =
        corrections.map(|event| (place(event), event.charged)).collect();
    let is_void = |event: &EventRecord| {
        !voids.is_empty()
            && event.kind != Kind::Correction
            && voids.contains(&(place(event), event.id[0]))
    };
    let mut rows: HashMap<(u32, u32, u32), usize, RandomState> =
        HashMap::with_capacity_and_hasher(events.len(), RandomState::default());
    for event in events.iter().filter(|event| !is_void(event)) {
        let key = (event.store, event.sku, event.window());
        let row = *rows.entry(key).or_insert_with(|| {
            to.push(WindowSums::new(event));
            to.len() - 1
        });
        to[row].add(event);
    }
}
