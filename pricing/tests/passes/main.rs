//! Passes of one store over in-memory tables: on time, late, repeated and concurrent.

mod afternoon;
mod api;
mod days;
mod earlier_dates;
mod inputs;
mod labels;
mod measured;
mod policy_rules;
mod reasons;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::limits::SLOT_MINUTES;
use domain::ports::CatalogTable;
use domain::{Acceptance, Event, Item, Offer, Sku, Store};
use in_memory::Tables;
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::ShopModel;
use pricing::{PassReport, Pricing};

/// A chain of stores with its tables.
#[derive(Clone, Default)]
struct World {
    tables: Tables,
}

impl World {
    fn with(store: &Store, items: impl IntoIterator<Item = Item>) -> Self {
        let world = Self::default();
        run(world.tables.put_store(store)).expect("stored");
        for item in items {
            world.put_item(Item { store_id: Some(store.store_id.clone()), ..item });
        }
        world
    }

    fn of(shop: &ShopModel) -> Self {
        Self::with(&shop.store, shop.items.iter().map(|line| line.item.clone()))
    }

    fn put_item(&self, item: Item) {
        run(self.tables.put_item(&item)).expect("stored");
    }

    /// Stores events, as the processors would.
    fn store(&self, events: &[Event]) {
        run(self.tables.save_events(events.iter().cloned())).expect("saved");
    }

    fn pricing(&self) -> Pricing<Tables> {
        Pricing { tables: self.tables.clone() }
    }

    fn tick(&self, now: DateTime<Utc>) -> PassReport {
        run(price_all(&self.pricing(), now, now))
    }

    /// Returns the revisions of each item, in order.
    fn offers(&self) -> BTreeMap<Sku, Vec<Offer>> {
        let mut items: BTreeMap<Sku, Vec<Offer>> = BTreeMap::new();
        for offer in self.tables.offers.all() {
            items.entry(offer.offer_id.sku.clone()).or_default().push(offer);
        }
        items.values_mut().for_each(|all| all.sort_by_key(|offer| offer.offer_id.revision));
        items
    }
}

/// Prices each store of the catalogue.
async fn price_all(
    pricing: &Pricing<Tables>,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> PassReport {
    let mut all = PassReport::default();
    for store_id in pricing.tables.list_stores().await.expect("the stores") {
        all.add(pricing.price_store(&store_id, due, now).await.expect("a pass"));
    }
    all
}

/// A shop in Berlin that is open from seven to seven, on Thursday, 12 March 2026.
fn corner(policy: &str, items: &[&str]) -> World {
    let store = format!(
        r#"{{"store_id":"corner","country":"DE","zone":"Europe/Berlin",
            "hours":"mon-sun 07:00-19:00","policy":{policy}}}"#
    );
    let items = items.iter().map(|item| Item::parse(item).expect("an item"));
    World::with(&Store::parse(&store).expect("a store"), items)
}

/// Creates an event of that shop; `more` are further fields.
fn event(id: &str, kind: &str, sku: &str, quantity: &str, at: &str, more: &str) -> Event {
    let json = format!(
        r#"{{"event_id":"{id}","kind":"{kind}","store_id":"corner","terminal_id":"t","sku":"{sku}",
            "quantity":"{quantity}","occurred_at":"{at}"{more}}}"#
    );
    let anytime = Acceptance { age_max: None, ..Acceptance::at(self::at("2026-12-31T00:00:00Z")) };
    Event::parse(&json, &anytime).expect("an event")
}

/// Creates a delivery of sixty units in the morning and six sales: too much is left.
fn too_much(sku: &str) -> Vec<Event> {
    let came = event(&format!("{sku}-r"), "receipt", sku, "60", "2026-03-12T06:10:00Z", "");
    let sale = |(number, at): (usize, &str)| {
        let at = format!("2026-03-12T{at}:00Z");
        let price = r#","unit_price":"2.40","currency":"EUR""#;
        event(&format!("{sku}-s{number}"), "sale", sku, "1", &at, price)
    };
    let sales = ["08:05", "09:20", "10:50", "11:40", "12:55", "13:50"].iter().copied();
    std::iter::once(came).chain(sales.enumerate().map(sale)).collect()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn slot_length() -> TimeDelta {
    TimeDelta::minutes(SLOT_MINUTES.into())
}

/// Returns the slots of `[from, until)`.
fn slots(from: DateTime<Utc>, until: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    std::iter::successors(Some(from), |slot| Some(*slot + slot_length()))
        .take_while(move |slot| *slot < until)
}

/// Plays a day of a shop at its regular prices.
fn day(shop: &ShopModel, date: NaiveDate, seed: u64) -> Vec<Event> {
    ShopDay::new(shop, date, seed).expect("an open day").play(|_| ShelfPrices::regular()).0
}
