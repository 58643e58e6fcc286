//! Poison records are quarantined once and do not delay other records.

use std::time::Duration;

use domain::SequenceNumber;
use domain::quarantine::QuarantineReason;
use processors::BatchOutcome;

use crate::{TestProcessor, date, delivered, evening, redeliver};

pub(crate) fn line(id: &str, occurred_at: &str) -> String {
    format!(
        concat!(
            r#"{{"event_id":"{}","kind":"receipt","store_id":"0042","terminal_id":"t","#,
            r#""sku":"rye","quantity":"2","occurred_at":"2026-03-12T{}Z"}}"#
        ),
        id, occurred_at
    )
}

#[test]
fn a_record_with_one_bad_event_stores_the_good_ones() {
    let processor = TestProcessor::new();
    let bad = line("b", "25:00:00");
    let text = [line("a", "09:00:00"), bad.clone(), line("c", "09:01:00")].join("\n");
    let outcome = processor.process(&[delivered(4, text.into_bytes())]);
    let occurred_at = ["09:00", "09:01"].map(|time| format!("2026-03-12T{time}:00Z"));
    let occurred_at = occurred_at.map(|at| at.parse().expect("an instant")).to_vec();
    let expected = BatchOutcome {
        written: 2,
        occurred_at,
        quarantined: 1,
        segments: 1,
        ..BatchOutcome::default()
    };
    assert_eq!(outcome, expected);
    let [kept] = &processor.0.tables.quarantine.kept()[..] else { panic!("one row") };
    assert_eq!(kept.id.key, "shardId-000000000000#100#0001");
    assert_eq!(kept.reason, QuarantineReason::InvalidEvent);
    assert_eq!(kept.bytes, bad.into_bytes());
    assert!(kept.message.starts_with("event b: occurred_at \"2026-03-12T25:00:00Z\" is not"));
    assert_eq!((kept.id.date, kept.at), (date(), evening()));
}

#[test]
fn poison_delays_nothing_and_is_kept_once_with_its_bytes() {
    let processor = TestProcessor::new();
    let poison = delivered(1, b"\xF3\x89\x9A\xC2 aggregated".to_vec());
    let batch = [
        delivered(0, line("a", "09:00:00").into_bytes()),
        poison.clone(),
        delivered(2, line("b", "09:00:00").into_bytes()),
    ];
    for _ in 0..2 {
        let outcome = processor.process(&batch);
        assert_eq!((outcome.written, outcome.retry_from), (2, None));
    }
    let [kept] = &processor.0.tables.quarantine.kept()[..] else { panic!("one row") };
    assert_eq!(kept.id.key, "shardId-000000000000#97");
    assert_eq!((kept.reason, &kept.bytes), (QuarantineReason::Unopenable, &poison.data));
}

#[test]
fn poison_that_cannot_be_kept_is_delivered_again_and_holds_up_no_event() {
    let processor = TestProcessor::new();
    let poison = |number| delivered(number, b"\xFF".to_vec());
    let batch = [
        delivered(0, line("a", "09:00:00").into_bytes()),
        poison(5),
        delivered(2, line("b", "11:00:00").into_bytes()),
        poison(3),
    ];
    processor.0.tables.quarantine.set_down(true);
    let outcome = processor.process(&batch);
    assert_eq!(outcome.retry_from, Some(SequenceNumber::new("99")));
    assert_eq!((outcome.written, outcome.quarantined), (2, 0));
    processor.0.tables.quarantine.set_down(false);
    assert_eq!(redeliver(&processor, &batch, outcome).retry_from, None);
    assert_eq!(processor.0.tables.quarantine.kept().len(), 2);
}

#[test]
fn a_late_event_lands_in_the_window_in_which_it_occurred() {
    let processor = TestProcessor::new();
    processor.process(&[delivered(0, line("b", "20:58:00").into_bytes())]);
    processor.process(&[delivered(1, line("a", "09:03:59.999").into_bytes())]);
    let windows: Vec<String> =
        processor.windows().iter().map(|window| window.key().to_string()).collect();
    assert_eq!(windows, ["0042/rye/2026-03-12T09:00Z", "0042/rye/2026-03-12T20:55Z"]);
}

#[test]
fn an_event_acknowledged_just_inside_the_age_limit_is_not_refused_a_moment_later() {
    let old = |time: &str| line("a", time).replace("2026-03-12", "2026-03-05").into_bytes();
    let written =
        |processor: &TestProcessor, data| processor.process(&[delivered(0, data)]).written;
    assert_eq!(written(&TestProcessor::new(), old("20:00:00")), 1);
    assert_eq!(written(&TestProcessor::new(), old("19:59:59.999")), 0);
    let mut replay = TestProcessor::new();
    replay.0.age_max = None;
    assert_eq!(written(&replay, old("01:00:00")), 1);
    replay.0.age_max = Some(Duration::from_secs(3600));
    assert_eq!(written(&replay, line("b", "18:59:59").into_bytes()), 0);
}
