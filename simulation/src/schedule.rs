//! The schedules of pricing and of the close of day: ticks that come late, twice, at once, and die
//! in the middle.

use std::time::Duration;

use chrono::TimeDelta;
use domain::ports::CatalogTable;
use domain::{Item, Money};
use in_memory::Tables;
use pricing::{Pricing, slot_of};
use processors::Closing;
use rust_decimal::Decimal;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::fan_out::{close_all, price_due};
use crate::fault::Fault;
use crate::traffic::Scene;
use crate::weather::Weather;

const SLOT: TimeDelta = TimeDelta::minutes(15);
/// A pass comes at most so late.
const DELAY_MAX: Duration = Duration::from_secs(25 * 60);
/// The function's timeout.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Ticks from the start of the scene to its end.
pub(crate) async fn work(
    pricing: Pricing<Tables>,
    items: Vec<Item>,
    scene: Scene,
    weather: Weather,
) {
    let mut passes = JoinSet::new();
    let mut slot = slot_of(scene.starts_at);
    while slot < scene.ends_at {
        weather.sleep_until(slot + TimeDelta::seconds(20)).await;
        if weather.strikes(Fault::PriceChanged) {
            change_a_price(&pricing.tables, &items, &weather).await;
        }
        passes.spawn(pass(pricing.clone(), weather.clone(), Duration::ZERO));
        for (fault, count) in [(Fault::TickRepeated, 1), (Fault::TickOverlapping, 2)] {
            if weather.strikes(fault) {
                let after = weather.time(fault, Duration::from_secs(60));
                for _ in 0..count {
                    passes.spawn(pass(pricing.clone(), weather.clone(), after));
                }
            }
        }
        slot += SLOT;
    }
    while passes.join_next().await.is_some() {}
}

/// One pass. The schedule's own time decides the slot; late ones come after its end.
async fn pass(pricing: Pricing<Tables>, weather: Weather, after: Duration) {
    let due = weather.now();
    sleep(after).await;
    if weather.strikes(Fault::TickDelayed) {
        sleep(weather.time(Fault::TickDelayed, DELAY_MAX)).await;
    }
    let longest = if weather.strikes(Fault::TickCrash) {
        weather.time(Fault::TickCrash, Duration::from_secs(2))
    } else {
        TIMEOUT
    };
    let pass = timeout(longest, price_due(&pricing, due, weather.now())).await;
    weather.count("pricing passes", 1);
    weather.tell(|| format!("pricing: {due}: {pass:?}"));
}

/// Closes days again and again while their events still arrive, sometimes twice at once.
pub(crate) async fn close_days(closing: Closing<Tables>, weather: Weather) {
    let mut passes = JoinSet::new();
    loop {
        sleep(weather.time(Fault::CloseEarly, Duration::from_secs(40 * 60))).await;
        if !weather.strikes(Fault::CloseEarly) {
            continue;
        }
        for _ in 0..1 + weather.below(Fault::CloseEarly, 2) {
            // The schedule says when it was due, and that may be long ago.
            let late = TimeDelta::minutes(weather.below(Fault::CloseEarly, 90) as i64);
            let (closing, weather, now) = (closing.clone(), weather.clone(), weather.now() - late);
            passes.spawn(async move {
                let closed = timeout(TIMEOUT, close_all(&closing, now)).await;
                weather.tell(|| format!("closing: {now}: {closed:?}"));
                weather.count("closing passes", 1);
            });
        }
    }
}

/// An item's price is another one from now on, up or down; its floor is not in the way.
async fn change_a_price(catalog: &Tables, items: &[Item], weather: &Weather) {
    let item = &items[weather.below(Fault::PriceChanged, items.len() as u64) as usize];
    let percent = 60 + weather.below(Fault::PriceChanged, 100) as i64;
    let currency = item.price.currency();
    let amount = (item.price.amount() * Decimal::new(percent, 2)).round_dp(currency.minor_digits());
    let Ok(price) = Money::price(amount, currency) else { return };
    if price.amount() > item.floor.map_or(Decimal::ZERO, |floor| floor.amount()) {
        weather.tell(|| format!("catalogue: {} costs {price}", item.sku));
        let item = Item { price, ..item.clone() };
        catalog.put_item(&item).await.expect("the catalogue is written on a calm road");
    }
}
