//! Events and poison records of a batch. Invalid input is a result and not an error: a redelivery
//! would fail in the same way until the stream drops the record.

use std::time::Duration;

use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record;
use domain::{Acceptance, Delivered, Event, SequenceNumber};

/// Extension of the age limit. An event that ingest accepts just inside the limit reaches the
/// processor later, and must not be refused after its acknowledgement.
const GRACE: Duration = Duration::from_secs(3600);

/// A valid event and its record.
#[derive(Debug, Clone)]
pub(crate) struct OpenedEvent {
    pub(crate) event: Event,
    /// Sequence number of the record with the event.
    pub(crate) sequence_number: SequenceNumber,
    /// `true` if the record arrived after the window of the event ended.
    pub(crate) is_late: bool,
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
    records: &[Delivered],
    age_max: Option<Duration>,
) -> (Vec<OpenedEvent>, Vec<PoisonRecord>) {
    let mut events = Vec::new();
    let mut poison = Vec::new();
    for record in records {
        let sequence_number = &record.sequence_number;
        let mut refuse = |key: String, reason, message: String, bytes: &[u8]| {
            let refused = Quarantined {
                id: QuarantineId { date: record.arrived_at.date_naive(), key },
                reason,
                message,
                at: record.arrived_at,
                bytes: bytes.to_vec(),
            };
            poison.push(PoisonRecord { refused, sequence_number: sequence_number.clone() });
        };
        let key = format!("{}#{sequence_number}", record.shard_id);
        let texts = match record::open(&record.data) {
            Ok(texts) => texts,
            Err(error) => {
                refuse(key, QuarantineReason::Unopenable, error.to_string(), &record.data);
                continue;
            }
        };
        let acceptance =
            Acceptance { age_max, ..Acceptance::at(record.arrived_at) }.with_grace(GRACE);
        for (index, text) in texts.iter().enumerate() {
            match Event::parse(text, &acceptance) {
                Ok(event) => events.push(OpenedEvent {
                    is_late: event.window().is_over_at(record.arrived_at),
                    event,
                    sequence_number: sequence_number.clone(),
                }),
                Err(rejection) => refuse(
                    format!("{key}#{index:04}"),
                    QuarantineReason::InvalidEvent,
                    rejection.to_string(),
                    text.as_bytes(),
                ),
            }
        }
    }
    (events, poison)
}
