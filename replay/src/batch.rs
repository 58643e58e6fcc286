//! Windows of the events of one batch, in memory.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use domain::EventRef;
use foldhash::fast::RandomState;

use crate::event_record::EventRecord;
use crate::lines::{Format, Lines};
use crate::names::Names;
use crate::reader::Hashers;
use crate::windows::{WindowSums, add_sums};

/// Windows of a set of events, by the rules of [`replay`](crate::replay()).
///
/// ```
/// use domain::{Acceptance, EventRef};
/// use replay::{BatchWindows, Format};
///
/// let json = r#"{"event_id":"e1","kind":"receipt","store_id":"0042","terminal_id":"t1",
///     "sku":"rye","quantity":12,"occurred_at":"2026-03-12T09:03:00Z"}"#;
/// let json = &json.replace("\n", " ");
/// let acceptance = Acceptance::at("2026-03-12T09:04:00Z".parse()?);
/// let event = EventRef::read(json, &acceptance).expect("a plain event");
/// let windows = BatchWindows::of(&[event, event]);
/// let mut csv = Vec::new();
/// windows.write(Format::Csv, &mut csv);
/// assert_eq!((windows.len(), csv), (1, b"2026-03-12T09:00:00Z,0042,rye,1,0,12,0,12,0\n".into()));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Debug)]
pub struct BatchWindows<'a> {
    names: Names<&'a str>,
    /// Windows by date, in days since 1970.
    dates: BTreeMap<i32, Vec<WindowSums>>,
}

impl<'a> BatchWindows<'a> {
    /// Sums events, each of which counts once for its id and content.
    #[must_use]
    pub fn of<'e>(
        events: impl IntoIterator<Item = &'e EventRef<'a>, IntoIter: ExactSizeIterator>,
    ) -> Self
    where
        'a: 'e,
    {
        let events = events.into_iter();
        let hashers = Hashers::new();
        let mut names = Names::default();
        let mut records: Vec<EventRecord> = Vec::with_capacity(events.len());
        let mut kept: Vec<&EventRef<'_>> = Vec::with_capacity(events.len());
        let mut places: HashMap<_, usize, RandomState> =
            HashMap::with_capacity_and_hasher(events.len(), RandomState::default());
        for event in events {
            let record = EventRecord::of(event, 0, &hashers.ids, &mut names);
            match places.entry((record.id, record.store, record.day())) {
                Entry::Vacant(place) => {
                    place.insert(records.len());
                    records.push(record);
                    kept.push(event);
                }
                Entry::Occupied(place) if !event.has_content_of(kept[*place.get()]) => {
                    let place = *place.get();
                    let content = |event: &EventRef<'_>| event.to_event().content();
                    if content(event) < content(kept[place]) {
                        (records[place], kept[place]) = (record, event);
                    }
                }
                Entry::Occupied(_) => {}
            }
        }
        let mut days: BTreeMap<i32, Vec<&EventRecord>> = BTreeMap::new();
        for record in &records {
            days.entry(record.day()).or_default().push(record);
        }
        let sums = |(day, records): (i32, Vec<&EventRecord>)| {
            let mut rows = Vec::with_capacity(records.len());
            add_sums(&records, &mut rows);
            (day, rows)
        };
        Self { names, dates: days.into_iter().map(sums).collect() }
    }

    /// Returns the number of windows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dates.values().map(Vec::len).sum()
    }

    /// `true` if there was no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dates.is_empty()
    }

    /// Writes the lines of the windows, sorted by start, store and item, without a header.
    pub fn write(&self, format: Format, to: &mut Vec<u8>) {
        let (stores, skus) = (self.names.stores.ranks(), self.names.skus.ranks());
        for (day, rows) in &self.dates {
            let mut rows = rows.clone();
            rows.sort_unstable_by_key(|row| {
                (row.window, stores[row.store as usize], skus[row.sku as usize])
            });
            let mut lines = Lines::new(format, *day);
            rows.iter().for_each(|row| lines.write(row, &self.names, to));
        }
    }
}
