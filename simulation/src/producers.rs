//! Others who put into the same stream: copies under other partition keys, and poison.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::Event;
use domain::stock::WindowKey;
use load_generator::draw::Draw;
use serde_json::Value;

use crate::auditor::Auditor;
use crate::fault::Fault;
use crate::stream::Stream;
use crate::traffic::{Errand, Scene, contradicting, parsed, pick, stamped};
use crate::weather::Weather;

/// A record and when it is put.
struct Parcel {
    at: DateTime<Utc>,
    data: Vec<u8>,
}

/// Puts everything at its time.
pub(crate) async fn work(parcels: Parcels, stream: Stream, weather: Weather) {
    let mut draw = weather.draw("other partition keys");
    for Parcel { at, data } in parcels.0 {
        weather.sleep_until(at).await;
        stream.append(&format!("other-{}", draw.below(12)), data);
        weather.count("records by other producers", 1);
    }
}

/// What the other producers will put.
pub(crate) struct Parcels(Vec<Parcel>);

impl Parcels {
    /// Draws what is put beside the tills' events.
    pub(crate) fn of(
        scene: &Scene,
        errands: &[Errand],
        auditor: &Auditor,
        weather: &Weather,
    ) -> Self {
        let mut draw = weather.draw("other producers");
        let length = (scene.ends_at - scene.starts_at).num_milliseconds() as u64;
        // What a till says with a clock beyond the limits is for ingest to refuse.
        let timely = |errand: &&Errand| {
            let ahead = errand.event.occurred_at() - scene.starts_at;
            ahead <= TimeDelta::zero() && ahead > -TimeDelta::days(6)
                || errand.event.occurred_at() <= errand.due
        };
        let recent = scene.starts_at - TimeDelta::days(6);
        let events: Vec<&Event> = errands
            .iter()
            .filter(timely)
            .map(|errand| &errand.event)
            .filter(|event| event.occurred_at() > recent)
            .collect();
        let mut parcels = Vec::new();
        let mut put = |at, data| parcels.push(Parcel { at, data });
        let mut copies: Vec<Event> = Vec::new();
        for (number, event) in events.iter().copied().enumerate() {
            let soon = TimeDelta::milliseconds(draw.below(length / 4) as i64);
            let at = event.occurred_at().max(scene.starts_at) + soon;
            // Many a record at one instant, so that several handlers meet in one row.
            let at = at.duration_round_up(TimeDelta::minutes(1)).expect("an instant of our time");
            let whole = draw.below(3) as usize;
            if weather.strikes(Fault::Direct) {
                copies.push(event.clone());
            }
            if weather.strikes(Fault::TwoContents) {
                copies.push(contradicting(event, draw.below(9)));
            }
            if weather.strikes(Fault::Restamped) {
                copies.push(stamped(event, event.occurred_at() - TimeDelta::minutes(10)));
            }
            if copies.len() > whole {
                copies.iter().for_each(|event| auditor.expect(event));
                // Nothing is told before it happens.
                let happened = copies.iter().map(Event::occurred_at).max();
                let at = happened.map_or(at, |happened| happened.max(at));
                put(at, record(&mut draw, copies.iter().map(Event::canonical).collect()));
                copies.clear();
            }
            if weather.strikes(Fault::Race) {
                let row = WindowKey::of(event);
                let mates = events.iter().filter(|other| WindowKey::of(other) == row).take(8);
                let mates: Vec<&Event> = mates.copied().collect();
                let at = mates.iter().fold(at, |at, mate| at.max(mate.occurred_at()));
                // New events, and their row may end with them: what is stored last was contested.
                for mate in mates {
                    let new = renamed(mate, number);
                    auditor.expect(&new);
                    put(at, record(&mut draw, vec![new.canonical()]));
                }
            }
            if weather.strikes(Fault::Unopenable) {
                let data = unopenable(&mut draw, number);
                auditor.expect_bad_record(&data);
                put(at, data);
            }
            if weather.strikes(Fault::Invalid) {
                let bad = invalid(&mut draw, event, number);
                auditor.expect_bad_line(&bad);
                let mut lines = vec![event.canonical(), event.canonical()];
                lines.insert(draw.below(3) as usize, bad);
                put(at, record(&mut draw, lines));
            }
        }
        parcels.sort_by_key(|parcel| parcel.at);
        Self(parcels)
    }
}

/// The same under an id of its own.
fn renamed(event: &Event, number: usize) -> Event {
    let mut json: Value = serde_json::from_str(&event.canonical()).expect("canonical JSON");
    json["event_id"] = Value::from(format!("race-{number}-{}", event.event_id()));
    parsed(&json.to_string())
}

fn record(draw: &mut Draw, lines: Vec<String>) -> Vec<u8> {
    let plain = lines.join("\n").into_bytes();
    if draw.below(2) == 0 { plain } else { zstd::bulk::compress(&plain, 1).expect("in memory") }
}

/// Bytes in which there is nothing to read.
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

/// A line that is no event.
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
