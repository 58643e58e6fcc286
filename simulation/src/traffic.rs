//! What happens in the stores: shops of the load generator in other zones and with a few items,
//! an afternoon of theirs, and some windows in which far too much happens at once.

use chrono::{DateTime, Offset, TimeDelta, Timelike, Utc};
use domain::stock::WindowKey;
use domain::{Acceptance, Event, Store, Window};
use load_generator::day::Day;
use load_generator::draw::Draw;
use load_generator::prices::Prices;
use load_generator::shops::{self, Shop};
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::plan::Plan;
use crate::weather::Weather;

/// Among them the days on which clocks change.
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

/// The stores and the time.
pub(crate) struct Scene {
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) shops: Vec<Shop>,
    /// When the afternoon of each shop begins and when it closes, told by adding up; `None` where
    /// the clocks change meanwhile.
    pub(crate) afternoons: Vec<Afternoon>,
}

/// An event that a till has to send.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    pub(crate) event: Event,
    /// When it is sent first.
    pub(crate) due: DateTime<Utc>,
}

impl Scene {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut draw = Draw::of(plan.seed, "scene");
        let date = *pick(&mut draw, &DATES);
        let midnight: DateTime<Utc> = format!("{date}T00:00:00Z").parse().expect("an instant");
        let starts_at = midnight + TimeDelta::minutes(5 * draw.below(24 * 12) as i64);
        let ends_at = starts_at + TimeDelta::minutes(5 * i64::from(plan.steps));
        let shops = (0..plan.stores).map(|number| shop(&mut draw, number, starts_at));
        let (shops, afternoons) = shops.unzip();
        Self { starts_at, ends_at, shops, afternoons }
    }

    /// Everything that the tills have to send, in the order of time.
    pub(crate) fn errands(&self, plan: &Plan, weather: &Weather) -> Vec<Errand> {
        let mut draw = weather.draw("traffic");
        let mut events = Vec::new();
        for shop in &self.shops {
            events.extend(self.ordinary(shop, plan, &mut draw));
        }
        for number in 0..1 + draw.below(4) {
            events.extend(self.crowd(number, &mut draw));
        }
        let mut errands: Vec<Errand> =
            events.into_iter().map(|event| self.errand(event, &mut draw, weather)).collect();
        errands.sort_by_key(|errand| errand.due);
        errands
    }

    /// A day of the load generator: what came in so far, and what is sold from now on.
    fn ordinary(&self, shop: &Shop, plan: &Plan, draw: &mut Draw) -> Vec<Event> {
        let today = shop.store.day_at(self.starts_at).expect("open every day").date;
        let mut events = Vec::new();
        for date in [today.pred_opt().expect("a date"), today] {
            let day = Day::new(shop, date, plan.seed).expect("open every day");
            let (played, _) = day.play(|_| Prices::regular());
            let wanted = |event: &Event| {
                let is_now = (self.starts_at..self.ends_at).contains(&event.occurred_at());
                let moves_no_money = event.action().unit_price().is_none();
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

    /// A window of one item in which everything happens at a few instants.
    fn crowd(&self, number: u64, draw: &mut Draw) -> Vec<Event> {
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
                // Ids that sort in another order than they were made.
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

    /// When it is sent, and what the till's clock makes of it.
    fn errand(&self, event: Event, draw: &mut Draw, weather: &Weather) -> Errand {
        let length = (self.ends_at - self.starts_at).num_milliseconds() as u64;
        let soon = event.occurred_at() + TimeDelta::milliseconds(draw.below(20_000) as i64);
        let sometime = self.starts_at + TimeDelta::milliseconds(draw.below(length / 4) as i64);
        let mut due = if event.occurred_at() < self.starts_at { sometime } else { soon };
        if weather.strikes(Fault::Late) {
            let rest = (self.ends_at - due).num_milliseconds().max(1) as u64;
            due += TimeDelta::milliseconds(weather.below(Fault::Late, rest) as i64);
        }
        let due = due.clamp(self.starts_at, self.ends_at);
        let seconds = |fault, from: i64, until: u64| {
            TimeDelta::seconds(from + weather.below(fault, until) as i64)
        };
        let (week, day) = (7 * 86_400, 86_400);
        let event = if weather.strikes(Fault::ClockWithin) {
            let ahead = weather.below(Fault::ClockWithin, 2) == 0;
            let fast = due + seconds(Fault::ClockWithin, 0, 290);
            // Often at the very edge: taken at the door, and a moment later at the table.
            let edge = weather.below(Fault::ClockWithin, 2) == 0;
            let slowest = if edge { week - 20 } else { 0 };
            let slow = due - seconds(Fault::ClockWithin, slowest as i64, week - 3 - slowest);
            stamped(&event, if ahead { fast } else { slow })
        } else if weather.strikes(Fault::ClockBeyond) {
            let ahead = weather.below(Fault::ClockBeyond, 2) == 0;
            let fast = due + seconds(Fault::ClockBeyond, 301, 2 * day);
            let slow = due - seconds(Fault::ClockBeyond, week as i64 + 1, 30 * day);
            stamped(&event, if ahead { fast } else { slow })
        } else {
            event
        };
        Errand { event, due }
    }
}

/// When an afternoon begins and ends, where that could be told.
pub(crate) type Afternoon = Option<(DateTime<Utc>, DateTime<Utc>)>;

/// A shop whose afternoon it is now, in some zone.
fn shop(draw: &mut Draw, number: u32, starts_at: DateTime<Utc>) -> (Shop, Afternoon) {
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
    // A day before and after, because the day's own instants are clock times as well.
    let changes = offset(begins - TimeDelta::days(1)) != offset(closes + TimeDelta::days(1));
    (shop, (!changes).then_some((begins, closes)))
}

/// The same event at another instant, as a till with a wrong clock would have sent it.
pub(crate) fn stamped(event: &Event, at: DateTime<Utc>) -> Event {
    let mut json: Value = serde_json::from_str(&event.canonical()).expect("canonical JSON");
    json["occurred_at"] = Value::from(at.to_rfc3339());
    parsed(&json.to_string())
}

/// The same event in the same row, with another content.
pub(crate) fn contradicting(event: &Event, number: u64) -> Event {
    let mut json: Value = serde_json::from_str(&event.canonical()).expect("canonical JSON");
    json["terminal_id"] = Value::from(format!("till-{}-other", number % 3));
    let other = parsed(&json.to_string());
    assert_eq!(WindowKey::of(&other), WindowKey::of(event));
    other
}

pub(crate) fn parsed(json: &str) -> Event {
    let far = "2030-01-01T00:00:00Z".parse().expect("an instant");
    let anytime = Acceptance { age_max: None, ..Acceptance::at(far) };
    Event::parse(json, &anytime).expect("the simulation writes valid events")
}

pub(crate) fn pick<'a, T>(draw: &mut Draw, choices: &'a [T]) -> &'a T {
    &choices[draw.below(choices.len() as u64) as usize]
}
