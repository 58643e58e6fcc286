//! Valid events whose texts are borrowed, for work on many events at once.

use chrono::{DateTime, NaiveDate, Utc};

use super::charge::Charge;
use super::gtin::Gtin;
use super::kind::{Action, Kind, Reason, Unit};
use super::{Details, Event, ReceiptLine, TerminalSequence};
use crate::identifier::{EventId, Sku, StoreId, TerminalId};
use crate::limits::QUANTITY_SCALE_MAX;
use crate::money::{Currency, Money, Quantity};
use crate::offer::OfferIdRef;

/// Valid event whose texts are borrowed, from an [`Event`] or from the JSON text of one. Numbers
/// are whole numbers of their smallest unit.
///
/// ```
/// use domain::{Acceptance, Event, EventRef, Kind};
///
/// let acceptance = Acceptance::at("2026-03-12T15:20:00Z".parse()?);
/// let json = r#"{"event_id":"t1-0001","kind":"sale","store_id":"0042","terminal_id":"t1",
///     "sku":"BRT-1180","quantity":1.5,"unit_price":"2.50","currency":"EUR",
///     "occurred_at":"2026-03-12T15:15:00Z"}"#;
/// let json = &json.replace("\n", " ");
/// let event = EventRef::read(json, &acceptance).expect("a plain event");
/// assert_eq!((event.sku(), event.kind(), event.quantity()), ("BRT-1180", Kind::Sale, 1_500));
/// assert_eq!(event.to_event(), Event::parse(json, &acceptance)?);
///
/// // The escape is valid JSON, which `Event::parse` reads.
/// assert!(EventRef::read(&json.replace("0042", "\\u0030042"), &acceptance).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRef<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) store_id: &'a str,
    pub(crate) terminal_id: &'a str,
    pub(crate) sku: &'a str,
    /// Milliseconds since 1970.
    pub(crate) occurred_at: i64,
    pub(crate) kind: Kind,
    /// Thousandths of the unit.
    pub(crate) quantity: u64,
    pub(crate) unit: Unit,
    pub(crate) charge: Option<ChargeRef>,
    pub(crate) reason: Option<Reason>,
    pub(crate) corrects: Option<&'a str>,
    pub(crate) gtin: Option<&'a str>,
    pub(crate) lot: Option<&'a str>,
    pub(crate) expires_on: Option<NaiveDate>,
    /// Epoch and number.
    pub(crate) sequence: Option<(&'a str, u64)>,
    pub(crate) offer_id: Option<OfferIdRef<'a>>,
    /// Receipt, and the line on it.
    pub(crate) receipt: Option<(&'a str, Option<u32>)>,
    pub(crate) transfer_id: Option<&'a str>,
    pub(crate) import_id: Option<&'a str>,
}

/// Money of a sale or return, in minor units of the currency. At least one amount is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChargeRef {
    pub(crate) unit_price: Option<u64>,
    pub(crate) amount: Option<u64>,
    pub(crate) currency: Currency,
}

/// Thousandths in a unit of quantity.
const THOUSANDTHS: u64 = 10_u64.pow(QUANTITY_SCALE_MAX);

impl<'a> EventRef<'a> {
    /// Returns the id.
    #[must_use]
    pub fn event_id(&self) -> &'a str {
        self.event_id
    }

    /// Returns the store.
    #[must_use]
    pub fn store_id(&self) -> &'a str {
        self.store_id
    }

    /// Returns the item.
    #[must_use]
    pub fn sku(&self) -> &'a str {
        self.sku
    }

    /// Returns the instant of the event by the till's clock, in whole milliseconds.
    #[must_use]
    pub fn occurred_at(&self) -> DateTime<Utc> {
        instant(self.occurred_at)
    }

    /// Returns the instant of the event, in milliseconds since 1970.
    #[must_use]
    pub fn occurred_at_millis(&self) -> i64 {
        self.occurred_at
    }

    /// Returns the UTC date of the event.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        instant(self.occurred_at).date_naive()
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the quantity, in thousandths of its unit. It is never negative.
    #[must_use]
    pub fn quantity(&self) -> u64 {
        self.quantity
    }

    /// Returns the event that a correction voids.
    #[must_use]
    pub fn corrects(&self) -> Option<&'a str> {
        self.corrects
    }

    /// Returns the money that changed hands, in thousandths of the minor unit, and its currency:
    /// the amount, or else price times quantity, which is not rounded. At most 10^18.
    #[must_use]
    pub fn charged(&self) -> Option<(u64, Currency)> {
        let ChargeRef { unit_price, amount, currency } = self.charge?;
        let total = match (amount, unit_price) {
            (Some(amount), _) => amount * THOUSANDTHS,
            (None, unit_price) => unit_price.unwrap_or(0) * self.quantity,
        };
        Some((total, currency))
    }

    /// `true` if both events have the same content. The import is no part of it.
    #[must_use]
    pub fn has_content_of(&self, other: &Self) -> bool {
        *self == Self { import_id: self.import_id, ..*other }
    }

    /// Returns an owned event.
    #[must_use]
    pub fn to_event(&self) -> Event {
        let event_id = |id: &str| EventId::valid(id);
        Event {
            event_id: EventId::valid(self.event_id),
            store_id: StoreId::valid(self.store_id),
            terminal_id: TerminalId::valid(self.terminal_id),
            sku: Sku::valid(self.sku),
            occurred_at: instant(self.occurred_at),
            action: self.action(),
            quantity: Quantity::of_thousandths(self.quantity),
            unit: self.unit,
            details: Details {
                gtin: self.gtin.map(Gtin::valid),
                lot: self.lot.map(str::to_owned),
                expires_on: self.expires_on,
                sequence: self
                    .sequence
                    .map(|(epoch, number)| TerminalSequence { epoch: event_id(epoch), number }),
                offer_id: self.offer_id.map(|offer_id| offer_id.to_offer_id()),
                receipt: self
                    .receipt
                    .map(|(receipt, line)| ReceiptLine { receipt: event_id(receipt), line }),
                transfer_id: self.transfer_id.map(event_id),
                import_id: self.import_id.map(event_id),
            },
        }
    }

    fn action(&self) -> Action {
        let charge = || self.charge.expect("a sale or return has a charge").to_charge();
        match self.kind {
            Kind::Sale => Action::Sale(charge()),
            Kind::Return => Action::Return(charge()),
            Kind::Receipt => Action::Receipt,
            Kind::Waste => Action::Waste(self.reason),
            Kind::Count => Action::Count(self.reason),
            Kind::TransferIn => Action::TransferIn,
            Kind::TransferOut => Action::TransferOut,
            Kind::Correction => {
                let corrects = self.corrects.expect("a correction names an event");
                Action::Correction(EventId::valid(corrects), self.reason)
            }
        }
    }
}

impl ChargeRef {
    fn of(charge: &Charge) -> Self {
        let minor_units = |money: Money| {
            u64::try_from(money.amount().mantissa()).expect("an amount is not negative")
        };
        Self {
            unit_price: charge.unit_price().map(minor_units),
            amount: charge.amount().map(minor_units),
            currency: charge.currency(),
        }
    }

    fn to_charge(self) -> Charge {
        let money = |minor_units: u64| Money::of_minor_units(minor_units, self.currency);
        match (self.unit_price.map(money), self.amount.map(money)) {
            (Some(unit_price), Some(amount)) => Charge::Both { unit_price, amount },
            (Some(unit_price), None) => Charge::UnitPrice(unit_price),
            (None, amount) => Charge::Amount(amount.expect("a charge has an amount")),
        }
    }
}

impl Event {
    /// Returns the event with borrowed texts.
    #[must_use]
    pub fn as_event_ref(&self) -> EventRef<'_> {
        let details = &self.details;
        let mut quantity = self.quantity.get();
        quantity.rescale(QUANTITY_SCALE_MAX);
        EventRef {
            event_id: self.event_id.as_str(),
            store_id: self.store_id.as_str(),
            terminal_id: self.terminal_id.as_str(),
            sku: self.sku.as_str(),
            occurred_at: self.occurred_at.timestamp_millis(),
            kind: self.action.kind(),
            quantity: u64::try_from(quantity.mantissa()).expect("a quantity is not negative"),
            unit: self.unit,
            charge: self.action.charge().map(ChargeRef::of),
            reason: self.action.reason(),
            corrects: self.action.corrects().map(EventId::as_str),
            gtin: details.gtin.as_ref().map(Gtin::as_str),
            lot: details.lot.as_deref(),
            expires_on: details.expires_on,
            sequence: details.sequence.as_ref().map(|at| (at.epoch.as_str(), at.number)),
            offer_id: details.offer_id.as_ref().map(OfferIdRef::of),
            receipt: details.receipt.as_ref().map(|at| (at.receipt.as_str(), at.line)),
            transfer_id: details.transfer_id.as_ref().map(EventId::as_str),
            import_id: details.import_id.as_ref().map(EventId::as_str),
        }
    }
}

/// Returns the instant of an event, of the years 2000 to 9999.
fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).expect("the instant of an event")
}
