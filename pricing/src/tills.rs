//! How far a day's events can be relied on: what the tills' own count says is missing, and whether
//! they still send at all.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Event, Trust};

/// The tills of a store on a day, up to a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tills {
    /// How far they can be relied on.
    pub trust: Trust,
    /// Stretches of time from which events are missing, or may be.
    doubtful: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Tills {
    /// From all events of a store since `since`, in any order, as known at `slot`. An open store
    /// of which no till sends anything for longer than `silent_after` is in doubt.
    #[must_use]
    pub fn of<'a>(
        events: impl IntoIterator<Item = &'a Event>,
        since: DateTime<Utc>,
        opens_at: DateTime<Utc>,
        slot: DateTime<Utc>,
        silent_after: TimeDelta,
    ) -> Self {
        let mut numbers: BTreeMap<_, BTreeMap<u64, DateTime<Utc>>> = BTreeMap::new();
        let mut last = opens_at;
        let known = |event: &&Event| (since..slot).contains(&event.occurred_at());
        for event in events.into_iter().filter(known) {
            last = last.max(event.occurred_at());
            if let Some(sequence) = &event.details().sequence {
                let epoch = numbers.entry((event.terminal_id(), &sequence.epoch)).or_default();
                let at = epoch.entry(sequence.number).or_insert(event.occurred_at());
                *at = event.occurred_at().min(*at);
            }
        }
        let mut doubtful = Vec::new();
        for epoch in numbers.values() {
            for ((before, from), (after, until)) in epoch.iter().zip(epoch.iter().skip(1)) {
                if after - before > 1 {
                    doubtful.push((*from.min(until), *from.max(until)));
                }
            }
        }
        let is_silent = slot - last > silent_after;
        let trust = match (is_silent, doubtful.is_empty()) {
            (true, _) => Trust::Silent,
            (false, false) => Trust::Gaps,
            (false, true) => Trust::Full,
        };
        if is_silent {
            doubtful.push((last, slot));
        }
        Self { trust, doubtful }
    }

    /// Whether events of `[from, until)` may be missing.
    #[must_use]
    pub fn doubt(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        self.doubtful.iter().any(|(since, again)| *since < until && from <= *again)
    }
}

#[cfg(test)]
mod tests {
    use domain::Acceptance;

    use super::*;

    fn at(clock: &str) -> DateTime<Utc> {
        format!("2026-03-12T{clock}:00Z").parse().expect("an instant")
    }

    fn event(till: &str, number: Option<u64>, clock: &str) -> Event {
        let sequence = number
            .map_or("null".to_owned(), |number| format!(r#"{{"epoch":"e","number":{number}}}"#));
        let json = format!(
            r#"{{"event_id":"{till}-{clock}-{number:?}","kind":"receipt","store_id":"s",
                "terminal_id":"{till}","sku":"rye","quantity":1,
                "occurred_at":"2026-03-12T{clock}:00Z","sequence":{sequence}}}"#
        );
        let json = json.replace("Some(", "").replace(')', "");
        Event::parse(&json, &Acceptance::at(at("20:00"))).expect("an event")
    }

    fn tills(events: &[Event]) -> Tills {
        Tills::of(events, at("00:00"), at("07:00"), at("15:00"), TimeDelta::hours(1))
    }

    #[test]
    fn a_missing_number_puts_the_time_around_it_in_doubt() {
        let whole = [event("1", Some(7), "14:00"), event("1", Some(8), "14:40")];
        assert_eq!(tills(&whole), Tills { trust: Trust::Full, doubtful: vec![] });
        let torn = [
            event("1", Some(7), "14:00"),
            event("1", Some(9), "14:20"),
            event("1", Some(10), "14:40"),
            event("2", Some(3), "14:50"),
            event("3", None, "14:50"),
        ];
        let found = tills(&torn);
        assert_eq!(found.trust, Trust::Gaps);
        assert!(found.doubt(at("14:00"), at("14:15")) && found.doubt(at("14:15"), at("14:30")));
        assert!(!found.doubt(at("13:45"), at("14:00")) && !found.doubt(at("14:30"), at("14:45")));
    }

    #[test]
    fn an_open_store_without_events_is_silent_after_a_while() {
        let early = [event("1", Some(7), "13:59"), event("1", Some(9), "13:59")];
        let found = tills(&early);
        assert_eq!(found.trust, Trust::Silent);
        assert!(found.doubt(at("14:45"), at("15:00")) && !found.doubt(at("13:30"), at("13:45")));
        assert_eq!(tills(&[event("1", None, "14:00")]).trust, Trust::Full);
        // What is known ends with the slot, and a store that has just opened need not have sold.
        assert_eq!(tills(&[event("1", None, "15:00")]).trust, Trust::Silent);
        let opened = Tills::of(&[], at("00:00"), at("14:30"), at("15:00"), TimeDelta::hours(1));
        assert_eq!(opened.trust, Trust::Full);
    }
}
