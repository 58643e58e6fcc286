//! The part of an event that a replay keeps in memory.

use domain::window::{DATE_MILLIS, WINDOW_MINUTES};
use domain::{EventRef, Kind};
use siphasher::sip128::SipHasher13;

use crate::names::{Name, Names};

/// Bytes of a record in a temporary file.
pub(crate) const STORED_BYTES: usize = 56;

/// Part of an event that its windows depend on. Texts are places among the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventRecord {
    /// Hash of the id of the event.
    pub(crate) id: [u64; 2],
    /// Hash of the text that the event was read from. Equal texts are equal events.
    pub(crate) text: u64,
    /// Milliseconds since 1970.
    pub(crate) occurred_at: i64,
    /// Money of a sale or return, in thousandths of the minor unit. For a correction, the first
    /// half of the hash of the id that it voids.
    pub(crate) charged: u64,
    pub(crate) store: u32,
    pub(crate) sku: u32,
    /// Thousandths of the unit.
    pub(crate) quantity: u32,
    /// Place among the currencies.
    pub(crate) currency: u16,
    pub(crate) kind: Kind,
}

/// Hasher of event ids with keys of its own, so that nobody can choose ids with equal hashes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdHasher(SipHasher13);

impl IdHasher {
    pub(crate) fn new(keys: (u64, u64)) -> Self {
        Self(SipHasher13::new_with_keys(keys.0, keys.1))
    }

    pub(crate) fn hash(&self, event_id: &str) -> [u64; 2] {
        let hash = self.0.hash(event_id.as_bytes());
        [hash.h1, hash.h2]
    }
}

impl EventRecord {
    /// Returns the record of an event. `text` is the hash of the text of the event.
    pub(crate) fn of<'a, T: Name + From<&'a str>>(
        event: &EventRef<'a>,
        text: u64,
        ids: &IdHasher,
        names: &mut Names<T>,
    ) -> Self {
        let (charged, currency) = match (event.corrects(), event.charged()) {
            (Some(corrects), _) => (ids.hash(corrects)[0], 0),
            (None, Some((charged, currency))) => (charged, names.currency(currency)),
            (None, None) => (0, 0),
        };
        Self {
            id: ids.hash(event.event_id()),
            text,
            occurred_at: event.occurred_at_millis(),
            charged,
            store: names.stores.place(event.store_id()),
            sku: names.skus.place(event.sku()),
            quantity: u32::try_from(event.quantity()).expect("a quantity is at most 10^9"),
            currency,
            kind: event.kind(),
        }
    }

    /// Returns the days since 1970 of the event.
    pub(crate) fn day(&self) -> i32 {
        day_of(self.occurred_at)
    }

    /// Returns the number of the window within the UTC date.
    pub(crate) fn window(&self) -> u32 {
        let millis = self.occurred_at.rem_euclid(DATE_MILLIS);
        u32::try_from(millis / WINDOW_MILLIS).expect("a date has 288 windows")
    }

    /// Writes the record.
    pub(crate) fn store_in(&self, bytes: &mut Vec<u8>) {
        for number in [self.id[0], self.id[1], self.text, self.charged] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.occurred_at.to_le_bytes());
        for number in [self.store, self.sku, self.quantity] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.currency.to_le_bytes());
        let kind = Kind::ALL.iter().zip(0..).find(|(kind, _)| **kind == self.kind);
        let (_, kind) = kind.expect("all kinds are there");
        bytes.extend_from_slice(&[kind, 0]);
    }

    /// Reads a record that [`EventRecord::store_in`] wrote.
    pub(crate) fn stored(bytes: &[u8; STORED_BYTES]) -> Self {
        let long = |place: usize| {
            u64::from_le_bytes(bytes[place..place + 8].try_into().expect("eight bytes"))
        };
        let short = |place: usize| {
            u32::from_le_bytes(bytes[place..place + 4].try_into().expect("four bytes"))
        };
        Self {
            id: [long(0), long(8)],
            text: long(16),
            charged: long(24),
            occurred_at: long(32).cast_signed(),
            store: short(40),
            sku: short(44),
            quantity: short(48),
            currency: u16::from_le_bytes([bytes[52], bytes[53]]),
            kind: Kind::ALL[usize::from(bytes[54])],
        }
    }
}

/// Length of a window, in milliseconds.
pub(crate) const WINDOW_MILLIS: i64 = WINDOW_MINUTES * 60 * 1000;

/// Returns the days since 1970 of the instant of an event.
pub(crate) fn day_of(millis: i64) -> i32 {
    i32::try_from(millis.div_euclid(DATE_MILLIS)).expect("a day of the years 2000 to 9999")
}
