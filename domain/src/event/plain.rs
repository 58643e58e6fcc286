//! Reader of plain events: JSON as programs write it, without escapes and with valid values.
//!
//! It answers with an event, or `None` for "not sure". Every `Some` is what [`Event::parse`] would
//! return. That parser decides about the rest and explains what is wrong.
//!
//! [`Event::parse`]: super::Event::parse

mod instant;

use chrono::NaiveDate;

use self::instant::{date, instant};
use super::event_ref::{ChargeRef, EventRef};
use super::gtin::is_gtin;
use super::kind::{Kind, Reason, Unit};
use super::parse::{Acceptance, EARLIEST_MILLIS, is_lot};
use crate::identifier::is_identifier;
use crate::json_cursor::{JsonCursor, MemberName};
use crate::limits::{
    LINE_AMOUNT_MAX, LINE_ROUNDING_MINOR_UNITS, QUANTITY_MAX, QUANTITY_SCALE_MAX, RECEIPT_LINE_MAX,
    UNIT_PRICE_MAX,
};
use crate::money::Currency;
use crate::offer::OfferIdRef;

/// Largest rounding of an amount, in thousandths of the minor unit.
const ROUNDING: u128 = LINE_ROUNDING_MINOR_UNITS as u128 * 1_000;
/// Digits of a number that never overflows when it is scaled.
const DIGITS_MAX: usize = 15;

impl<'a> EventRef<'a> {
    /// Reads one JSON object in its plain form. `None` means "not sure": [`Event::parse`] then
    /// returns the event or its violations.
    ///
    /// [`Event::parse`]: crate::Event::parse
    #[must_use]
    pub fn read(json: &'a str, acceptance: &Acceptance) -> Option<Self> {
        let mut fields = Fields::default();
        fields.read(json)?;
        fields.event(acceptance)
    }
}

/// Fields of one object, each valid alone.
#[derive(Default)]
struct Fields<'a> {
    event_id: Option<&'a str>,
    kind: Option<Kind>,
    store_id: Option<&'a str>,
    terminal_id: Option<&'a str>,
    sku: Option<&'a str>,
    quantity: Option<u64>,
    unit: Option<Unit>,
    unit_price: Option<Digits>,
    amount: Option<Digits>,
    currency: Option<Currency>,
    occurred_at: Option<i64>,
    corrects: Option<&'a str>,
    reason: Option<Reason>,
    gtin: Option<&'a str>,
    lot: Option<&'a str>,
    expires_on: Option<NaiveDate>,
    sequence: Option<(&'a str, u64)>,
    offer_id: Option<OfferIdRef<'a>>,
    receipt: Option<&'a str>,
    line: Option<u32>,
    transfer_id: Option<&'a str>,
    import_id: Option<&'a str>,
}

/// Sets a field. A second value of one field is not plain: the last one would count.
fn set<T>(field: &mut Option<T>, value: Option<T>) -> Option<()> {
    if field.is_some() || value.is_none() {
        return None;
    }
    *field = value;
    Some(())
}

/// Reader of the value of a field.
type ReadField = for<'a> fn(&mut Fields<'a>, &mut JsonCursor<'a>) -> Option<()>;

/// Readers of the fields, in the order in which most producers send them.
const FIELDS: [(&str, ReadField); 22] = [
    ("event_id", |fields, from| set(&mut fields.event_id, identifier(from))),
    ("kind", |fields, from| set(&mut fields.kind, from.text().and_then(kind))),
    ("store_id", |fields, from| set(&mut fields.store_id, identifier(from))),
    ("terminal_id", |fields, from| set(&mut fields.terminal_id, identifier(from))),
    ("sku", |fields, from| set(&mut fields.sku, identifier(from))),
    ("gtin", |fields, from| set(&mut fields.gtin, from.text().filter(|text| is_gtin(text)))),
    ("lot", |fields, from| set(&mut fields.lot, from.text().filter(|text| is_lot(text)))),
    ("expires_on", |fields, from| set(&mut fields.expires_on, from.text().and_then(date))),
    ("quantity", |fields, from| set(&mut fields.quantity, text_or_number(from).and_then(quantity))),
    ("unit", |fields, from| set(&mut fields.unit, word(from, Unit::ALL))),
    ("unit_price", |fields, from| set(&mut fields.unit_price, from.text().and_then(Digits::of))),
    ("amount", |fields, from| set(&mut fields.amount, from.text().and_then(Digits::of))),
    ("currency", |fields, from| {
        set(&mut fields.currency, from.text().and_then(|code| code.parse().ok()))
    }),
    ("occurred_at", |fields, from| set(&mut fields.occurred_at, from.text().and_then(instant))),
    ("sequence", |fields, from| set(&mut fields.sequence, sequence(from))),
    ("offer_id", |fields, from| set(&mut fields.offer_id, from.text().and_then(OfferIdRef::parse))),
    ("reason", |fields, from| set(&mut fields.reason, word(from, Reason::ALL))),
    ("corrects", |fields, from| set(&mut fields.corrects, identifier(from))),
    ("receipt", |fields, from| set(&mut fields.receipt, identifier(from))),
    ("line", |fields, from| set(&mut fields.line, text_or_number(from).and_then(line))),
    ("transfer_id", |fields, from| set(&mut fields.transfer_id, identifier(from))),
    ("import_id", |fields, from| set(&mut fields.import_id, identifier(from))),
];

/// Names of the fields with their quotes and the colon, for a comparison of 16 bytes at once.
static NAMES: [MemberName; FIELDS.len()] = {
    let mut names = [MemberName::new("event_id"); FIELDS.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = MemberName::new(FIELDS[place].0);
        place += 1;
    }
    names
};

impl<'a> Fields<'a> {
    fn read(&mut self, json: &'a str) -> Option<()> {
        let mut from = JsonCursor::new(json)?;
        if !from.take(b'{') {
            return None;
        }
        let mut expected = 0;
        loop {
            match field(&mut from, expected)? {
                Some(field) => {
                    (FIELDS[field].1)(self, &mut from)?;
                    expected = field + 1;
                }
                None => from.skip_scalar()?,
            }
            if !from.take(b',') {
                break;
            }
        }
        (from.take(b'}') && from.is_at_end()).then_some(())
    }

    /// Returns the event, if the fields together are valid.
    fn event(&self, acceptance: &Acceptance) -> Option<EventRef<'a>> {
        let kind = self.kind?;
        let quantity = if kind == Kind::Correction { 0 } else { self.quantity? };
        if self.line.is_some() && self.receipt.is_none() {
            return None;
        }
        let charge = match kind {
            Kind::Sale | Kind::Return => Some(self.charge(quantity)?),
            _ => None,
        };
        let has_reason = matches!(kind, Kind::Waste | Kind::Count | Kind::Correction);
        let reason = self.reason.filter(|_| has_reason);
        if reason.is_some_and(|reason| reason.kind() != kind) {
            return None;
        }
        let occurred_at = self.occurred_at?;
        let is_transfer = matches!(kind, Kind::TransferIn | Kind::TransferOut);
        acceptance.surely_accepts(occurred_at).then_some(())?;
        Some(EventRef {
            event_id: self.event_id?,
            store_id: self.store_id?,
            terminal_id: self.terminal_id?,
            sku: self.sku?,
            occurred_at,
            kind,
            quantity,
            unit: self.unit.unwrap_or(Unit::Each),
            charge,
            reason,
            corrects: if kind == Kind::Correction { Some(self.corrects?) } else { None },
            gtin: self.gtin,
            lot: self.lot,
            expires_on: self.expires_on,
            sequence: self.sequence,
            offer_id: self.offer_id,
            receipt: self.receipt.map(|receipt| (receipt, self.line)),
            transfer_id: self.transfer_id.filter(|_| is_transfer),
            import_id: self.import_id,
        })
    }

    /// Returns the money. The amount may be above price times quantity by a rounding.
    fn charge(&self, quantity: u64) -> Option<ChargeRef> {
        let currency = self.currency?;
        let minor_digits = currency.minor_digits();
        let unit_price = match &self.unit_price {
            Some(price) => Some(price.scaled(minor_digits, UNIT_PRICE_MAX)?),
            None => None,
        };
        let amount = match &self.amount {
            Some(amount) => Some(amount.scaled(minor_digits, LINE_AMOUNT_MAX)?),
            None => None,
        };
        let is_plain = match (unit_price, amount) {
            (None, None) => false,
            (Some(price), Some(amount)) => {
                let product = u128::from(price) * u128::from(quantity);
                u128::from(amount) * 1_000 <= product + ROUNDING
            }
            _ => true,
        };
        is_plain.then_some(ChargeRef { unit_price, amount, currency })
    }
}

/// Decimal number of at most [`DIGITS_MAX`] digits: `value / 10^scale`.
struct Digits {
    value: u64,
    scale: u32,
}

impl Digits {
    /// Reads digits with at most one point between them.
    fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() > DIGITS_MAX {
            return None;
        }
        let (mut value, mut point) = (0, None);
        for (place, byte) in bytes.iter().enumerate() {
            match byte {
                b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
                b'.' if point.is_none() && place > 0 => point = Some(place + 1),
                _ => return None,
            }
        }
        let decimals = point.map_or(0, |point| bytes.len() - point);
        let ends_in_point = point == Some(bytes.len());
        let scale = u32::try_from(decimals).ok()?;
        (!bytes.is_empty() && !ends_in_point).then_some(Self { value, scale })
    }

    /// Returns the number times `10^scale`, if that is whole and the number is at most `max`.
    fn scaled(&self, scale: u32, max: u64) -> Option<u64> {
        let scaled = if self.scale <= scale {
            self.value.checked_mul(10_u64.pow(scale - self.scale))?
        } else {
            let divisor = 10_u64.pow(self.scale - scale);
            self.value.is_multiple_of(divisor).then_some(self.value / divisor)?
        };
        (scaled <= max * 10_u64.pow(scale)).then_some(scaled)
    }
}

/// Reads the name of a member and the colon. Returns the place of the field, which is searched from
/// `expected` on, or `Some(None)` for another member.
#[inline]
fn field(from: &mut JsonCursor<'_>, expected: usize) -> Option<Option<usize>> {
    let places = (expected..NAMES.len()).chain(0..expected);
    if let Some(field) = from.take_one_of(&NAMES, places) {
        return Some(Some(field));
    }
    let name = from.text()?;
    let field = FIELDS.iter().position(|(known, _)| *known == name);
    from.take(b':').then_some(field)
}

fn identifier<'a>(from: &mut JsonCursor<'a>) -> Option<&'a str> {
    from.text().filter(|text| is_identifier(text))
}

fn text_or_number<'a>(from: &mut JsonCursor<'a>) -> Option<&'a str> {
    if from.peek() == Some(b'"') { from.text() } else { from.number() }
}

fn quantity(text: &str) -> Option<u64> {
    Digits::of(text)?.scaled(QUANTITY_SCALE_MAX, QUANTITY_MAX)
}

fn line(text: &str) -> Option<u32> {
    let Digits { value, scale: 0 } = Digits::of(text)? else { return None };
    u32::try_from(value).ok().filter(|line| *line <= RECEIPT_LINE_MAX)
}

/// Returns a kind; the most frequent one without a search.
fn kind(text: &str) -> Option<Kind> {
    if text == "sale" { Some(Kind::Sale) } else { among(text, Kind::ALL) }
}

fn word<T: Copy + Into<&'static str>>(from: &mut JsonCursor<'_>, all: &[T]) -> Option<T> {
    among(from.text()?, all)
}

fn among<T: Copy + Into<&'static str>>(text: &str, all: &[T]) -> Option<T> {
    all.iter().copied().find(|word| (*word).into() == text)
}

/// Reads an object of an epoch and a number, in this order.
fn sequence<'a>(from: &mut JsonCursor<'a>) -> Option<(&'a str, u64)> {
    let is_next = from.take(b'{') && from.text()? == "epoch" && from.take(b':');
    let epoch = if is_next { identifier(from)? } else { return None };
    let is_next = from.take(b',') && from.text()? == "number" && from.take(b':');
    let Digits { value, scale: 0 } = Digits::of(if is_next { from.number()? } else { "" })? else {
        return None;
    };
    from.take(b'}').then_some((epoch, value))
}

impl Acceptance {
    /// `true` if [`Acceptance::check`] surely accepts an instant in milliseconds since 1970.
    fn surely_accepts(&self, occurred_at: i64) -> bool {
        let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).ok();
        let received_at = self.received_at.timestamp_millis();
        let latest = millis(self.ahead_max).and_then(|ahead| received_at.checked_add(ahead));
        // The milliseconds are rounded down, so the earliest accepted one may be too early.
        let age_max = self.age_max.map(|age| millis(age).unwrap_or(i64::MAX));
        let earliest = age_max.map_or(i64::MIN, |age| received_at.saturating_sub(age));
        EARLIEST_MILLIS <= occurred_at
            && earliest < occurred_at
            && latest.is_none_or(|latest| occurred_at <= latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a field that only the parser knows would be skipped like an unknown one.
    #[test]
    fn the_fields_are_those_of_the_parser() {
        let mut names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        let mut parsed = super::super::parse::FIELDS.to_vec();
        names.sort_unstable();
        parsed.sort_unstable();
        assert_eq!(names, parsed);
    }
}
