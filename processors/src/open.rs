//! Records -> events and poison. Bad input is a result, not an error: a retry would only meet it
//! again until the stream forgets it.

use std::time::Duration;

use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record;
use domain::{Acceptance, Delivered, Event, SequenceNumber};

/// What ingest let in just inside the age limit arrives here a little later; that much later it
/// is still taken.
const GRACE: Duration = Duration::from_secs(3600);

/// An event and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) event: Event,
    /// The record it arrived in.
    pub(crate) sequence_number: SequenceNumber,
    /// Whether it arrived after its window ended.
    pub(crate) is_late: bool,
}

/// Something refused and the record it arrived in.
#[derive(Debug, Clone)]
pub(crate) struct Poison {
    pub(crate) refused: Quarantined,
    pub(crate) sequence_number: SequenceNumber,
}

/// Opens the records of a batch, in order.
pub(crate) fn open(records: &[Delivered], age_max: Option<Duration>) -> (Vec<Opened>, Vec<Poison>) {
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
            poison.push(Poison { refused, sequence_number: sequence_number.clone() });
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
                Ok(event) => events.push(Opened {
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
