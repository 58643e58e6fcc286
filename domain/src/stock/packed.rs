//! Stored form of the events of a row: a version byte and the events, sorted by id, in the postcard
//! format (<https://postcard.jamesmunns.com/wire-format>). The order of fields and variants is part
//! of the format: append only, and use a new version for any other change. A signpost is its
//! version byte alone.
//!
//! Version 1 has no amounts, receipts, transfers and imports. Rows without them are still written
//! as version 1, so that equal sets of events have equal bytes; version 3 adds a second part to
//! each event.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::WindowKey;
use crate::event::{
    Action, Charge, Details, Event, Kind, Reason, ReceiptLine, TerminalSequence, Unit, is_lot,
};
use crate::identifier::{EventId, IdError};
use crate::limits::RECEIPT_LINE_MAX;
use crate::money::{AmountError, Currency, Money, Quantity};

const EVENTS: u8 = 1;
const SIGNPOST: u8 = 2;
const EXTENDED_EVENTS: u8 = 3;

/// Reason for failing to read a stored row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There are no bytes.
    #[error("the row's events are empty")]
    Empty,
    /// A later version of the program wrote the row.
    #[error(
        "the row's events are of version {0}; this program knows versions {EVENTS} to \
         {EXTENDED_EVENTS}"
    )]
    Version(u8),
    /// The bytes are damaged.
    #[error("the row's events are damaged: {0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct PackedEvent<'a> {
    event_id: &'a str,
    terminal_id: &'a str,
    /// Milliseconds since the start of the window.
    offset_ms: u32,
    quantity_thousandths: u64,
    unit: u8,
    action: PackedAction<'a>,
    gtin: Option<&'a str>,
    lot: Option<&'a str>,
    /// Days since 1 January of year 1.
    expires_on_days: Option<i32>,
    sequence: Option<(&'a str, u64)>,
    offer_id: Option<String>,
}

/// Fields that version 3 adds to an event.
#[derive(Serialize, Deserialize, Default, PartialEq)]
struct PackedExtension<'a> {
    /// Amount of the line in minor units, beside or instead of a price.
    amount: Option<u64>,
    /// `true` if there is no price: the one in the action then is 0.
    without_price: bool,
    receipt: Option<&'a str>,
    line: Option<u32>,
    transfer_id: Option<&'a str>,
    import_id: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
enum PackedAction<'a> {
    Sale(PackedPrice),
    Return(PackedPrice),
    Receipt,
    Waste(Option<u8>),
    Count(Option<u8>),
    TransferIn,
    TransferOut,
    Correction(&'a str, Option<u8>),
}

#[derive(Serialize, Deserialize)]
struct PackedPrice {
    minor_units: u64,
    currency: [u8; 3],
}

pub(super) fn pack<'a>(key: &WindowKey, events: impl Iterator<Item = &'a Event>) -> Vec<u8> {
    let packed: Vec<(PackedEvent<'a>, PackedExtension<'a>)> =
        events.map(|event| (packed(key, event), extension(event))).collect();
    let is_plain = |(_, extension): &(_, _)| *extension == PackedExtension::default();
    let bytes = if packed.iter().all(is_plain) {
        let packed: Vec<PackedEvent<'a>> = packed.into_iter().map(|(event, _)| event).collect();
        postcard::to_extend(&packed, vec![EVENTS])
    } else {
        postcard::to_extend(&packed, vec![EXTENDED_EVENTS])
    };
    bytes.expect("plain data always serializes")
}

pub(super) fn signpost() -> Vec<u8> {
    vec![SIGNPOST]
}

/// Reads the events; `None` for a signpost.
pub(super) fn unpack(key: &WindowKey, bytes: &[u8]) -> Result<Option<Vec<Event>>, Unreadable> {
    match bytes {
        [] => Err(Unreadable::Empty),
        [SIGNPOST] => Ok(None),
        [SIGNPOST, left @ ..] => Err(too_many(left)),
        [EVENTS, rest @ ..] => {
            let packed = all::<Vec<PackedEvent<'_>>>(rest)?.into_iter();
            let unpack = |packed| unpacked(key, packed, PackedExtension::default());
            packed.map(unpack).collect::<Result<_, _>>().map(Some)
        }
        [EXTENDED_EVENTS, rest @ ..] => {
            let packed = all::<Vec<(PackedEvent<'_>, PackedExtension<'_>)>>(rest)?.into_iter();
            let unpack = |(packed, extension)| unpacked(key, packed, extension);
            packed.map(unpack).collect::<Result<_, _>>().map(Some)
        }
        [version, ..] => Err(Unreadable::Version(*version)),
    }
}

/// Reads a value that takes all bytes.
fn all<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Unreadable> {
    let (packed, left) = postcard::take_from_bytes::<T>(bytes)
        .map_err(|error| Unreadable::Damaged(error.to_string()))?;
    if left.is_empty() { Ok(packed) } else { Err(too_many(left)) }
}

fn too_many(left: &[u8]) -> Unreadable {
    Unreadable::Damaged(format!("{} bytes too many", left.len()))
}

fn packed<'a>(key: &WindowKey, event: &'a Event) -> PackedEvent<'a> {
    let offset = event.occurred_at() - key.window.start();
    let details = &event.details;
    PackedEvent {
        event_id: event.event_id.as_str(),
        terminal_id: event.terminal_id.as_str(),
        offset_ms: u32::try_from(offset.num_milliseconds()).expect("inside its window"),
        quantity_thousandths: mantissa(event.quantity.get(), 3),
        unit: position(Unit::ALL, event.unit),
        action: match &event.action {
            Action::Sale(charge) => PackedAction::Sale(packed_price(charge)),
            Action::Return(charge) => PackedAction::Return(packed_price(charge)),
            Action::Receipt => PackedAction::Receipt,
            Action::Waste(reason) => PackedAction::Waste(packed_reason(*reason)),
            Action::Count(reason) => PackedAction::Count(packed_reason(*reason)),
            Action::TransferIn => PackedAction::TransferIn,
            Action::TransferOut => PackedAction::TransferOut,
            Action::Correction(corrects, reason) => {
                PackedAction::Correction(corrects.as_str(), packed_reason(*reason))
            }
        },
        gtin: details.gtin.as_ref().map(|gtin| gtin.as_str()),
        lot: details.lot.as_deref(),
        expires_on_days: details.expires_on.map(|date| date.num_days_from_ce()),
        sequence: details.sequence.as_ref().map(|at| (at.epoch.as_str(), at.number)),
        offer_id: details.offer_id.as_ref().map(ToString::to_string),
    }
}

/// Returns the fields that version 1 lacks.
fn extension(event: &Event) -> PackedExtension<'_> {
    let Details { receipt, transfer_id, import_id, .. } = &event.details;
    let charge = event.action.charge();
    let amount = charge.and_then(Charge::amount);
    PackedExtension {
        amount: amount.map(|amount| mantissa(amount.amount(), amount.currency().minor_digits())),
        without_price: charge.is_some_and(|charge| charge.unit_price().is_none()),
        receipt: receipt.as_ref().map(|receipt| receipt.receipt.as_str()),
        line: receipt.as_ref().and_then(|receipt| receipt.line),
        transfer_id: transfer_id.as_ref().map(EventId::as_str),
        import_id: import_id.as_ref().map(EventId::as_str),
    }
}

fn unpacked(
    key: &WindowKey,
    packed: PackedEvent<'_>,
    extension: PackedExtension<'_>,
) -> Result<Event, Unreadable> {
    let id = |error: IdError| Unreadable::Damaged(format!("an identifier {error}"));
    let damaged = |what: &str| Unreadable::Damaged(what.to_owned());
    let occurred_at = key.window.start() + TimeDelta::milliseconds(packed.offset_ms.into());
    if occurred_at >= key.window.end() {
        return Err(damaged("an event outside its window"));
    }
    let expires_on = match packed.expires_on_days {
        None => None,
        Some(days) => Some(
            NaiveDate::from_num_days_from_ce_opt(days)
                .filter(|date| (0..=9999).contains(&date.year()))
                .ok_or_else(|| damaged("an expiry date"))?,
        ),
    };
    let sequence = match packed.sequence {
        None => None,
        Some((epoch, number)) => {
            Some(TerminalSequence { epoch: epoch.parse().map_err(id)?, number })
        }
    };
    let quantity = decimal(packed.quantity_thousandths, 3)
        .and_then(|quantity| Quantity::new(quantity).ok())
        .ok_or_else(|| damaged("a quantity"))?;
    let optional = |text: Option<&str>| text.map(str::parse::<EventId>).transpose().map_err(id);
    let receipt = optional(extension.receipt)?;
    if extension.line.is_some_and(|line| receipt.is_none() || line > RECEIPT_LINE_MAX) {
        return Err(damaged("a line of a receipt"));
    }
    let transfer_id = optional(extension.transfer_id)?;
    let is_transfer = matches!(packed.action, PackedAction::TransferIn | PackedAction::TransferOut);
    if transfer_id.is_some() && !is_transfer {
        return Err(damaged("a transfer id"));
    }
    Ok(Event {
        event_id: packed.event_id.parse().map_err(id)?,
        store_id: key.store_id.clone(),
        terminal_id: packed.terminal_id.parse().map_err(id)?,
        sku: key.sku.clone(),
        occurred_at: DateTime::from_timestamp_millis(occurred_at.timestamp_millis())
            .ok_or_else(|| damaged("an instant"))?,
        action: match packed.action {
            PackedAction::Sale(price) => Action::Sale(price.unpacked(&extension, quantity)?),
            PackedAction::Return(price) => Action::Return(price.unpacked(&extension, quantity)?),
            // Nothing else has an amount.
            _ if extension.amount.is_some() || extension.without_price => {
                return Err(damaged("an amount"));
            }
            PackedAction::Receipt => Action::Receipt,
            PackedAction::Waste(reason) => Action::Waste(unpacked_reason(Kind::Waste, reason)?),
            PackedAction::Count(reason) => Action::Count(unpacked_reason(Kind::Count, reason)?),
            PackedAction::TransferIn => Action::TransferIn,
            PackedAction::TransferOut => Action::TransferOut,
            // A correction has no quantity.
            PackedAction::Correction(..) if packed.quantity_thousandths != 0 => {
                return Err(damaged("a quantity"));
            }
            PackedAction::Correction(corrects, reason) => {
                let reason = unpacked_reason(Kind::Correction, reason)?;
                Action::Correction(corrects.parse().map_err(id)?, reason)
            }
        },
        quantity,
        unit: at(Unit::ALL, packed.unit).ok_or_else(|| damaged("a unit"))?,
        details: Details {
            gtin: packed
                .gtin
                .map(str::parse)
                .transpose()
                .map_err(|error| Unreadable::Damaged(format!("a GTIN {error}")))?,
            lot: match packed.lot {
                Some(lot) if !is_lot(lot) => return Err(damaged("a lot number")),
                lot => lot.map(str::to_owned),
            },
            expires_on,
            sequence,
            offer_id: packed
                .offer_id
                .map(|offer_id| offer_id.parse())
                .transpose()
                .map_err(|error| Unreadable::Damaged(format!("an offer id {error}")))?,
            receipt: receipt.map(|receipt| ReceiptLine { receipt, line: extension.line }),
            transfer_id,
            import_id: optional(extension.import_id)?,
        },
    })
}

fn packed_price(charge: &Charge) -> PackedPrice {
    let currency = charge.currency();
    let code = currency.code().as_bytes();
    let price = charge.unit_price();
    PackedPrice {
        minor_units: price.map_or(0, |price| mantissa(price.amount(), currency.minor_digits())),
        currency: [code[0], code[1], code[2]],
    }
}

impl PackedPrice {
    fn unpacked(
        &self,
        extension: &PackedExtension<'_>,
        quantity: Quantity,
    ) -> Result<Charge, Unreadable> {
        let damaged = || Unreadable::Damaged("a price".to_owned());
        let code = std::str::from_utf8(&self.currency).ok();
        let currency: Currency = code.and_then(|code| code.parse().ok()).ok_or_else(damaged)?;
        let money = |minor_units, of: fn(Decimal, Currency) -> Result<Money, AmountError>| {
            let amount = decimal(minor_units, currency.minor_digits());
            amount.and_then(|amount| of(amount, currency).ok()).ok_or_else(damaged)
        };
        let unit_price = money(self.minor_units, Money::price)?;
        if extension.without_price && self.minor_units != 0 {
            return Err(damaged());
        }
        let unit_price = (!extension.without_price).then_some(unit_price);
        let amount =
            extension.amount.map(|amount| money(amount, Money::line_amount)).transpose()?;
        Charge::new(unit_price, amount, quantity).ok().flatten().ok_or_else(damaged)
    }
}

fn packed_reason(reason: Option<Reason>) -> Option<u8> {
    reason.map(|reason| position(Reason::ALL, reason))
}

fn unpacked_reason(kind: Kind, reason: Option<u8>) -> Result<Option<Reason>, Unreadable> {
    let unknown = || Unreadable::Damaged("a reason".to_owned());
    let of_kind = |reason: &Reason| Reason::of(kind).any(|allowed| allowed == *reason);
    reason.map(|place| at(Reason::ALL, place).filter(of_kind).ok_or_else(unknown)).transpose()
}

/// Returns `value` in units of its last decimal place. `value` has at most `scale` places.
fn mantissa(mut value: Decimal, scale: u32) -> u64 {
    value.rescale(scale);
    u64::try_from(value.mantissa()).expect("amounts are not negative and below 10^12")
}

fn decimal(mantissa: u64, scale: u32) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(mantissa.into(), scale).ok()
}

fn position<T: PartialEq>(all: &[T], item: T) -> u8 {
    let position = all.iter().position(|candidate| *candidate == item);
    position.and_then(|position| u8::try_from(position).ok()).expect("one of a short list")
}

fn at<T: Copy>(all: &[T], position: u8) -> Option<T> {
    all.get(usize::from(position)).copied()
}
