//! A stream as target: each request is one record, put as the ingest API puts it.

use std::sync::Arc;
use std::time::Duration;

use aws::EventStream;
use domain::limits::RECORD_EVENTS_MAX;
use domain::ports::{EventLog, PutOutcome};
use domain::{Acceptance, Event, record};
use load_generator::sender::{Answer, LineStatus, Lines, Target};

/// Kinesis Data Streams.
#[derive(Clone)]
pub(super) struct KinesisTarget {
    log: Arc<EventStream>,
}

impl KinesisTarget {
    pub(super) fn new(log: EventStream) -> Self {
        Self { log: Arc::new(log) }
    }
}

impl Target for KinesisTarget {
    async fn send(&self, lines: &Lines<'_>) -> Answer {
        let texts = lines.texts();
        let received_at = chrono::DateTime::<chrono::Utc>::MAX_UTC;
        let acceptance = Acceptance { received_at, age_max: None, ahead_max: Duration::ZERO };
        let events: Result<Vec<Event>, _> =
            texts.iter().map(|text| Event::parse(text, &acceptance)).collect();
        let events = match events {
            Ok(events) => events,
            Err(error) => {
                return Answer::uniform(LineStatus::Refused, texts.len(), Some(&error.to_string()));
            }
        };
        let key = events.first().map_or("", |event| event.store_id().as_str());
        let chunks = events.chunks(RECORD_EVENTS_MAX);
        let records: Vec<_> = chunks.map(|chunk| record::pack(key, chunk)).collect();
        let outcomes = match self.log.put_records(&records).await {
            Ok(outcomes) => outcomes,
            Err(failure) => return Answer::none(&failure.to_string()),
        };
        let mut answer = Answer { status: Some(200), ..Answer::default() };
        for (chunk, outcome) in events.chunks(RECORD_EVENTS_MAX).zip(outcomes) {
            let status = match outcome {
                PutOutcome::Stored { .. } => LineStatus::Stored,
                PutOutcome::Failed(failure) => {
                    // The status that the ingest API answers for it.
                    answer.status = Some(503);
                    answer.error = Some(failure.to_string());
                    LineStatus::Retry
                }
            };
            answer.lines.extend(std::iter::repeat_n(status, chunk.len()));
        }
        answer
    }
}
