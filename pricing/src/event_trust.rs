//! Reliability of a day's events: gaps in the tills' own count, and tills that send nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Event, Trust};

/// Reliability of a store's events on a day, up to a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTrust {
    /// Trust in the events.
    pub trust: Trust,
    /// Intervals in which events are missing or may be missing.
    doubtful: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

impl EventTrust {
    /// Judges the events of a store since `since` as known at `slot`, in any order.
    ///
    /// A gap in the numbers of a till makes the time around it doubtful. A store that is open is
    /// silent if no till has sent an event for more than `silent_after`.
    #[must_use]
    pub fn new<'a>(
        events: impl IntoIterator<Item = &'a Event>,
        since: DateTime<Utc>,
        opens_at: DateTime<Utc>,
        slot: DateTime<Utc>,
        silent_after: TimeDelta,
    ) -> Self {
        let mut numbers: BTreeMap<_, BTreeMap<u64, DateTime<Utc>>> = BTreeMap::new();
        let mut last = opens_at;
        let is_known = |event: &&Event| (since..slot).contains(&event.occurred_at());
        for event in events.into_iter().filter(is_known) {
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

    /// `true` if events of `[from, until)` may be missing.
    #[must_use]
    pub fn is_doubtful(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
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

    fn judged(events: &[Event]) -> EventTrust {
        EventTrust::new(events, at("00:00"), at("07:00"), at("15:00"), TimeDelta::hours(1))
    }

    #[test]
    fn a_missing_number_puts_the_time_around_it_in_doubt() {
        let whole = [event("1", Some(7), "14:00"), event("1", Some(8), "14:40")];
        assert_eq!(judged(&whole), EventTrust { trust: Trust::Full, doubtful: vec![] });
        let torn = [
            event("1", Some(7), "14:00"),
            event("1", Some(9), "14:20"),
            event("1", Some(10), "14:40"),
            event("2", Some(3), "14:50"),
            event("3", None, "14:50"),
        ];
        let found = judged(&torn);
        assert_eq!(found.trust, Trust::Gaps);
        assert!(
            found.is_doubtful(at("14:00"), at("14:15"))
                && found.is_doubtful(at("14:15"), at("14:30"))
        );
        assert!(
            !found.is_doubtful(at("13:45"), at("14:00"))
                && !found.is_doubtful(at("14:30"), at("14:45"))
        );
    }

    #[test]
    fn an_open_store_without_events_is_silent_after_a_while() {
        let early = [event("1", Some(7), "13:59"), event("1", Some(9), "13:59")];
        let found = judged(&early);
        assert_eq!(found.trust, Trust::Silent);
        assert!(
            found.is_doubtful(at("14:45"), at("15:00"))
                && !found.is_doubtful(at("13:30"), at("13:45"))
        );
        assert_eq!(judged(&[event("1", None, "14:00")]).trust, Trust::Full);
        // Events of the slot itself do not count, and a store that has just opened may be silent.
        assert_eq!(judged(&[event("1", None, "15:00")]).trust, Trust::Silent);
        let opened =
            EventTrust::new(&[], at("00:00"), at("14:30"), at("15:00"), TimeDelta::hours(1));
        assert_eq!(opened.trust, Trust::Full);
    }
}
