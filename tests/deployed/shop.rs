//! A shop in which it is three in the afternoon whenever this runs.

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use domain::Event;
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::{self, ShopModel};
use serde_json::Value;

/// Number of open days before today. The histories are made of them.
const DAYS_BEFORE: i64 = 2;
const SEED: u64 = 5;

/// Shop of the load generator with its catalogue and the events of its tills until now.
pub(crate) struct Corner {
    pub(crate) store_id: String,
    /// Closing time of yesterday.
    pub(crate) closed_at: DateTime<Utc>,
    /// A store and its items, one per line.
    pub(crate) catalogue: String,
    /// Events, sorted by time.
    pub(crate) events: Vec<Value>,
}

impl Corner {
    pub(crate) fn at(now: DateTime<Utc>) -> Self {
        let ahead = match 15 - i64::from(now.hour()) {
            ahead @ ..=12 => ahead,
            ahead => ahead - 24,
        };
        let mut shop = shops::chain().into_iter().next().expect("a shop");
        // In these names the sign is the other way round.
        shop.store.zone = format!("Etc/GMT{:+}", -ahead).parse().expect("a zone");
        shop.store.hours = "mon-sun 06:00-20:00".parse().expect("hours");
        let date = (now + TimeDelta::hours(ahead)).date_naive();
        let mut events = Vec::new();
        for before in (0..=DAYS_BEFORE).rev() {
            events.extend(played(&shop, date - TimeDelta::days(before), now));
        }
        let items = shop.items.iter().map(|item| item.item.to_json());
        let catalogue = std::iter::once(shop.store.to_json()).chain(items);
        Self {
            store_id: shop.store.store_id.to_string(),
            closed_at: shop.store.span(date - TimeDelta::days(1)).closes_at,
            catalogue: catalogue.map(|entry| entry + "\n").collect(),
            events: events.iter().map(json).collect(),
        }
    }
}

fn json(event: &Event) -> Value {
    serde_json::from_str(&event.canonical()).expect("an event is JSON")
}

/// Events of the tills of a day until `now`, at regular prices.
fn played(shop: &ShopModel, date: NaiveDate, now: DateTime<Utc>) -> Vec<Event> {
    let mut day = ShopDay::new(shop, date, SEED).expect("open every day");
    let mut events = Vec::new();
    let windows: Vec<_> = day.windows().filter(|window| window.end() <= now).collect();
    for window in windows {
        events.extend(day.step(window, &ShelfPrices::regular()));
    }
    if day.hours().closes_at <= now {
        events.extend(day.close());
    }
    events
}
