//! From JSON to [`Event`]: every rule of the event, applied once.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Deserialize;

use super::kind::{Action, Kind, Reason, Unit};
use super::rejection::Rejection;
use super::{Details, Event, TerminalSequence};
use crate::fields::Fields;
use crate::limits::{EVENT_AGE_MAX, EVENT_AHEAD_MAX, LOT_CHARS_MAX};
use crate::money::{Currency, Money};

/// Nothing was sold through Daymark before this instant, whatever the age limit: a till whose
/// clock was reset says 1970.
const EARLIEST: &str = "2000-01-01T00:00:00Z";

/// What is read of an event. Source: the event table in ARCHITECTURE.md.
const FIELDS: &[&str] = &[
    "event_id",
    "kind",
    "store_id",
    "terminal_id",
    "sku",
    "quantity",
    "unit",
    "unit_price",
    "currency",
    "occurred_at",
    "corrects",
    "reason",
    "gtin",
    "lot",
    "expires_on",
    "sequence",
    "offer_id",
];

/// What the receiver holds an event's instant against.
#[derive(Debug, Clone, Copy)]
pub struct Acceptance {
    /// When the event was received.
    pub received_at: DateTime<Utc>,
    /// How old it may be; `None` takes history of any age.
    pub age_max: Option<Duration>,
    /// How far ahead of the receiver it may be.
    pub ahead_max: Duration,
}

impl Acceptance {
    /// The usual limits: at most 7 days old, at most 5 minutes ahead.
    #[must_use]
    pub fn at(received_at: DateTime<Utc>) -> Self {
        Self { received_at, age_max: Some(EVENT_AGE_MAX), ahead_max: EVENT_AHEAD_MAX }
    }

    /// The same rules, read `grace` more generously.
    ///
    /// The second reader of an event uses it: what the first let in just inside the limit must
    /// not be refused moments later, after it was acknowledged.
    #[must_use]
    pub fn with_grace(self, grace: Duration) -> Self {
        Self {
            age_max: self.age_max.map(|age| age + grace),
            ahead_max: self.ahead_max + grace,
            ..self
        }
    }

    fn check(&self, occurred_at: DateTime<Utc>) -> Result<(), String> {
        let earliest: DateTime<Utc> = EARLIEST.parse().expect("a valid instant");
        let age = self.received_at - occurred_at;
        if self.age_max.is_some_and(|max| age.to_std().is_ok_and(|age| age > max)) {
            let max = human(self.age_max.unwrap_or_default());
            return Err(format!(
                "is more than {max} before it was received; history is taken when the receiver's \
                 age limit is lifted"
            ));
        }
        if (-age).to_std().is_ok_and(|ahead| ahead > self.ahead_max) {
            let max = human(self.ahead_max);
            let clock = self.received_at.to_rfc3339_opts(SecondsFormat::Secs, true);
            return Err(format!(
                "is more than {max} ahead of the receiver's clock, {clock}; check the till's clock \
                 and offset"
            ));
        }
        if occurred_at < earliest {
            return Err(format!("is before {EARLIEST}; check the till's clock"));
        }
        Ok(())
    }
}

/// `7 days`, `7 days 1 hours`, `5 minutes`.
fn human(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    let parts = [(minutes / 1440, "days"), (minutes / 60 % 24, "hours"), (minutes % 60, "minutes")];
    let words = parts.iter().filter(|(count, _)| *count > 0);
    words.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

impl Event {
    /// Reads one JSON object. Unknown fields, and known fields that do not belong to the kind, are
    /// kept out and are no error; `null` is the same as absent.
    ///
    /// # Errors
    /// All rules that the event breaks, each with its field, what was given and what would pass.
    pub fn parse(json: &str, acceptance: &Acceptance) -> Result<Self, Rejection> {
        let mut fields = Fields::of(json, FIELDS)
            .map_err(|fault| Rejection { event_id: None, faults: vec![fault] })?;
        let event_id = fields.raw("event_id").and_then(|raw| serde_json::from_str(raw).ok());
        read(&mut fields, acceptance)
            .filter(|_| fields.faults.is_empty())
            .ok_or(Rejection { event_id, faults: fields.faults })
    }
}

/// Reads every field before it gives up, so that all faults are told at once.
fn read(fields: &mut Fields<'_>, acceptance: &Acceptance) -> Option<Event> {
    let event_id = fields.required("event_id");
    let kind = kind(fields);
    let store_id = fields.required("store_id");
    let terminal_id = fields.required("terminal_id");
    let sku = fields.required("sku");
    let quantity = quantity(fields, kind);
    let unit = word(fields, "unit", Unit::from_word, &words(Unit::ALL, Unit::as_str));
    let occurred_at = occurred_at(fields, acceptance);
    let action = kind.and_then(|kind| action(fields, kind));
    let details = Details {
        gtin: fields.optional("gtin"),
        lot: lot(fields),
        expires_on: expires_on(fields),
        sequence: sequence(fields),
        offer_id: fields.optional("offer_id"),
    };
    Some(Event {
        event_id: event_id?,
        store_id: store_id?,
        terminal_id: terminal_id?,
        sku: sku?,
        occurred_at: occurred_at?,
        action: action?,
        quantity: quantity?,
        unit: unit.unwrap_or(Unit::Each),
        details,
    })
}

fn kind(fields: &mut Fields<'_>) -> Option<Kind> {
    fields.present("kind")?;
    word(fields, "kind", Kind::from_word, &words(Kind::ALL, Kind::as_str))
}

/// A correction moves nothing, so it needs no quantity.
fn quantity(fields: &mut Fields<'_>, kind: Option<Kind>) -> Option<crate::money::Quantity> {
    if kind == Some(Kind::Correction) {
        return "0".parse().ok();
    }
    fields.present("quantity")?;
    let text = fields.text_or_number("quantity")?;
    fields.parsed("quantity", text.parse())
}

fn occurred_at(fields: &mut Fields<'_>, acceptance: &Acceptance) -> Option<DateTime<Utc>> {
    fields.present("occurred_at")?;
    let text = fields.text("occurred_at")?;
    let parsed = DateTime::parse_from_rfc3339(&text).map_err(|error| {
        format!("is not an RFC 3339 instant with offset, like 2026-03-12T15:15:00+01:00 ({error})")
    });
    let instant = fields.parsed("occurred_at", parsed)?;
    let instant = DateTime::from_timestamp_millis(instant.timestamp_millis())?;
    fields.parsed("occurred_at", acceptance.check(instant))?;
    Some(instant)
}

fn action(fields: &mut Fields<'_>, kind: Kind) -> Option<Action> {
    Some(match kind {
        Kind::Sale => Action::Sale(unit_price(fields)?),
        Kind::Return => Action::Return(unit_price(fields)?),
        Kind::Receipt => Action::Receipt,
        Kind::Waste => Action::Waste(reason(fields, kind)),
        Kind::Count => Action::Count(reason(fields, kind)),
        Kind::TransferIn => Action::TransferIn,
        Kind::TransferOut => Action::TransferOut,
        Kind::Correction => {
            let reason = reason(fields, kind);
            Action::Correction(fields.required("corrects")?, reason)
        }
    })
}

fn unit_price(fields: &mut Fields<'_>) -> Option<Money> {
    let currency = fields.required::<Currency>("currency");
    fields.present("unit_price")?;
    let text = fields.text("unit_price")?;
    let price = Money::parse_price(&text, currency?)
        .map_err(|error| format!("{error} (a price in {})", currency.unwrap_or(Currency::EUR)));
    fields.parsed("unit_price", price)
}

fn reason(fields: &mut Fields<'_>, kind: Kind) -> Option<Reason> {
    let allowed: Vec<Reason> = Reason::of(kind).collect();
    let find = |word: &str| allowed.iter().copied().find(|reason| reason.as_str() == word);
    word(fields, "reason", find, &words(&allowed, Reason::as_str))
}

fn lot(fields: &mut Fields<'_>) -> Option<String> {
    let lot = fields.text("lot")?;
    let rule = format!("is not 1 to {LOT_CHARS_MAX} printable ASCII characters");
    fields.parsed("lot", is_lot(&lot).then_some(lot).ok_or(rule))
}

/// Whether a text can be a lot number.
pub(crate) fn is_lot(text: &str) -> bool {
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    printable && (1..=LOT_CHARS_MAX).contains(&text.len())
}

fn expires_on(fields: &mut Fields<'_>) -> Option<NaiveDate> {
    let text = fields.text("expires_on")?;
    // Only this one spelling is read: chrono takes a sign, blanks and single digits as well.
    let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d");
    let date = date.ok().filter(|date| text.len() == 10 && date.to_string() == text);
    fields.parsed("expires_on", date.ok_or("is not a date like 2026-03-12"))
}

fn sequence(fields: &mut Fields<'_>) -> Option<TerminalSequence> {
    #[derive(Deserialize)]
    struct Raw {
        epoch: String,
        number: u64,
    }
    let raw = serde_json::from_str::<Raw>(fields.raw("sequence")?)
        .map_err(|_| r#"is not like {"epoch":"2026-03-12","number":17}"#);
    let raw = fields.parsed("sequence", raw)?;
    let epoch = raw.epoch.parse().map_err(|error| format!("has an epoch that {error}"));
    Some(TerminalSequence { epoch: fields.parsed("sequence", epoch)?, number: raw.number })
}

/// One word of a closed list.
fn word<T>(
    fields: &mut Fields<'_>,
    field: &'static str,
    find: impl Fn(&str) -> Option<T>,
    allowed: &str,
) -> Option<T> {
    let text = fields.text(field)?;
    fields.parsed(field, find(&text).ok_or(format!("is not one of {allowed}")))
}

fn words<T: Copy>(all: &[T], as_str: impl Fn(T) -> &'static str) -> String {
    all.iter().map(|item| as_str(*item)).collect::<Vec<_>>().join(", ")
}
