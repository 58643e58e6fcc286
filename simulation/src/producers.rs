//! Other producers of the same stream. They put copies of events under other partition keys, and
//! records that are invalid or cannot be opened.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::Event;
use domain::stock::WindowKey;
use load_generator::draw::Draw;

use crate::auditor::Auditor;
use crate::context::SimContext;
use crate::injected_fault::InjectedFault;
use crate::scenario::{Scenario, ScheduledEvent, contradicting, pick, stamped, with_field};
use crate::stream::SimulatedStream;

/// Record of another producer.
pub(crate) struct ScheduledRecord {
    /// Instant at which the record is put.
    at: DateTime<Utc>,
    data: Vec<u8>,
}

/// Puts each record at its time.
pub(crate) async fn work(records: Vec<ScheduledRecord>, stream: SimulatedStream, sim: SimContext) {
    let mut draw = sim.draw("other partition keys");
    for ScheduledRecord { at, data } in records {
        sim.sleep_until(at).await;
        stream.append(&format!("other-{}", draw.below(12)), data);
        sim.count("records by other producers", 1);
    }
}

/// Draws the records to put besides the tills' events, by time.
pub(crate) fn scheduled_records(
    scenario: &Scenario,
    scheduled: &[ScheduledEvent],
    auditor: &Auditor,
    sim: &SimContext,
) -> Vec<ScheduledRecord> {
    let mut draw = sim.draw("other producers");
    let length = (scenario.ends_at - scenario.starts_at).num_milliseconds() as u64;
    // Ingest has to reject the events of tills with a clock beyond the limits.
    let timely = |scheduled: &&ScheduledEvent| {
        let ahead = scheduled.event.occurred_at() - scenario.starts_at;
        ahead <= TimeDelta::zero() && ahead > -TimeDelta::days(6)
            || scheduled.event.occurred_at() <= scheduled.due
    };
    let recent = scenario.starts_at - TimeDelta::days(6);
    let events: Vec<&Event> = scheduled
        .iter()
        .filter(timely)
        .map(|scheduled| &scheduled.event)
        .filter(|event| event.occurred_at() > recent)
        .collect();
    let mut records = Vec::new();
    let mut put = |at, data| records.push(ScheduledRecord { at, data });
    let mut copies: Vec<Event> = Vec::new();
    for (number, event) in events.iter().copied().enumerate() {
        let soon = TimeDelta::milliseconds(draw.below(length / 4) as i64);
        let at = event.occurred_at().max(scenario.starts_at) + soon;
        // Several records at one instant make handlers save one row concurrently.
        let at = at.duration_round_up(TimeDelta::minutes(1)).expect("an instant of our time");
        let collected = draw.below(3) as usize;
        if sim.injects(InjectedFault::Direct) {
            copies.push(event.clone());
        }
        if sim.injects(InjectedFault::TwoContents) {
            copies.push(contradicting(event, draw.below(9)));
        }
        if sim.injects(InjectedFault::Restamped) {
            copies.push(stamped(event, event.occurred_at() - TimeDelta::minutes(10)));
        }
        copies.extend(reused(event, &events, scenario, sim));
        if copies.len() > collected {
            copies.iter().for_each(|event| auditor.expect(event));
            // An event is never put before its time.
            let happened = copies.iter().map(Event::occurred_at).max();
            let at = happened.map_or(at, |happened| happened.max(at));
            put(at, record(&mut draw, copies.iter().map(Event::canonical).collect()));
            copies.clear();
        }
        if sim.injects(InjectedFault::Race) {
            let row = WindowKey::of(event);
            let mates = events.iter().filter(|other| WindowKey::of(other) == row).take(8);
            let mates: Vec<&Event> = mates.copied().collect();
            let at = mates.iter().fold(at, |at, mate| at.max(mate.occurred_at()));
            // New events. If they are the last of their row, its last save was contested.
            for mate in mates {
                let id = format!("race-{number}-{}", mate.event_id());
                let new = with_field(mate, "event_id", id);
                auditor.expect(&new);
                put(at, record(&mut draw, vec![new.canonical()]));
            }
        }
        if sim.injects(InjectedFault::Unopenable) {
            let data = unopenable(&mut draw, number);
            auditor.expect_bad_record(&data);
            put(at, data);
        }
        if sim.injects(InjectedFault::Invalid) {
            let line = invalid(&mut draw, event, number);
            auditor.expect_bad_line(&line);
            let mut lines = vec![event.canonical(), event.canonical()];
            lines.insert(draw.below(3) as usize, line);
            put(at, record(&mut draw, lines));
        }
    }
    records.sort_by_key(|record| record.at);
    records
}

/// Returns events with the id of another event: of another item, and of another date.
fn reused(event: &Event, events: &[&Event], scenario: &Scenario, sim: &SimContext) -> Vec<Event> {
    let mut reused = Vec::new();
    if sim.injects(InjectedFault::OtherItem) {
        let is_other = |other: &&&Event| {
            other.store_id() == event.store_id()
                && other.sku() != event.sku()
                && other.unit() == event.unit()
        };
        let other = events.iter().find(is_other);
        reused.extend(other.map(|other| with_field(event, "sku", other.sku().to_string())));
    }
    // A day earlier the event must still be within the age limit.
    let is_recent = event.occurred_at() > scenario.starts_at - TimeDelta::days(5);
    if sim.injects(InjectedFault::ReusedId) && is_recent {
        let earlier = stamped(event, event.occurred_at() - TimeDelta::days(1));
        if sim.below(InjectedFault::ReusedId, 2) == 0 {
            reused.push(contradicting(&earlier, sim.below(InjectedFault::ReusedId, 9)));
        }
        reused.push(earlier);
    }
    reused
}

fn record(draw: &mut Draw, lines: Vec<String>) -> Vec<u8> {
    let plain = lines.join("\n").into_bytes();
    if draw.below(2) == 0 { plain } else { zstd::bulk::compress(&plain, 1).expect("in memory") }
}

/// Returns bytes that cannot be opened as a record.
fn unopenable(draw: &mut Draw, number: usize) -> Vec<u8> {
    let kinds: [&[u8]; 4] =
        [b"\xF3\x89\x9A\xC2 aggregated ", b"\x28\xB5\x2F\xFD broken ", b"\xFF\xFE ", b" \n\t"];
    let kind = *pick(draw, &kinds);
    let mut data = kind.to_vec();
    if kind != b" \n\t" {
        data.extend(number.to_string().into_bytes());
    }
    data
}

/// Returns a line that breaks a rule of events.
fn invalid(draw: &mut Draw, event: &Event, number: usize) -> String {
    let good = event.canonical();
    let id = format!("\"event_id\":\"{}\"", event.event_id());
    let kind = format!("\"kind\":\"{}\"", event.action().kind().as_str());
    let at = event.occurred_at().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let bad = format!("bad-{number}");
    match draw.below(5) {
        0 => format!("{{\"event_id\":\"{bad}\""),
        1 => good.replace(&id, &format!("\"event_id\":\"{bad}/\"")),
        2 => good.replace(&kind, &format!("\"kind\":\"{bad}\"")),
        3 => good
            .replace(&at, "2026-01-01T00:00:00.000Z")
            .replace(&id, &format!("\"event_id\":\"{bad}\"")),
        _ => good
            .replace(&at, "2027-12-31T00:00:00.000Z")
            .replace(&id, &format!("\"event_id\":\"{bad}\"")),
    }
}
