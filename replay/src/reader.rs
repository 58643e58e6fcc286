//! Lines to event records, in memory or in a temporary file.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::BuildHasher;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use domain::{Acceptance, Event, EventRef, Rejection, cloud_event};
use foldhash::fast::RandomState;

use crate::event_record::{EventRecord, IdHasher, STORED_BYTES};
use crate::names::Names;

/// Number of records in the first chunk of a date; each next one is larger.
const CHUNK_MIN: usize = 16;
/// Largest number of records in a chunk.
const CHUNK_MAX: usize = 4_096;
/// Number of invalid lines that are reported one by one.
pub const INVALID_LINES_SHOWN: usize = 10;

/// Hashers of ids and texts, equal for all readers of a replay.
#[derive(Debug, Clone)]
pub(crate) struct Hashers {
    pub(crate) ids: IdHasher,
    texts: RandomState,
}

impl Hashers {
    pub(crate) fn new() -> Self {
        let texts = RandomState::default();
        let key = |number: u8| std::hash::RandomState::new().hash_one(number);
        Self { ids: IdHasher::new((key(0), key(1))), texts }
    }

    pub(crate) fn text(&self, line: &str) -> u64 {
        self.texts.hash_one(line)
    }
}

/// Records of a part of the input.
#[derive(Debug)]
pub(crate) struct Reader {
    hashers: Hashers,
    acceptance: Acceptance,
    pub(crate) names: Names<Arc<str>>,
    dates: BTreeMap<i32, Chunks>,
    /// Number of records that are in memory.
    kept: usize,
    kept_max: usize,
    spilled: Option<File>,
    pub(crate) lines: LineCounts,
}

/// Records of a date.
#[derive(Debug, Default)]
struct Chunks {
    full: Vec<Vec<EventRecord>>,
    last: Vec<EventRecord>,
    /// Places in the temporary file, each with a number of records.
    spilled: Vec<(u64, usize)>,
}

/// Counts of lines.
#[derive(Debug, Default)]
pub(crate) struct LineCounts {
    /// Number of events.
    pub(crate) events: u64,
    /// Number of lines that are no valid events.
    pub(crate) invalid: u64,
    /// First invalid lines: block, line in the block, and message.
    pub(crate) first_invalid: Vec<(usize, u64, String)>,
    /// Number of lines of each block.
    pub(crate) of_block: Vec<(usize, u64)>,
}

impl Reader {
    /// Creates a reader that keeps at most `kept_max` records in memory.
    pub(crate) fn new(hashers: Hashers, acceptance: Acceptance, kept_max: usize) -> Self {
        Self {
            hashers,
            acceptance,
            names: Names::default(),
            dates: BTreeMap::new(),
            kept: 0,
            kept_max,
            spilled: None,
            lines: LineCounts::default(),
        }
    }

    /// Reads the events of a block of lines. Blank lines are skipped.
    ///
    /// # Errors
    /// Returns an error if records cannot be written to a temporary file.
    pub(crate) fn read(&mut self, number: usize, block: &[u8]) -> io::Result<()> {
        let mut count = 0;
        for_each_line(block, |line| {
            count += 1;
            let event = line.and_then(|line| self.add(line));
            if let Err(message) = event {
                self.lines.invalid += 1;
                if self.lines.first_invalid.len() < INVALID_LINES_SHOWN {
                    self.lines.first_invalid.push((number, count, message));
                }
            }
        });
        self.lines.of_block.push((number, count));
        if self.kept > self.kept_max { self.spill() } else { Ok(()) }
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        let Hashers { ids, .. } = &self.hashers;
        let text = self.hashers.text(line);
        let names = &mut self.names;
        let record =
            with_event(line, &self.acceptance, |event| EventRecord::of(event, text, ids, names));
        let record = record.map_err(|rejection| rejection.to_string())?;
        self.lines.events += 1;
        self.kept += 1;
        self.dates.entry(record.day()).or_default().push(record);
        Ok(())
    }

    /// Moves all records to the temporary file.
    fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.spilled {
            Some(file) => file,
            None => self.spilled.insert(tempfile::tempfile()?),
        };
        let mut place = file.seek(SeekFrom::End(0))?;
        let mut bytes = Vec::new();
        for chunks in self.dates.values_mut() {
            let start = place;
            for chunk in chunks.full.iter().chain([&chunks.last]) {
                bytes.clear();
                chunk.iter().for_each(|record| record.store_in(&mut bytes));
                file.write_all(&bytes)?;
                place += bytes.len() as u64;
            }
            chunks.spilled.push((start, (place - start) as usize / STORED_BYTES));
            (chunks.full, chunks.last) = (Vec::new(), Vec::new());
        }
        self.kept = 0;
        Ok(())
    }

    /// Returns the dates, in days since 1970.
    pub(crate) fn days(&self) -> impl Iterator<Item = i32> {
        self.dates.keys().copied()
    }

    /// Calls `take` with the records of a date.
    ///
    /// # Errors
    /// Returns an error if the temporary file cannot be read.
    pub(crate) fn for_each(&self, day: i32, mut take: impl FnMut(EventRecord)) -> io::Result<()> {
        let Some(chunks) = self.dates.get(&day) else { return Ok(()) };
        chunks.records().for_each(|record| take(*record));
        for (place, count) in &chunks.spilled {
            let file = self.spilled.as_ref().expect("a file with these records");
            let mut bytes = vec![0; count * STORED_BYTES];
            file.read_exact_at(&mut bytes, *place)?;
            let (stored, _) = bytes.as_chunks();
            stored.iter().map(EventRecord::stored).for_each(&mut take);
        }
        Ok(())
    }

    /// Frees the memory of a date.
    pub(crate) fn forget(&mut self, day: i32) {
        self.dates.remove(&day);
    }
}

impl Chunks {
    fn push(&mut self, record: EventRecord) {
        if self.last.len() == self.last.capacity() {
            let next = (self.last.len() * 2).clamp(CHUNK_MIN, CHUNK_MAX);
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(next));
            if !full.is_empty() {
                self.full.push(full);
            }
        }
        self.last.push(record);
    }

    fn records(&self) -> impl Iterator<Item = &EventRecord> {
        self.full.iter().flatten().chain(&self.last)
    }
}

/// Calls `take` with each line of a block, without its end and blanks around it. A line that is not
/// UTF-8 is an error.
pub(crate) fn for_each_line(block: &[u8], mut take: impl FnMut(Result<&str, String>)) {
    // The end of a block cuts no line, so most blocks are checked as a whole.
    let text = std::str::from_utf8(block).ok();
    let mut start = 0;
    while start < block.len() {
        let end = memchr::memchr(b'\n', &block[start..]).map_or(block.len(), |end| start + end);
        let line = match text {
            Some(text) => Ok(&text[start..end]),
            None => std::str::from_utf8(&block[start..end]),
        };
        take(
            line.map(str::trim).map_err(|error| {
                format!("is not UTF-8 (byte {} of the line)", error.valid_up_to())
            }),
        );
        start = end + 1;
    }
}

/// Parses an event, or the event in a CloudEvent, and calls `take` with it.
pub(crate) fn with_event<T>(
    line: &str,
    acceptance: &Acceptance,
    take: impl for<'a> FnOnce(&EventRef<'a>) -> T,
) -> Result<T, Rejection> {
    if let Some(event) = EventRef::read(line, acceptance) {
        return Ok(take(&event));
    }
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    let event: Event = cloud_event::parse_event(line, acceptance)?;
    Ok(take(&event.as_event_ref()))
}
