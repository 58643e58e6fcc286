//! The shops of the demo with everything around them: their tills' way to the API, the prices on
//! their shelves, and the ledger of what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::ports::{DaysTable, OffersTable, StockTable};
use domain::stock::{WindowKey, level_at};
use domain::{Event, Offer, OfferId, SequenceNumber, StoreId, Window};
use load_generator::day::Day;
use load_generator::disorder::{Disorder, Mix};
use load_generator::figures::{DayFigures, without_discounts};
use load_generator::ledger::Ledger;
use load_generator::prices::Prices;
use load_generator::shops::Shop;

use crate::Failed;
use crate::machine::Machine;
use crate::picture::{Afternoon, Seen, of_offer};
use crate::send::{Api, Status};

/// Longer than any batch takes; beyond it something is wrong.
const SETTLE_MAX: Duration = Duration::from_secs(60);

/// A shop under way.
pub(super) struct Playing {
    pub(super) shop: Shop,
    pub(super) day: Day,
    prices: Prices,
    closed: bool,
}

/// All shops.
pub(super) struct Chain {
    pub(super) shops: Vec<Playing>,
    date: NaiveDate,
    seed: u64,
    api: Api,
    disorder: Disorder,
    ledger: Ledger,
    /// The rows that acknowledged events belong to.
    pub(super) rows: BTreeSet<WindowKey>,
    /// Events sent, repeated ones included.
    pub(super) sent: usize,
    /// Of these, how many the API knew already, or the ledger did.
    pub(super) repeated: usize,
    pub(super) offers: usize,
    /// The highest receipt of each shard.
    receipts: BTreeMap<String, SequenceNumber>,
}

impl Chain {
    /// The morning of all shops.
    pub(super) fn open(
        shops: Vec<Shop>,
        date: NaiveDate,
        seed: u64,
        machine: &Machine,
    ) -> Result<Self, Failed> {
        let playing = shops.into_iter().filter_map(|shop| {
            let day = Day::new(&shop, date, seed)?;
            Some(Playing { shop, day, prices: Prices::regular(), closed: false })
        });
        Ok(Self {
            shops: playing.collect(),
            date,
            seed,
            api: Api::new(&machine.urls().api)?,
            disorder: Disorder::new(seed, Mix::USUAL),
            ledger: Ledger::new(),
            rows: BTreeSet::new(),
            sent: 0,
            repeated: 0,
            offers: 0,
            receipts: BTreeMap::new(),
        })
    }

    /// The windows from the first opening to the last close.
    pub(super) fn windows(&self) -> Vec<Window> {
        let windows: BTreeSet<Window> =
            self.shops.iter().flat_map(|playing| playing.day.windows()).collect();
        windows.into_iter().collect()
    }

    /// Plays one window in every shop and sends what its tills have to say.
    pub(super) async fn play(&mut self, window: Window) -> Result<(), Failed> {
        let mut events = Vec::new();
        for playing in &mut self.shops {
            events.extend(playing.day.step(window, &playing.prices));
            if !playing.closed && window.end() >= playing.day.hours().closes_at {
                playing.closed = true;
                events.extend(playing.day.close());
            }
        }
        for request in self.disorder.pass(events) {
            self.send(&request).await?;
        }
        Ok(())
    }

    /// What the tills still hold back.
    pub(super) async fn finish(&mut self) -> Result<(), Failed> {
        for request in self.disorder.flush() {
            self.send(&request).await?;
        }
        Ok(())
    }

    async fn send(&mut self, events: &[Event]) -> Result<(), Failed> {
        let bodies: Vec<String> = events.iter().map(Event::canonical).collect();
        self.sent += events.len();
        for result in self.api.send(&bodies).await? {
            let Some(event) = events.get(result.index) else { continue };
            if !matches!(result.status, Status::Stored | Status::Duplicate) {
                return Err(format!("{}: {}", event.event_id(), result.explanation()).into());
            }
            if !self.ledger.acknowledge(event) {
                self.repeated += 1;
            }
            self.rows.insert(WindowKey::of(event));
            if let (Some(shard_id), Some(number)) = (result.shard_id, result.sequence_number) {
                let number = SequenceNumber::new(number);
                let highest = self.receipts.entry(shard_id).or_insert_with(|| number.clone());
                if *highest < number {
                    *highest = number;
                }
            }
        }
        Ok(())
    }

    /// Waits until everything that was acknowledged is in the windows.
    pub(super) async fn settle(&self, machine: &Machine) -> Result<(), Failed> {
        for (shard_id, number) in &self.receipts {
            let processed = machine.progress().wait_until(shard_id, number);
            tokio::time::timeout(SETTLE_MAX, processed).await.map_err(|_| {
                format!("{shard_id}: record {number} was not processed within {SETTLE_MAX:?}")
            })?;
        }
        Ok(())
    }

    /// What was decided goes on the shelves.
    pub(super) fn put_on_shelves(&mut self, published: &[Offer]) {
        self.offers += published.len();
        for offer in published {
            let store_id = &offer.offer_id.store_id;
            let shop = self.shops.iter_mut().find(|shop| shop.store_id() == store_id);
            if let Some(playing) = shop {
                let offer_id = Some(offer.offer_id.clone());
                playing.prices.put(offer.offer_id.sku.clone(), offer.price, offer_id);
            }
        }
    }

    /// Closes the day of every shop.
    pub(super) async fn close(&self, machine: &Machine) -> Result<(), Failed> {
        let closing = machine.closing();
        for Playing { shop, day, .. } in &self.shops {
            let next_day = day.hours().closes_at + TimeDelta::days(1);
            closing.close_dates(&shop.store, self.date, self.date, next_day).await?;
        }
        Ok(())
    }

    /// Holds the stored windows, the shelves and the closed days against the ledger; empty when
    /// they are equal.
    pub(super) async fn audit(&self, machine: &Machine) -> Result<Vec<String>, Failed> {
        let mut rows = Vec::new();
        let mut differences = Vec::new();
        let closing = machine.closing();
        for playing in &self.shops {
            let hours = playing.day.hours();
            let (since, until) = (hours.starts_at, hours.closes_at + TimeDelta::days(1));
            let stored =
                machine.tables().query_stock(playing.store_id(), None, since, until, until).await?;
            for line in &playing.shop.items {
                let (store, sku) = (playing.store_id(), &line.item.sku);
                let windows = stored.iter().filter(|row| row.key().sku == *sku);
                let stored = level_at(windows, until).on_hand;
                let expected = self.ledger.on_hand(playing.store_id(), sku, until);
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

    /// Every revision of the day, read back from the table.
    pub(super) async fn offers(&self, machine: &Machine) -> Result<Vec<Offer>, Failed> {
        let mut offers = Vec::new();
        for playing in &self.shops {
            offers.extend(machine.tables().query_offers(playing.store_id(), self.date).await?);
        }
        Ok(offers)
    }

    /// The afternoon of the item of which an offer was expected to gain most.
    pub(super) async fn picture(
        &self,
        machine: &Machine,
        offers: &[Offer],
    ) -> Result<Option<Afternoon>, Failed> {
        let gain = |offer: &Offer| offer.expected.revenue - offer.if_unchanged.revenue;
        let Some(offer) = offers.iter().max_by_key(|offer| gain(offer)) else { return Ok(None) };
        let OfferId { store_id, sku, .. } = &offer.offer_id;
        let Some(playing) = self.shop(store_id) else { return Ok(None) };
        let day = playing.day.hours();
        let line = playing.shop.items.iter().find(|line| line.item.sku == *sku);
        let Some(item) = line.map(|line| &line.item) else { return Ok(None) };
        let store = &playing.shop.store;
        let since = store.shelf_since(&day, item.shelf_life_days);
        let until = day.closes_at;
        let windows =
            machine.tables().query_stock(store_id, Some(sku), since, until, until).await?;
        let of_item = |other: &&Offer| {
            let id = &other.offer_id;
            (&id.store_id, &id.sku) == (store_id, sku)
        };
        let revisions: Vec<Offer> = offers.iter().filter(of_item).cloned().collect();
        let seen = Seen {
            store,
            item,
            day: &day,
            before: None,
            windows: &windows,
            revisions: &revisions,
            now: until,
        };
        Ok(Some(of_offer(offer, &seen)))
    }

    /// How many different events were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.ledger.len()
    }

    /// The day as it went, and the same customers without discounts.
    pub(super) fn figures(&self) -> (DayFigures, DayFigures) {
        let played = self.shops.iter().map(|playing| playing.day.figures()).sum();
        let regular = self
            .shops
            .iter()
            .map(|playing| without_discounts(&playing.shop, self.date, self.seed))
            .sum();
        (played, regular)
    }

    pub(super) fn shop(&self, store_id: &StoreId) -> Option<&Playing> {
        self.shops.iter().find(|playing| playing.store_id() == store_id)
    }
}

impl Playing {
    pub(super) fn store_id(&self) -> &StoreId {
        &self.shop.store.store_id
    }

    /// An instant on the wall of the shop.
    pub(super) fn on_the_wall(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.shop.store.zone).format("%H:%M").to_string()
    }
}
