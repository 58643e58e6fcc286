//! Money, receipt, transfer and import of an event.

mod events;

use chrono::TimeDelta;
use domain::event::Charge;
use domain::stock::{Added, Figures, StoreDay};
use domain::{Acceptance, Currency, Event};
use events::{RECEIVED_AT, at, event, of_row, row, sale, with};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Returns the sale with the fields of `change`, or the message of its refusal.
fn parse(change: Value) -> Result<Event, String> {
    let json = with(sale(), change).to_string();
    let event = Event::parse(&json, &Acceptance::at(at(RECEIVED_AT)));
    event.map_err(|rejection| rejection.to_string().replace("event e-1: ", ""))
}

fn charge(change: Value) -> Result<Charge, String> {
    parse(change).map(|event| *event.action().charge().expect("a sale"))
}

fn revenue(events: &[Event]) -> String {
    let figures = Figures::of(events.iter());
    figures.revenue.get(&Currency::EUR).copied().unwrap_or_default().normalize().to_string()
}

#[test]
fn revenue_is_the_sum_of_the_amounts_on_the_receipts() {
    let weighed = |number: i64| {
        let instant = at(RECEIVED_AT) - TimeDelta::minutes(number);
        parse(json!({
            "event_id": format!("w-{number}"), "quantity": "0.384", "unit": "KGM",
            "unit_price": "3.98", "amount": "1.53", "occurred_at": instant.to_rfc3339(),
        }))
        .unwrap()
    };
    // Ten pieces of 0.384 kg: the till rounds each line, 3.84 kg at once would be 15.28.
    assert_eq!(revenue(&(0..10).map(weighed).collect::<Vec<_>>()), "15.3");

    let three = json!({ "unit_price": null, "quantity": "3", "amount": "5.00" });
    let three = parse(three).unwrap();
    assert_eq!(revenue(std::slice::from_ref(&three)), "5");
    assert_eq!(three.action().charge().unwrap().label_price(three.quantity()).to_string(), "1.67");

    let back = parse(json!({
        "event_id": "e-2", "kind": "return", "quantity": "2", "unit_price": "2.40",
        "amount": "4.00",
    }));
    assert_eq!(revenue(&[three, back.unwrap()]), "1");
}

#[test]
fn a_discount_on_a_line_leaves_the_price_on_the_label() {
    let discounted = json!({ "quantity": "3", "unit_price": "2.40", "amount": "6.48" });
    let event = parse(discounted).unwrap();
    let charge = event.action().charge().unwrap();
    assert_eq!(charge.total(event.quantity()), Decimal::new(648, 2));
    assert_eq!(charge.label_price(event.quantity()).to_string(), "2.40");

    // Scales that round to 0.05 charge up to five minor units more.
    let rounded = json!({ "quantity": "0.384", "unit_price": "3.98", "amount": "1.55" });
    assert!(parse(rounded).is_ok());
}

#[test]
fn a_sale_has_a_price_or_an_amount_that_do_not_contradict() {
    let neither = json!({ "unit_price": null });
    assert_eq!(parse(neither).unwrap_err(), "unit_price is required, or amount");
    let above = json!({ "quantity": "3", "unit_price": "2.40", "amount": "7.26" });
    assert_eq!(
        parse(above).unwrap_err(),
        "amount \"7.26\" is above unit_price times quantity, 7.2, by more than a rounding; the \
         amount is that of the whole line, and a discount makes it smaller"
    );
    let free = charge(json!({ "quantity": "3", "unit_price": "2.40", "amount": "0" })).unwrap();
    assert_eq!(free.amount().unwrap().to_string(), "0.00");
    for (amount, message) in [
        ("5.001", "has 3 decimal places; at most 2 are allowed (an amount in EUR)"),
        ("-5", "is outside 0 to 1000000000 (an amount in EUR)"),
        ("-0", "is a negative zero; write 0 (an amount in EUR)"),
        ("1E+10", "is outside 0 to 1000000000 (an amount in EUR)"),
    ] {
        let found = parse(json!({ "unit_price": null, "amount": amount })).unwrap_err();
        assert_eq!(found, format!("amount {amount:?} {message}"));
    }
    let number = parse(json!({ "amount": 5 })).unwrap_err();
    assert_eq!(number, "amount 5 is a number; expected an amount in quotes, like \"2\"");
}

#[test]
fn a_line_belongs_to_a_receipt_and_a_transfer_id_to_a_transfer() {
    let lone = parse(json!({ "line": 2 })).unwrap_err();
    assert_eq!(lone, "line 2 is the line of a receipt; send the field receipt with it");
    let outside = parse(json!({ "receipt": "r-1", "line": 1_000_001 })).unwrap_err();
    assert_eq!(outside, "line 1000001 is outside 0 to 1000000");
    let read = parse(json!({ "receipt": "r-1", "line": 0, "transfer_id": "v-1" })).unwrap();
    let details = read.details();
    assert_eq!(details.receipt.as_ref().unwrap().line, Some(0));
    assert_eq!(details.transfer_id, None, "a sale is no transfer");
    let moved = json!({ "kind": "transfer_out", "transfer_id": "v-1" });
    assert_eq!(parse(moved).unwrap().details().transfer_id.as_ref().unwrap().as_str(), "v-1");
}

#[test]
fn an_event_of_two_imports_is_one_event_of_the_earlier_import_in_any_order() {
    let brought = |import: Option<&str>| {
        event(&of_row(json!({ "kind": "count", "import_id": import, "event_id": "same" })))
    };
    let (till, first, second) = (brought(None), brought(Some("a")), brought(Some("b")));
    for events in [[&first, &second, &till], [&second, &till, &first], [&till, &second, &first]] {
        let mut day = StoreDay::new(till.store_id().clone(), till.occurred_at().date_naive());
        let added = events.map(|event| day.insert(Event::clone(event)));
        assert_eq!(added, [Added::New, Added::Known, Added::Known]);
        assert_eq!((day.events().collect::<Vec<_>>(), day.count()), (vec![&till], 1));
        assert_eq!(row(events).events().collect::<Vec<_>>(), [&till]);
    }
    assert_eq!(row([&second, &first]).events().collect::<Vec<_>>(), [&first]);
}
