//! Events of tills. [`Event::parse`] is the only way from external text to an [`Event`], so an
//! event never has to be checked again.

mod canonical;
mod charge;
mod derived_id;
mod event_ref;
mod gtin;
mod kind;
mod parse;
mod plain;
mod rejection;

use chrono::{DateTime, NaiveDate, Utc};

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

/// Size of most events in canonical JSON, in bytes.
const CONTENT_BYTES: usize = 320;

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
        let mut content = String::with_capacity(CONTENT_BYTES);
        self.as_event_ref().write_content(&mut content);
        content
    }

    /// Returns the canonical JSON object, version 1: fields in a fixed order, decimals as strings,
    /// the instant in UTC with milliseconds, no absent fields. Equal events have equal bytes.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut canonical = String::with_capacity(CONTENT_BYTES);
        self.as_event_ref().write_canonical(&mut canonical);
        canonical
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
}
