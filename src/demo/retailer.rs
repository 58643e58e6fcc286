//! The retailer of the demo: its stores, the connection of its tills to the API, the prices on its
//! shelves, and the ledger of acknowledged events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use charts::AfternoonChart;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::ports::{DaysTable, OffersTable};
use domain::stock::{WindowKey, level_at};
use domain::{Event, Offer, OfferId, SequenceNumber, StoreId, Window};
use load_generator::disorder::{Disorder, DisorderRates};
use load_generator::figures::without_discounts;
use load_generator::ledger::Ledger;
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::ShopModel;
use stock_log::read_windows;

use super::other_days::DayEffect;
use crate::CommandError;
use crate::machine::LocalMachine;
use crate::offers::chart::{OfferContext, offer_chart};
use crate::send::{AnswerStatus, IngestApi};

/// Maximum time until an acknowledged event is in the windows.
const SETTLE_MAX: Duration = Duration::from_secs(60);

/// Store in the middle of its day.
pub(super) struct DemoStore {
    pub(super) spec: ShopModel,
    pub(super) day: ShopDay,
    prices: ShelfPrices,
    closed: bool,
}

/// Stores of the demo with their tills.
pub(super) struct DemoRetailer {
    pub(super) stores: Vec<DemoStore>,
    date: NaiveDate,
    seed: u64,
    api: IngestApi,
    disorder: Disorder,
    ledger: Ledger,
    /// Keys of the windows of acknowledged events.
    pub(super) rows: BTreeSet<WindowKey>,
    /// Number of events sent, repetitions included.
    pub(super) sent: usize,
    /// Number of sent events that the ledger knew already.
    pub(super) repeated: usize,
    /// Number of offers published.
    pub(super) offers: usize,
    /// Highest acknowledged sequence number of each shard.
    acknowledged_to: BTreeMap<String, SequenceNumber>,
}

impl DemoRetailer {
    /// Starts the day of all stores.
    pub(super) fn open(
        shops: Vec<ShopModel>,
        date: NaiveDate,
        seed: u64,
        machine: &LocalMachine,
    ) -> Result<Self, CommandError> {
        let stores = shops.into_iter().filter_map(|shop| {
            let day = ShopDay::new(&shop, date, seed)?;
            Some(DemoStore { spec: shop, day, prices: ShelfPrices::regular(), closed: false })
        });
        Ok(Self {
            stores: stores.collect(),
            date,
            seed,
            api: IngestApi::new(&machine.urls().api)?,
            disorder: Disorder::new(seed, DisorderRates::USUAL),
            ledger: Ledger::new(),
            rows: BTreeSet::new(),
            sent: 0,
            repeated: 0,
            offers: 0,
            acknowledged_to: BTreeMap::new(),
        })
    }

    /// Returns the windows from the first opening to the last close.
    pub(super) fn windows(&self) -> Vec<Window> {
        let windows: BTreeSet<Window> =
            self.stores.iter().flat_map(|shop| shop.day.windows()).collect();
        windows.into_iter().collect()
    }

    /// Plays one window in every store, and sends the events of its tills.
    pub(super) async fn play(&mut self, window: Window) -> Result<(), CommandError> {
        let mut events = Vec::new();
        for shop in &mut self.stores {
            events.extend(shop.day.step(window, &shop.prices));
            if !shop.closed && window.end() >= shop.day.hours().closes_at {
                shop.closed = true;
                events.extend(shop.day.close());
            }
        }
        for request in self.disorder.pass(events) {
            self.send(&request).await?;
        }
        Ok(())
    }

    /// Sends the events that tills still hold.
    pub(super) async fn finish(&mut self) -> Result<(), CommandError> {
        for request in self.disorder.flush() {
            self.send(&request).await?;
        }
        Ok(())
    }

    async fn send(&mut self, events: &[Event]) -> Result<(), CommandError> {
        let bodies: Vec<String> = events.iter().map(Event::canonical).collect();
        self.sent += events.len();
        for answer in self.api.send(&bodies).await? {
            let Some(event) = events.get(answer.index) else { continue };
            if !matches!(answer.status, AnswerStatus::Stored | AnswerStatus::Duplicate) {
                return Err(format!("{}: {}", event.event_id(), answer.explanation()).into());
            }
            if !self.ledger.acknowledge(event) {
                self.repeated += 1;
            }
            self.rows.insert(WindowKey::of(event));
            if let (Some(shard_id), Some(number)) = (answer.shard_id, answer.sequence_number) {
                let number = SequenceNumber::new(number);
                let highest =
                    self.acknowledged_to.entry(shard_id).or_insert_with(|| number.clone());
                if *highest < number {
                    *highest = number;
                }
            }
        }
        Ok(())
    }

    /// Waits until every acknowledged event is in the windows.
    pub(super) async fn settle(&self, machine: &LocalMachine) -> Result<(), CommandError> {
        for (shard_id, number) in &self.acknowledged_to {
            let processed = machine.progress().wait_until(shard_id, number);
            tokio::time::timeout(SETTLE_MAX, processed).await.map_err(|_| {
                format!("{shard_id}: record {number} was not processed within {SETTLE_MAX:?}")
            })?;
        }
        Ok(())
    }

    /// Changes the shelf prices to those of published offers.
    pub(super) fn put_on_shelves(&mut self, published: &[Offer]) {
        self.offers += published.len();
        for offer in published {
            let store_id = &offer.offer_id.store_id;
            let shop = self.stores.iter_mut().find(|shop| shop.store_id() == store_id);
            if let Some(shop) = shop {
                let offer_id = Some(offer.offer_id.clone());
                shop.prices.put(offer.offer_id.sku.clone(), offer.price, offer_id);
            }
        }
    }

    /// Closes the day of every store.
    pub(super) async fn close(&self, machine: &LocalMachine) -> Result<(), CommandError> {
        let closing = machine.closing();
        for DemoStore { spec, day, .. } in &self.stores {
            let next_day = day.hours().closes_at + TimeDelta::days(1);
            closing.close_dates(&spec.store, self.date, self.date, next_day).await?;
        }
        Ok(())
    }

    /// Compares the stored windows, the stock on hand and the closed days with the ledger. Returns
    /// the differences.
    pub(super) async fn audit(&self, machine: &LocalMachine) -> Result<Vec<String>, CommandError> {
        let mut rows = Vec::new();
        let mut differences = Vec::new();
        let closing = machine.closing();
        for shop in &self.stores {
            let hours = shop.day.hours();
            let (since, until) = (hours.starts_at, hours.closes_at + TimeDelta::days(1));
            let tables = machine.tables();
            let stored = read_windows(&tables, shop.store_id(), None, since, until).await?.windows;
            for line in &shop.spec.items {
                let (store, sku) = (shop.store_id(), &line.item.sku);
                let windows = stored.iter().filter(|row| row.key().sku == *sku);
                let stored = level_at(windows, until).on_hand;
                let expected = self.ledger.on_hand(shop.store_id(), sku, until);
                if stored != expected {
                    differences.push(format!("{store}/{sku}: on hand {stored}, not {expected}"));
                }
                let days = closing.tables.query_days(store, sku, self.date, self.date).await?;
                let closed = days.first().map(|day| day.closing).unwrap_or_default();
                if closed != expected {
                    differences.push(format!("{store}/{sku}: closed at {closed}, not {expected}"));
                }
            }
            rows.extend(stored);
        }
        differences.extend(self.ledger.compare(&rows).iter().map(ToString::to_string));
        Ok(differences)
    }

    /// Loads every revision of the day.
    pub(super) async fn offers(&self, machine: &LocalMachine) -> Result<Vec<Offer>, CommandError> {
        let mut offers = Vec::new();
        for shop in &self.stores {
            offers.extend(machine.tables().query_offers(shop.store_id(), self.date).await?);
        }
        Ok(offers)
    }

    /// Returns the chart of the offer with the highest expected gain.
    pub(super) async fn chart(
        &self,
        machine: &LocalMachine,
        offers: &[Offer],
    ) -> Result<Option<AfternoonChart>, CommandError> {
        let gain = |offer: &Offer| offer.expected.revenue - offer.if_unchanged.revenue;
        let Some(offer) = offers.iter().max_by_key(|offer| gain(offer)) else { return Ok(None) };
        let OfferId { store_id, sku, .. } = &offer.offer_id;
        let Some(shop) = self.shop(store_id) else { return Ok(None) };
        let day = shop.day.hours();
        let line = shop.spec.items.iter().find(|line| line.item.sku == *sku);
        let Some(item) = line.map(|line| &line.item) else { return Ok(None) };
        let store = &shop.spec.store;
        let since = store.shelf_since(&day, item.shelf_life_days);
        let until = day.closes_at;
        let tables = machine.tables();
        let windows = read_windows(&tables, store_id, Some(sku), since, until).await?.windows;
        let of_item = |other: &&Offer| {
            let id = &other.offer_id;
            (&id.store_id, &id.sku) == (store_id, sku)
        };
        let revisions: Vec<Offer> = offers.iter().filter(of_item).cloned().collect();
        let context = OfferContext {
            store,
            item,
            day: &day,
            day_before: None,
            windows: &windows,
            revisions: &revisions,
            now: until,
        };
        Ok(Some(offer_chart(offer, &context)))
    }

    /// Number of different events that were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.ledger.len()
    }

    /// Returns the figures of the day, and those of the same customers without discounts.
    pub(super) fn effect(&self) -> DayEffect {
        let played = self.stores.iter().map(|shop| shop.day.figures()).sum();
        let regular = self
            .stores
            .iter()
            .map(|shop| without_discounts(&shop.spec, self.date, self.seed))
            .sum();
        DayEffect { played, regular }
    }

    pub(super) fn shop(&self, store_id: &StoreId) -> Option<&DemoStore> {
        self.stores.iter().find(|shop| shop.store_id() == store_id)
    }
}

impl DemoStore {
    pub(super) fn store_id(&self) -> &StoreId {
        &self.spec.store.store_id
    }

    /// Formats an instant as the local time of the store.
    pub(super) fn local_time(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.spec.store.zone).format("%H:%M").to_string()
    }
}
