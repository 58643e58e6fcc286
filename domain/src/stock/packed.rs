//! Stored form of the events of a row: a version byte and the events, sorted by id, in the postcard
//! format (<https://postcard.jamesmunns.com/wire-format>). The order of fields and variants is part
//! of the format: append only, and use a new version for any other change. A signpost is its
//! version byte alone.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::WindowKey;
use crate::event::{Action, Details, Event, Kind, Reason, TerminalSequence, Unit, is_lot};
use crate::identifier::IdError;
use crate::money::{Currency, Money, Quantity};

const EVENTS: u8 = 1;
const SIGNPOST: u8 = 2;

/// Reason for failing to read a stored row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There are no bytes.
    #[error("the row's events are empty")]
    Empty,
    /// A later version of the program wrote the row.
    #[error(
        "the row's events are of version {0}; this program knows versions {EVENTS} and {SIGNPOST}"
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
    let packed: Vec<PackedEvent<'a>> = events.map(|event| packed(key, event)).collect();
    postcard::to_extend(&packed, vec![EVENTS]).expect("plain data always serializes")
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
            let (packed, left) = postcard::take_from_bytes::<Vec<PackedEvent<'_>>>(rest)
                .map_err(|error| Unreadable::Damaged(error.to_string()))?;
            if !left.is_empty() {
                return Err(too_many(left));
            }
            packed
                .into_iter()
                .map(|packed| unpacked(key, packed))
                .collect::<Result<_, _>>()
                .map(Some)
        }
        [version, ..] => Err(Unreadable::Version(*version)),
    }
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
            Action::Sale(price) => PackedAction::Sale(packed_price(*price)),
            Action::Return(price) => PackedAction::Return(packed_price(*price)),
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

fn unpacked(key: &WindowKey, packed: PackedEvent<'_>) -> Result<Event, Unreadable> {
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
    Ok(Event {
        event_id: packed.event_id.parse().map_err(id)?,
        store_id: key.store_id.clone(),
        terminal_id: packed.terminal_id.parse().map_err(id)?,
        sku: key.sku.clone(),
        occurred_at: DateTime::from_timestamp_millis(occurred_at.timestamp_millis())
            .ok_or_else(|| damaged("an instant"))?,
        action: match packed.action {
            PackedAction::Sale(price) => Action::Sale(price.unpacked()?),
            PackedAction::Return(price) => Action::Return(price.unpacked()?),
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
        quantity: decimal(packed.quantity_thousandths, 3)
            .and_then(|quantity| Quantity::new(quantity).ok())
            .ok_or_else(|| damaged("a quantity"))?,
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
        },
    })
}

fn packed_price(price: Money) -> PackedPrice {
    let currency = price.currency();
    let code = currency.code().as_bytes();
    PackedPrice {
        minor_units: mantissa(price.amount(), currency.minor_digits()),
        currency: [code[0], code[1], code[2]],
    }
}

impl PackedPrice {
    fn unpacked(&self) -> Result<Money, Unreadable> {
        std::str::from_utf8(&self.currency)
            .ok()
            .and_then(|code| code.parse::<Currency>().ok())
            .and_then(|currency| {
                let amount = decimal(self.minor_units, currency.minor_digits())?;
                Money::price(amount, currency).ok()
            })
            .ok_or_else(|| Unreadable::Damaged("a price".to_owned()))
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
    u64::try_from(value.mantissa()).expect("amounts are not negative and below 10^9")
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
