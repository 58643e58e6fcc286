//! Any split, order, overlap and repetition of an export gives the same windows.

mod exports;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::DateTime;
use domain::stock::{Figures, WindowKey};
use domain::{Acceptance, Event, EventId, StockWindow};
use exports::{TILL, events};
use import::StoredDay;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

type Windows = BTreeMap<WindowKey, StockWindow>;
type Picture<'a> = (Figures, BTreeSet<&'a EventId>);

/// Imports a part of an export as `daymark send` does.
fn import(windows: &mut Windows, number: usize, lines: &[&String]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let text = format!("time,item,qty,paid\n{text}");
    let import_id: EventId = format!("i-{number:04}").parse().expect("an id");
    let stored = StoredDay::of(windows.values());
    let anytime =
        Acceptance { received_at: DateTime::UNIX_EPOCH, age_max: None, ahead_max: Duration::MAX };
    for mut event in events(&format!("{TILL} --store corner --zone Europe/Berlin"), &text) {
        event.choose_generation(&stored).expect("a generation");
        let event = Event::parse(&event.to_json(&import_id), &anytime).expect("a valid event");
        let key = WindowKey::of(&event);
        windows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event);
    }
}

/// Returns the figures of the windows, and the ids of their events.
fn picture<'a>(windows: &'a Windows) -> BTreeMap<&'a WindowKey, Picture<'a>> {
    let of_window = |(key, window): (&'a WindowKey, &'a StockWindow)| {
        (key, (window.figures(), window.events().map(Event::event_id).collect()))
    };
    windows.iter().map(of_window).collect()
}

/// Part of an export: the lines of a range of minutes, in the order of the file or reversed.
type Part = (usize, usize, bool);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A part is cut between two instants: equal lines of one instant come together. The minutes
    /// lie around the hour that comes twice in autumn.
    #[test]
    fn the_windows_do_not_depend_on_the_parts_in_which_an_export_comes(
        lines in vec(
            (0..8_usize, select(vec!["rye,1,3.90", "rye,-1,-3.90", "Käse,0.384,4.95", "bun,2,1"])),
            1..20,
        ),
        parts in vec((0..8_usize, 0..8_usize, any::<bool>()), 0..8),
    ) {
        let line = |(minute, rest): &(usize, &str)| {
            (*minute, format!("2026-10-25 0{}:5{minute}:00,{rest}", 1 + minute % 3))
        };
        let lines: Vec<(usize, String)> = lines.iter().map(line).collect();
        let all: Vec<&String> = lines.iter().map(|(_, line)| line).collect();
        let mut whole = Windows::new();
        import(&mut whole, 0, &all);
        let mut windows = Windows::new();
        // The last parts are every minute once, so nothing is missing at the end.
        let rest: Vec<Part> = (0..8).map(|minute| (minute, minute, false)).collect();
        for (number, (a, b, reversed)) in parts.into_iter().chain(rest).enumerate() {
            let range = a.min(b)..=a.max(b);
            let mut part: Vec<&String> = lines
                .iter()
                .filter(|(minute, _)| range.contains(minute))
                .map(|(_, line)| line)
                .collect();
            if reversed {
                part.reverse();
            }
            import(&mut windows, number, &part);
        }
        prop_assert_eq!(picture(&windows), picture(&whole));
    }
}
