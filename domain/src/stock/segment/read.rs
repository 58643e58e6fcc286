//! Columns to events. The rules are those of the text of a till, so every event is valid.

use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;

use super::columns::{Numbers, Reader, Texts, damaged};
use super::write::runs;
use super::{Unreadable, order, unpacked_bytes};
use crate::event::{
    Action, Charge, Details, Event, Gtin, Kind, Reason, ReceiptLine, TerminalSequence, Unit, is_lot,
};
use crate::identifier::{EventId, Sku, StoreId, TerminalId};
use crate::limits::{RECEIPT_LINE_MAX, SEGMENT_EVENT_BYTES, SEGMENT_UNPACKED_BYTES_MAX};
use crate::money::{AmountError, Currency, Money, Quantity};
use crate::offer::OfferId;
use crate::window::DATE_MILLIS;

/// Largest number of milliseconds from the start of a date.
const DATE_MILLIS_MAX: u64 = DATE_MILLIS.cast_unsigned() - 1;

/// Lot number.
struct Lot(String);

impl FromStr for Lot {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_lot(text) { Ok(Self(text.to_owned())) } else { Err("has other characters or length") }
    }
}

/// Columns of a segment, in their order.
struct Columns {
    times: Vec<DateTime<Utc>>,
    event_ids: Texts<EventId>,
    kinds: Numbers,
    terminal_ids: Texts<TerminalId>,
    skus: Texts<Sku>,
    quantity_scale: u64,
    quantities: Numbers,
    units: Numbers,
    unit_prices: Numbers,
    amounts: Numbers,
    currencies: Texts<Currency>,
    reasons: Numbers,
    corrects: Texts<EventId>,
    gtins: Texts<Gtin>,
    lots: Texts<Lot>,
    expiry_dates: Numbers,
    epochs: Texts<EventId>,
    /// Sequence numbers of the events that have an epoch.
    sequence_numbers: Vec<u64>,
    offer_ids: Texts<OfferId>,
    receipts: Texts<EventId>,
    lines: Numbers,
    transfer_ids: Texts<EventId>,
    import_ids: Texts<EventId>,
}

/// Reads all events.
pub(super) fn read(
    store_id: &StoreId,
    date: NaiveDate,
    mut from: Reader<'_>,
) -> Result<Vec<Event>, Unreadable> {
    let count = from.number()?;
    let count = usize::try_from(count).map_err(|_| too_large())?;
    if count > SEGMENT_UNPACKED_BYTES_MAX / SEGMENT_EVENT_BYTES {
        return Err(too_large());
    }
    if count == 0 {
        return Err(damaged("it has no event"));
    }
    let columns = Columns::read(&mut from, date, count)?;
    let left = from.columns.len() + from.uuids.len();
    if left > 0 {
        return Err(Unreadable::Damaged(format!("{left} bytes too many")));
    }
    let mut events: Vec<Event> = Vec::with_capacity(count);
    let mut sequence_numbers = columns.sequence_numbers.iter().copied();
    let mut size = 0;
    for index in 0..count {
        let event = columns.event(index, store_id, date, &mut sequence_numbers)?;
        if events.last().is_some_and(|last| order(last, &event).is_ge()) {
            return Err(damaged("its events are not in their order"));
        }
        size += unpacked_bytes(&event.as_event_ref());
        if size > SEGMENT_UNPACKED_BYTES_MAX {
            return Err(too_large());
        }
        events.push(event);
    }
    Ok(events)
}

fn too_large() -> Unreadable {
    Unreadable::Damaged(format!(
        "its events take more than {SEGMENT_UNPACKED_BYTES_MAX} bytes of memory"
    ))
}

impl Columns {
    fn read(from: &mut Reader<'_>, date: NaiveDate, count: usize) -> Result<Self, Unreadable> {
        let times = times(from, date, count)?;
        let event_ids = from.texts(count, "an event id")?;
        let kinds = from.numbers(count)?;
        let terminal_ids = from.texts(count, "a terminal id")?;
        let skus = from.texts(count, "an sku")?;
        let quantity_scale = from.number()?;
        let quantities = from.numbers(count)?;
        let units = from.numbers(count)?;
        let unit_prices = from.numbers(count)?;
        let amounts = from.numbers(count)?;
        let currencies = from.texts(count, "a currency")?;
        let reasons = from.numbers(count)?;
        let corrects = from.texts(count, "the id of a corrected event")?;
        let gtins = from.texts(count, "a GTIN")?;
        let lots = from.texts(count, "a lot number")?;
        let expiry_dates = from.numbers(count)?;
        let epochs = from.texts(count, "an epoch")?;
        let places = (0..count).map(|index| (terminal_ids.place(index), epochs.place(index)));
        let sequence_numbers = sequence_numbers(from, &runs(places))?;
        Ok(Self {
            times,
            event_ids,
            kinds,
            terminal_ids,
            skus,
            quantity_scale,
            quantities,
            units,
            unit_prices,
            amounts,
            currencies,
            reasons,
            corrects,
            gtins,
            lots,
            expiry_dates,
            epochs,
            sequence_numbers,
            offer_ids: from.texts(count, "an offer id")?,
            receipts: from.texts(count, "a receipt")?,
            lines: from.numbers(count)?,
            transfer_ids: from.texts(count, "a transfer id")?,
            import_ids: from.texts(count, "an import id")?,
        })
    }

    /// Returns the event at `index`. Events are read in their order, because each with an epoch
    /// takes the next sequence number.
    fn event(
        &self,
        index: usize,
        store_id: &StoreId,
        date: NaiveDate,
        sequence_numbers: &mut impl Iterator<Item = u64>,
    ) -> Result<Event, Unreadable> {
        let kind = word(Kind::ALL, self.kinds.at(index)).ok_or_else(|| damaged("a kind"))?;
        let quantity = self.quantity(index, kind)?;
        let sequence = match self.epochs.at(index) {
            None => None,
            Some(epoch) => sequence_numbers
                .next()
                .map(|number| TerminalSequence { epoch: epoch.clone(), number }),
        };
        let transfer_id = self.transfer_ids.at(index).cloned();
        if transfer_id.is_some() && !matches!(kind, Kind::TransferIn | Kind::TransferOut) {
            return Err(damaged("a transfer id"));
        }
        Ok(Event {
            event_id: required(self.event_ids.at(index), "an event without its id")?,
            store_id: store_id.clone(),
            terminal_id: required(self.terminal_ids.at(index), "an event without its terminal")?,
            sku: required(self.skus.at(index), "an event without its item")?,
            occurred_at: self.times[index],
            action: self.action(index, kind, quantity)?,
            quantity,
            unit: word(Unit::ALL, self.units.at(index)).ok_or_else(|| damaged("a unit"))?,
            details: Details {
                gtin: self.gtins.at(index).cloned(),
                lot: self.lots.at(index).map(|lot| lot.0.clone()),
                expires_on: self.expires_on(index, date)?,
                sequence,
                offer_id: self.offer_ids.at(index).cloned(),
                receipt: self.receipt(index)?,
                transfer_id,
                import_id: self.import_ids.at(index).cloned(),
            },
        })
    }

    /// Reads a quantity. A correction has the quantity 0.
    fn quantity(&self, index: usize, kind: Kind) -> Result<Quantity, Unreadable> {
        let number = self.quantities.at(index);
        let scale = u32::try_from(self.quantity_scale).ok();
        let quantity = scale.and_then(|scale| decimal(number, scale));
        let quantity = quantity.and_then(|quantity| Quantity::new(quantity).ok());
        let quantity = quantity.filter(|_| kind != Kind::Correction || number == 0);
        quantity.ok_or_else(|| damaged("a quantity"))
    }

    fn action(&self, index: usize, kind: Kind, quantity: Quantity) -> Result<Action, Unreadable> {
        let charge = self.charge(index, quantity)?;
        let reason = match self.reasons.at(index) {
            0 => None,
            number => {
                let reason = word(Reason::ALL, number - 1);
                let reason = reason.filter(|reason| Reason::of(kind).any(|of| of == *reason));
                Some(reason.ok_or_else(|| damaged("a reason"))?)
            }
        };
        let corrects = self.corrects.at(index).cloned();
        match (kind, charge, corrects) {
            (Kind::Sale, Some(charge), None) => Ok(Action::Sale(charge)),
            (Kind::Return, Some(charge), None) => Ok(Action::Return(charge)),
            (Kind::Sale | Kind::Return, None, _) => Err(damaged("a price")),
            (_, Some(_), _) => Err(damaged("an amount")),
            (Kind::Receipt, None, None) => Ok(Action::Receipt),
            (Kind::Waste, None, None) => Ok(Action::Waste(reason)),
            (Kind::Count, None, None) => Ok(Action::Count(reason)),
            (Kind::TransferIn, None, None) => Ok(Action::TransferIn),
            (Kind::TransferOut, None, None) => Ok(Action::TransferOut),
            (Kind::Correction, None, Some(corrects)) => Ok(Action::Correction(corrects, reason)),
            (_, None, _) => Err(damaged("the id of a corrected event")),
        }
    }

    fn charge(&self, index: usize, quantity: Quantity) -> Result<Option<Charge>, Unreadable> {
        let (unit_price, amount) = (self.unit_prices.at(index), self.amounts.at(index));
        let Some(currency) = self.currencies.at(index).copied() else {
            let is_absent = unit_price == 0 && amount == 0;
            return if is_absent { Ok(None) } else { Err(damaged("an amount")) };
        };
        let unit_price = money(unit_price, currency, Money::price)?;
        let amount = money(amount, currency, Money::line_amount)?;
        let charge = Charge::new(unit_price, amount, quantity).ok().flatten();
        charge.map(Some).ok_or_else(|| damaged("a price"))
    }

    fn expires_on(&self, index: usize, date: NaiveDate) -> Result<Option<NaiveDate>, Unreadable> {
        let Some(number) = self.expiry_dates.at(index).checked_sub(1) else { return Ok(None) };
        let days = unzigzag(number).checked_add(date.num_days_from_ce().into());
        let days = days.and_then(|days| i32::try_from(days).ok());
        let expires_on = days.and_then(NaiveDate::from_num_days_from_ce_opt);
        let expires_on = expires_on.filter(|date| (0..=9999).contains(&date.year()));
        expires_on.map(Some).ok_or_else(|| damaged("an expiry date"))
    }

    fn receipt(&self, index: usize) -> Result<Option<ReceiptLine>, Unreadable> {
        let wrong = || damaged("a line of a receipt");
        let line = self.lines.at(index).checked_sub(1);
        let line = line.map(|line| u32::try_from(line).map_err(|_| wrong())).transpose()?;
        match (self.receipts.at(index), line) {
            (None, None) => Ok(None),
            (None, Some(_)) | (Some(_), Some(RECEIPT_LINE_AFTER..)) => Err(wrong()),
            (Some(receipt), line) => Ok(Some(ReceiptLine { receipt: receipt.clone(), line })),
        }
    }
}

const RECEIPT_LINE_AFTER: u32 = RECEIPT_LINE_MAX + 1;

fn times(
    from: &mut Reader<'_>,
    date: NaiveDate,
    count: usize,
) -> Result<Vec<DateTime<Utc>>, Unreadable> {
    let start = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    let mut millis = from.number()?;
    let gaps = from.numbers(count - 1)?;
    let time = |index: usize| {
        if index > 0 {
            millis = millis.saturating_add(gaps.at(index - 1));
        }
        let within = i64::try_from(millis).ok().filter(|_| millis <= DATE_MILLIS_MAX);
        let time = within.and_then(|millis| DateTime::from_timestamp_millis(start + millis));
        time.ok_or_else(|| damaged("an event outside its date"))
    };
    (0..count).map(time).collect()
}

fn sequence_numbers(from: &mut Reader<'_>, runs: &[usize]) -> Result<Vec<u64>, Unreadable> {
    let run_count = runs.iter().max().map_or(0, |last| last + 1);
    let starts = from.numbers(run_count)?;
    let steps = from.numbers(runs.len() - run_count)?;
    let mut last: Vec<u64> = Vec::with_capacity(run_count);
    let mut step = 0;
    let number = |run: &usize| match last.get_mut(*run) {
        None => {
            last.push(starts.at(*run));
            starts.at(*run)
        }
        Some(last) => {
            *last = last.wrapping_add(unzigzag(steps.at(step)).cast_unsigned());
            step += 1;
            *last
        }
    };
    Ok(runs.iter().map(number).collect())
}

fn required<T: Clone>(item: Option<&T>, missing: &str) -> Result<T, Unreadable> {
    item.cloned().ok_or_else(|| damaged(missing))
}

/// Reads 0, or one more than an amount in minor units.
fn money(
    number: u64,
    currency: Currency,
    of: fn(Decimal, Currency) -> Result<Money, AmountError>,
) -> Result<Option<Money>, Unreadable> {
    let Some(minor_units) = number.checked_sub(1) else { return Ok(None) };
    let amount = decimal(minor_units, currency.minor_digits());
    let money = amount.and_then(|amount| of(amount, currency).ok());
    money.map(Some).ok_or_else(|| damaged("a price"))
}

fn decimal(mantissa: u64, scale: u32) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(mantissa.into(), scale).ok()
}

fn word<T: Copy>(all: &[T], position: u64) -> Option<T> {
    all.get(usize::try_from(position).ok()?).copied()
}

/// Returns 0, -1, 1 … for 0, 1, 2 …
fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
