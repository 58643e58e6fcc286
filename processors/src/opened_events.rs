//! Events and poison records of a batch. Invalid input is a result and not an error: a redelivery
//! would fail in the same way until the stream drops the record.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record::{self, Unopenable};
use domain::{Acceptance, Delivered, Event, Rejection, SequenceNumber, cloud_event};

/// Extension of the age limit. An event that ingest accepts just inside the limit reaches the
/// processor later, and must not be refused after its acknowledgement.
const GRACE: Duration = Duration::from_secs(3600);

/// Largest number of invalid events of a record with entries of their own in the quarantine. A
/// record with more is one entry, so that it delays no other by its number of writes.
const INVALID_EVENTS_MAX: usize = 100;

/// A valid event and its record.
#[derive(Debug, Clone)]
pub(crate) struct OpenedEvent {
    pub(crate) event: Event,
    /// Sequence number of the record with the event.
    pub(crate) sequence_number: SequenceNumber,
    /// Arrival of the record.
    pub(crate) arrived_at: DateTime<Utc>,
}

/// A refused record or event, ready for the quarantine.
#[derive(Debug, Clone)]
pub(crate) struct PoisonRecord {
    pub(crate) refused: Quarantined,
    /// Sequence number of the record.
    pub(crate) sequence_number: SequenceNumber,
}

/// Opens the records of a batch, in order.
pub(crate) fn open(
    records: &[&Delivered],
    age_max: Option<Duration>,
) -> (Vec<OpenedEvent>, Vec<PoisonRecord>) {
    let mut opened = Opened::default();
    for record in records {
        opened.add(record, age_max);
    }
    (opened.events, opened.poison)
}

#[derive(Default)]
struct Opened {
    events: Vec<OpenedEvent>,
    poison: Vec<PoisonRecord>,
}

impl Opened {
    /// Adds the events of a record, and what is refused of it. Parts of an aggregated record are
    /// numbered after its sequence number, as the Kinesis Client Library does.
    fn add(&mut self, record: &Delivered, age_max: Option<Duration>) {
        let acceptance =
            Acceptance { age_max, ..Acceptance::at(record.arrived_at) }.with_grace(GRACE);
        let key = format!("{}#{}", record.shard_id, record.sequence_number);
        match record::parts(&record.data) {
            // Only the parts of an aggregated record are copies.
            Ok(parts) if matches!(parts[..], [Cow::Borrowed(_)]) => {
                self.add_part(record, &acceptance, &key, &record.data);
            }
            Ok(parts) => {
                for (number, part) in parts.iter().enumerate() {
                    self.add_part(record, &acceptance, &format!("{key}#{number:04}"), part);
                }
            }
            Err(error) => self.refuse_part(record, key, &error, &record.data),
        }
    }

    fn add_part(&mut self, record: &Delivered, acceptance: &Acceptance, key: &str, data: &[u8]) {
        let texts = match record::open(data) {
            Ok(texts) => texts,
            Err(error) => return self.refuse_part(record, key.to_owned(), &error, data),
        };
        let mut invalid = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match parse(text, acceptance) {
                Ok(event) => self.events.push(OpenedEvent {
                    event,
                    arrived_at: record.arrived_at,
                    sequence_number: record.sequence_number.clone(),
                }),
                Err(rejection) => invalid.push((index, text, rejection)),
            }
        }
        let reason = QuarantineReason::InvalidEvent;
        if let [(index, _, first), ..] = &invalid[..]
            && invalid.len() > INVALID_EVENTS_MAX
        {
            let message = format!(
                "{} of {} texts are no valid events, kept as one entry; the first, number {index}: \
                 {first}",
                invalid.len(),
                texts.len()
            );
            return self.refuse(record, key.to_owned(), reason, message, data);
        }
        for (index, text, rejection) in invalid {
            let key = format!("{key}#{index:04}");
            self.refuse(record, key, reason, rejection.to_string(), text.as_bytes());
        }
    }

    fn refuse_part(&mut self, record: &Delivered, key: String, error: &Unopenable, data: &[u8]) {
        self.refuse(record, key, QuarantineReason::Unopenable, error.to_string(), data);
    }

    fn refuse(
        &mut self,
        record: &Delivered,
        key: String,
        reason: QuarantineReason,
        message: String,
        bytes: &[u8],
    ) {
        let id = QuarantineId { date: record.arrived_at.date_naive(), key };
        let (at, bytes) = (record.arrived_at, bytes.to_vec());
        self.poison.push(PoisonRecord {
            refused: Quarantined { id, reason, message, at, bytes },
            sequence_number: record.sequence_number.clone(),
        });
    }
}

/// Parses an event, or the event in a CloudEvent. An event is tried first, because most are.
fn parse(text: &str, acceptance: &Acceptance) -> Result<Event, Rejection> {
    match Event::parse(text, acceptance) {
        Err(_) if cloud_event::is_envelope(text) => {
            Event::parse(&cloud_event::data(text)?, acceptance)
        }
        result => result,
    }
}
