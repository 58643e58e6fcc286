//! Events and poison records of a batch. Invalid input is a result and not an error: a redelivery
//! would fail in the same way until the stream drops the record.

use std::borrow::Cow;
use std::time::Duration;

use domain::limits::RECORD_TEXTS_MAX;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record::{self, DeliveredRef, Unopenable};
use domain::{Acceptance, Event, EventRef, cloud_event};

/// Extension of the age limit. An event that ingest accepts just inside the limit reaches the
/// processor later, and must not be refused after its acknowledgement.
const GRACE: Duration = Duration::from_secs(3600);

/// Largest number of invalid events of a record with entries of their own in the quarantine. A
/// record with more is one entry, so that it delays no other by its number of writes.
const INVALID_EVENTS_MAX: usize = 100;

/// Size of inflated texts from which on no further record is opened, in bytes. A batch of
/// compressed records may inflate to a hundred times its size.
const INFLATED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Text of a record, or of a part of an aggregated record.
#[derive(Debug)]
pub struct Part<'a> {
    /// Place of the record in the batch.
    record: usize,
    /// Place in the aggregated record.
    number: Option<usize>,
    data: Cow<'a, [u8]>,
    text: Result<Cow<'a, str>, Unopenable>,
}

/// Valid events, and what is refused.
#[derive(Debug, Default)]
pub struct OpenedEvents<'a> {
    /// Events read from the texts, each with the place of its record.
    plain: Vec<(usize, EventRef<'a>)>,
    /// Events of other forms.
    parsed: Vec<(usize, Event)>,
    /// Refused records and events, each with the place of its record.
    pub(crate) poison: Vec<(usize, Quarantined)>,
}

/// Place in a batch: a record, and a part of it if it is an aggregated one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    record: usize,
    part: usize,
}

/// Inflates records of a batch from `first` on. Returns the place of what is left, which is nothing
/// unless the texts are large.
pub fn parts<'a>(records: &[DeliveredRef<'a>], first: Place) -> (Vec<Part<'a>>, Option<Place>) {
    let mut parts = Vec::with_capacity(records.len() - first.record);
    let mut inflated = 0;
    let mut push = |part: Part<'a>| {
        if let Ok(Cow::Owned(text)) = &part.text {
            inflated += text.len();
        }
        parts.push(part);
        inflated > INFLATED_BYTES_MAX
    };
    for (record, delivered) in records.iter().enumerate().skip(first.record) {
        let data = delivered.data;
        let whole = |text| Part { record, number: None, data: Cow::Borrowed(data), text };
        let aggregated = record::is_aggregated(data).then(|| record::parts(data));
        let is_full = match aggregated {
            None => push(whole(record::text(data))),
            Some(Err(error)) => push(whole(Err(error))),
            Some(Ok(of_record)) => {
                let before = if record == first.record { first.part } else { 0 };
                let mut is_full = false;
                for (number, data) in of_record.into_iter().enumerate().skip(before) {
                    if is_full {
                        return (parts, Some(Place { record, part: number }));
                    }
                    let text = record::text(&data).map(|text| Cow::Owned(text.into_owned()));
                    is_full = push(Part { record, number: Some(number), data, text });
                }
                is_full
            }
        };
        if is_full && record + 1 < records.len() {
            return (parts, Some(Place { record: record + 1, part: 0 }));
        }
    }
    (parts, None)
}

impl<'a> OpenedEvents<'a> {
    /// Reads the events of parts, which belong to `records`.
    #[must_use]
    pub fn of(
        records: &[DeliveredRef<'_>],
        parts: &'a [Part<'_>],
        age_max: Option<Duration>,
    ) -> Self {
        let mut opened = Self { plain: Vec::with_capacity(parts.len()), ..Self::default() };
        for part in parts {
            let record = &records[part.record];
            let acceptance =
                Acceptance { age_max, ..Acceptance::at(record.arrived_at) }.with_grace(GRACE);
            opened.add(record, part, &acceptance);
        }
        opened
    }

    /// Returns the events of other forms with borrowed texts, as [`OpenedEvents::plain`] has them.
    #[must_use]
    pub fn parsed(&self) -> Vec<(usize, EventRef<'_>)> {
        self.parsed.iter().map(|(record, event)| (*record, event.as_event_ref())).collect()
    }

    /// Returns the events in plain form, each with the place of its record.
    #[must_use]
    pub fn plain(&self) -> &[(usize, EventRef<'a>)] {
        &self.plain
    }

    /// Adds the events of a part, and what is refused of it.
    fn add(&mut self, record: &DeliveredRef<'_>, part: &'a Part<'_>, acceptance: &Acceptance) {
        let text = match &part.text {
            Ok(text) => text,
            Err(error) => return self.refuse_part(record, part, error),
        };
        if self.add_lines(part.record, text, acceptance) {
            return;
        }
        match record::split(text) {
            Ok(texts) => self.add_parsed(record, part, &texts, acceptance),
            Err(error) => self.refuse_part(record, part, &error),
        }
    }

    /// Adds the events of a text with a valid event a line. Returns `false`, and adds none, if the
    /// text has another form.
    fn add_lines(&mut self, record: usize, text: &'a str, acceptance: &Acceptance) -> bool {
        let before = (self.plain.len(), self.parsed.len());
        let is_valid = record::lines(text).all(|line| match EventRef::read(line, acceptance) {
            Some(event) => {
                self.plain.push((record, event));
                true
            }
            None => Event::parse_any(line, acceptance)
                .map(|event| self.parsed.push((record, event)))
                .is_ok(),
        });
        let count = self.plain.len() + self.parsed.len() - before.0 - before.1;
        let is_usual = is_valid && (1..=RECORD_TEXTS_MAX).contains(&count);
        if !is_usual {
            self.plain.truncate(before.0);
            self.parsed.truncate(before.1);
        }
        is_usual
    }

    fn add_parsed(
        &mut self,
        record: &DeliveredRef<'_>,
        part: &Part<'_>,
        texts: &[&str],
        acceptance: &Acceptance,
    ) {
        let mut invalid = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match cloud_event::parse_event(text, acceptance) {
                Ok(event) => self.parsed.push((part.record, event)),
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
            return self.refuse(record, part, part.key(record), reason, message, &part.data);
        }
        for (index, text, rejection) in invalid {
            let key = format!("{}#{index:04}", part.key(record));
            self.refuse(record, part, key, reason, rejection.to_string(), text.as_bytes());
        }
    }

    fn refuse_part(&mut self, record: &DeliveredRef<'_>, part: &Part<'_>, error: &Unopenable) {
        let (key, message) = (part.key(record), error.to_string());
        self.refuse(record, part, key, QuarantineReason::Unopenable, message, &part.data);
    }

    fn refuse(
        &mut self,
        record: &DeliveredRef<'_>,
        part: &Part<'_>,
        key: String,
        reason: QuarantineReason,
        message: String,
        bytes: &[u8],
    ) {
        let id = QuarantineId { date: record.arrived_at.date_naive(), key };
        let (at, bytes) = (record.arrived_at, bytes.to_vec());
        self.poison.push((part.record, Quarantined { id, reason, message, at, bytes }));
    }
}

impl Part<'_> {
    /// Returns the key of the part in the quarantine. Parts of an aggregated record are numbered
    /// after its sequence number, as the Kinesis Client Library does.
    fn key(&self, record: &DeliveredRef<'_>) -> String {
        let DeliveredRef { shard_id, sequence_number, .. } = record;
        match self.number {
            Some(number) => format!("{shard_id}#{sequence_number}#{number:04}"),
            None => format!("{shard_id}#{sequence_number}"),
        }
    }
}
