//! Large stores from a seed: a day of requests to the ingest API, and the batches that the event
//! source mapping makes of the requests of several stores.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{Acceptance, Delivered, Event, Item, SequenceNumber, Store, StoreId, record};

/// Selling seconds of a day, from 07:00 UTC.
const OPEN_SECONDS: u64 = 12 * 3600;
/// Largest number of records in a batch: the default of `cdk/`.
const BATCH_RECORDS: usize = 100;
/// Of so many requests, one is sent late.
const ONE_LATE_OF: u64 = 200;

/// Events that a till sends in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requests {
    /// A number of events.
    Of(usize),
    /// The lines of a receipt, ten on average, with their places on it.
    Receipts,
}

/// Store of any size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LargeStore {
    pub(crate) seed: u64,
    pub(crate) events: usize,
    /// Number of items that are sold.
    pub(crate) items: usize,
    pub(crate) tills: usize,
    pub(crate) requests: Requests,
}

/// Request of a till, with the instant at which its record arrives.
pub(crate) struct Sent {
    pub(crate) arrived_at: DateTime<Utc>,
    pub(crate) events: Vec<Event>,
}

/// Batch of the mapping, with the instant of its invocation.
pub(crate) struct Batch {
    pub(crate) invoked_at: DateTime<Utc>,
    pub(crate) records: Vec<Delivered>,
}

/// Generator of pseudo-random numbers: SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

impl LargeStore {
    pub(crate) fn store_id(self) -> StoreId {
        format!("store-{:04}", self.seed).parse().expect("an id")
    }

    pub(crate) fn store(self) -> Store {
        let json = format!(
            r#"{{"store_id":"{}","zone":"UTC","hours":"mon-sun 07:00-19:00"}}"#,
            self.store_id()
        );
        Store::parse(&json).expect("a store")
    }

    /// Returns the first `count` items as entries of the catalogue. The first one keeps for
    /// `first_keeps` days, the others for one.
    pub(crate) fn listed(self, count: usize, first_keeps: u16) -> Vec<Item> {
        let item = |index: usize| {
            let keeps = if index == 0 { first_keeps } else { 1 };
            let json = format!(
                r#"{{"sku":"{}","store_id":"{}","price":"{}","currency":"EUR",
                    "shelf_life_days":{keeps}}}"#,
                sku(index),
                self.store_id(),
                price(index)
            );
            Item::parse(&json).expect("an item")
        };
        (0..count).map(item).collect()
    }

    /// Returns the requests of a day, sorted by arrival.
    pub(crate) fn day(self, date: NaiveDate) -> Vec<Sent> {
        let mut numbers = Numbers(self.seed << 32 ^ date.to_epoch_days() as u64);
        let lines = if self.requests == Requests::Receipts { 10 } else { 2 };
        // Lines of receipts, by till: second of the day, receipt and line.
        let mut tills: Vec<Vec<(u64, u64, u64)>> = vec![Vec::new(); self.tills];
        let (mut left, mut receipt) = (self.events, 0);
        while left > 0 {
            receipt += 1;
            let (at, till) = (numbers.below(OPEN_SECONDS), numbers.below(self.tills as u64));
            let count = (1 + numbers.below(2 * lines - 1)).min(left as u64);
            left -= count as usize;
            let of_receipt = (0..count).map(|line| (at + 3 * line, receipt, line + 1));
            tills[till as usize].extend(of_receipt);
        }
        let mut sent = Vec::new();
        for (till, mut entries) in tills.into_iter().enumerate() {
            entries.sort_unstable();
            let mut events: Vec<Event> = Vec::with_capacity(entries.len());
            for (number, entry) in entries.iter().enumerate() {
                events.push(self.event(date, till, number, *entry, &mut numbers));
            }
            let requests: Vec<Vec<Event>> = match self.requests {
                Requests::Of(count) => events.chunks(count).map(<[_]>::to_vec).collect(),
                Requests::Receipts => {
                    let of = |event: &Event| event.details().receipt.clone().map(|one| one.receipt);
                    events.chunk_by(|one, other| of(one) == of(other)).map(<[_]>::to_vec).collect()
                }
            };
            sent.extend(requests.into_iter().map(|events| {
                let last = events.iter().map(Event::occurred_at).max().expect("an event");
                let is_late = numbers.below(ONE_LATE_OF) == 0;
                let late = if is_late { 600_000 + numbers.below(3_600_000) } else { 0 };
                let delay = 200 + numbers.below(1_000) + late;
                Sent { arrived_at: last + TimeDelta::milliseconds(delay as i64), events }
            }));
        }
        sent.sort_by_key(|sent| sent.arrived_at);
        sent
    }

    fn event(
        self,
        date: NaiveDate,
        till: usize,
        number: usize,
        (second, receipt, line): (u64, u64, u64),
        numbers: &mut Numbers,
    ) -> Event {
        let millis = second as i64 * 1000 + numbers.below(1000) as i64;
        let opens_at = date.and_time(NaiveTime::from_hms_opt(7, 0, 0).expect("a time")).and_utc();
        let at = opens_at + TimeDelta::milliseconds(millis);
        // Few items are sold often, most of them seldom.
        let rank = numbers.below(1_000_000) as f64 / 1e6;
        let index = (rank.powi(3) * self.items as f64) as usize;
        let place = match self.requests {
            Requests::Of(_) => String::new(),
            Requests::Receipts => format!(r#""receipt":"{till}-{receipt}","line":{line},"#),
        };
        let goods = match numbers.below(50) {
            0 => r#""kind":"receipt","quantity":"12","#.to_owned(),
            1 => r#""kind":"waste","quantity":"1","#.to_owned(),
            _ => format!(
                r#""kind":"sale","quantity":"1","unit_price":"{}","currency":"EUR","#,
                price(index)
            ),
        };
        let (high, low) = (numbers.next(), numbers.next() >> 2 | 1 << 63);
        let json = format!(
            r#"{{"event_id":"{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",{goods}{place}
                "store_id":"{}","terminal_id":"till-{}","sku":"{}","occurred_at":"{}",
                "sequence":{{"epoch":"{date}","number":{}}}}}"#,
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 48,
            low & 0xffff_ffff_ffff,
            self.store_id(),
            till + 1,
            sku(index),
            at.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
            number + 1,
        );
        Event::parse(&json, &Acceptance::at(at)).expect("an event")
    }
}

fn sku(index: usize) -> String {
    format!("40{:011}", index * 7_919)
}

fn price(index: usize) -> String {
    format!("{}.{}9", 1 + index % 12, index % 10)
}

/// Returns the batches of the stores that share a shard. A batch ends `window` seconds after its
/// first record, or with its hundredth.
pub(crate) fn batches(stores: &[LargeStore], date: NaiveDate, window: i64) -> Vec<Batch> {
    let mut sent: Vec<Sent> = stores.iter().flat_map(|store| store.day(date)).collect();
    sent.sort_by_key(|sent| sent.arrived_at);
    let mut batches: Vec<Batch> = Vec::new();
    let mut ends_at = DateTime::UNIX_EPOCH;
    for (number, Sent { arrived_at, events }) in sent.into_iter().enumerate() {
        let is_full = |batch: &Batch| batch.records.len() >= BATCH_RECORDS;
        if arrived_at >= ends_at || batches.last().is_none_or(is_full) {
            ends_at = arrived_at + TimeDelta::seconds(window);
            batches.push(Batch { invoked_at: ends_at, records: Vec::new() });
        }
        let batch = batches.last_mut().expect("a batch was added");
        if batch.records.len() + 1 == BATCH_RECORDS {
            batch.invoked_at = arrived_at;
        }
        let record = record::pack(events[0].store_id().as_str(), &events);
        batch.records.push(Delivered {
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: SequenceNumber::new(format!("{date}{number:09}").replace('-', "")),
            partition_key: record.partition_key,
            arrived_at,
            data: record.data,
        });
    }
    batches
}
