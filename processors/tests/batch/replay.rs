//! Replay: refused records are processed as on arrival, and leave the quarantine when stored.

use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record::Delivered;
use processors::replay::{ReplayError, ReplayOutcome};

use crate::poison::line;
use crate::{TestProcessor, date, delivered, evening, run};

impl TestProcessor {
    fn replay(&self, id: &str) -> Result<ReplayOutcome, ReplayError> {
        let id: QuarantineId = id.parse().expect("an id");
        let kept =
            run(self.0.tables.load_quarantined(&id)).expect("an answer").expect("it is there");
        run(self.0.replay(&kept))
    }

    fn ids(&self) -> Vec<String> {
        self.0.tables.quarantine.kept().iter().map(|kept| kept.id.to_string()).collect()
    }

    fn received(&self) -> Vec<String> {
        self.windows().iter().map(|window| window.figures().received.to_string()).collect()
    }
}

/// Quarantine entry of a record that an older program could not open.
pub(crate) fn unopened(record: &Delivered) -> Quarantined {
    Quarantined {
        id: QuarantineId {
            date: record.arrived_at.date_naive(),
            key: format!("{}#{}", record.shard_id, record.sequence_number),
        },
        reason: QuarantineReason::Unopenable,
        message: "an older program could not open it".to_owned(),
        at: record.arrived_at,
        bytes: record.data.clone(),
    }
}

const RECORD: &str = "2026-03-12/shardId-000000000000#100";

#[test]
fn events_refused_for_their_age_are_stored_when_the_limit_is_lifted_and_leave() {
    let mut processor = TestProcessor::new();
    let old = |id: &str| line(id, "09:00:00").replace("2026-03-12", "2026-02-12");
    let lines = [old("a"), line("b", "09:00:00"), old("c")].join("\n");
    processor.process(&[delivered(4, lines.into_bytes())]);
    let [a, c] = ["0000", "0002"].map(|index| format!("{RECORD}#{index}"));
    assert_eq!(processor.ids(), [a.clone(), c.clone()]);
    let still = processor.replay(&c).expect("processed");
    assert!(still.stays && still.written == 0, "{still:?}");
    assert_eq!(still.refused[0].id.to_string(), c);

    processor.0.age_max = None;
    let expected = ReplayOutcome { written: 1, refused: Vec::new(), stays: false };
    assert_eq!(processor.replay(&c), Ok(expected.clone()));
    assert_eq!(processor.ids(), std::slice::from_ref(&a));
    assert_eq!(processor.replay(&a), Ok(expected));
    assert_eq!(
        (processor.ids().len(), processor.received()),
        (0, vec!["4".to_owned(), "2".into()])
    );
}

#[test]
fn events_are_judged_by_the_time_they_arrived() {
    let processor = TestProcessor::new();
    // Too old now, but within the age limit on arrival.
    let mut kept = unopened(&delivered(4, line("a", "09:00:00").replace("2026", "2016").into()));
    kept.at = "2016-03-12T09:01:00Z".parse().expect("an instant");
    assert_eq!(run(processor.0.replay(&kept)).expect("processed").written, 1);
    // Valid now, but ahead of the clock on arrival.
    let mut kept = unopened(&delivered(4, line("a", "09:00:00").into()));
    kept.at = "2026-03-12T07:00:00Z".parse().expect("an instant");
    let replayed = run(processor.0.replay(&kept)).expect("processed");
    assert!(replayed.refused[0].message.contains("ahead of the receiver's clock"), "{replayed:?}");
}

#[test]
fn a_record_that_opens_now_leaves_an_entry_for_just_its_bad_event() {
    let processor = TestProcessor::new();
    let bad = line("b", "25:00:00");
    let text = [line("a", "09:00:00"), bad.clone(), line("c", "09:01:00")].join("\n");
    let record = delivered(4, text.into_bytes());
    run(processor.0.tables.put_quarantined(&unopened(&record))).expect("kept");
    let replayed = processor.replay(RECORD).expect("processed");
    assert_eq!((replayed.written, replayed.stays), (2, false));
    let [kept] = &processor.0.tables.quarantine.kept()[..] else { panic!("one entry") };
    assert_eq!(replayed.refused, std::slice::from_ref(kept));
    assert_eq!(kept.id.to_string(), format!("{RECORD}#0001"));
    assert_eq!((&kept.bytes, kept.at), (&bad.into_bytes(), evening()));
    // The result is that of a record opened on arrival.
    let at_once = TestProcessor::new();
    at_once.process(&[record]);
    assert_eq!(processor.stored(), at_once.stored());
}

#[test]
fn entries_that_are_refused_again_stay_unchanged() {
    let processor = TestProcessor::new();
    let text = [line("a", "09:00:00"), line("b", "25:00:00")].join("\n").into_bytes();
    processor.process(&[delivered(4, text), delivered(5, b"\xFF".to_vec())]);
    let before = processor.stored();
    for id in [format!("{RECORD}#0001"), RECORD.replace("100", "101")] {
        let replayed = processor.replay(&id).expect("processed");
        assert!(replayed.stays, "{replayed:?}");
        let [refused] = &replayed.refused[..] else { panic!("one thing: {replayed:?}") };
        assert_eq!(refused.id.to_string(), id);
        assert_eq!(processor.stored(), before);
    }
}

#[test]
fn the_loser_of_a_conflict_stays() {
    let processor = TestProcessor::new();
    let two = line("a", "09:00:00");
    let three = two.replace("\"2\"", "\"3\"");
    processor.process(&[delivered(0, two.into_bytes()), delivered(1, three.into_bytes())]);
    processor.roll_up();
    let before = processor.stored();
    let id = processor.ids().remove(0);
    let replayed = processor.replay(&id).expect("processed");
    assert!(replayed.stays && replayed.refused.is_empty(), "{replayed:?}");
    assert_eq!(processor.stored(), before);
}

#[test]
fn an_event_that_contradicts_a_stored_one_becomes_a_conflict() {
    let mut processor = TestProcessor::new();
    let old = line("a", "09:00:00").replace("2026-03-12", "2026-02-12");
    processor.process(&[delivered(4, old.clone().into_bytes())]);
    processor.0.age_max = None;
    processor.process(&[delivered(5, old.replace("\"2\"", "\"1\"").into_bytes())]);
    let replayed = processor.replay(&format!("{RECORD}#0000")).expect("processed");
    let expected = ReplayOutcome { written: 1, refused: Vec::new(), stays: false };
    assert_eq!((replayed, processor.ids().len()), (expected, 0));
    processor.roll_up();
    let [kept] = &processor.0.tables.quarantine.kept()[..] else { panic!("one entry") };
    assert_eq!(kept.reason, QuarantineReason::ConflictingDuplicate);
    assert_eq!(processor.received(), ["1"]);
}

#[test]
fn a_table_that_is_down_leaves_everything_in_quarantine() {
    let processor = TestProcessor::new();
    let text = [line("a", "09:00:00"), line("b", "25:00:00"), line("c", "11:00:00")].join("\n");
    run(processor.0.tables.put_quarantined(&unopened(&delivered(4, text.into_bytes()))))
        .expect("kept");
    processor.0.tables.log.throttle_stores(["0042".parse().expect("a store")]);
    let Err(ReplayError::Unsaved(_)) = processor.replay(RECORD) else { panic!("it is throttled") };
    assert_eq!((processor.ids(), processor.received().len()), (vec![RECORD.to_owned()], 0));
    processor.0.tables.log.throttle_stores([]);
    processor.0.tables.quarantine.set_down(true);
    let Err(ReplayError::Quarantine(_)) = processor.replay(RECORD) else { panic!("it is down") };
    assert_eq!((processor.ids(), processor.received().len()), (vec![RECORD.to_owned()], 2));
    processor.0.tables.quarantine.set_down(false);
    let replayed = processor.replay(RECORD).expect("processed");
    assert_eq!((replayed.written, replayed.stays), (2, false));
    assert_eq!(processor.ids(), [format!("{RECORD}#0001")]);
    assert_eq!(processor.received(), ["2", "2"]);
}

#[test]
fn an_event_of_a_record_that_the_function_remembers_is_replayed() {
    let mut processor = TestProcessor::new();
    let old = line("b", "09:00:00").replace("2026-03-12", "2026-02-12");
    let other_store = line("a", "09:00:00").replace("0042", "0043");
    processor.0.tables.log.throttle_stores(["0043".parse().expect("a store")]);
    // The second record is remembered, because the first will be delivered again.
    let batch = [delivered(3, other_store.into()), delivered(4, old.into())];
    let outcome = processor.process(&batch);
    assert_eq!(outcome.retry_from.as_ref(), Some(&batch[0].sequence_number));
    processor.0.age_max = None;
    let replayed = processor.replay(&format!("{RECORD}#0000")).expect("processed");
    assert_eq!((replayed.written, replayed.stays), (1, false));
    assert_eq!((processor.ids().len(), processor.received()), (0, vec!["2".to_owned()]));
}

#[test]
fn an_entry_with_a_foreign_key_is_left_unchanged() {
    let processor = TestProcessor::new();
    for key in ["by hand", "shard#1#2#3"] {
        let mut kept = unopened(&delivered(4, line("a", "09:00:00").into_bytes()));
        kept.id = QuarantineId { date: date(), key: key.to_owned() };
        assert_eq!(run(processor.0.replay(&kept)), Err(ReplayError::Key), "{key}");
    }
}
