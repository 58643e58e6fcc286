//! The three steps of a replay: read all events, sum them date by date, write the lines.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use domain::Acceptance;
use foldhash::fast::RandomState;

use crate::conflicts::{DateId, Winners, one_of_each_id, winners};
use crate::event_record::{EventRecord, STORED_BYTES};
use crate::input::{Blocks, Input};
use crate::lines::{Format, Lines};
use crate::names::{MergedPlaces, Names};
use crate::reader::{Hashers, INVALID_LINES_SHOWN, Reader};
use crate::windows::{WindowSums, add_sums};

/// Settings of a replay.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Form of the output.
    pub format: Format,
    /// Number of threads that read and sum.
    pub threads: usize,
    /// Memory of the events, in bytes. More events go to a temporary file.
    pub memory_bytes: usize,
}

impl Default for Options {
    /// NDJSON, two threads, 256 MiB: five million events.
    fn default() -> Self {
        Self { format: Format::Ndjson, threads: 2, memory_bytes: 256 << 20 }
    }
}

/// Result of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Number of valid events.
    pub events: u64,
    /// Number of events whose id had come before.
    pub repetitions: u64,
    /// Number of ids that came with different contents. The content that sorts first counts.
    pub conflicts: u64,
    /// Number of lines written, without a header.
    pub windows: u64,
    /// Number of lines that are no valid events.
    pub invalid: u64,
    /// The first invalid lines, at most [`INVALID_LINES_SHOWN`] of them.
    pub first_invalid: Vec<InvalidLine>,
}

/// Line that is no valid event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidLine {
    /// Number of the line, from 1.
    pub number: u64,
    /// Violated rules.
    pub message: String,
}

/// Reason for failing to replay a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input cannot be read or inflated, or has a line that is too long.
    #[error("{0}")]
    Input(io::Error),
    /// A temporary file cannot be written or read.
    #[error("{0}")]
    TemporaryFile(io::Error),
    /// The output cannot be written.
    #[error("{0}")]
    Output(io::Error),
}

/// Writes the windows of the events in `input`. `progress` is called with the size of each block
/// that was read, in bytes of text.
///
/// Invalid lines are counted and left out.
///
/// # Errors
/// Returns an error if a file fails. The output may then have a part of the lines.
pub fn replay(
    mut input: Input,
    output: &mut (impl Write + Send),
    options: &Options,
    progress: impl FnMut(usize) + Send,
) -> Result<Summary, Error> {
    let hashers = Hashers::new();
    let mut readers = read(&mut input, &hashers, options, progress)?;
    let mut summary = summary_of(&readers);
    let (names, places) = Names::merged(readers.iter().map(|reader| &reader.names));
    let days: BTreeSet<i32> = readers.iter().flat_map(Reader::days).collect();
    let mut known = Winners::default();
    output.write_all(options.format.header().as_bytes()).map_err(Error::Output)?;
    let mut waiting: Option<(i32, Vec<DateSums>)> = None;
    for day in days.iter().copied() {
        let sources = Sources { readers: &readers, places: &places, threads: options.threads };
        // The lines of a date are written while the next date is summed.
        let mut sums = thread::scope(|scope| {
            let summing = scope.spawn(|| sources.sums(day, &known));
            let written =
                waiting.take().map(|(day, sums)| write(options, day, &sums, &names, output));
            written.transpose().map_err(Error::Output)?;
            summing.join().expect("no panic").map_err(Error::TemporaryFile)
        })?;
        if has_conflicts(&sums) {
            // Conflicts of later dates are found too, so that the input is seldom read again.
            let mut found = HashSet::new();
            for later in days.range(day..) {
                let sums = sources.sums(*later, &known).map_err(Error::TemporaryFile)?;
                found.extend(sums.into_iter().flat_map(|sums| sums.conflicts));
                if found.len() >= CONFLICTS_MAX {
                    break;
                }
            }
            let resolved = resolve(&mut input, &hashers, &names, &found, &mut known);
            summary.conflicts += resolved.map_err(Error::Input)?;
            sums = sources.sums(day, &known).map_err(Error::TemporaryFile)?;
            if has_conflicts(&sums) {
                return Err(Error::Input(io::Error::other("it changed while it was read")));
            }
        }
        summary.windows += sums.iter().map(|sums| sums.rows.len() as u64).sum::<u64>();
        summary.repetitions += sums.iter().map(|sums| sums.repetitions).sum::<u64>();
        waiting = Some((day, sums));
        readers.iter_mut().for_each(|reader| reader.forget(day));
    }
    let written = waiting.map(|(day, sums)| write(options, day, &sums, &names, output));
    written.transpose().map_err(Error::Output)?;
    output.flush().map_err(Error::Output)?;
    Ok(summary)
}

/// Number of ids with several texts that are resolved in one reading, unless one date has more.
const CONFLICTS_MAX: usize = 200_000;

fn has_conflicts(sums: &[DateSums]) -> bool {
    sums.iter().any(|sums| !sums.conflicts.is_empty())
}

/// Rules of a replay: events of any age are accepted.
fn acceptance() -> Acceptance {
    let received_at = chrono::DateTime::UNIX_EPOCH;
    Acceptance { age_max: None, ahead_max: std::time::Duration::MAX, received_at }
}

/// Reads the whole input in several threads. Each takes one block after the other.
fn read(
    input: &mut Input,
    hashers: &Hashers,
    options: &Options,
    progress: impl FnMut(usize) + Send,
) -> Result<Vec<Reader>, Error> {
    let threads = options.threads.max(1);
    let kept_max = options.memory_bytes / STORED_BYTES / threads;
    let blocks = input.blocks().map_err(Error::Input)?;
    let blocks = Mutex::new(SharedBlocks { blocks, progress, has_failed: false });
    thread::scope(|scope| {
        let read = || read_blocks(&blocks, Reader::new(hashers.clone(), acceptance(), kept_max));
        let readers: Vec<_> = (0..threads).map(|_| scope.spawn(read)).collect();
        readers.into_iter().map(|reader| reader.join().expect("no panic")).collect()
    })
}

/// Blocks of the input, which the threads take in turn.
struct SharedBlocks<'a, P> {
    blocks: Blocks<'a>,
    progress: P,
    /// `true` after an error of any thread, which ends the others.
    has_failed: bool,
}

fn read_blocks(
    shared: &Mutex<SharedBlocks<'_, impl FnMut(usize)>>,
    mut reader: Reader,
) -> Result<Reader, Error> {
    let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    let mut block = Vec::new();
    loop {
        let read = {
            let mut shared = lock();
            if shared.has_failed {
                return Ok(reader);
            }
            let read = shared.blocks.read(&mut block).map_err(Error::Input);
            (shared.progress)(block.len());
            read
        };
        let read = match read {
            Ok(None) => return Ok(reader),
            Ok(Some(number)) => reader.read(number, &block).map_err(Error::TemporaryFile),
            Err(error) => Err(error),
        };
        if let Err(error) = read {
            lock().has_failed = true;
            return Err(error);
        }
    }
}

fn summary_of(readers: &[Reader]) -> Summary {
    let lines = || readers.iter().map(|reader| &reader.lines);
    let mut blocks: Vec<(usize, u64)> = lines().flat_map(|lines| lines.of_block.clone()).collect();
    blocks.sort_unstable();
    let mut before = HashMap::new();
    let mut sum = 0;
    for (block, count) in blocks {
        before.insert(block, sum);
        sum += count;
    }
    let invalid = lines().flat_map(|lines| &lines.first_invalid);
    let mut first_invalid: Vec<InvalidLine> = invalid
        .map(|(block, line, message)| InvalidLine {
            number: before[block] + line,
            message: message.clone(),
        })
        .collect();
    first_invalid.sort_unstable_by_key(|line| line.number);
    first_invalid.truncate(INVALID_LINES_SHOWN);
    Summary {
        events: lines().map(|lines| lines.events).sum(),
        invalid: lines().map(|lines| lines.invalid).sum(),
        first_invalid,
        ..Summary::default()
    }
}

/// Writes the lines of a date, whose sums are in parts.
fn write(
    options: &Options,
    day: i32,
    parts: &[DateSums],
    names: &Names<Arc<str>>,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut lines = Lines::new(options.format, day);
    let mut rows: Vec<_> = parts.iter().map(|part| part.in_order().peekable()).collect();
    let mut buffer = Vec::with_capacity(2 * WRITE_BYTES);
    loop {
        let first = rows.iter_mut().filter_map(|rows| Some((place(rows.peek()?), rows)));
        let Some((_, next)) = first.min_by_key(|(place, _)| *place) else { break };
        lines.write(next.next().expect("a row was seen"), names, &mut buffer);
        if buffer.len() >= WRITE_BYTES {
            output.write_all(&buffer)?;
            buffer.clear();
        }
    }
    output.write_all(&buffer)
}

/// Size of a write, in bytes.
const WRITE_BYTES: usize = 256 * 1024;

/// Place of a window in the order of the output.
fn place(row: &WindowSums) -> (u32, u32, u32) {
    (row.window, row.store, row.sku)
}

/// Records of all readers, with the places of their names in the merged names.
struct Sources<'a> {
    readers: &'a [Reader],
    places: &'a [MergedPlaces],
    threads: usize,
}

/// Sums of a part of the stores of a date.
struct DateSums {
    rows: Vec<WindowSums>,
    /// Places of the rows, sorted by start, store and item.
    order: Vec<u32>,
    repetitions: u64,
    /// Ids that came with several texts. The sums are not valid unless it is empty.
    conflicts: Vec<DateId<u32>>,
}

impl DateSums {
    fn in_order(&self) -> impl Iterator<Item = &WindowSums> {
        self.order.iter().map(|place| &self.rows[*place as usize])
    }
}

impl Sources<'_> {
    /// Returns the sums of a date, in as many parts as there are threads.
    fn sums(&self, day: i32, known: &Winners) -> io::Result<Vec<DateSums>> {
        let threads = u32::try_from(self.threads.max(1)).expect("fewer than 2^32 threads");
        thread::scope(|scope| {
            let parts: Vec<_> = (0..threads)
                .map(|part| scope.spawn(move || self.sums_of_part(day, known, part, threads)))
                .collect();
            parts.into_iter().map(|part| part.join().expect("no panic")).collect()
        })
    }

    /// Returns the sums of each `of`th store.
    fn sums_of_part(&self, day: i32, known: &Winners, part: u32, of: u32) -> io::Result<DateSums> {
        let mut stores: HashMap<u32, Vec<EventRecord>, RandomState> = HashMap::default();
        for (reader, places) in self.readers.iter().zip(self.places) {
            reader.for_each(day, |record| {
                let store = places.stores[record.store as usize];
                if store % of == part {
                    let sku = places.skus[record.sku as usize];
                    let currency = places.currency(record.currency);
                    let record = EventRecord { store, sku, currency, ..record };
                    stores.entry(store).or_default().push(record);
                }
            })?;
        }
        let mut rows = Vec::new();
        let (mut repetitions, mut conflicts) = (0, Vec::new());
        for events in stores.into_values() {
            let (counting, found) = one_of_each_id(&events, known);
            repetitions += (events.len() - counting.len()) as u64;
            conflicts.extend(found);
            add_sums(&counting, &mut rows);
        }
        let mut order: Vec<((u32, u32, u32), u32)> = rows.iter().map(place).zip(0..).collect();
        order.sort_unstable();
        let order = order.into_iter().map(|(_, place)| place).collect();
        Ok(DateSums { rows, order, repetitions, conflicts })
    }
}

/// Finds the texts that count for the ids found in conflict, and adds them to the known ones.
/// Returns the number of ids with different contents.
fn resolve(
    input: &mut Input,
    hashers: &Hashers,
    names: &Names<Arc<str>>,
    found: &HashSet<DateId<u32>>,
    known: &mut Winners,
) -> io::Result<u64> {
    let named =
        found.iter().map(|(day, store, id)| (*day, names.stores.text(*store).to_owned(), *id));
    let found = winners(input, hashers, &acceptance(), &named.collect())?;
    known.clear();
    let contents = found.values().filter(|winner| winner.has_contents).count() as u64;
    for ((day, store, id), winner) in found {
        let store = names.stores.known_place(&store).expect("a store of the input");
        known.insert((day, store, id), winner.text);
    }
    Ok(contents)
}
