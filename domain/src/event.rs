//! Events of tills. [`Event::parse`] is the only way from external text to an [`Event`], so an
//! event never has to be checked again.

mod charge;
mod derived_id;
mod event_ref;
mod gtin;
mod kind;
mod parse;
mod plain;
mod rejection;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Serialize;

pub use charge::Charge;
pub use derived_id::{derived_id, equal_event_numbers, undo_id};
pub use event_ref::EventRef;
pub use gtin::Gtin;
pub use kind::{Action, Kind, Reason, Unit};
pub use parse::Acceptance;
pub(crate) use parse::is_lot;
pub use rejection::Rejection;

use crate::identifier::{EventId, Sku, StoreId, TerminalId};
use crate::money::Quantity;
use crate::offer::OfferId;
use crate::window::Window;

/// Valid event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub(crate) event_id: EventId,
    pub(crate) store_id: StoreId,
    pub(crate) terminal_id: TerminalId,
    pub(crate) sku: Sku,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) action: Action,
    pub(crate) quantity: Quantity,
    pub(crate) unit: Unit,
    pub(crate) details: Details,
}

/// Optional fields of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// Trade item number.
    pub gtin: Option<Gtin>,
    /// Lot number, 1 to 20 printable ASCII characters.
    pub lot: Option<String>,
    /// Expiry date printed on the goods.
    pub expires_on: Option<NaiveDate>,
    /// Number that the till assigned to the event.
    pub sequence: Option<TerminalSequence>,
    /// Offer at whose price the item was sold.
    pub offer_id: Option<OfferId>,
    /// Receipt of the customer, and the line on it.
    pub receipt: Option<ReceiptLine>,
    /// Transfer between two stores, on both of its ends.
    pub transfer_id: Option<EventId>,
    /// Import that brought the event. It is no part of the content of the event.
    pub import_id: Option<EventId>,
}

/// Place of an event on a customer's receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLine {
    /// Number of the receipt, unique within the till.
    pub receipt: EventId,
    /// Line on the receipt.
    pub line: Option<u32>,
}

/// Running number of a till within an epoch of its choice, such as a boot or a business day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalSequence {
    /// Name of the run of numbers. A new epoch may start from any number.
    pub epoch: EventId,
    /// Number within the epoch.
    pub number: u64,
}

impl Event {
    /// Names of the fields of an event in JSON.
    pub const FIELDS: &'static [&'static str] = parse::FIELDS;

    /// Returns the id. Within a store, the same id is the same event.
    #[must_use]
    pub fn event_id(&self) -> &EventId {
        &self.event_id
    }

    /// Returns the store.
    #[must_use]
    pub fn store_id(&self) -> &StoreId {
        &self.store_id
    }

    /// Returns the till that sent the event.
    #[must_use]
    pub fn terminal_id(&self) -> &TerminalId {
        &self.terminal_id
    }

    /// Returns the item.
    #[must_use]
    pub fn sku(&self) -> &Sku {
        &self.sku
    }

    /// Returns the instant of the event by the till's clock, in whole milliseconds.
    #[must_use]
    pub fn occurred_at(&self) -> DateTime<Utc> {
        self.occurred_at
    }

    /// Returns the kind of the event with the fields of that kind.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// Returns the quantity. It is never negative; the action decides the direction.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// Returns the unit of the quantity.
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Returns the optional fields.
    #[must_use]
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// Returns the window of the event. It depends on the instant alone, so an event always belongs
    /// to the same window.
    #[must_use]
    pub fn window(&self) -> Window {
        Window::of(self.occurred_at)
    }

    /// `true` if both events have the same content. The import is no part of it, so exports that
    /// overlap may be imported one after the other.
    #[must_use]
    pub fn has_content_of(&self, other: &Self) -> bool {
        self == other || self.content() == other.content()
    }

    /// `true` if this event counts rather than `other`, which has the same id: the content whose
    /// bytes sort first, and of equal contents the one of the import that sorts first.
    pub(crate) fn counts_before(&self, other: &Self) -> bool {
        let rank = |event: &Self| (event.content(), event.details.import_id.clone());
        self != other && rank(self) < rank(other)
    }

    /// Returns the canonical JSON object without the import.
    #[must_use]
    pub fn content(&self) -> String {
        self.json(None)
    }

    /// Returns the canonical JSON object, version 1: fields in a fixed order, decimals as strings,
    /// the instant in UTC with milliseconds, no absent fields. Equal events have equal bytes.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.json(self.details.import_id.as_ref())
    }

    /// Returns the event under another id, as a part of an import.
    #[must_use]
    pub fn imported(mut self, event_id: EventId, import_id: Option<EventId>) -> Self {
        self.event_id = event_id;
        self.details.import_id = import_id;
        self
    }

    /// Returns the correction that undoes the import of the event, under the id of [`undo_id`].
    #[must_use]
    pub fn undone(&self) -> Self {
        Self {
            event_id: undo_id(&self.store_id, &self.event_id),
            action: Action::Correction(self.event_id.clone(), Some(Reason::DidNotOccur)),
            quantity: "0".parse().expect("a quantity"),
            details: Details::default(),
            ..self.clone()
        }
    }

    /// Returns the event that this correction voids as the undo of an import. `None` for any other
    /// event, also for a correction by a till or by hand.
    #[must_use]
    pub fn undoes(&self) -> Option<&EventId> {
        let corrects = self.action.corrects()?;
        (self.event_id == undo_id(&self.store_id, corrects)).then_some(corrects)
    }

    /// Formats the instant in UTC with milliseconds.
    fn instant_text(&self) -> String {
        self.occurred_at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    fn json(&self, import_id: Option<&EventId>) -> String {
        let charge = self.action.charge();
        let receipt = self.details.receipt.as_ref();
        let canonical = Canonical {
            event_id: self.event_id.as_str(),
            kind: self.action.kind().as_str(),
            store_id: self.store_id.as_str(),
            terminal_id: self.terminal_id.as_str(),
            sku: self.sku.as_str(),
            gtin: self.details.gtin.as_ref().map(Gtin::as_str),
            lot: self.details.lot.as_deref(),
            expires_on: self.details.expires_on.map(|date| date.to_string()),
            quantity: self.quantity.to_string(),
            unit: self.unit.as_str(),
            unit_price: charge.and_then(Charge::unit_price).map(|price| price.to_string()),
            amount: charge.and_then(Charge::amount).map(|amount| amount.to_string()),
            currency: charge.map(|charge| charge.currency().to_string()),
            occurred_at: self.instant_text(),
            sequence: self.details.sequence.as_ref().map(|sequence| CanonicalSequence {
                epoch: sequence.epoch.as_str(),
                number: sequence.number,
            }),
            offer_id: self.details.offer_id.as_ref().map(OfferId::to_string),
            reason: self.action.reason().map(Reason::as_str),
            corrects: self.action.corrects().map(EventId::as_str),
            receipt: receipt.map(|receipt| receipt.receipt.as_str()),
            line: receipt.and_then(|receipt| receipt.line),
            transfer_id: self.details.transfer_id.as_ref().map(EventId::as_str),
            import_id: import_id.map(EventId::as_str),
        };
        serde_json::to_string(&canonical).expect("strings and numbers always serialize")
    }
}

#[derive(Serialize)]
struct Canonical<'a> {
    event_id: &'a str,
    kind: &'a str,
    store_id: &'a str,
    terminal_id: &'a str,
    sku: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gtin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<String>,
    quantity: String,
    unit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    occurred_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<CanonicalSequence<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    import_id: Option<&'a str>,
}

#[derive(Serialize)]
struct CanonicalSequence<'a> {
    epoch: &'a str,
    number: u64,
}
