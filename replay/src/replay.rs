//! The three steps of a replay: read all events, sum them date by date, write the lines.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use domain::Acceptance;
use foldhash::fast::RandomState;

use crate::conflicts::{DateId, Winners, one_of_each_id, winners};
use crate::event_record::{EventRecord, STORED_BYTES};
use crate::input::Input;
use crate::lines::Format;
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

/// Blocks between the thread that inflates and a thread that parses.
const BLOCKS_WAITING: usize = 2;

/// Writes the windows of the events in `input`. `progress` is called with the size of each block
/// that was read, in bytes of text.
///
/// Invalid lines are counted and left out.
///
/// # Errors
/// Returns an error if the input cannot be read or inflated, a temporary file fails, or the output
/// cannot be written.
pub fn replay(
    mut input: Input,
    output: &mut impl Write,
    options: &Options,
    progress: impl FnMut(usize),
) -> io::Result<Summary> {
    let hashers = Hashers::new();
    let mut readers = read(&mut input, &hashers, options, progress)?;
    let mut summary = summary_of(&readers);
    let (names, places) = Names::merged(readers.iter().map(|reader| &reader.names));
    let days: BTreeSet<i32> = readers.iter().flat_map(Reader::days).collect();
    let mut days: Vec<i32> = days.into_iter().collect();
    let mut known = Winners::default();
    output.write_all(options.format.header().as_bytes())?;
    while !days.is_empty() {
        let next = &days[..options.threads.clamp(1, days.len())];
        let sources = Sources { readers: &readers, places: &places };
        let sums = in_parallel(next, |day| {
            let sums = sources.sums(day, &known)?;
            let mut lines = Vec::new();
            if sums.conflicts.is_empty() {
                options.format.write(day, &sums.rows, &names, &mut lines);
            }
            Ok((sums, lines))
        })?;
        if sums.iter().any(|(sums, _)| !sums.conflicts.is_empty()) {
            let found = in_parallel(&days, |day| Ok(sources.sums(day, &known)?.conflicts))?;
            let found = found.into_iter().flatten().collect();
            summary.conflicts += resolve(&mut input, &hashers, &names, &found, &mut known)?;
            continue;
        }
        for (sums, lines) in &sums {
            output.write_all(lines)?;
            summary.windows += sums.rows.len() as u64;
            summary.repetitions += sums.repetitions;
        }
        for day in days.drain(..sums.len()) {
            readers.iter_mut().for_each(|reader| reader.forget(day));
        }
    }
    output.flush()?;
    Ok(summary)
}

/// Rules of a replay: events of any age are accepted.
fn acceptance() -> Acceptance {
    let far = chrono::DateTime::from_timestamp_millis(0).expect("1970");
    Acceptance { age_max: None, ahead_max: std::time::Duration::MAX, received_at: far }
}

/// Reads the whole input in several threads.
fn read(
    input: &mut Input,
    hashers: &Hashers,
    options: &Options,
    mut progress: impl FnMut(usize),
) -> io::Result<Vec<Reader>> {
    let threads = options.threads.max(1);
    let kept_max = options.memory_bytes / STORED_BYTES / threads;
    let (to, from) = sync_channel::<(usize, Vec<u8>)>(BLOCKS_WAITING);
    let from = Mutex::new(from);
    thread::scope(|scope| {
        let read = || read_blocks(&from, Reader::new(hashers.clone(), acceptance(), kept_max));
        let readers: Vec<_> = (0..threads).map(|_| scope.spawn(read)).collect();
        let mut number = 0;
        let sent = input.read_blocks(|block| {
            progress(block.len());
            number += 1;
            // A reader that failed takes no more blocks. Its error is reported below.
            to.send((number, block)).map_err(io::Error::other)
        });
        drop(to);
        let readers = readers.into_iter().map(|reader| reader.join().expect("no panic"));
        let readers: io::Result<Vec<Reader>> = readers.collect();
        sent.and(readers)
    })
}

fn read_blocks(from: &Mutex<Receiver<(usize, Vec<u8>)>>, mut reader: Reader) -> io::Result<Reader> {
    loop {
        let received = from.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, block)) = received else { return Ok(reader) };
        reader.read(number, &block)?;
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

/// Calls `work` for each day, each in a thread of its own. Returns the results in order.
fn in_parallel<T: Send>(
    days: &[i32],
    work: impl Fn(i32) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let [day] = days else {
        let work = &work;
        return thread::scope(|scope| {
            let running: Vec<_> = days.iter().map(|day| scope.spawn(move || work(*day))).collect();
            running.into_iter().map(|running| running.join().expect("no panic")).collect()
        });
    };
    Ok(vec![work(*day)?])
}

/// Records of all readers, with the places of their names in the merged names.
struct Sources<'a> {
    readers: &'a [Reader],
    places: &'a [MergedPlaces],
}

/// Sums of a date.
struct DateSums {
    /// Windows, sorted by start, store and item.
    rows: Vec<WindowSums>,
    repetitions: u64,
    /// Ids that came with several texts. The sums are not valid unless it is empty.
    conflicts: Vec<DateId<u32>>,
}

impl Sources<'_> {
    fn sums(&self, day: i32, known: &Winners) -> io::Result<DateSums> {
        let mut records = Vec::new();
        for (reader, places) in self.readers.iter().zip(self.places) {
            let of_reader = reader.records(day)?.into_iter().map(|record| EventRecord {
                store: places.stores[record.store as usize],
                sku: places.skus[record.sku as usize],
                currency: places.currency(record.currency),
                ..record
            });
            records.extend(of_reader);
        }
        let mut stores: HashMap<u32, Vec<&EventRecord>, RandomState> = HashMap::default();
        for record in &records {
            stores.entry(record.store).or_default().push(record);
        }
        let mut sums = DateSums { rows: Vec::new(), repetitions: 0, conflicts: Vec::new() };
        for events in stores.into_values() {
            let (counting, conflicts) = one_of_each_id(&events, known);
            sums.repetitions += (events.len() - counting.len()) as u64;
            sums.conflicts.extend(conflicts);
            add_sums(&counting, &mut sums.rows);
        }
        sums.rows.sort_unstable_by_key(|row| (row.window, row.store, row.sku));
        Ok(sums)
    }
}

/// Finds the texts that count for the ids found in conflict, and adds them to the known ones.
/// Returns the number of ids with different contents.
fn resolve(
    input: &mut Input,
    hashers: &Hashers,
    names: &Names,
    found: &HashSet<DateId<u32>>,
    known: &mut Winners,
) -> io::Result<u64> {
    let named =
        found.iter().map(|(day, store, id)| (*day, names.stores.text(*store).to_owned(), *id));
    let found = winners(input, hashers, &acceptance(), &named.collect())?;
    let contents = found.values().filter(|winner| winner.has_contents).count() as u64;
    for ((day, store, id), winner) in found {
        let store = names.stores.known_place(&store).expect("a store of the input");
        known.insert((day, store, id), winner.text);
    }
    Ok(contents)
}
