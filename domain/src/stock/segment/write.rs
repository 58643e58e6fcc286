//! Events to columns. The order of the calls is the format.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate, NaiveTime};
use rust_decimal::Decimal;

use super::columns::{Writer, size};
use crate::event::{Charge, Event, Gtin, Kind, Reason, Unit};
use crate::identifier::EventId;
use crate::money::{Currency, Money};
use crate::offer::OfferId;

/// Writes sorted events, at least one, all of `date`.
pub(super) fn write(date: NaiveDate, events: &[&Event]) -> Writer {
    let mut to = Writer::default();
    to.number(size(events.len()));
    times(&mut to, date, events);
    to.texts(events.iter().map(|event| Some(event.event_id.as_str())));
    to.numbers(&each(events, |event| position(Kind::ALL, event.action.kind())));
    let terminals = to.texts(events.iter().map(|event| Some(event.terminal_id.as_str())));
    to.texts(events.iter().map(|event| Some(event.sku.as_str())));
    quantities(&mut to, events);
    to.numbers(&each(events, |event| position(Unit::ALL, event.unit)));
    to.numbers(&each(events, |event| money(event, Charge::unit_price)));
    to.numbers(&each(events, |event| money(event, Charge::amount)));
    let currencies: Vec<Option<Currency>> =
        events.iter().map(|event| event.action.charge().map(Charge::currency)).collect();
    to.texts(currencies.iter().map(|currency| currency.as_ref().map(Currency::code)));
    let reason = |reason| position(Reason::ALL, reason) + 1;
    to.numbers(&each(events, |event| event.action.reason().map_or(0, reason)));
    to.texts(events.iter().map(|event| event.action.corrects().map(EventId::as_str)));

    let details = || events.iter().map(|event| &event.details);
    to.texts(details().map(|details| details.gtin.as_ref().map(Gtin::as_str)));
    to.texts(details().map(|details| details.lot.as_deref()));
    to.numbers(&each(events, |event| {
        event.details.expires_on.map_or(0, |expires_on| {
            zigzag((expires_on.num_days_from_ce() - date.num_days_from_ce()).into()) + 1
        })
    }));
    sequences(&mut to, events, &terminals);
    let offers: Vec<Option<String>> =
        details().map(|details| details.offer_id.as_ref().map(OfferId::to_string)).collect();
    to.texts(offers.iter().map(Option::as_deref));
    to.texts(details().map(|details| details.receipt.as_ref().map(|at| at.receipt.as_str())));
    to.numbers(&each(events, |event| {
        let line = event.details.receipt.as_ref().and_then(|receipt| receipt.line);
        line.map_or(0, |line| u64::from(line) + 1)
    }));
    to.texts(details().map(|details| details.transfer_id.as_ref().map(EventId::as_str)));
    to.texts(details().map(|details| details.import_id.as_ref().map(EventId::as_str)));
    to
}

fn each(events: &[&Event], number: impl Fn(&Event) -> u64) -> Vec<u64> {
    events.iter().map(|event| number(event)).collect()
}

/// Writes the milliseconds from the start of the date to the first event, and from each event to
/// the next.
fn times(to: &mut Writer, date: NaiveDate, events: &[&Event]) {
    let start = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    let times = each(events, |event| {
        u64::try_from(event.occurred_at.timestamp_millis() - start).expect("within the date")
    });
    to.number(times[0]);
    to.numbers(&times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<u64>>());
}

/// Writes the smallest scale that holds all quantities, and the quantities in it.
fn quantities(to: &mut Writer, events: &[&Event]) {
    let scale = events.iter().map(|event| event.quantity.get().scale()).max().unwrap_or(0);
    to.number(scale.into());
    to.numbers(&each(events, |event| mantissa(event.quantity.get(), scale)));
}

/// Writes the epochs, the first number of each run, and the differences of the others from the
/// number before in their run.
fn sequences(to: &mut Writer, events: &[&Event], terminals: &[u64]) {
    let sequences = || events.iter().map(|event| event.details.sequence.as_ref());
    let epochs = to.texts(sequences().map(|sequence| Some(sequence?.epoch.as_str())));
    let runs = runs(terminals.iter().copied().zip(epochs));
    let (mut starts, mut steps) = (Vec::new(), Vec::new());
    let mut last = Vec::new();
    for (sequence, run) in sequences().flatten().zip(runs) {
        match last.get_mut(run) {
            None => {
                starts.push(sequence.number);
                last.push(sequence.number);
            }
            Some(last) => {
                let step = sequence.number.wrapping_sub(*last);
                steps.push(zigzag(step.cast_signed()));
                *last = sequence.number;
            }
        }
    }
    to.numbers(&starts);
    to.numbers(&steps);
}

/// Returns the run of each sequence number: those of one terminal and epoch, counted from 0 in the
/// order of first use. The arguments are the places of terminal and epoch of all events.
pub(super) fn runs(places: impl Iterator<Item = (u64, u64)>) -> Vec<usize> {
    let mut known = HashMap::new();
    let with_epoch = places.filter(|(_, epoch)| *epoch > 0);
    let run = |places| {
        let next = known.len();
        *known.entry(places).or_insert(next)
    };
    with_epoch.map(run).collect()
}

/// Returns 0, or one more than an amount in minor units of its currency.
fn money(event: &Event, of: fn(&Charge) -> Option<Money>) -> u64 {
    let money = event.action.charge().and_then(of);
    money.map_or(0, |money| mantissa(money.amount(), money.currency().minor_digits()) + 1)
}

/// Returns `value` in units of its last decimal place. `value` has at most `scale` places.
fn mantissa(mut value: Decimal, scale: u32) -> u64 {
    if value.scale() != scale {
        value.rescale(scale);
    }
    u64::try_from(value.mantissa()).expect("amounts are not negative and below 10^12")
}

fn position<T: PartialEq>(all: &[T], item: T) -> u64 {
    size(all.iter().position(|candidate| *candidate == item).expect("all words are there"))
}

/// Returns a signed number as 0, 1, 2 … for 0, -1, 1 …
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}
