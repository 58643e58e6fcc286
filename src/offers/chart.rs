//! Chart of an offer's afternoon, from the offer and the stock windows of its day.

use charts::{AfternoonChart, BandPoint, ForecastBand, PriceStep, SalesBar};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::event::Unit;
use domain::limits::SLOT_MINUTES;
use domain::stock::{Figures, StockWindow, course};
use domain::{Action, BusinessDay, ClosedDay, Event, Item, Money, Offer, Store};
use pricing::contract::read;
use pricing::decision_request::DecisionRequest;
use pricing::forecast::{StockQuantiles, stock_until_close};
use pricing::measure::Measure;
use pricing::prepared_request::opening;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Minimum time between the start of the chart and the first decision of the day.
const LEAD: TimeDelta = TimeDelta::hours(2);
/// Time before the close in which stores clear the shelf.
const CLEARING: TimeDelta = TimeDelta::minutes(15);

/// Catalogue, windows and other offers of the day of an offer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfferContext<'a> {
    pub(crate) store: &'a Store,
    pub(crate) item: &'a Item,
    pub(crate) day: &'a BusinessDay,
    /// Closed day before the offer.
    pub(crate) day_before: Option<&'a ClosedDay>,
    /// Windows of the item, as far back as its shelf life reaches.
    pub(crate) windows: &'a [StockWindow],
    /// Revisions of the item on that day, sorted.
    pub(crate) revisions: &'a [Offer],
    /// End of the known time.
    pub(crate) now: DateTime<Utc>,
}

/// Returns the chart of an offer.
pub(crate) fn offer_chart(offer: &Offer, context: &OfferContext<'_>) -> AfternoonChart {
    let OfferContext { store, item, day, windows, revisions, .. } = *context;
    let opens = day.opens_at.with_timezone(&store.zone).naive_local();
    let opens_minute = (opens - day.date.and_time(NaiveTime::MIN)).num_minutes();
    let minute = |at: DateTime<Utc>| -> f64 {
        opens_minute as f64 + (at - day.opens_at).num_seconds() as f64 / 60.0
    };
    let first = revisions.first().map_or(offer.slot, |first| first.slot.min(offer.slot));
    let starts_at = (minute(first - LEAD) / 60.0).floor() * 60.0;
    let known_until = context.now.min(day.closes_at);
    let shelf_until = cleared_from(windows, day.closes_at).min(known_until);
    let (opening, since) = opening(store, day, item.shelf_life_days, context.day_before);
    let on_shelf = windows.iter().filter(|row| row.key().window.start() >= since);
    let stock = course(opening, on_shelf).into_iter().filter(|(at, _)| *at < shelf_until);
    let stock = std::iter::once((since, opening)).chain(stock);
    let is_before = |other: &&Offer| {
        other.offer_id.revision < offer.offer_id.revision && other.shadow == offer.shadow
    };
    let before = revisions.iter().rfind(is_before);
    let price_before = before.map_or(offer.regular_price, |before| before.price);
    let name = item.name.as_deref().unwrap_or(item.sku.as_str());
    // A later version of the program may have written a request that this one cannot read.
    let request = read(offer.inputs.request.as_bytes()).ok().map(|line| line.request);
    let forecast = |price: Money| forecast(request.as_ref()?, price, offer, minute);
    let date = day.date.format("%A, %-d %B %Y");
    let store_name = store.name.as_deref().unwrap_or(store.store_id.as_str());
    let latest = windows.iter().rev().find_map(|row| row.events().last());
    let unit = latest.map_or(Unit::Each, |event| event.unit());
    AfternoonChart {
        title: format!(
            "{name}: {}from {}, {price_before} → {} {}",
            percent_off(offer).map(|percent| format!("{percent} % off ")).unwrap_or_default(),
            offer.slot.with_timezone(&store.zone).format("%H:%M"),
            offer.price,
            price_unit(offer, unit),
        ),
        subtitle: format!("{store_name}, {date}"),
        reason: offer.reason.clone(),
        starts_at: starts_at.max(minute(day.opens_at)),
        ends_at: minute(day.closes_at),
        decided_at: minute(offer.slot),
        unit: unit_name(unit).to_owned(),
        stock: stock.map(|(at, left)| (minute(at), height(left))).collect(),
        known_until: minute(known_until),
        currency: price_unit(offer, unit),
        prices: prices(offer, context, minute),
        sales: sales(context, known_until, minute),
        forecast: forecast(offer.price),
        forecast_unchanged: forecast(price_before),
    }
}

/// Returns the discount that the label of the offer names.
fn percent_off(offer: &Offer) -> Option<u8> {
    offer.label(None).percent_off
}

/// Returns the time at which the store begins to clear the shelf. Waste in the last minutes before
/// the close is the stock that was left, so the chart ends before it.
fn cleared_from(windows: &[StockWindow], closes_at: DateTime<Utc>) -> DateTime<Utc> {
    let last_minutes = windows.iter().flat_map(StockWindow::events).filter(|event| {
        let is_waste = matches!(event.action(), Action::Waste(_));
        is_waste && (closes_at - CLEARING..closes_at).contains(&event.occurred_at())
    });
    last_minutes.map(Event::occurred_at).min().unwrap_or(closes_at)
}

/// Returns the regular price from the opening on, and the price of each revision from its slot on.
fn prices(
    offer: &Offer,
    context: &OfferContext<'_>,
    minute: impl Fn(DateTime<Utc>) -> f64,
) -> Vec<PriceStep> {
    let step = |at, price: Money, percent_off: Option<u8>| PriceStep {
        at: minute(at),
        price: height(price.amount()),
        label: price.to_string(),
        percent_off: percent_off.unwrap_or(0),
    };
    let regular = step(context.day.opens_at, offer.regular_price, None);
    // A shadow offer is shown with the other shadow offers, a published one with published ones.
    let revisions = context.revisions.iter().filter(|other| other.shadow == offer.shadow);
    let later = revisions.map(|other| step(other.slot, other.price, percent_off(other)));
    std::iter::once(regular).chain(later).collect()
}

/// Returns the sales of each slot that is over.
fn sales(
    context: &OfferContext<'_>,
    known_until: DateTime<Utc>,
    minute: impl Fn(DateTime<Utc>) -> f64,
) -> Vec<SalesBar> {
    let slot = TimeDelta::minutes(SLOT_MINUTES.into());
    let starts = std::iter::successors(Some(pricing::slot_of(context.day.opens_at)), |start| {
        Some(*start + slot)
    });
    let slots = starts.take_while(|start| *start + slot <= known_until);
    let bar = |start: DateTime<Utc>| {
        let inside = |row: &&StockWindow| (start..start + slot).contains(&row.key().window.start());
        let events = context.windows.iter().filter(inside).flat_map(StockWindow::events);
        let units = height(Figures::of(events).sold);
        SalesBar { start: minute(start), end: minute(start + slot), units }
    };
    slots.map(bar).collect()
}

/// Returns the forecast of the stock at a price that does not change.
fn forecast(
    request: &DecisionRequest,
    price: Money,
    offer: &Offer,
    minute: impl Fn(DateTime<Utc>) -> f64,
) -> Option<ForecastBand> {
    let portion = height(offer.portion);
    // The rest below one portion counts as left.
    let rest = height(offer.on_hand - offer.portion * Decimal::from(request.on_hand));
    let point = |left: StockQuantiles| BandPoint {
        at: minute(left.at.to_utc()),
        low: left.low * portion + rest,
        middle: left.middle * portion + rest,
        high: left.high * portion + rest,
    };
    let points = stock_until_close(request, price.amount()).into_iter().map(point).collect();
    Some(ForecastBand { price: price.to_string(), points })
}

/// Returns the currency, and the unit that prices of weighed goods are for.
fn price_unit(offer: &Offer, unit: Unit) -> String {
    let measure = Measure { unit, ..Measure::pieces(0) };
    let per = measure.unit_name().map(|name| format!("/{name}")).unwrap_or_default();
    format!("{}{per}", offer.price.currency())
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Each => "pieces",
        Unit::Kilogram => "kg",
        Unit::Litre => "litres",
    }
}

/// Converts an exact figure to a height in the chart.
fn height(figure: Decimal) -> f64 {
    figure.to_f64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use charts::TerminalStyle;
    use domain::offer::{Inputs, Outlook, Trust};
    use domain::stock::WindowKey;
    use domain::{Acceptance, Arm, Version};
    use serde_json::{Value, json};

    use super::*;

    /// Returns an instant of a night in Berlin. Hours after midnight continue at 24.
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
            rows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event);
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
            was_price: price("2.00"),
            lowest_price: None,
            portion: Decimal::ONE,
            expected: Outlook::default(),
            if_unchanged: Outlook::default(),
            reason: "9 left.".to_owned(),
            arm: Arm::Policy,
            trust: Trust::Full,
            shadow: false,
            policy_version: Version::stored(String::new()),
            inputs: Inputs { request: request().to_string(), answer: String::new() },
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
    fn a_night_is_charted_on_one_time_axis_with_the_forecast_of_its_decision() {
        let (store, offer) = (store(), offer());
        let windows = windows(&[
            ("receipt", 10, at(18, 5)),
            ("sale", 1, at(22, 0)),
            ("sale", 2, at(23, 30)),
            // The shelf is cleared before the close: seven were left.
            ("waste", 7, at(25, 58)),
        ]);
        let item = Item::parse(r#"{"sku":"rye","name":"Rye loaf","price":"2.00"}"#).unwrap();
        let context = OfferContext {
            store: &store,
            item: &item,
            day: &store.day(offer.offer_id.date).expect("an open day"),
            day_before: None,
            windows: &windows,
            revisions: std::slice::from_ref(&offer),
            now: at(40, 0),
        };
        let chart = offer_chart(&offer, &context);
        assert_eq!(chart.title, "Rye loaf: 20 % off from 23:00, 2.00 → 1.60 EUR");
        assert_eq!(chart.subtitle, "Späti, Thursday, 12 March 2026");
        assert_eq!(chart.reason, "9 left.");
        assert_eq!([chart.starts_at, chart.decided_at, chart.ends_at], [1260.0, 1380.0, 1560.0]);
        // The stock starts at the end of the night before.
        assert_eq!(chart.stock, [(120.0, 0.0), (1085.0, 10.0), (1320.0, 9.0), (1410.0, 7.0)]);
        assert_eq!(chart.known_until, 1560.0);
        let prices: Vec<_> =
            chart.prices.iter().map(|step| (step.at, &*step.label, step.percent_off)).collect();
        assert_eq!(prices, [(1080.0, "2.00", 0), (1380.0, "1.60", 20)]);
        let sold: Vec<_> = chart.sales.iter().filter(|sold| sold.units > 0.0).collect();
        assert_eq!(sold.iter().map(|sold| sold.start).collect::<Vec<_>>(), [1320.0, 1410.0]);
        assert_eq!(chart.sales.len(), 8 * 4);
        let forecast = chart.forecast.as_ref().unwrap();
        let unchanged = chart.forecast_unchanged.as_ref().unwrap();
        let (first, last) = (forecast.points[0], forecast.points[12]);
        assert_eq!((first.at, first.low, first.high, last.at), (1380.0, 9.0, 9.0, 1560.0));
        // A lower price sells more.
        assert!(last.middle < unchanged.points[12].middle, "{last:?}");

        let style = TerminalStyle { width: 80, is_ascii: false, is_coloured: false };
        for text in [chart.to_terminal(style), chart.to_svg()] {
            assert!(text.contains("7 left") && text.contains("01:00"), "{text}");
        }
        // During the night, only slots that are over are shown.
        let midnight = offer_chart(&offer, &OfferContext { now: at(24, 0), ..context });
        assert_eq!((midnight.known_until, midnight.sales.len()), (1440.0, 6 * 4));
    }
}
