//! What was refused is processed again as it arrived, and leaves the quarantine when it is stored.

use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record::Delivered;
use processors::replay::{ReplayError, ReplayOutcome};

use crate::poison::line;
use crate::{Station, date, delivered, evening, run};

impl Station {
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
        self.0.tables.stock.rows().iter().map(|row| row.figures().received.to_string()).collect()
    }
}

/// The record as a program keeps it that cannot open it.
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
    let mut station = Station::new();
    let old = |id: &str| line(id, "09:00:00").replace("2026-03-12", "2026-02-12");
    let lines = [old("a"), line("b", "09:00:00"), old("c")].join("\n");
    station.process(&[delivered(4, lines.into_bytes())]);
    let [a, c] = ["0000", "0002"].map(|index| format!("{RECORD}#{index}"));
    assert_eq!(station.ids(), [a.clone(), c.clone()]);
    let still = station.replay(&c).expect("processed");
    assert!(still.stays && still.stored == 0, "{still:?}");
    assert_eq!(still.refused[0].id.to_string(), c);

    station.0.age_max = None;
    let expected = ReplayOutcome { stored: 1, duplicate: 0, refused: Vec::new(), stays: false };
    assert_eq!(station.replay(&c), Ok(expected.clone()));
    assert_eq!(station.ids(), std::slice::from_ref(&a));
    assert_eq!(station.replay(&a), Ok(expected));
    assert_eq!((station.ids().len(), station.received()), (0, vec!["4".to_owned(), "2".into()]));
}

#[test]
fn events_are_judged_by_the_time_they_arrived() {
    let station = Station::new();
    // Long ago, but in time when it arrived.
    let mut kept = unopened(&delivered(4, line("a", "09:00:00").replace("2026", "2016").into()));
    kept.at = "2016-03-12T09:01:00Z".parse().expect("an instant");
    assert_eq!(run(station.0.replay(&kept)).expect("processed").stored, 1);
    // In time now, but ahead of the clock when it arrived.
    let mut kept = unopened(&delivered(4, line("a", "09:00:00").into()));
    kept.at = "2026-03-12T07:00:00Z".parse().expect("an instant");
    let replayed = run(station.0.replay(&kept)).expect("processed");
    assert!(replayed.refused[0].message.contains("ahead of the receiver's clock"), "{replayed:?}");
}

#[test]
fn a_record_that_opens_now_leaves_a_row_for_just_its_bad_event() {
    let station = Station::new();
    let bad = line("b", "25:00:00");
    let text = [line("a", "09:00:00"), bad.clone(), line("c", "09:01:00")].join("\n");
    let record = delivered(4, text.into_bytes());
    run(station.0.tables.put_quarantined(&unopened(&record))).expect("kept");
    let replayed = station.replay(RECORD).expect("processed");
    assert_eq!((replayed.stored, replayed.stays), (2, false));
    let [kept] = &station.0.tables.quarantine.kept()[..] else { panic!("one row") };
    assert_eq!(replayed.refused, std::slice::from_ref(kept));
    assert_eq!(kept.id.to_string(), format!("{RECORD}#0001"));
    assert_eq!((&kept.bytes, kept.at), (&bad.into_bytes(), evening()));
    // As if it had been opened at once.
    let at_once = Station::new();
    at_once.process(&[record]);
    assert_eq!(station.stored(), at_once.stored());
}

#[test]
fn what_is_still_refused_stays_as_it_is() {
    let station = Station::new();
    let text = [line("a", "09:00:00"), line("b", "25:00:00")].join("\n").into_bytes();
    station.process(&[delivered(4, text), delivered(5, b"\xFF".to_vec())]);
    let before = station.stored();
    for id in [format!("{RECORD}#0001"), RECORD.replace("100", "101")] {
        let replayed = station.replay(&id).expect("processed");
        assert!(replayed.stays, "{replayed:?}");
        let [refused] = &replayed.refused[..] else { panic!("one thing: {replayed:?}") };
        assert_eq!(refused.id.to_string(), id);
        assert_eq!(station.stored(), before);
    }
}

#[test]
fn the_loser_of_a_conflict_is_refused_again_and_stays() {
    let station = Station::new();
    let two = line("a", "09:00:00");
    let three = two.replace("\"2\"", "\"3\"");
    station.process(&[delivered(0, two.into_bytes()), delivered(1, three.into_bytes())]);
    let before = station.stored();
    let id = station.ids().remove(0);
    let replayed = station.replay(&id).expect("processed");
    assert_eq!((replayed.stored, replayed.stays), (0, true));
    assert_eq!(replayed.refused, before.1);
    assert_eq!(station.stored(), before);
}

#[test]
fn an_event_that_contradicts_a_stored_one_becomes_a_conflict() {
    let mut station = Station::new();
    let old = line("a", "09:00:00").replace("2026-03-12", "2026-02-12");
    station.process(&[delivered(4, old.clone().into_bytes())]);
    station.0.age_max = None;
    station.process(&[delivered(5, old.replace("\"2\"", "\"1\"").into_bytes())]);
    let replayed = station.replay(&format!("{RECORD}#0000")).expect("processed");
    assert_eq!((replayed.stored, replayed.stays), (0, false));
    let [kept] = &station.0.tables.quarantine.kept()[..] else { panic!("one row") };
    assert_eq!(kept.reason, QuarantineReason::ConflictingDuplicate);
    assert_eq!((replayed.refused, station.received()), (vec![kept.clone()], vec!["1".into()]));
}

#[test]
fn a_table_that_is_down_leaves_everything_in_quarantine() {
    let station = Station::new();
    let text = [line("a", "09:00:00"), line("b", "25:00:00"), line("c", "11:00:00")].join("\n");
    run(station.0.tables.put_quarantined(&unopened(&delivered(4, text.into_bytes()))))
        .expect("kept");
    let first = Station::new();
    first.process(&[delivered(4, line("a", "09:00:00").into_bytes())]);
    station.0.tables.stock.break_rows(first.stored().0.into_keys());
    let Err(ReplayError::Unsaved(_)) = station.replay(RECORD) else { panic!("it is broken") };
    station.0.tables.stock.break_rows([]);
    // One row was saved, and is known the next time.
    assert_eq!((station.ids(), station.received().len()), (vec![RECORD.to_owned()], 1));
    station.0.tables.quarantine.set_down(true);
    let Err(ReplayError::Quarantine(_)) = station.replay(RECORD) else { panic!("it is down") };
    assert_eq!((station.ids(), station.received().len()), (vec![RECORD.to_owned()], 2));
    station.0.tables.quarantine.set_down(false);
    let replayed = station.replay(RECORD).expect("processed");
    assert_eq!((replayed.stored, replayed.duplicate, replayed.stays), (0, 2, false));
    assert_eq!(station.ids(), [format!("{RECORD}#0001")]);
}

#[test]
fn a_row_that_nobody_here_wrote_is_left_alone() {
    let station = Station::new();
    for key in ["by hand", "shard#1#2#3", "shard#1#0000"] {
        let mut kept = unopened(&delivered(4, line("a", "09:00:00").into_bytes()));
        kept.id = QuarantineId { date: date(), key: key.to_owned() };
        assert_eq!(run(station.0.replay(&kept)), Err(ReplayError::Key), "{key}");
    }
}
