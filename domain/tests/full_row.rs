//! A row never outgrows its item, whatever is done to it.

use domain::limits::STOCK_ROW_EVENTS_BYTES_MAX;
use domain::stock::{Absorbed, StockWindow, WindowKey};
use domain::{Acceptance, Event};

const AT: &str = "2026-03-12T15:15:00Z";

fn event(json: &str) -> Event {
    Event::parse(json, &Acceptance::at(AT.parse().unwrap())).unwrap()
}

fn small(number: usize) -> Event {
    event(&format!(
        r#"{{"event_id":"{number:05}","kind":"receipt","store_id":"s","terminal_id":"t","sku":"a",
        "quantity":1,"occurred_at":"{AT}"}}"#
    ))
}

/// The same id with more to say; `count` sorts before `receipt`, so it replaces the other.
fn large(number: usize) -> Event {
    let (long, lot) = ("x".repeat(64), "9".repeat(20));
    event(&format!(
        r#"{{"event_id":"{number:05}","kind":"count","store_id":"s","terminal_id":"{long}",
        "sku":"a","quantity":1,"occurred_at":"{AT}","lot":"{lot}",
        "sequence":{{"epoch":"{long}","number":1}}}}"#
    ))
}

#[test]
fn contents_that_replace_others_do_not_let_a_row_outgrow_its_item() {
    let mut row = StockWindow::new(WindowKey::of(&small(0)));
    let full = (0..).find(|number| matches!(row.absorb(small(*number)), Absorbed::Full(_)));
    let count = full.expect("a row has an end");
    assert!(count > 4_000, "{count} events");
    let mut refused = 0;
    for number in 0..count {
        match row.absorb(large(number)) {
            Absorbed::Conflict(conflict) => assert!(conflict.replaced),
            Absorbed::Full(event) => {
                refused += 1;
                assert_eq!(*event, large(number));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(refused > 0);
    let bytes = row.pack().len();
    assert!(bytes <= STOCK_ROW_EVENTS_BYTES_MAX, "{bytes} bytes");
}
