//! The picture of an offer: from what was decided, and from the windows of its day.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::event::Unit;
use domain::limits::SLOT_MINUTES;
use domain::stock::{Figures, StockWindow, course};
use domain::{Action, BusinessDay, Event, Money, Offer, Store};
use pricing::forecast::{Left, left};
use pricing::situation::Situation;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Afternoon, Fan, FanPoint, Minute, PriceStep, SoldIn};

/// How long before the decision the picture begins.
const BEFORE: TimeDelta = TimeDelta::hours(2);
/// How long before the close shops begin to throw away what is left.
const CLEARING: TimeDelta = TimeDelta::minutes(15);

/// What an offer is seen against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// Its store.
    pub(crate) store: &'a Store,
    /// What people call the item.
    pub(crate) name: &'a str,
    /// Its day.
    pub(crate) day: &'a BusinessDay,
    /// The item's windows, as far back as its shelf life reaches.
    pub(crate) windows: &'a [StockWindow],
    /// All revisions of the day, in order.
    pub(crate) revisions: &'a [Offer],
    /// What it was decided from.
    pub(crate) situation: Option<&'a Situation>,
    /// The piece in which the decision counted, in the item's unit.
    pub(crate) piece: Decimal,
    /// Until when anything is known.
    pub(crate) now: DateTime<Utc>,
}

/// The picture.
pub(crate) fn of_offer(offer: &Offer, seen: &Seen<'_>) -> Afternoon {
    let Seen { store, day, windows, revisions, situation, .. } = *seen;
    let opens = day.opens_at.with_timezone(&store.zone).naive_local();
    let opens_minute = (opens - day.date.and_time(NaiveTime::MIN)).num_minutes();
    let minute = |at: DateTime<Utc>| -> Minute {
        opens_minute as f64 + (at - day.opens_at).num_seconds() as f64 / 60.0
    };
    let first = revisions.first().map_or(offer.slot, |first| first.slot.min(offer.slot));
    let from = (minute(first - BEFORE) / 60.0).floor() * 60.0;
    let known_until = seen.now.min(day.closes_at);
    let shelf_until = cleared_from(windows, day.closes_at).min(known_until);
    let stock = course(windows).into_iter().filter(|(at, _)| *at < shelf_until);
    let before = revisions.iter().rfind(|other| other.offer_id.revision < offer.offer_id.revision);
    let price_before = before.map_or(offer.regular_price, |before| before.price);
    // A first offer at the price that is on the shelf anyway would be drawn twice.
    let unchanged = situation.filter(|_| price_before != offer.price);
    let date = day.date.format("%A, %-d %B %Y");
    let place = store.name.as_deref().unwrap_or(store.store_id.as_str());
    let events = || windows.iter().flat_map(StockWindow::events);
    Afternoon {
        title: format!(
            "{}: {} % off from {}, {price_before} → {} {}",
            seen.name,
            offer.discount_percent,
            offer.slot.with_timezone(&store.zone).format("%H:%M"),
            offer.price,
            offer.price.currency(),
        ),
        reason: format!("{place}, {date}. {}", offer.reason),
        from: from.max(minute(day.opens_at)),
        closes_at: minute(day.closes_at),
        decided_at: minute(offer.slot),
        unit: events().next().map_or("pieces", |event| unit(event.unit())).to_owned(),
        stock: stock.map(|(at, left)| (minute(at), height(left))).collect(),
        known_until: minute(known_until),
        currency: offer.price.currency().to_string(),
        prices: prices(offer, seen, minute),
        sales: sales(seen, known_until, minute),
        fan: fan(situation, offer.price.amount(), seen, minute),
        unchanged: fan(unchanged, price_before.amount(), seen, minute),
    }
}

/// From when on the shelf is cleared. What is thrown away in the last minutes is what was left.
fn cleared_from(windows: &[StockWindow], closes_at: DateTime<Utc>) -> DateTime<Utc> {
    let last_minutes = windows.iter().flat_map(StockWindow::events).filter(|event| {
        let is_waste = matches!(event.action(), Action::Waste(_));
        is_waste && (closes_at - CLEARING..closes_at).contains(&event.occurred_at())
    });
    last_minutes.map(Event::occurred_at).min().unwrap_or(closes_at)
}

/// From the opening on the regular price, and from each revision's slot on its price.
fn prices(
    offer: &Offer,
    seen: &Seen<'_>,
    minute: impl Fn(DateTime<Utc>) -> Minute,
) -> Vec<PriceStep> {
    let step = |at, price: Money, discount_percent| PriceStep {
        at: minute(at),
        price: height(price.amount()),
        label: price.to_string(),
        discount_percent,
    };
    let regular = step(seen.day.opens_at, offer.regular_price, 0);
    let revisions = seen.revisions.iter();
    let later = revisions.map(|other| step(other.slot, other.price, other.discount_percent));
    std::iter::once(regular).chain(later).collect()
}

/// What was sold in each slot of the grid that is over.
fn sales(
    seen: &Seen<'_>,
    known_until: DateTime<Utc>,
    minute: impl Fn(DateTime<Utc>) -> Minute,
) -> Vec<SoldIn> {
    let slot = TimeDelta::minutes(SLOT_MINUTES.into());
    let starts = std::iter::successors(Some(pricing::slot_of(seen.day.opens_at)), |start| {
        Some(*start + slot)
    });
    let over = starts.take_while(|start| *start + slot <= known_until);
    let sold_in = |start: DateTime<Utc>| {
        let inside = |row: &&StockWindow| (start..start + slot).contains(&row.key().window.start());
        let events = seen.windows.iter().filter(inside).flat_map(StockWindow::events);
        let units = height(Figures::of(events).sold);
        SoldIn { start: minute(start), end: minute(start + slot), units }
    };
    over.map(sold_in).collect()
}

/// What was expected to be left while a price stays.
fn fan(
    situation: Option<&Situation>,
    price: Decimal,
    seen: &Seen<'_>,
    minute: impl Fn(DateTime<Utc>) -> Minute,
) -> Option<Fan> {
    let piece = height(seen.piece);
    let point = |left: Left| FanPoint {
        at: minute(left.at.to_utc()),
        low: left.low * piece,
        middle: left.middle * piece,
        high: left.high * piece,
    };
    let points = left(situation?, price).into_iter().map(point).collect();
    Some(Fan { points })
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Each => "pieces",
        Unit::Kilogram => "kg",
        Unit::Litre => "litres",
    }
}

/// How high a figure is drawn.
fn height(figure: Decimal) -> f64 {
    figure.to_f64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::Acceptance;
    use domain::stock::WindowKey;
    use pricing::contract::read;
    use serde_json::{Value, json};

    use super::*;
    use crate::picture::{Style, svg, terminal};

    /// An instant of a night in Berlin, the hours past midnight counted on.
    fn at(hour: i64, minute: i64) -> DateTime<Utc> {
        let midnight: DateTime<Utc> = "2026-03-11T23:00:00Z".parse().unwrap();
        midnight + TimeDelta::minutes(60 * hour + minute)
    }

    fn windows(lines: &[(&str, u32, DateTime<Utc>)]) -> Vec<StockWindow> {
        let mut rows: BTreeMap<WindowKey, StockWindow> = BTreeMap::new();
        for ((kind, quantity, at), number) in lines.iter().zip(0..) {
            let line = json!({
                "event_id": format!("e-{number}"), "kind": kind, "store_id": "corner",
                "terminal_id": "t-1", "sku": "rye", "quantity": quantity, "unit_price": "2.00",
                "currency": "EUR", "occurred_at": at.to_rfc3339(),
            });
            let event = Event::parse(&line.to_string(), &Acceptance::at(*at)).unwrap();
            let key = WindowKey::of(&event);
            rows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).absorb(event);
        }
        rows.into_values().collect()
    }

    fn store() -> Store {
        let night = r#"{"store_id":"corner","name":"Späti","zone":"Europe/Berlin",
            "hours":"mon-sun 18:00-02:00"}"#;
        Store::parse(night).unwrap()
    }

    fn offer() -> Offer {
        let price = |text| Money::parse_price(text, "EUR".parse().unwrap()).unwrap();
        Offer {
            offer_id: "2026-03-12/corner/rye/1".parse().unwrap(),
            slot: at(23, 0),
            valid_from: at(23, 0),
            valid_until: at(26, 0),
            regular_price: price("2.00"),
            price: price("1.60"),
            discount_percent: 20,
            on_hand: Decimal::from(9),
            expected_left_unchanged: Decimal::from(6),
            expected_left: Decimal::from(4),
            reason: "9 left.".to_owned(),
        }
    }

    fn request() -> Value {
        json!({
            "store_id": "corner", "sku": "rye", "as_of": at(23, 0).to_rfc3339(),
            "closes_at": at(26, 0).to_rfc3339(), "on_hand": 9, "regular_price": "2.00",
            "unit_cost": "0.50", "policy": { "ladder_percent": [0, 20] },
            "profile": { "basis": "sku", "days": 28, "slots": [
                { "start": "00:00", "end": "01:00", "units": 2 },
                { "start": "22:00", "end": "24:00", "units": 3 },
            ] },
        })
    }

    #[test]
    fn a_night_is_drawn_on_one_line_of_time_with_the_fan_of_its_decision() {
        let (store, offer) = (store(), offer());
        let windows = windows(&[
            ("receipt", 10, at(18, 5)),
            ("sale", 1, at(22, 0)),
            ("sale", 2, at(23, 30)),
            // The shelf is cleared before the close: seven were left.
            ("waste", 7, at(25, 58)),
        ]);
        let situation = read(request().to_string().as_bytes()).expect("a request").situation;
        let seen = Seen {
            store: &store,
            name: "Rye loaf",
            day: &store.day(offer.offer_id.date).expect("an open day"),
            windows: &windows,
            revisions: std::slice::from_ref(&offer),
            situation: Some(&situation),
            piece: Decimal::ONE,
            now: at(40, 0),
        };
        let drawn = of_offer(&offer, &seen);
        assert_eq!(drawn.title, "Rye loaf: 20 % off from 23:00, 2.00 → 1.60 EUR");
        assert_eq!(drawn.reason, "Späti, Thursday, 12 March 2026. 9 left.");
        assert_eq!([drawn.from, drawn.decided_at, drawn.closes_at], [1260.0, 1380.0, 1560.0]);
        assert_eq!(drawn.stock, [(1085.0, 10.0), (1320.0, 9.0), (1410.0, 7.0)]);
        assert_eq!(drawn.known_until, 1560.0);
        let prices: Vec<_> = drawn
            .prices
            .iter()
            .map(|step| (step.at, &*step.label, step.discount_percent))
            .collect();
        assert_eq!(prices, [(1080.0, "2.00", 0), (1380.0, "1.60", 20)]);
        let sold: Vec<_> = drawn.sales.iter().filter(|sold| sold.units > 0.0).collect();
        assert_eq!(sold.iter().map(|sold| sold.start).collect::<Vec<_>>(), [1320.0, 1410.0]);
        assert_eq!(drawn.sales.len(), 8 * 4);
        let (fan, unchanged) = (drawn.fan.as_ref().unwrap(), drawn.unchanged.as_ref().unwrap());
        let (first, last) = (fan.points[0], fan.points[12]);
        assert_eq!((first.at, first.low, first.high, last.at), (1380.0, 9.0, 9.0, 1560.0));
        // A lower price sells more.
        assert!(last.middle < unchanged.points[12].middle, "{last:?}");

        let style = Style { width: 80, is_ascii: false, is_coloured: false };
        for picture in [terminal(&drawn, style), svg(&drawn)] {
            assert!(picture.contains("7 left") && picture.contains("01:00"), "{picture}");
        }
        // While it goes on, only what is over is drawn.
        let midnight = of_offer(&offer, &Seen { now: at(24, 0), ..seen });
        assert_eq!((midnight.known_until, midnight.sales.len()), (1440.0, 6 * 4));
    }
}
