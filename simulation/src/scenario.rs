//! Stores, time and events of a world: shops of the load generator in other time zones and with few
//! items, one afternoon, and some windows with many events at one instant.

use chrono::{DateTime, Offset, TimeDelta, Timelike, Utc};
use domain::stock::WindowKey;
use domain::{Acceptance, Event, Store, StoreId, Window};
use load_generator::draw::Draw;
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::{self, ShopModel};
use serde_json::{Value, json};

use crate::context::SimContext;
use crate::injected_fault::InjectedFault;
use crate::world_plan::WorldPlan;

/// Dates of worlds. Some are days on which clocks change.
const DATES: [&str; 6] =
    ["2026-03-12", "2026-03-29", "2026-10-25", "2026-04-05", "2026-11-01", "2026-12-31"];
const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/Lisbon",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "Asia/Tokyo",
];

/// Stores and time span of a world.
pub(crate) struct Scenario {
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) shops: Vec<ShopModel>,
    /// Store that is not in the catalogue.
    unlisted: Option<StoreId>,
    /// Afternoon of each shop, in the order of `shops`.
    pub(crate) afternoons: Vec<AfternoonHours>,
}

/// Event that a till has to send.
#[derive(Debug, Clone)]
pub(crate) struct ScheduledEvent {
    pub(crate) event: Event,
    /// Earliest time of sending.
    pub(crate) due: DateTime<Utc>,
}

impl Scenario {
    pub(crate) fn of(plan: &WorldPlan) -> Self {
        let mut draw = Draw::of(plan.seed, "scene");
        let date = *pick(&mut draw, &DATES);
        let midnight: DateTime<Utc> = format!("{date}T00:00:00Z").parse().expect("an instant");
        let starts_at = midnight + TimeDelta::minutes(5 * draw.below(24 * 12) as i64);
        let ends_at = starts_at + TimeDelta::minutes(5 * i64::from(plan.steps));
        let shops = (0..plan.stores).map(|number| shop(&mut draw, number, starts_at));
        let (shops, afternoons): (Vec<ShopModel>, _) = shops.unzip();
        let is_unlisted = shops.len() > 1 && draw.below(2) == 0;
        let unlisted = shops.last().filter(|_| is_unlisted);
        let unlisted = unlisted.map(|shop| shop.store.store_id.clone());
        Self { starts_at, ends_at, shops, unlisted, afternoons }
    }

    /// `true` if the store is in the catalogue.
    pub(crate) fn lists(&self, store_id: &StoreId) -> bool {
        self.unlisted.as_ref() != Some(store_id)
    }

    /// Returns the shops that are in the catalogue.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &ShopModel> {
        self.shops.iter().filter(|shop| self.lists(&shop.store.store_id))
    }

    /// Draws all events that the tills send, by time.
    pub(crate) fn scheduled_events(
        &self,
        plan: &WorldPlan,
        sim: &SimContext,
    ) -> Vec<ScheduledEvent> {
        let mut draw = sim.draw("traffic");
        let mut events = Vec::new();
        for shop in &self.shops {
            events.extend(self.ordinary_events(shop, plan, &mut draw));
        }
        for number in 0..1 + draw.below(4) {
            events.extend(self.crowded_window(number, &mut draw));
        }
        let mut scheduled: Vec<ScheduledEvent> =
            events.into_iter().map(|event| self.schedule(event, &mut draw, sim)).collect();
        scheduled.sort_by_key(|scheduled| scheduled.due);
        scheduled
    }

    /// Plays two days of the load generator: goods movements before the scenario, and all events
    /// during it.
    fn ordinary_events(&self, shop: &ShopModel, plan: &WorldPlan, draw: &mut Draw) -> Vec<Event> {
        let today = shop.store.day_at(self.starts_at).expect("open every day").date;
        let mut events = Vec::new();
        for date in [today.pred_opt().expect("a date"), today] {
            let day = ShopDay::new(shop, date, plan.seed).expect("open every day");
            let (played, _) = day.play(|_| ShelfPrices::regular());
            let wanted = |event: &Event| {
                let is_now = (self.starts_at..self.ends_at).contains(&event.occurred_at());
                let moves_no_money = event.action().charge().is_none();
                is_now || event.occurred_at() < self.starts_at && moves_no_money
            };
            events.extend(played.into_iter().filter(wanted));
        }
        let most = (plan.events / plan.stores).max(1) as usize;
        while events.len() > most {
            events.swap_remove(draw.below(events.len() as u64) as usize);
        }
        events.sort_by(|a, b| a.event_id().cmp(b.event_id()));
        events
    }

    /// Draws a window of one item with all its events at a few instants.
    fn crowded_window(&self, number: u64, draw: &mut Draw) -> Vec<Event> {
        let shop = pick(draw, &self.shops).clone();
        let line = pick(draw, &shop.items);
        let span = (self.ends_at - self.starts_at).num_milliseconds() as u64;
        let around = self.starts_at + TimeDelta::milliseconds(draw.below(span) as i64);
        let start = Window::of(around).start();
        let mut events: Vec<Event> = Vec::new();
        for index in 0..3 + draw.below(40) {
            let at =
                start + TimeDelta::milliseconds([0, 1, 1_000, 299_999][draw.below(4) as usize]);
            let kinds = [
                "sale",
                "sale",
                "sale",
                "return",
                "receipt",
                "waste",
                "count",
                "transfer_in",
                "transfer_out",
                "correction",
            ];
            let mut kind = *pick(draw, &kinds);
            let corrected = draw.below(events.len().max(1) as u64) as usize;
            let corrected = events.get(corrected).cloned();
            if corrected.is_none() && kind == "correction" {
                kind = "receipt";
            }
            let has_price = ["sale", "return"].contains(&kind);
            let mut json = json!({
                // Ids sort in another order than their events were created.
                "event_id": format!("crowd-{number}-{}-{index}", (index * 7) % 10),
                "kind": kind,
                "store_id": shop.store.store_id.as_str(),
                "terminal_id": format!("till-{}", 1 + draw.below(2)),
                "sku": line.item.sku.as_str(),
                "quantity": (1 + draw.below(9)).to_string(),
                "unit": line.unit().as_str(),
                "occurred_at": at.to_rfc3339(),
            });
            if has_price {
                json["unit_price"] = Value::from(line.item.price.to_string());
                json["currency"] = Value::from(line.item.price.currency().code());
            }
            if kind == "correction"
                && let Some(corrected) = corrected
            {
                json["corrects"] = Value::from(corrected.event_id().as_str());
                json["occurred_at"] = Value::from(corrected.occurred_at().to_rfc3339());
            }
            events.push(parsed(&json.to_string()));
        }
        events
    }

    /// Draws the time of sending and the error of the till's clock.
    fn schedule(&self, event: Event, draw: &mut Draw, sim: &SimContext) -> ScheduledEvent {
        let length = (self.ends_at - self.starts_at).num_milliseconds() as u64;
        let soon = event.occurred_at() + TimeDelta::milliseconds(draw.below(20_000) as i64);
        let sometime = self.starts_at + TimeDelta::milliseconds(draw.below(length / 4) as i64);
        let mut due = if event.occurred_at() < self.starts_at { sometime } else { soon };
        if sim.injects(InjectedFault::Late) {
            let rest = (self.ends_at - due).num_milliseconds().max(1) as u64;
            due += TimeDelta::milliseconds(sim.below(InjectedFault::Late, rest) as i64);
        }
        let due = due.clamp(self.starts_at, self.ends_at);
        let seconds = |fault, from: i64, until: u64| {
            TimeDelta::seconds(from + sim.below(fault, until) as i64)
        };
        let (week, day) = (7 * 86_400, 86_400);
        let event = if sim.injects(InjectedFault::ClockWithin) {
            let ahead = sim.below(InjectedFault::ClockWithin, 2) == 0;
            let fast = due + seconds(InjectedFault::ClockWithin, 0, 290);
            // Often at the very edge: within the limit at ingest, beyond it a moment later.
            let edge = sim.below(InjectedFault::ClockWithin, 2) == 0;
            let slowest = if edge { week - 20 } else { 0 };
            let slow =
                due - seconds(InjectedFault::ClockWithin, slowest as i64, week - 3 - slowest);
            stamped(&event, if ahead { fast } else { slow })
        } else if sim.injects(InjectedFault::ClockBeyond) {
            let ahead = sim.below(InjectedFault::ClockBeyond, 2) == 0;
            let fast = due + seconds(InjectedFault::ClockBeyond, 301, 2 * day);
            let slow = due - seconds(InjectedFault::ClockBeyond, week as i64 + 1, 30 * day);
            stamped(&event, if ahead { fast } else { slow })
        } else {
            event
        };
        ScheduledEvent { event, due }
    }
}

/// Start of the afternoon and close of a shop. `None` if the clocks change in between, because
/// these instants are computed by adding hours.
pub(crate) type AfternoonHours = Option<(DateTime<Utc>, DateTime<Utc>)>;

/// Draws a shop in some time zone whose afternoon falls into the scenario.
fn shop(draw: &mut Draw, number: u32, starts_at: DateTime<Utc>) -> (ShopModel, AfternoonHours) {
    let mut shop = pick(draw, &shops::chain()).clone();
    let store_id = format!("sim-{number}");
    let zone = *pick(draw, &ZONES);
    let anywhere = json!({ "store_id": store_id, "zone": zone, "hours": "mon-sun 08:00-20:00" });
    let zone_of = Store::parse(&anywhere.to_string()).expect("a store").zone;
    let local = starts_at.with_timezone(&zone_of);
    let hour = local.hour();
    let clock = |hour: u32| format!("{:02}:00", hour % 24);
    let (begins, closes) = (draw.below(3) as u32, 2 + draw.below(3) as u32);
    let store = json!({
        "store_id": store_id,
        "zone": zone,
        "hours": format!("mon-sun {}-{}", clock(hour + 19), clock(hour + closes)),
        "policy": {
            "afternoon_starts": clock(hour + 23 + begins),
            "min_minutes_between_changes": pick(draw, &[0, 15, 30]),
            "max_changes": pick(draw, &[json!(1), json!(3), json!("unlimited")]),
            "max_discount_percent": pick(draw, &[30, 60, 95]),
            "price_endings": pick(draw, &[json!([]), json!(["0", "5"]), json!(["9"])]),
            "shadow": draw.below(6) == 0,
            "step_jitter_minutes": pick(draw, &[0, 0, 15]),
            "on_doubt": pick(draw, &["mark", "mark", "withhold"]),
            "experiment": {
                "salt": number.to_string(),
                "control_percent": pick(draw, &[0, 30]),
                "exploration_percent": pick(draw, &[0, 30]),
                "rule": [
                    {"at": clock(hour), "discount_percent": 20},
                    {"at": clock(hour + 1), "discount_percent": 35},
                ],
            },
            "categories": { "bread": pick(draw, &[
                json!({}),
                json!({ "exclude": true }),
                json!({ "ladder_percent": [0, 25, 50], "min_price": "0.75" }),
                json!({ "earliest": clock(hour + 1) }),
                json!({ "latest": clock(hour + 1) }),
            ]) },
        },
    });
    shop.store = Store::parse(&store.to_string()).expect("a store");
    while shop.items.len() > 1 + draw.below(4) as usize {
        shop.items.swap_remove(draw.below(shop.items.len() as u64) as usize);
    }
    if draw.below(2) == 0 {
        shop.items.iter_mut().for_each(|line| line.item.category = Some("bread".to_owned()));
    }
    for line in &mut shop.items {
        line.item.store_id = Some(shop.store.store_id.clone());
        line.item.shelf_life_days = *pick(draw, &[1, 1, 2, 3]);
        if draw.below(3) == 0 {
            line.item.floor = None;
        }
    }
    let full_hour =
        starts_at - TimeDelta::seconds(i64::from(local.num_seconds_from_midnight() % 3600));
    let after = |hours: i64| full_hour + TimeDelta::hours(hours);
    let (begins, closes) = (after(i64::from(begins) - 1), after(i64::from(closes)));
    let offset = |at: DateTime<Utc>| at.with_timezone(&zone_of).offset().fix();
    // One day more on both sides, because the limits of a day are clock times as well.
    let changes = offset(begins - TimeDelta::days(1)) != offset(closes + TimeDelta::days(1));
    (shop, (!changes).then_some((begins, closes)))
}

/// Returns the event at another instant, as from a till with a wrong clock.
pub(crate) fn stamped(event: &Event, at: DateTime<Utc>) -> Event {
    with_field(event, "occurred_at", at.to_rfc3339())
}

/// Returns another content of the event, in the same window.
pub(crate) fn contradicting(event: &Event, number: u64) -> Event {
    let other = with_field(event, "terminal_id", format!("till-{}-other", number % 3));
    assert_eq!(WindowKey::of(&other), WindowKey::of(event));
    other
}

/// Returns the event with another value of one field.
pub(crate) fn with_field(event: &Event, name: &str, value: String) -> Event {
    let mut json: Value = serde_json::from_str(&event.canonical()).expect("canonical JSON");
    json[name] = Value::from(value);
    parsed(&json.to_string())
}

fn parsed(json: &str) -> Event {
    let far = "2030-01-01T00:00:00Z".parse().expect("an instant");
    let anytime = Acceptance { age_max: None, ..Acceptance::at(far) };
    Event::parse(json, &anytime).expect("the simulation writes valid events")
}

pub(crate) fn pick<'a, T>(draw: &mut Draw, choices: &'a [T]) -> &'a T {
    &choices[draw.below(choices.len() as u64) as usize]
}
