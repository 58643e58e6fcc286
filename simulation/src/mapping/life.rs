//! One life of the mapping, from its start at the last checkpoint until it is killed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_source_mapping::StartingPosition;
use event_source_mapping::decisions::{Position, first_positions, readable};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Mapping, Positions, shard};
use crate::fault::Fault;
use crate::news::News;

/// Longest that a checkpoint is on its way to the disk.
const LATE_MAX: Duration = Duration::from_secs(120);

/// What a killed mapping forgets: when it is dropped, everything that runs for it ends.
pub(super) struct Life {
    mapping: Mapping,
    book: Book,
    reading: BTreeSet<String>,
    shards: JoinSet<String>,
    writer: JoinSet<()>,
}

/// The checkpoints as the mapping knows them.
#[derive(Clone)]
pub(super) struct Book {
    memory: Arc<Mutex<Positions>>,
    changes: News,
}

impl Book {
    pub(super) fn note(&self, shard: &str, position: Position) {
        self.memory.lock().unwrap().insert(shard.to_owned(), position);
        self.changes.tell();
    }

    fn positions(&self) -> Positions {
        self.memory.lock().unwrap().clone()
    }
}

impl Life {
    pub(super) fn new(mapping: Mapping) -> Self {
        let mut disk = mapping.disk.lock().unwrap();
        if disk.is_empty() {
            let now = mapping.weather.now();
            *disk = first_positions(&mapping.stream.list(), StartingPosition::TrimHorizon, now);
        }
        let memory = disk.clone();
        drop(disk);
        mapping.weather.tell(|| format!("mapping: starts at {memory:?}"));
        let book = Book { memory: Arc::new(Mutex::new(memory)), changes: News::default() };
        let mut writer = JoinSet::new();
        writer.spawn(write(mapping.clone(), book.clone()));
        Self { mapping, book, reading: BTreeSet::new(), shards: JoinSet::new(), writer }
    }

    /// Reads whichever shards may be read. May be dropped and called again at any point.
    pub(super) async fn run(&mut self) {
        let mut news = self.mapping.stream.news();
        loop {
            let shards = self.mapping.stream.list();
            for (id, position) in readable(&shards, &self.book.positions(), &self.reading) {
                self.mapping.weather.tell(|| format!("mapping: reads {id} from {position:?}"));
                self.reading.insert(id.clone());
                let run = shard::run(self.mapping.clone(), self.book.clone(), id, position);
                self.shards.spawn(run);
            }
            tokio::select! {
                biased;
                Some(ended) = self.shards.join_next() => {
                    let id = ended.expect("a shard's reader neither panics nor is aborted");
                    self.reading.remove(&id);
                }
                () = news.changed() => {}
                Some(_) = self.writer.join_next() => unreachable!("it writes for ever"),
            }
        }
    }
}

/// Writes the checkpoints to the disk, some of them late.
async fn write(mapping: Mapping, book: Book) {
    let mut changes = book.changes.listen();
    loop {
        changes.changed().await;
        if mapping.weather.strikes(Fault::LateCheckpoint) {
            sleep(mapping.weather.time(Fault::LateCheckpoint, LATE_MAX)).await;
        }
        *mapping.disk.lock().unwrap() = book.positions();
        mapping.progress.tell();
    }
}
