//! Ids that came with different texts. The texts decide which event counts.

use std::collections::{HashMap, HashSet};
use std::io;

use domain::Acceptance;
use foldhash::fast::RandomState;

use crate::event_record::{EventRecord, day_of};
use crate::input::Input;
use crate::reader::{Hashers, for_each_line, with_event};

/// Event id within a store and UTC date: days since 1970, store, hash of the id.
pub(crate) type DateId<S> = (i32, S, [u64; 2]);

/// Hashes of the texts that count, by id.
pub(crate) type Winners = HashMap<DateId<u32>, u64, RandomState>;

/// Returns the event that counts for each id of one store and UTC date, and the ids that came with
/// several texts, of which none is known to count.
pub(crate) fn one_of_each_id<'e>(
    events: &'e [EventRecord],
    winners: &Winners,
) -> (Vec<&'e EventRecord>, Vec<DateId<u32>>) {
    let mut conflicts = Vec::new();
    let mut counting: Vec<&EventRecord> = Vec::with_capacity(events.len());
    let mut places: HashMap<[u64; 2], usize, RandomState> =
        HashMap::with_capacity_and_hasher(events.len(), RandomState::default());
    for event in events {
        let place = *places.entry(event.id).or_insert_with(|| {
            counting.push(event);
            counting.len() - 1
        });
        let known = counting[place];
        if known.text == event.text {
            continue;
        }
        let id = (event.day(), event.store, event.id);
        match winners.get(&id) {
            Some(winner) if *winner == event.text => counting[place] = event,
            Some(_) => {}
            None => conflicts.push(id),
        }
    }
    (counting, conflicts)
}

/// Reads the input again to find the text that counts for each id: the one whose content sorts
/// first, of equal contents the one of the import that sorts first. Also returns the number of ids
/// with different contents.
///
/// # Errors
/// Returns an error if the input cannot be read.
pub(crate) fn winners(
    input: &mut Input,
    hashers: &Hashers,
    acceptance: &Acceptance,
    conflicts: &HashSet<DateId<String>>,
) -> io::Result<HashMap<DateId<String>, Winner>> {
    let mut winners: HashMap<DateId<String>, Winner> = HashMap::new();
    let mut blocks = input.blocks()?;
    let mut block = Vec::new();
    while blocks.read(&mut block)?.is_some() {
        for_each_line(&block, |line| {
            let Ok(line) = line else { return };
            let candidate = with_event(line, acceptance, |event| {
                let day = day_of(event.occurred_at_millis());
                let id = (day, event.store_id().to_owned(), hashers.ids.hash(event.event_id()));
                let owned = conflicts.contains(&id).then(|| event.to_event())?;
                let import_id = owned.details().import_id.as_ref().map(ToString::to_string);
                Some((id, (owned.content(), import_id)))
            });
            let Ok(Some((id, rank))) = candidate else { return };
            let text = hashers.text(line);
            match winners.get_mut(&id) {
                None => {
                    winners.insert(id, Winner { rank, text, has_contents: false });
                }
                Some(winner) => {
                    winner.has_contents |= winner.rank.0 != rank.0;
                    if rank < winner.rank {
                        (winner.rank, winner.text) = (rank, text);
                    }
                }
            }
        });
    }
    Ok(winners)
}

/// Text that counts for an id.
#[derive(Debug)]
pub(crate) struct Winner {
    /// Content and import.
    rank: (String, Option<String>),
    /// Hash of the text.
    pub(crate) text: u64,
    /// `true` if the id came with different contents.
    pub(crate) has_contents: bool,
}
