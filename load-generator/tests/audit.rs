//! The audit of a run: an equal log passes, and each kind of damage is named.

use chrono::{DateTime, TimeDelta, Utc};
use domain::event::Kind;
use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::{Acceptance, Event};
use in_memory::Tables;
use load_generator::audit::{Audit, audit};
use load_generator::outcomes::{EventOutcome, Outcomes};
use load_generator::plan::{Plan, PlanKey, legs};
use load_generator::run_record::RunRecord;
use load_generator::scenario::{Scenario, Stage};

fn noon() -> DateTime<Utc> {
    "2026-03-12T12:00:00Z".parse().unwrap()
}

/// Record of a run of 600 events with the outcomes that `of` gives for request and place.
fn record(mut of: impl FnMut(u64, usize) -> EventOutcome) -> RunRecord {
    let time = "3s".parse().unwrap();
    let mut scenario =
        Scenario { stages: vec![Stage::Constant { rate: 200.0, time }], ..Scenario::default() };
    scenario.shops.count = 5;
    scenario.mix.repeat = 0.1;
    scenario.mix.correction = 0.1;
    scenario.mix.poison = 0.02;
    let key = PlanKey::new(scenario, noon());
    let legs = legs(&key.scenario.stages);
    let mut outcomes = Outcomes::default();
    let requests = Plan::new(&key).unwrap().requests(&legs[0], 0);
    for request in 0..requests.len() as u64 {
        let events: Vec<EventOutcome> = (0..10).map(|place| of(request, place)).collect();
        outcomes.set(request, &events);
    }
    RunRecord { legs, outcomes, ..RunRecord::new(key) }
}

/// Planned event with its request and its place; `None` for poison.
type Line = (u64, usize, Option<Event>);

fn lines(record: &RunRecord) -> Vec<Line> {
    let plan = Plan::new(&record.key).unwrap();
    let mut writer = plan.writer();
    let acceptance = Acceptance {
        received_at: DateTime::<Utc>::MAX_UTC,
        age_max: None,
        ahead_max: Default::default(),
    };
    let mut lines = Vec::new();
    for (number, request) in (0..).zip(plan.requests(&record.legs[0], 0)) {
        let mut body = String::new();
        writer.write(&request, &mut body);
        for (place, line) in body.lines().enumerate() {
            lines.push((number, place, Event::parse(line, &acceptance).ok()));
        }
    }
    lines
}

/// Stores events and audits the record.
fn audited(record: &RunRecord, events: Vec<Event>, quarantined: Option<Quarantined>) -> Audit {
    let tables = Tables::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // Several batches: a repetition arrives in a later one than its event.
        for batch in events.chunks(50) {
            tables.append_events(batch.iter().cloned(), noon()).await.unwrap();
        }
        if let Some(quarantined) = &quarantined {
            tables.put_quarantined(quarantined).await.unwrap();
        }
        audit(record, &tables, noon() + TimeDelta::hours(1), |_, _| {}).await.unwrap()
    })
}

fn stored(record: &RunRecord) -> Vec<Event> {
    let is_stored = |(request, place, event): Line| {
        event.filter(|_| record.outcomes.of(request, place) == EventOutcome::Stored)
    };
    lines(record).into_iter().filter_map(is_stored).collect()
}

/// Record of a run whose poison was refused and whose other events were acknowledged.
fn acknowledged() -> RunRecord {
    let all = record(|_, _| EventOutcome::Stored);
    let poison: Vec<(u64, usize)> = lines(&all)
        .into_iter()
        .filter_map(|(request, place, event)| event.is_none().then_some((request, place)))
        .collect();
    assert!(!poison.is_empty());
    record(|request, place| match poison.contains(&(request, place)) {
        true => EventOutcome::Refused,
        false => EventOutcome::Stored,
    })
}

#[test]
fn a_log_with_every_acknowledged_event_is_equal() {
    let record = acknowledged();
    let events = stored(&record);
    let audit = audited(&record, events.clone(), None);
    assert_eq!((audit.count, &audit.differences[..]), (0, &[][..]));
    let ids: std::collections::BTreeSet<_> =
        events.iter().map(|event| (event.store_id(), event.event_id())).collect();
    assert_eq!(audit.expected, ids.len() as u64);
    assert!(audit.missing_numbers > 0, "the refused events have numbers");
    assert!(audit.windows > 20 && ids.len() < events.len());
    let read: RunRecord = RunRecord::parse(&serde_json::to_string(&record).unwrap()).unwrap();
    assert_eq!(audited(&read, events, None), audit, "the record comes back from its file");
}

/// `true` if two events have one id in one store.
fn is_same(one: &Event, other: &Event) -> bool {
    (one.store_id(), one.event_id()) == (other.store_id(), other.event_id())
}

#[test]
fn an_event_that_is_dropped_doubled_or_altered_is_named() {
    let record = acknowledged();
    let events = stored(&record);
    let once = |event: &&Event| {
        let has_id = |other: &&Event| is_same(other, event);
        events.iter().filter(has_id).count() == 1 && event.action().kind() == Kind::Sale
    };
    let victim = events.iter().filter(once).nth(50).unwrap().clone();
    let id = victim.event_id().as_str();
    let changed = |from: &str, to: &str| {
        let json = victim.canonical().replacen(from, to, 1);
        assert_ne!(json, victim.canonical());
        Event::parse(&json, &Acceptance { age_max: None, ..Acceptance::at(noon()) }).unwrap()
    };
    let without: Vec<Event> =
        events.iter().filter(|event| !is_same(event, &victim)).cloned().collect();
    let with = |event: Event| without.iter().cloned().chain([event]).collect::<Vec<_>>();

    let dropped = audited(&record, without.clone(), None);
    assert!(
        dropped.differences[0].contains(&format!("event {id} is not in the log")),
        "{dropped:?}"
    );

    let number = victim.details().sequence.as_ref().unwrap().number;
    let gap = format!("gaps in the log alone: {number}; by the answers alone: none");
    assert!(dropped.differences.iter().any(|told| told.contains(&gap)), "{dropped:?}");

    let mut doubled = events.clone();
    doubled.push(changed(id, &format!("{id}x")));
    let doubled = audited(&record, doubled, None);
    let named = format!("event {id}x is in the log and was never sent");
    assert!(doubled.differences[0].contains(&named), "{doubled:?}");

    let price = victim.canonical();
    let price = price.split_once("\"unit_price\":\"").unwrap().1.split_once('"').unwrap().0;
    let altered = with(changed(&format!("\"unit_price\":\"{price}\""), "\"unit_price\":\"999\""));
    let altered = audited(&record, altered, None);
    assert!(altered.differences[0].contains(&format!("event {id} was sent as")), "{altered:?}");
    assert!(altered.differences.iter().any(|difference| difference.contains("revenue in EUR")));
}

#[test]
fn an_event_without_an_answer_may_be_stored_or_not_and_a_refused_one_may_not() {
    let acknowledged = acknowledged();
    let unknown = record(|request, place| match acknowledged.outcomes.of(request, place) {
        EventOutcome::Stored if request % 3 == 0 => EventOutcome::Unknown,
        outcome => outcome,
    });
    for stored_too in [false, true] {
        let events = lines(&unknown).into_iter().filter_map(|(request, place, event)| {
            let outcome = unknown.outcomes.of(request, place);
            let may = outcome == EventOutcome::Unknown && (stored_too || place < 5);
            event.filter(|_| outcome == EventOutcome::Stored || may)
        });
        let audit = audited(&unknown, events.collect(), None);
        assert_eq!((audit.count, &audit.differences[..]), (0, &[][..]));
        assert!(audit.unknown_stored > 50);
    }
    let refused = record(|request, place| match acknowledged.outcomes.of(request, place) {
        EventOutcome::Stored if request == 7 => EventOutcome::Refused,
        outcome => outcome,
    });
    let audit = audited(&refused, stored(&acknowledged), None);
    assert!(audit.count > 0 && audit.differences[0].contains("was refused"), "{audit:?}");
}

#[test]
fn an_event_of_the_run_in_quarantine_is_a_difference_and_one_of_a_till_is_not() {
    let record = acknowledged();
    let events = stored(&record);
    let quarantined = |bytes: &str| Quarantined {
        id: QuarantineId { date: noon().date_naive(), key: "k".to_owned() },
        reason: QuarantineReason::ConflictingDuplicate,
        message: "two contents".to_owned(),
        at: noon(),
        bytes: bytes.as_bytes().to_vec(),
    };
    let of_run = quarantined(&format!("{{\"terminal_id\":\"{}-till-1\"}}", record.key.run_id));
    let audit = audited(&record, events.clone(), Some(of_run));
    assert_eq!(audit.differences, ["in quarantine: two contents"]);
    let of_till = quarantined("{\"terminal_id\":\"till-1\"}");
    assert_eq!(audited(&record, events, Some(of_till)).count, 0);
}

#[test]
fn events_of_other_tills_in_the_same_stores_change_nothing() {
    let record = acknowledged();
    let mut events = stored(&record);
    let run_id = &record.key.run_id;
    let other: Vec<Event> = events
        .iter()
        .take(30)
        .map(|event| {
            let json = event.canonical().replace(run_id, "other");
            Event::parse(&json, &Acceptance { age_max: None, ..Acceptance::at(noon()) }).unwrap()
        })
        .collect();
    events.extend(other);
    assert_eq!(audited(&record, events, None).count, 0);
}
