//! Parser of events: all rules of an event.

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::charge::Charge;
use super::kind::{Action, Kind, Reason, Unit};
use super::rejection::Rejection;
use super::{Details, Event, EventRef, ReceiptLine, TerminalSequence};
use crate::field_reader::FieldReader;
use crate::identifier::EventId;
use crate::limits::{EVENT_AGE_MAX, EVENT_AHEAD_MAX, LOT_CHARS_MAX, RECEIPT_LINE_MAX};
use crate::money::{AmountError, Currency, Money, Quantity, parse_decimal};

/// Earliest instant of an event without an age limit. A till whose clock was reset reports 1970.
const EARLIEST: &str = "2000-01-01T00:00:00Z";
/// [`EARLIEST`], in milliseconds since 1970.
pub(super) const EARLIEST_MILLIS: i64 = 946_684_800_000;

/// Latest year of an event, the last one that RFC 3339 can write.
const YEAR_MAX: i32 = 9999;

/// Fields of an event. Source: docs/events.md.
pub(super) const FIELDS: &[&str] = &[
    "event_id",
    "kind",
    "store_id",
    "terminal_id",
    "sku",
    "quantity",
    "unit",
    "unit_price",
    "amount",
    "currency",
    "occurred_at",
    "corrects",
    "reason",
    "gtin",
    "lot",
    "expires_on",
    "sequence",
    "offer_id",
    "receipt",
    "line",
    "transfer_id",
    "import_id",
];

/// Rules for the instant of an event.
#[derive(Debug, Clone, Copy)]
pub struct Acceptance {
    /// Instant at which the event was received.
    pub received_at: DateTime<Utc>,
    /// Largest age of an event; `None` accepts any age.
    pub age_max: Option<Duration>,
    /// Largest time by which an event may be ahead of the receiver's clock.
    pub ahead_max: Duration,
}

impl Acceptance {
    /// Returns the default rules: at most 7 days old, at most 5 minutes ahead.
    #[must_use]
    pub fn at(received_at: DateTime<Utc>) -> Self {
        Self { received_at, age_max: Some(EVENT_AGE_MAX), ahead_max: EVENT_AHEAD_MAX }
    }

    /// Returns the rules with both limits extended by `grace`.
    ///
    /// The second reader of an event uses extended rules. An event that the first reader accepted
    /// just inside the limit is acknowledged and must not be refused moments later.
    #[must_use]
    pub fn with_grace(self, grace: Duration) -> Self {
        Self {
            age_max: self.age_max.map(|age| age + grace),
            ahead_max: self.ahead_max + grace,
            ..self
        }
    }

    fn check(&self, occurred_at: DateTime<Utc>) -> Result<(), String> {
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
        if occurred_at.timestamp_millis() < EARLIEST_MILLIS {
            return Err(format!("is before {EARLIEST}; check the till's clock"));
        }
        if occurred_at.year() > YEAR_MAX {
            return Err(format!("is after the year {YEAR_MAX}; check the till's clock"));
        }
        Ok(())
    }
}

/// Formats a duration like `7 days`, `7 days 1 hours` or `5 minutes`.
fn human(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    let parts = [(minutes / 1440, "days"), (minutes / 60 % 24, "hours"), (minutes % 60, "minutes")];
    let words = parts.iter().filter(|(count, _)| *count > 0);
    words.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

impl Event {
    /// Parses one JSON object. Unknown fields, and fields that do not belong to the kind, are
    /// ignored. `null` counts as absent.
    ///
    /// ```
    /// use domain::{Acceptance, Event};
    ///
    /// let acceptance = Acceptance::at("2026-03-12T15:20:00Z".parse()?);
    /// let json = r#"{"event_id":"t1-0001","kind":"sale","store_id":"0042","terminal_id":"t1",
    ///     "sku":"BRT-1180","quantity":"2","unit_price":"2.50","currency":"EUR",
    ///     "occurred_at":"2026-03-12T16:15:00+01:00"}"#;
    /// let event = Event::parse(json, &acceptance)?;
    /// assert_eq!(event.window().to_string(), "2026-03-12T15:15Z");
    ///
    /// let rejection = Event::parse(&json.replace("\"2\"", "-1"), &acceptance).unwrap_err();
    /// assert_eq!(rejection.to_string(), "event t1-0001: quantity -1 is outside 0 to 1000000");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns all violations of the event.
    pub fn parse(json: &str, acceptance: &Acceptance) -> Result<Self, Rejection> {
        match EventRef::read(json, acceptance) {
            Some(event) => Ok(event.to_event()),
            None => Self::parse_any(json, acceptance),
        }
    }

    /// Parses one JSON object of any form, with the result of [`Event::parse`]. For callers that
    /// tried [`EventRef::read`].
    ///
    /// # Errors
    /// Returns all violations of the event.
    pub fn parse_any(json: &str, acceptance: &Acceptance) -> Result<Self, Rejection> {
        let mut fields = FieldReader::new(json, FIELDS)
            .map_err(|violations| Rejection { event_id: None, violations })?;
        let event_id = fields.raw("event_id").and_then(|raw| serde_json::from_str(raw).ok());
        let event = read(&mut fields, acceptance);
        fields.finish(event).map_err(|violations| Rejection { event_id, violations })
    }
}

/// Reads all fields, also after a violation, so that all violations are reported.
fn read(fields: &mut FieldReader<'_>, acceptance: &Acceptance) -> Option<Event> {
    let event_id = fields.required("event_id");
    let kind = kind(fields);
    let store_id = fields.required("store_id");
    let terminal_id = fields.required("terminal_id");
    let sku = fields.required("sku");
    let quantity = quantity(fields, kind);
    let unit = fields.word("unit", Unit::ALL);
    let occurred_at = occurred_at(fields, acceptance);
    let action = kind.and_then(|kind| action(fields, kind, quantity));
    let details = Details {
        gtin: fields.optional("gtin"),
        lot: lot(fields),
        expires_on: expires_on(fields),
        sequence: sequence(fields),
        offer_id: fields.optional("offer_id"),
        receipt: receipt(fields),
        transfer_id: transfer_id(fields, kind),
        import_id: fields.optional("import_id"),
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

fn kind(fields: &mut FieldReader<'_>) -> Option<Kind> {
    fields.require("kind")?;
    fields.word("kind", Kind::ALL)
}

/// Reads the quantity. A correction moves nothing and has the quantity 0.
fn quantity(fields: &mut FieldReader<'_>, kind: Option<Kind>) -> Option<Quantity> {
    if kind == Some(Kind::Correction) {
        return "0".parse().ok();
    }
    fields.require("quantity")?;
    let text = fields.text_or_number("quantity", "a quantity, like 2 or \"0.375\"")?;
    fields.check("quantity", text.parse())
}

fn occurred_at(fields: &mut FieldReader<'_>, acceptance: &Acceptance) -> Option<DateTime<Utc>> {
    fields.require("occurred_at")?;
    let text =
        fields.text_like("occurred_at", "a time in quotes, like \"2026-03-12T15:20:00+01:00\"")?;
    let parsed = DateTime::parse_from_rfc3339(&text).map_err(|error| {
        format!("is not an RFC 3339 instant with offset, like 2026-03-12T15:15:00+01:00 ({error})")
    });
    let instant = fields.check("occurred_at", parsed)?;
    let instant = DateTime::from_timestamp_millis(instant.timestamp_millis())?;
    fields.check("occurred_at", acceptance.check(instant))?;
    Some(instant)
}

fn action(fields: &mut FieldReader<'_>, kind: Kind, quantity: Option<Quantity>) -> Option<Action> {
    Some(match kind {
        Kind::Sale => Action::Sale(charge(fields, quantity)?),
        Kind::Return => Action::Return(charge(fields, quantity)?),
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

fn charge(fields: &mut FieldReader<'_>, quantity: Option<Quantity>) -> Option<Charge> {
    let currency = fields.required::<Currency>("currency");
    if fields.raw("amount").is_none() && fields.raw("unit_price").is_none() {
        fields.violation("unit_price", "is required, or amount");
    }
    let unit_price = money(fields, "unit_price", "a price", currency, Money::price);
    let amount = money(fields, "amount", "an amount", currency, Money::line_amount);
    let charge = Charge::new(unit_price, amount, quantity?);
    fields.check("amount", charge)?
}

/// Reads an amount of money. Violations are reported once, so `None` is an absent or invalid one.
fn money(
    fields: &mut FieldReader<'_>,
    field: &'static str,
    noun: &str,
    currency: Option<Currency>,
    of: fn(Decimal, Currency) -> Result<Money, AmountError>,
) -> Option<Money> {
    let text = fields.text_like(field, format_args!("{noun} in quotes, like \"2\""))?;
    let currency = currency?;
    let money = parse_decimal(&text).and_then(|value| of(value, currency));
    fields.check(field, money.map_err(|error| format!("{error} ({noun} in {currency})")))
}

fn receipt(fields: &mut FieldReader<'_>) -> Option<ReceiptLine> {
    let line = fields.whole_number("line", 0..=RECEIPT_LINE_MAX, "");
    if line.is_some() && fields.raw("receipt").is_none() {
        fields.violation("line", "is the line of a receipt; send the field receipt with it");
    }
    Some(ReceiptLine { receipt: fields.optional("receipt")?, line })
}

fn transfer_id(fields: &mut FieldReader<'_>, kind: Option<Kind>) -> Option<EventId> {
    let is_transfer = matches!(kind, Some(Kind::TransferIn | Kind::TransferOut));
    if is_transfer { fields.optional("transfer_id") } else { None }
}

fn reason(fields: &mut FieldReader<'_>, kind: Kind) -> Option<Reason> {
    let allowed: Vec<Reason> = Reason::of(kind).collect();
    fields.word("reason", &allowed)
}

fn lot(fields: &mut FieldReader<'_>) -> Option<String> {
    let lot = fields.text("lot")?;
    let rule = format!("is not 1 to {LOT_CHARS_MAX} printable ASCII characters");
    fields.check("lot", is_lot(&lot).then_some(lot).ok_or(rule))
}

/// `true` if `text` is a lot number.
pub(crate) fn is_lot(text: &str) -> bool {
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    printable && (1..=LOT_CHARS_MAX).contains(&text.len())
}

fn expires_on(fields: &mut FieldReader<'_>) -> Option<NaiveDate> {
    let text = fields.text("expires_on")?;
    // Only this spelling is accepted; chrono also accepts a sign, blanks and single digits.
    let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d");
    let date = date.ok().filter(|date| text.len() == 10 && date.to_string() == text);
    fields.check("expires_on", date.ok_or("is not a date like 2026-03-12"))
}

fn sequence(fields: &mut FieldReader<'_>) -> Option<TerminalSequence> {
    #[derive(Deserialize)]
    struct Raw {
        epoch: String,
        number: u64,
    }
    let raw = serde_json::from_str::<Raw>(fields.raw("sequence")?)
        .map_err(|_| r#"is not like {"epoch":"2026-03-12","number":17}"#);
    let raw = fields.check("sequence", raw)?;
    let epoch = raw.epoch.parse().map_err(|error| format!("has an epoch that {error}"));
    Some(TerminalSequence { epoch: fields.check("sequence", epoch)?, number: raw.number })
}
