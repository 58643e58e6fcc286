//! Inputs of a decision: windows, closed days and the state of the tills.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use domain::closed_day::DayContext;
use domain::ports::{CatalogTable, DaysTable, Saved};
use domain::{Arm, Chain, ClosedDay, DayKey, Event, Offer, Store, Trust};
use pricing::contract;
use pricing::store_snapshot::SkipReason;
use serde_json::Value;

use crate::{World, at, corner, event, run, too_much};

const ROLL: &str = r#"{"sku":"roll","price":"2.40","cost":"0.60"}"#;

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// Returns the offer of the pass at 15:00 in the store's zone, which is 14:00 UTC.
fn at_three(world: &World) -> Offer {
    let pass = world.tick(at("2026-03-12T14:00:00Z"));
    assert_eq!(pass.published.len(), 1, "{pass:?}");
    pass.published.into_iter().next().expect("an offer")
}

fn request(offer: &Offer) -> Value {
    serde_json::from_str(&offer.inputs.request).expect("JSON")
}

/// Closes a day of the roll with these events instead of those in `world`.
pub(crate) fn close(world: &World, date: NaiveDate, life: u16, events: &[Event]) {
    let store = run(world.tables.load_store(&"corner".parse().unwrap())).unwrap().unwrap();
    let key = DayKey { store_id: store.store_id.clone(), sku: "roll".parse().unwrap(), date };
    let context = DayContext {
        before: None,
        span: store.span(date),
        opens_at: store.day(date).map(|day| day.opens_at),
        zone: store.zone,
        shelf_life_days: life,
        is_stored: false,
    };
    let other = corner("{}", &[]);
    other.store(events);
    let span = store.span(date);
    let windows = windows(&other, &store, span);
    let windows: Vec<_> = windows.iter().collect();
    let day = ClosedDay::of(key, &context, &windows, &[]).expect("a row");
    assert_eq!(run(world.tables.save_day(&day, None)), Ok(Saved::Done));
}

fn windows(world: &World, store: &Store, span: domain::DaySpan) -> Vec<domain::StockWindow> {
    let (since, until) = (span.starts_at, span.ends_at);
    let all = stock_log::read_windows(&world.tables, &store.store_id, None, since, until);
    run(all).expect("windows").windows
}

#[test]
fn the_filter_decides_the_same_bytes_as_the_pass() {
    let world = corner(r#"{"price_endings":["0","5"],"min_margin_percent":20}"#, &[ROLL]);
    world.store(&too_much("roll"));
    for minutes in [0, 15, 30, 45, 60, 75, 90] {
        world.tick(at("2026-03-12T14:00:00Z") + chrono::TimeDelta::minutes(minutes));
    }
    let offers: Vec<Offer> = world.offers().into_values().flatten().collect();
    assert!(!offers.is_empty());
    for offer in offers {
        let answer = contract::answer_line(offer.inputs.request.as_bytes(), 7).expect("an answer");
        assert_eq!(answer, offer.inputs.answer);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["action"], "change");
        assert_eq!(answer["price"], offer.price.to_string());
        assert_eq!(answer["reason"], offer.reason);
        assert_eq!(answer["expected_revenue"], offer.expected.revenue.to_string());
    }
}

#[test]
fn a_slot_without_a_sale_is_zero_and_an_empty_shelf_is_told() {
    let world = corner("{}", &[ROLL]);
    let mut events = too_much("roll");
    events.push(event("c1", "count", "roll", "0", "2026-03-12T10:31:00Z", ""));
    events.push(event("c2", "count", "roll", "50", "2026-03-12T11:10:00Z", ""));
    world.store(&events);
    let offer = at_three(&world);
    let request = request(&offer);
    let sales = request["sales_today"].as_array().unwrap();
    // From seven to three, by the store's clock.
    assert_eq!(sales.len(), 32);
    assert_eq!(sales[0]["start"], "2026-03-12T07:00:00+01:00");
    let sold: u64 = sales.iter().map(|slot| slot["units"].as_u64().unwrap()).sum();
    assert_eq!(sold, 6);
    let sold_out: Vec<&str> = sales
        .iter()
        .filter(|slot| slot["sold_out"] == true)
        .map(|slot| &slot["start"].as_str().unwrap()[11..16])
        .collect();
    // Before the delivery at ten past seven, and before the second count; the first one is not
    // true, because at ten to twelve one was sold.
    assert_eq!(sold_out, ["07:00", "11:45", "12:00"]);
}

#[test]
fn slots_of_doubtful_tills_are_unknown_and_the_offer_says_so() {
    let gap = |events: &mut Vec<Event>, number: u32, at: &str| {
        let sequence = format!(r#","sequence":{{"epoch":"e","number":{number}}}"#);
        events.push(event(&format!("n{number}"), "count", "other", "1", at, &sequence));
    };
    let world = |policy: &str, torn: bool| {
        let world = corner(policy, &[ROLL]);
        let mut events = too_much("roll");
        gap(&mut events, 7, "2026-03-12T12:20:00Z");
        gap(&mut events, if torn { 9 } else { 8 }, "2026-03-12T12:50:00Z");
        world.store(&events);
        world
    };
    let whole = at_three(&world("{}", false));
    assert_eq!(whole.trust, Trust::Full);
    assert_eq!(request(&whole)["sales_today"].as_array().unwrap().len(), 32);
    let torn = at_three(&world("{}", true));
    assert_eq!(torn.trust, Trust::Gaps);
    assert_eq!(request(&torn)["sales_today"].as_array().unwrap().len(), 29);

    let withheld = world(r#"{"on_doubt":"withhold"}"#, true);
    let pass = withheld.tick(at("2026-03-12T14:00:00Z"));
    assert_eq!(pass.skipped, BTreeMap::from([(SkipReason::Withheld(Trust::Gaps), 1)]));

    let silent = corner(r#"{"doubt_after_minutes":15}"#, &[ROLL]);
    silent.store(&too_much("roll")[..6]);
    let offer = at_three(&silent);
    assert_eq!(offer.trust, Trust::Silent);
    // The last event came five to one by UTC.
    assert_eq!(request(&offer)["sales_today"].as_array().unwrap().len(), 27);
}

#[test]
fn what_the_day_before_left_is_on_the_shelf_of_goods_that_keep() {
    let keeps = r#"{"sku":"roll","price":"2.40","cost":"0.60","shelf_life_days":3}"#;
    let world = corner("{}", &[keeps]);
    world.store(&too_much("roll"));
    assert_eq!(request(&at_three(&world))["on_hand"], 54);
    // What came four days ago does not keep, what came yesterday does.
    let world = corner("{}", &[keeps]);
    world.store(&too_much("roll"));
    let yesterday = date("2026-03-11");
    let came = event("y", "receipt", "roll", "20", "2026-03-11T08:00:00Z", "");
    close(&world, yesterday, 3, &[came]);
    assert_eq!(request(&at_three(&world))["on_hand"], 74);
    // Sold today and made today: yesterday is no matter.
    let world = corner("{}", &[ROLL]);
    world.store(&too_much("roll"));
    let came = event("y", "receipt", "roll", "20", "2026-03-11T08:00:00Z", "");
    close(&world, yesterday, 1, &[came]);
    assert_eq!(request(&at_three(&world))["on_hand"], 54);
}

#[test]
fn what_is_past_its_date_is_not_offered() {
    let keeps = r#"{"sku":"roll","price":"2.40","cost":"0.60","shelf_life_days":2}"#;
    let world = corner("{}", &[keeps]);
    let dated = |id: &str, quantity: &str, date: &str| {
        let more = format!(r#","expires_on":"{date}""#);
        event(id, "receipt", "roll", quantity, "2026-03-11T08:00:00Z", &more)
    };
    world.store(&[dated("old", "30", "2026-03-11"), dated("fresh", "10", "2026-03-12")]);
    let (slot, store_id) = (at("2026-03-12T14:00:00Z"), "corner".parse().unwrap());
    let afternoon = run(world.pricing().read(&store_id, slot)).unwrap().expect("open");
    let prepared = afternoon.prepare(&afternoon.items[0], Arm::Policy).expect("decidable");
    assert_eq!(prepared.request.on_hand, 10);
    let world = corner("{}", &[keeps]);
    world.store(&[dated("old", "30", "2026-03-11")]);
    let pass = world.tick(at("2026-03-12T14:00:00Z"));
    assert_eq!(pass.skipped, BTreeMap::from([(SkipReason::PastItsDate, 1)]));
}

#[test]
fn weighed_goods_count_in_portions_and_amounts_stay_per_unit() {
    let cheese = r#"{"sku":"roll","price":"24.00","cost":"6.00","portion":"0.2"}"#;
    let world = corner("{}", &[cheese]);
    let kilo = |id: &str, kind: &str, quantity: &str, at: &str, price: &str| {
        event(id, kind, "roll", quantity, at, &format!(r#","unit":"KGM"{price}"#))
    };
    let price = r#","unit_price":"24.00","currency":"EUR""#;
    world.store(&[
        kilo("r", "receipt", "10.15", "2026-03-12T06:10:00Z", ""),
        kilo("s1", "sale", "0.31", "2026-03-12T10:00:00Z", price),
        kilo("s2", "sale", "0.29", "2026-03-12T13:20:00Z", price),
    ]);
    let offer = at_three(&world);
    assert_eq!(
        (offer.on_hand.to_string().as_str(), offer.portion.to_string().as_str()),
        ("9.55", "0.2")
    );
    let request = request(&offer);
    assert_eq!((&request["on_hand"], &request["regular_price"]), (&47.into(), &"24.00".into()));
    let sales = request["sales_today"].as_array().unwrap();
    let sold: u64 = sales.iter().map(|slot| slot["units"].as_u64().unwrap()).sum();
    assert_eq!(sold, 3, "0.6 kg in portions of 0.2, of which no slot has a whole number");
    // The rest of 0.15 kg is no portion and counts as left.
    assert_eq!(offer.expected.units + offer.expected.waste, offer.on_hand);
    assert!(offer.reason.contains("9.55 kg left") && offer.reason.contains("portions of 0.2 kg"));
    assert!(offer.reason.contains("At ") && offer.reason.contains(" EUR/kg"), "{}", offer.reason);
    assert!(offer.expected.revenue <= offer.price.amount() * offer.expected.units);
}

#[test]
fn the_price_before_is_the_lowest_of_30_days_unless_the_country_exempts_perishables() {
    let priced = |price: &str| format!(r#","unit_price":"{price}","currency":"EUR""#);
    let before = |world: &World| {
        for (days, price) in [(3, "1.90"), (31, "1.00")] {
            let date = date("2026-03-12") - Days::new(days);
            let sold =
                event("s", "sale", "roll", "1", &format!("{date}T10:00:00Z"), &priced(price));
            close(world, date, 1, &[sold]);
        }
        world.store(&too_much("roll"));
    };
    let world = corner("{}", &[ROLL]);
    before(&world);
    let first = at_three(&world);
    let text =
        |offer: &Offer| (offer.was_price.to_string(), offer.lowest_price.map(|it| it.to_string()));
    assert_eq!(text(&first), ("1.90".to_owned(), Some("1.90".to_owned())));

    // A sale of the same day at a lower price, before the first offer.
    let today = corner("{}", &[ROLL]);
    today.store(&too_much("roll"));
    let fields = priced("2.10");
    today.store(&[event("t", "sale", "roll", "1", "2026-03-12T09:00:00Z", &fields)]);
    assert_eq!(text(&at_three(&today)), ("2.10".to_owned(), Some("2.10".to_owned())));

    let exempt = corner("{}", &[ROLL]);
    before(&exempt);
    let chain = Chain::parse(r#"{"chain":"W","perishables_exempt":["DE"]}"#).unwrap();
    run(exempt.tables.put_chain(&chain)).expect("written");
    assert_eq!(text(&at_three(&exempt)), ("2.40".to_owned(), Some("1.90".to_owned())));

    let unknown = corner("{}", &[ROLL]);
    unknown.store(&too_much("roll"));
    // Only the sales of the day itself are known.
    assert_eq!(text(&at_three(&unknown)), ("2.40".to_owned(), Some("2.40".to_owned())));
}
