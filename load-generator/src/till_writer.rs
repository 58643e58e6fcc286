//! Writes the events of a shop's tills, with ids and sequence numbers. Every event goes through
//! [`Event::parse`], like an event from outside.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::event::{Kind, Reason, Unit};
use domain::{Acceptance, Event, EventId, Money, OfferId, Sku, StoreId};
use rust_decimal::Decimal;
use serde_json::json;

/// Writer for the tills of a shop on one day.
#[derive(Debug, Clone)]
pub(crate) struct TillWriter {
    store_id: StoreId,
    date: NaiveDate,
    /// Next sequence number of each till.
    next: Vec<u64>,
    /// Latest instant in milliseconds, and its number of events so far.
    latest: (i64, u64),
}

/// Content of an event to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TillEntry<'a> {
    pub(crate) at: DateTime<Utc>,
    pub(crate) mark: u64,
    pub(crate) sku: &'a Sku,
    pub(crate) unit: Unit,
    pub(crate) quantity: Decimal,
    pub(crate) price: Option<Money>,
    pub(crate) offer_id: Option<&'a OfferId>,
    pub(crate) reason: Option<Reason>,
    pub(crate) expires_on: Option<NaiveDate>,
    pub(crate) corrects: Option<&'a EventId>,
}

impl TillWriter {
    pub(crate) fn new(store_id: StoreId, date: NaiveDate, tills: u8) -> Self {
        Self { store_id, date, next: vec![1; tills.max(1).into()], latest: (0, 0) }
    }

    /// Writes an event. Sales, returns and corrections go to the till that the entry's mark
    /// selects; all other events go to the first till. Entries must be in order of time.
    pub(crate) fn write(&mut self, kind: Kind, entry: TillEntry<'_>) -> Event {
        let till = match kind {
            Kind::Sale | Kind::Return | Kind::Correction => entry.mark % self.next.len() as u64,
            _ => 0,
        };
        let number = &mut self.next[till as usize];
        let sequence = json!({ "epoch": self.date.to_string(), "number": *number });
        *number += 1;
        let json = json!({
            "event_id": self.event_id(entry.at, entry.mark),
            "kind": kind.as_str(),
            "store_id": self.store_id.as_str(),
            "terminal_id": format!("till-{}", till + 1),
            "sku": entry.sku.as_str(),
            "expires_on": entry.expires_on.map(|date| date.to_string()),
            "quantity": entry.quantity.normalize().to_string(),
            "unit": entry.unit.as_str(),
            "unit_price": entry.price.map(|price| price.to_string()),
            "currency": entry.price.map(|price| price.currency().to_string()),
            "occurred_at": entry.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "sequence": sequence,
            "offer_id": entry.offer_id.map(OfferId::to_string),
            "reason": entry.reason.map(Reason::as_str),
            "corrects": entry.corrects.map(EventId::as_str),
        });
        let received =
            Acceptance { received_at: entry.at, age_max: None, ahead_max: Duration::ZERO };
        Event::parse(&json.to_string(), &received).expect("the writer produces valid events")
    }

    /// Creates a UUIDv7 with a given random part. A counter makes the ids of one instant unique
    /// within the store and sorts them in order of writing. Source: RFC 9562, sections 5.7 and 6.2.
    fn event_id(&mut self, at: DateTime<Utc>, mark: u64) -> String {
        let instant = at.timestamp_millis();
        let count = if self.latest.0 == instant { self.latest.1 } else { 0 };
        debug_assert!(instant >= self.latest.0 && count < 1 << 12, "ids sort by time");
        self.latest = (instant, count + 1);
        let high = (instant as u64) << 16 | 0x7000 | count;
        let low = mark >> 2 | 1 << 63;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}
