//! A correction that voids nothing is in quarantine from the rollup on, until its event arrives.

use domain::quarantine::QuarantineReason;

use crate::poison::line;
use crate::{TestProcessor, delivered, run};

fn event(id: &str) -> String {
    line(id, "09:00:00")
}

fn correction(id: &str, corrects: &str, occurred_at: &str) -> String {
    let fields = format!(r#""kind":"correction","corrects":"{corrects}""#);
    line(id, occurred_at).replace(r#""kind":"receipt""#, &fields)
}

impl TestProcessor {
    fn take(&self, text: &str) {
        self.process(&[delivered(4, text.as_bytes().to_vec())]);
        self.roll_up();
    }

    /// Returns the listed corrections.
    fn unmet(&self) -> Vec<String> {
        let kept = self.0.tables.quarantine.kept().into_iter();
        let unmet = kept.filter(|kept| kept.reason == QuarantineReason::UnmetCorrection);
        unmet.map(|kept| kept.message).collect()
    }
}

#[test]
fn a_correction_with_the_wrong_instant_is_listed_and_says_why() {
    let processor = TestProcessor::new();
    processor.take(&[event("sale-1"), correction("v1", "sale-1", "11:00:00")].join("\n"));
    assert_eq!(
        processor.unmet(),
        ["event v1 of store 0042 voids nothing: event sale-1 of item rye is not there at \
          2026-03-12T11:00:00.000Z; when it arrives, this entry leaves"]
    );
}

#[test]
fn a_correction_ahead_of_its_event_leaves_when_the_event_arrives() {
    let processor = TestProcessor::new();
    let voids = correction("v1", "sale-1", "09:00:00");
    processor.take(&voids);
    assert_eq!(processor.unmet().len(), 1);
    // A redelivery changes nothing.
    processor.take(&voids);
    assert_eq!(processor.unmet().len(), 1);
    processor.take(&event("sale-1"));
    assert_eq!(processor.unmet(), [""; 0]);
    processor.take(&voids);
    assert_eq!(processor.unmet(), [""; 0]);
}

#[test]
fn a_correction_beside_its_event_is_never_listed() {
    let processor = TestProcessor::new();
    processor.take(&[correction("v1", "sale-1", "09:00:00"), event("sale-1")].join("\n"));
    assert_eq!(processor.unmet(), [""; 0]);
}

#[test]
fn a_correction_that_gets_another_content_is_listed_once() {
    let processor = TestProcessor::new();
    let [of_a, of_b] = ["a", "b"].map(|corrects| correction("v1", corrects, "09:00:00"));
    processor.take(&of_b);
    // The content that sorts first stays, and its event arrives.
    processor.take(&of_a);
    let [listed] = &processor.unmet()[..] else { panic!("one entry") };
    assert!(listed.contains("event a of item"), "{listed}");
    processor.take(&event("a"));
    assert_eq!(processor.unmet(), [""; 0]);
}

#[test]
fn an_entry_that_was_left_behind_is_removed_by_a_replay() {
    let processor = TestProcessor::new();
    processor.take(&correction("v1", "sale-1", "09:00:00"));
    let left = processor.0.tables.quarantine.kept().remove(0);
    let replayed = run(processor.0.replay(&left)).expect("processed");
    assert!(replayed.stays, "it is unmet still");
    processor.take(&event("sale-1"));
    run(domain::ports::QuarantineTable::put_quarantined(&processor.0.tables, &left)).expect("kept");
    let replayed = run(processor.0.replay(&left)).expect("processed");
    assert!(!replayed.stays);
    assert_eq!(processor.unmet(), [""; 0]);
}

#[test]
fn a_correction_of_a_stored_event_calls_no_quarantine() {
    let processor = TestProcessor::new();
    processor.take(&event("sale-1"));
    processor.0.tables.quarantine.set_down(true);
    let voids = correction("v1", "sale-1", "09:00:00").into_bytes();
    assert_eq!(processor.process(&[delivered(5, voids)]).retry_from, None);
    assert_eq!(processor.windows()[0].figures().voided, 1);
}
