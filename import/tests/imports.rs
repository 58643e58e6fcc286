//! Imports into stock windows: repeated, overlapping, undone, and imported again.

mod exports;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::DateTime;
use domain::stock::WindowKey;
use domain::{Acceptance, Event, EventId, StockWindow};
use exports::{TILL, events};
use import::{StoredDay, stored_imports, undo};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

/// Stock windows of one store, and the number of imports into them.
#[derive(Default)]
struct Windows {
    rows: BTreeMap<WindowKey, StockWindow>,
    imports: u32,
}

impl Windows {
    fn insert(&mut self, event: Event) {
        let key = WindowKey::of(&event);
        self.rows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event);
    }

    /// Imports an export as `daymark send` does, and returns the import id.
    fn import(&mut self, flags: &str, text: &str) -> EventId {
        self.imports += 1;
        let import_id: EventId = format!("i-{:04}", self.imports).parse().expect("an id");
        let stored = StoredDay::of(self.rows.values());
        for mut event in events(flags, text) {
            event.choose_generation(&stored).expect("a generation");
            let event = parse(&event.to_json(&import_id));
            self.insert(event);
        }
        import_id
    }

    /// Imports lines of the till.
    fn import_till(&mut self, lines: &[&str]) -> EventId {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.import(&format!("{TILL} --store corner"), &format!("time,item,qty,paid\n{lines}"))
    }

    /// Undoes an import as `daymark imports undo` does, and returns the number of corrections.
    fn undo(&mut self, import_id: &EventId) -> usize {
        let corrections = undo(self.rows.values(), import_id);
        let count = corrections.len();
        corrections.into_iter().for_each(|event| self.insert(parse(&event.canonical())));
        count
    }

    fn sold(&self) -> String {
        let figures = self.rows.values().map(StockWindow::figures);
        figures
            .map(|figures| figures.sold - figures.returned)
            .sum::<rust_decimal::Decimal>()
            .to_string()
    }
}

fn parse(json: &str) -> Event {
    let anytime =
        Acceptance { received_at: DateTime::UNIX_EPOCH, age_max: None, ahead_max: Duration::MAX };
    Event::parse(json, &anytime).unwrap_or_else(|error| panic!("{error}: {json}"))
}

const TEN: &str = "2026-03-12 10:00:00,rye,1,3.90";
const ELEVEN: &str = "2026-03-12 11:00:00,rye,1,3.90";
const TWELVE: &str = "2026-03-12 12:00:00,rye,1,3.90";

#[test]
fn an_import_counts_again_after_each_undo_and_a_plain_repetition_counts_nothing() {
    let mut windows = Windows::default();
    for _ in 0..3 {
        let import_id = windows.import_till(&[TEN, TEN, ELEVEN]);
        windows.import_till(&[ELEVEN, TEN, TEN]);
        assert_eq!(windows.sold(), "3");
        assert_eq!(windows.undo(&import_id), 3);
        assert_eq!(windows.undo(&import_id), 0);
        assert_eq!(windows.sold(), "0");
    }
}

#[test]
fn exports_that_overlap_count_once_and_an_undo_voids_what_the_import_brought_first() {
    let mut windows = Windows::default();
    let first = windows.import_till(&[TEN, ELEVEN]);
    let second = windows.import_till(&[TWELVE, ELEVEN]);
    assert_eq!(windows.sold(), "3");
    windows.undo(&second);
    assert_eq!(windows.sold(), "2");

    let third = windows.import_till(&[TWELVE, ELEVEN]);
    windows.undo(&first);
    // Eleven came with the first import, so only twelve is left. The export brings it again.
    assert_eq!(windows.sold(), "1");
    windows.import_till(&[TWELVE, ELEVEN]);
    assert_eq!(windows.sold(), "2");
    windows.undo(&third);
    assert_eq!(windows.sold(), "1");
}

#[test]
fn equal_lines_of_two_tills_count_twice_with_a_till_column_and_without() {
    let flags = format!("{TILL} --store corner");
    let with_column = "till,time,item,qty,paid\nt1,2026-03-12 10:00:00,rye,1,3.90\n\
                       t2,2026-03-12 10:00:00,rye,1,3.90\n";
    let mut windows = Windows::default();
    for _ in 0..2 {
        windows.import(&format!("{flags} --map terminal_id=till"), with_column);
        assert_eq!(windows.sold(), "2");
    }
    let mut windows = Windows::default();
    for _ in 0..2 {
        windows.import(&flags, with_column);
        assert_eq!(windows.sold(), "2");
    }
    // A file for each till: the till is a default, or the lines are one.
    let mut windows = Windows::default();
    for till in ["t1", "t2", "t1"] {
        let text = format!("time,item,qty,paid\n{TEN}\n");
        windows.import(&format!("{flags} --default terminal_id={till}"), &text);
    }
    assert_eq!(windows.sold(), "2");
    let mut windows = Windows::default();
    windows.import_till(&[TEN]);
    windows.import_till(&[TEN]);
    assert_eq!(windows.sold(), "1");
}

#[test]
fn lines_that_differ_only_beside_the_id_count_each_in_any_order() {
    let flags = format!("{TILL} --store corner --map lot=lot");
    let text = |lots: &[&str]| {
        let lines = lots.iter().map(|lot| format!("{TEN},{lot}\n"));
        format!("time,item,qty,paid,lot\n{}", lines.collect::<String>())
    };
    let mut windows = Windows::default();
    // The export grows by a line that sorts first.
    for lots in [&["B", "C"][..], &["C", "B"], &["C", "A", "B"], &["A", "B", "C"]] {
        windows.import(&flags, &text(lots));
        assert_eq!(windows.sold(), lots.len().to_string(), "{lots:?}");
    }
    let lots = windows.rows.values().flat_map(StockWindow::events);
    let mut lots: Vec<_> = lots.filter_map(|event| event.details().lot.clone()).collect();
    lots.sort();
    assert_eq!(lots, ["A", "B", "C"]);
}

#[test]
fn a_refund_is_undone_and_imported_again_like_a_sale() {
    let mut windows = Windows::default();
    let refund = "2026-03-12 10:30:00,rye,-1,-3.90";
    for _ in 0..2 {
        let import_id = windows.import_till(&[TEN, ELEVEN, refund]);
        assert_eq!(windows.sold(), "1");
        windows.undo(&import_id);
        assert_eq!(windows.sold(), "0");
    }
}

#[test]
fn a_line_that_a_person_voided_stays_voided_through_imports() {
    let mut windows = Windows::default();
    let import_id = windows.import_till(&[TEN, ELEVEN]);
    let ten = windows.rows.values().flat_map(StockWindow::events).next().expect("an event");
    let correction = json!({
        "event_id": "wrong-1", "kind": "correction", "store_id": "corner", "terminal_id": "office",
        "sku": "rye", "occurred_at": ten.occurred_at(), "corrects": ten.event_id().as_str(),
    });
    windows.insert(parse(&correction.to_string()));
    windows.import_till(&[TEN, ELEVEN, TWELVE]);
    assert_eq!(windows.sold(), "2");
    assert_eq!(windows.undo(&import_id), 1);
    windows.import_till(&[TEN, ELEVEN, TWELVE]);
    assert_eq!(windows.sold(), "2");
}

#[test]
fn ids_of_the_file_are_refused_after_an_undo_because_they_never_count_again() {
    let flags = format!("{TILL} --store corner --map event_id=id");
    let text = "id,time,item,qty,paid\nbon-7,2026-03-12 10:00:00,rye,1,3.90\n";
    let mut windows = Windows::default();
    let import_id = windows.import(&flags, text);
    windows.import(&flags, text);
    windows.undo(&import_id);
    let stored = StoredDay::of(windows.rows.values());
    let message = events(&flags, text)[0].choose_generation(&stored).unwrap_err();
    assert!(message.contains("event_id was voided when an import was undone"), "{message}");
}

#[test]
fn an_undo_voids_its_own_event_only() {
    let mut windows = Windows::default();
    windows.import_till(&[TEN]);
    let ten = windows.rows.values().flat_map(StockWindow::events).next().expect("an event").clone();
    // An undo of another item or instant meets nothing, and uses up no generation.
    for change in [json!({ "sku": "bun" }), json!({ "occurred_at": "2026-03-12T10:00:01Z" })] {
        let mut undone: serde_json::Value =
            serde_json::from_str(&ten.undone().canonical()).expect("JSON");
        undone.as_object_mut().expect("fields").extend(change.as_object().expect("fields").clone());
        windows.insert(parse(&undone.to_string()));
    }
    windows.import_till(&[TEN]);
    assert_eq!(windows.sold(), "1");
}

#[test]
fn an_import_is_listed_with_its_events() {
    let mut windows = Windows::default();
    let first = windows.import_till(&[TEN, TWELVE]);
    let second = windows.import_till(&[TEN, ELEVEN]);
    windows.undo(&second);
    let imports = stored_imports(windows.rows.values());
    let picture = |id: &EventId| {
        let import = imports[id];
        (import.events, import.voided, import.first.to_string(), import.last.to_string())
    };
    let at = |hour| format!("2026-03-12 {hour}:00:00 UTC");
    assert_eq!(picture(&first), (2, 0, at(10), at(12)));
    assert_eq!(picture(&second), (1, 1, at(11), at(11)));
}

/// Action on the exports of a till.
#[derive(Debug, Clone)]
enum Step {
    /// Import of the lines from one instant to another, in the order of the file or reversed.
    Import(usize, usize, bool),
    /// Undo of an import, counted from the first one.
    Undo(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..6_usize, 0..6_usize, any::<bool>())
            .prop_map(|(a, b, reversed)| Step::Import(a.min(b), a.max(b), reversed)),
        2 => (0..6_usize).prop_map(Step::Undo),
    ];
    vec(step, 1..10)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The model knows the lines themselves: a line counts from the import that brings it until
    /// the undo of that import.
    #[test]
    fn any_imports_and_undos_count_each_line_as_a_model_that_knows_the_lines(
        lines in vec((0..6_usize, select(vec!["rye,1,3.90", "rye,-1,-3.90", "bun,2,1.60"])), 0..16),
        steps in steps(),
    ) {
        let mut windows = Windows::default();
        let mut ids = Vec::new();
        let mut owners: Vec<Option<usize>> = vec![None; lines.len()];
        for step in &steps {
            match step {
                Step::Import(first, last, reversed) => {
                    let mut export = Vec::new();
                    for (place, (minute, rest)) in lines.iter().enumerate() {
                        if (first..=last).contains(&minute) {
                            owners[place].get_or_insert(ids.len());
                            export.push(format!("2026-03-12 23:5{}:00,{rest}", minute));
                        }
                    }
                    if *reversed {
                        export.reverse();
                    }
                    let export: Vec<&str> = export.iter().map(String::as_str).collect();
                    ids.push(windows.import_till(&export));
                }
                Step::Undo(import) => {
                    let Some(import_id) = ids.get(*import) else { continue };
                    windows.undo(import_id);
                    for owner in owners.iter_mut().filter(|owner| **owner == Some(*import)) {
                        *owner = None;
                    }
                }
            }
        }
        let counting = lines.iter().zip(&owners).filter(|(_, owner)| owner.is_some());
        let quantity = |rest: &str| rest.split(',').nth(1)?.parse::<i64>().ok();
        let sold: i64 = counting.filter_map(|((_, rest), _)| quantity(rest)).sum();
        prop_assert_eq!(windows.sold(), sold.to_string());
    }
}
