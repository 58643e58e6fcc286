//! Canonical JSON of an event, version 1.

use std::fmt::Write;

use chrono::{Datelike, Timelike};

use super::event_ref::{ChargeRef, EventRef};
use crate::limits::QUANTITY_SCALE_MAX;

impl EventRef<'_> {
    /// Writes the canonical JSON object, as [`Event::canonical`] returns it.
    ///
    /// [`Event::canonical`]: crate::Event::canonical
    pub fn write_canonical(&self, to: &mut String) {
        self.write_content(to);
        if let Some(import_id) = self.import_id {
            to.pop();
            member(to, ",\"import_id\":\"", import_id);
            to.push('}');
        }
    }

    /// Writes the canonical JSON object without the import. Identifiers and words need no escapes.
    pub(super) fn write_content(&self, to: &mut String) {
        member(to, "{\"event_id\":\"", self.event_id);
        member(to, ",\"kind\":\"", self.kind.as_str());
        member(to, ",\"store_id\":\"", self.store_id);
        member(to, ",\"terminal_id\":\"", self.terminal_id);
        member(to, ",\"sku\":\"", self.sku);
        optional(to, ",\"gtin\":\"", self.gtin);
        if let Some(lot) = self.lot {
            to.push_str(",\"lot\":");
            to.push_str(&serde_json::to_string(lot).expect("a text always serializes"));
        }
        if let Some(expires_on) = self.expires_on {
            write!(to, ",\"expires_on\":\"{expires_on}\"").expect("a String takes all");
        }
        to.push_str(",\"quantity\":\"");
        self.write_quantity(to);
        member(to, "\",\"unit\":\"", self.unit.as_str());
        self.write_charge(to);
        to.push_str(",\"occurred_at\":\"");
        self.write_instant(to);
        to.push('"');
        if let Some((epoch, number)) = self.sequence {
            member(to, ",\"sequence\":{\"epoch\":\"", epoch);
            to.push_str(",\"number\":");
            to.push_str(itoa::Buffer::new().format(number));
            to.push('}');
        }
        if let Some(offer_id) = self.offer_id {
            write!(to, ",\"offer_id\":\"{offer_id}\"").expect("a String takes all");
        }
        optional(to, ",\"reason\":\"", self.reason.map(super::Reason::as_str));
        optional(to, ",\"corrects\":\"", self.corrects);
        if let Some((receipt, line)) = self.receipt {
            member(to, ",\"receipt\":\"", receipt);
            if let Some(line) = line {
                to.push_str(",\"line\":");
                to.push_str(itoa::Buffer::new().format(line));
            }
        }
        optional(to, ",\"transfer_id\":\"", self.transfer_id);
        to.push('}');
    }

    /// Writes the quantity without zeros at its end.
    fn write_quantity(&self, to: &mut String) {
        let (mut value, mut digits) = (self.quantity, QUANTITY_SCALE_MAX);
        while digits > 0 && value.is_multiple_of(10) {
            value /= 10;
            digits -= 1;
        }
        decimal(to, value, digits);
    }

    /// Writes amounts with the digits of the minor unit.
    fn write_charge(&self, to: &mut String) {
        let Some(ChargeRef { unit_price, amount, currency }) = self.charge else { return };
        for (name, minor_units) in [(",\"unit_price\":\"", unit_price), (",\"amount\":\"", amount)]
        {
            if let Some(minor_units) = minor_units {
                to.push_str(name);
                decimal(to, minor_units, currency.minor_digits());
                to.push('"');
            }
        }
        member(to, ",\"currency\":\"", currency.code());
    }

    /// Writes the instant in UTC with milliseconds.
    fn write_instant(&self, to: &mut String) {
        let at = self.occurred_at();
        let year = at.year().unsigned_abs();
        digits(to, year / 100, 2);
        digits(to, year % 100, 2);
        for (separator, number) in [
            ('-', at.month()),
            ('-', at.day()),
            ('T', at.hour()),
            (':', at.minute()),
            (':', at.second()),
        ] {
            to.push(separator);
            digits(to, number, 2);
        }
        to.push('.');
        digits(to, at.timestamp_subsec_millis(), 3);
        to.push('Z');
    }
}

/// Writes a text after `name`, which ends with its first quote.
fn member(to: &mut String, name: &str, text: &str) {
    to.push_str(name);
    to.push_str(text);
    to.push('"');
}

fn optional(to: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        member(to, name, text);
    }
}

/// Writes `value / 10^places` with all its decimal places.
fn decimal(to: &mut String, value: u64, places: u32) {
    let scale = 10_u64.pow(places);
    to.push_str(itoa::Buffer::new().format(value / scale));
    if places > 0 {
        to.push('.');
        let fraction = u32::try_from(value % scale).expect("at most three digits");
        digits(to, fraction, places);
    }
}

/// Writes the last `count` digits of a number, with zeros before it.
fn digits(to: &mut String, number: u32, count: u32) {
    for place in (0..count).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        to.push(char::from_digit(digit, 10).expect("a digit"));
    }
}
