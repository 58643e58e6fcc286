//! Events to columns. The order of the calls is the format.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::columns::{Writer, size};
use crate::event::{EventRef, Kind, Reason, Unit};
use crate::limits::QUANTITY_SCALE_MAX;

/// Writes sorted events, at least one, all of `date`.
pub(super) fn write(date: NaiveDate, events: &[&EventRef<'_>]) -> Writer {
    let mut to = Writer::default();
    to.number(size(events.len()));
    times(&mut to, date, events);
    to.texts(events.iter().map(|event| Some(event.event_id)));
    to.numbers(&each(events, |event| position(Kind::ALL, event.kind)));
    let terminals = to.texts(events.iter().map(|event| Some(event.terminal_id)));
    to.texts(events.iter().map(|event| Some(event.sku)));
    quantities(&mut to, events);
    to.numbers(&each(events, |event| position(Unit::ALL, event.unit)));
    let one_more = |number: Option<u64>| number.map_or(0, |number| number + 1);
    to.numbers(&each(events, |event| one_more(event.charge.and_then(|charge| charge.unit_price))));
    to.numbers(&each(events, |event| one_more(event.charge.and_then(|charge| charge.amount))));
    to.texts(events.iter().map(|event| event.charge.as_ref().map(|charge| charge.currency.code())));
    let reason = |reason| position(Reason::ALL, reason) + 1;
    to.numbers(&each(events, |event| event.reason.map_or(0, reason)));
    to.texts(events.iter().map(|event| event.corrects));
    to.texts(events.iter().map(|event| event.gtin));
    to.texts(events.iter().map(|event| event.lot));
    to.numbers(&each(events, |event| {
        event.expires_on.map_or(0, |expires_on| {
            zigzag((expires_on.num_days_from_ce() - date.num_days_from_ce()).into()) + 1
        })
    }));
    sequences(&mut to, events, &terminals);
    let offers: Vec<Option<String>> =
        events.iter().map(|event| event.offer_id.map(|offer_id| offer_id.to_string())).collect();
    to.texts(offers.iter().map(Option::as_deref));
    to.texts(events.iter().map(|event| event.receipt.map(|(receipt, _)| receipt)));
    to.numbers(&each(events, |event| {
        one_more(event.receipt.and_then(|(_, line)| line.map(u64::from)))
    }));
    to.texts(events.iter().map(|event| event.transfer_id));
    to.texts(events.iter().map(|event| event.import_id));
    to
}

fn each(events: &[&EventRef<'_>], number: impl Fn(&EventRef<'_>) -> u64) -> Vec<u64> {
    events.iter().map(|event| number(event)).collect()
}

/// Writes the milliseconds from the start of the date to the first event, and from each event to
/// the next.
fn times(to: &mut Writer, date: NaiveDate, events: &[&EventRef<'_>]) {
    let start = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    let times =
        each(events, |event| u64::try_from(event.occurred_at - start).expect("within the date"));
    to.number(times[0]);
    to.numbers(&times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<u64>>());
}

/// Writes the smallest scale that holds all quantities, and the quantities in it.
fn quantities(to: &mut Writer, events: &[&EventRef<'_>]) {
    let mut scale = QUANTITY_SCALE_MAX;
    let mut divisor = 1;
    while scale > 0 && events.iter().all(|event| event.quantity.is_multiple_of(divisor * 10)) {
        scale -= 1;
        divisor *= 10;
    }
    to.number(scale.into());
    to.numbers(&each(events, |event| event.quantity / divisor));
}

/// Writes the epochs, the first number of each run, and the differences of the others from the
/// number before in their run.
fn sequences(to: &mut Writer, events: &[&EventRef<'_>], terminals: &[u64]) {
    let sequences = || events.iter().map(|event| event.sequence);
    let epochs = to.texts(sequences().map(|sequence| sequence.map(|(epoch, _)| epoch)));
    let runs = runs(terminals.iter().copied().zip(epochs));
    let (mut starts, mut steps) = (Vec::new(), Vec::new());
    let mut last = Vec::new();
    for ((_, number), run) in sequences().flatten().zip(runs) {
        match last.get_mut(run) {
            None => {
                starts.push(number);
                last.push(number);
            }
            Some(last) => {
                let step = number.wrapping_sub(*last);
                steps.push(zigzag(step.cast_signed()));
                *last = number;
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

fn position<T: PartialEq>(all: &[T], item: T) -> u64 {
    size(all.iter().position(|candidate| *candidate == item).expect("all words are there"))
}

/// Returns a signed number as 0, 1, 2 … for 0, -1, 1 …
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}
