//! The picture of an offer: from what was decided, and from the windows of its day.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::event::Unit;
use domain::limits::SLOT_MINUTES;
use domain::stock::{Figures, StockWindow, course};
use domain::{Action, BusinessDay, Event, Money, Offer, Store};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Afternoon, Minute, PriceStep, SoldIn};

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
    /// Until when anything is known.
    pub(crate) now: DateTime<Utc>,
}

/// The picture.
pub(crate) fn of_offer(offer: &Offer, seen: &Seen<'_>) -> Afternoon {
    let Seen { store, day, windows, revisions, .. } = *seen;
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
        fan: None,
        unchanged: None,
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
