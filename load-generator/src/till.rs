//! The tills of a shop: they number, name and write the events. Every event goes through
//! [`Event::parse`], as if it had come from outside.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::event::{Kind, Reason, Unit};
use domain::{Acceptance, Event, EventId, Money, OfferId, Sku, StoreId};
use rust_decimal::Decimal;
use serde_json::json;

/// The tills of a shop on one day.
#[derive(Debug, Clone)]
pub(crate) struct Tills {
    store_id: StoreId,
    date: NaiveDate,
    /// The next number of each till.
    next: Vec<u64>,
    /// The latest instant, and how many events it has so far.
    latest: (i64, u64),
}

/// What is to be rung up or noted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
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

impl Tills {
    pub(crate) fn new(store_id: StoreId, date: NaiveDate, tills: u8) -> Self {
        Self { store_id, date, next: vec![1; tills.max(1).into()], latest: (0, 0) }
    }

    /// Writes an event. Sales are rung up at the till the entry's bits choose, with everything
    /// that follows from them; the rest is noted at the first. Entries come in order of time.
    pub(crate) fn write(&mut self, kind: Kind, entry: Entry<'_>) -> Event {
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
        Event::parse(&json.to_string(), &received).expect("a till writes valid events")
    }

    /// A UUIDv7 whose random part is given. Its counter makes ids of one instant unique within the
    /// store and sorts them as they were written. Source: RFC 9562, sections 5.7 and 6.2.
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
