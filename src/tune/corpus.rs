//! Batches for recordings and measurements: made from the traffic of the load generator, or kept by
//! a load run.
//!
//! Each repetition gets fresh event ids and instants. With the same payload again, a function would
//! only meet what it has stored already.

use std::fs;
use std::path::Path;

use aws::KinesisBatch;
use chrono::{DateTime, TimeDelta, Utc};
use domain::record::{Delivered, SequenceNumber, open, pack};
use domain::{Acceptance, Event, sha256};
use load_generator::plan::{Plan, PlanKey, legs};
use load_generator::scenario::{Mix, Scenario, Shops, Stage};
use serde_json::Value;

use super::cases::LARGEST_BATCH;
use crate::CommandError;

/// Shard of all records.
const SHARD: &str = "shardId-000000000000";

/// Records of one case, without their final ids.
#[derive(Debug, Clone)]
pub(super) struct Corpus {
    pub(super) case: String,
    records: Vec<CorpusRecord>,
    /// Instant of the last event.
    ends_at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
struct CorpusRecord {
    partition_key: String,
    events: Vec<Value>,
}

/// A made case: its name, stores, exponent of Zipf's law and events in a request.
const MADE: [(&str, u32, f64, u32); 3] = [
    // Many stores, a till's usual request.
    ("peak", 300, 0.5, 10),
    // Tills that were offline send all that they have.
    ("catch-up", 10, 0.0, 200),
    // Every till at once, with few events each.
    ("spike", 2_000, 0.0, 2),
];

impl Corpus {
    /// Reads the batches in `kept`, or makes the cases of a seed.
    pub(super) fn of(kept: Option<&Path>, seed: u64) -> Result<Vec<Self>, CommandError> {
        match kept {
            Some(folder) => Ok(vec![Self::kept(folder)?]),
            None => Self::made(LARGEST_BATCH as u32, seed),
        }
    }

    /// Returns the SHA-256 of the events of all cases, before they get fresh ids.
    pub(super) fn digest(corpora: &[Self]) -> String {
        let text: String = corpora.iter().map(Self::text).collect();
        sha256(text.as_bytes())
    }

    /// Makes the cases: an hour's peak, a catch-up and a spike, each with `records` records.
    fn made(records: u32, seed: u64) -> Result<Vec<Self>, CommandError> {
        let starts_at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let make = |(case, count, zipf, events_per_request): (&str, u32, f64, u32)| {
            let rate = f64::from(records * events_per_request);
            let time = "1s".parse().expect("a span");
            let scenario = Scenario {
                seed,
                shops: Shops { count, zipf, ..Shops::default() },
                mix: Mix { events_per_request, ..Mix::default() },
                stages: vec![Stage::Constant { rate, time }],
                ..Scenario::default()
            };
            let key = PlanKey::new(scenario, starts_at);
            let plan = Plan::new(&key)?;
            let mut writer = plan.writer();
            let legs = legs(&key.scenario.stages);
            let mut texts = Vec::new();
            for (number, leg) in legs.iter().enumerate() {
                for request in plan.requests(leg, number) {
                    let mut body = String::new();
                    writer.write(&request, &mut body);
                    let lines = body.lines().map(str::to_owned).collect();
                    texts.push((plan.store_id(request.store).to_string(), lines));
                }
            }
            Self::of_texts(case, texts)
        };
        MADE.into_iter().map(make).collect()
    }

    /// Reads the batches that a load run kept in a folder, in the order of their names.
    fn kept(folder: &Path) -> Result<Self, CommandError> {
        let shown = folder.display();
        let entries = fs::read_dir(folder)
            .map_err(|error| format!("cannot read the batches in {shown}: {error}"))?;
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        let mut texts = Vec::new();
        for file in files {
            let text = fs::read_to_string(&file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let batch = KinesisBatch::parse(&text)
                .map_err(|error| format!("{} is no batch: {error}", file.display()))?;
            for record in batch.records() {
                let lines = open(record.data).map_err(|error| {
                    format!("{}, record {}: {error}", file.display(), record.sequence_number)
                })?;
                texts.push((record.partition_key.to_owned(), lines));
            }
        }
        if texts.is_empty() {
            return Err(format!(
                "{shown} holds no batch; `daymark load --keep-batches DIR` keeps some"
            )
            .into());
        }
        Self::of_texts("kept", texts)
    }

    fn of_texts(case: &str, texts: Vec<(String, Vec<String>)>) -> Result<Self, CommandError> {
        let mut records = Vec::new();
        let mut ends_at = DateTime::UNIX_EPOCH;
        for (partition_key, lines) in texts {
            let events = lines
                .iter()
                .map(|line| serde_json::from_str(line))
                .collect::<Result<Vec<Value>, _>>()
                .map_err(|error| format!("an event of {case}: {error}"))?;
            for event in &events {
                ends_at = ends_at.max(occurred_at(event)?);
            }
            records.push(CorpusRecord { partition_key, events });
        }
        Ok(Self { case: case.to_owned(), records, ends_at })
    }

    /// Returns the events as text for a digest.
    fn text(&self) -> String {
        let line = |record: &CorpusRecord| serde_json::to_string(&record.events);
        self.records.iter().filter_map(|record| line(record).ok()).collect()
    }

    /// Creates a batch of `count` records for a repetition, whose last event occurs at `now`.
    /// Repetitions begin at different records, and no two share an event id.
    pub(super) fn batch(
        &self,
        count: usize,
        repetition: u64,
        now: DateTime<Utc>,
    ) -> Result<FreshBatch, CommandError> {
        let first = (repetition as usize).wrapping_mul(count);
        let shift = now - self.ends_at;
        let mut batch = FreshBatch::default();
        for place in 0..count {
            let record = &self.records[(first + place) % self.records.len()];
            // A corpus smaller than the batch goes round: each round has ids of its own.
            let round = (first + place) / self.records.len();
            let prefix = format!("{repetition:x}-{round:x}-");
            let events = record
                .events
                .iter()
                .map(|event| fresh(event, &prefix, shift, now))
                .collect::<Result<Vec<Event>, _>>()?;
            let number = repetition * 1_000_000 + place as u64 + 1;
            batch.records.push(Delivered {
                shard_id: SHARD.to_owned(),
                sequence_number: SequenceNumber::new(number.to_string()),
                partition_key: record.partition_key.clone(),
                arrived_at: now,
                data: pack(&record.partition_key, &events).data,
            });
            batch.events.extend(events);
        }
        Ok(batch)
    }
}

/// Batch with fresh ids.
#[derive(Debug, Default)]
pub(super) struct FreshBatch {
    pub(super) records: Vec<Delivered>,
    pub(super) events: Vec<Event>,
}

fn occurred_at(event: &Value) -> Result<DateTime<Utc>, CommandError> {
    let text = event["occurred_at"].as_str().ok_or("an event without occurred_at")?;
    Ok(DateTime::parse_from_rfc3339(text)?.to_utc())
}

/// Returns the event with ids of its own, at another time. A correction names the fresh id.
fn fresh(
    event: &Value,
    prefix: &str,
    shift: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Event, CommandError> {
    let mut event = event.clone();
    for field in ["event_id", "corrects"] {
        if let Some(id) = event.get(field).and_then(Value::as_str) {
            let id = format!("{prefix}{id}");
            event[field] = id.into();
        }
    }
    event["occurred_at"] = (occurred_at(&event)? + shift).to_rfc3339().into();
    Event::parse(&event.to_string(), &Acceptance::at(now))
        .map_err(|violations| format!("a fresh copy of an event: {violations}").into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-03-12T15:00:00Z".parse().unwrap()
    }

    #[test]
    fn each_repetition_has_ids_that_no_other_has() {
        for corpus in Corpus::made(40, 7).unwrap() {
            let mut ids = BTreeSet::new();
            // More records than the corpus has.
            for (repetition, count) in [(0, 40), (1, 40), (2, 100), (3, 7)] {
                let batch = corpus.batch(count, repetition, now()).unwrap();
                assert_eq!(batch.records.len(), count);
                // Tills repeat some events within a corpus; across repetitions none is repeated.
                // An id is unique within its store.
                let id = |event: &Event| (event.store_id().clone(), event.event_id().clone());
                let fresh: BTreeSet<_> = batch.events.iter().map(id).collect();
                assert!(
                    fresh.len() > batch.events.len() / 2,
                    "{}: {} ids of {} events",
                    corpus.case,
                    fresh.len(),
                    batch.events.len()
                );
                assert!(ids.is_disjoint(&fresh), "{}: repetition {repetition}", corpus.case);
                ids.extend(fresh);
            }
        }
    }

    #[test]
    fn repetitions_hold_equally_many_events_of_the_last_hours() {
        for corpus in Corpus::made(40, 7).unwrap() {
            let batches = [0, 1].map(|repetition| corpus.batch(40, repetition, now()).unwrap());
            let [one, two] = batches.map(|batch| {
                assert!(batch.events.iter().all(|event| event.occurred_at() <= now()));
                assert!(batch.events.iter().all(|e| now() - e.occurred_at() < TimeDelta::hours(3)));
                batch.events.len()
            });
            assert_eq!(one, two, "{}", corpus.case);
        }
    }

    #[test]
    fn equal_seeds_make_equal_cases() {
        let texts = |seed| Corpus::made(20, seed).unwrap().iter().map(Corpus::text).collect();
        let [one, same, other]: [Vec<String>; 3] = [7, 7, 8].map(texts);
        assert_eq!(one, same);
        assert_ne!(one, other);
    }
}
