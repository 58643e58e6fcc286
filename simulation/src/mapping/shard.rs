//! One shard: does what the real [`Lanes`] ask for and tells them what came of it.

use std::time::Duration;

use event_source_mapping::decisions::{Lanes, Now, Position, Step};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::Mapping;
use super::invocation::{Answered, invoke};
use super::life::Book;

/// Pause between two reads.
const POLL: Duration = Duration::from_millis(200);

/// Reads and handles a shard from a position to its end; answers which it was.
pub(super) async fn run(mapping: Mapping, book: Book, id: String, position: Position) -> String {
    let stream = mapping.stream.clone();
    let place = match &position {
        Position::After(number) => stream.place_after(&id, number),
        _ => 0,
    };
    let mut runner = Runner {
        lanes: Lanes::new(mapping.rules.clone()),
        began: Instant::now(),
        running: JoinSet::new(),
        noted: position,
        read: place,
        checked: place,
        mapping,
        book,
        id,
    };
    runner.run().await;
    runner.id
}

struct Runner {
    mapping: Mapping,
    book: Book,
    id: String,
    lanes: Lanes,
    began: Instant,
    running: JoinSet<Answered>,
    noted: Position,
    /// How many records of the shard were read.
    read: usize,
    /// How many records the auditor was told to be done.
    checked: usize,
}

impl Runner {
    async fn run(&mut self) {
        let mut news = self.mapping.stream.news();
        let mut is_end = false;
        let mut draw = self.mapping.weather.draw(&self.id);
        loop {
            self.begin_steps();
            self.note_checkpoint();
            if is_end && self.lanes.is_empty() {
                self.book.note(&self.id, Position::End);
                return;
            }
            let reads = !is_end && self.lanes.has_room();
            if reads {
                let most = 1 + draw.below(40) as usize;
                let found = self.mapping.stream.read(&self.id, self.read, most);
                is_end = found.is_end;
                if is_end {
                    self.lanes.end();
                }
                if !found.records.is_empty() || is_end {
                    self.read += found.records.len();
                    let now = self.now();
                    self.lanes.offer(found.records.into_iter().map(|stored| stored.record), now);
                    sleep(POLL).await;
                    continue;
                }
            }
            let wakes = self.lanes.wakes_at(self.now()).map(|wakes| self.began + wakes);
            tokio::select! {
                biased;
                Some(answered) = self.running.join_next() => {
                    let Answered { lane, answer } = answered.expect("invocations do not panic");
                    let now = self.now();
                    let tally = self.lanes.answered(lane, answer, now);
                    self.mapping.weather.count("records processed", tally.processed);
                    self.mapping.weather.count("records handed over again", tally.retried);
                }
                () = sleep_until(wakes.unwrap_or(self.began)), if wakes.is_some() => {}
                () = news.changed(), if reads => {}
            }
        }
    }

    fn now(&self) -> Now {
        Now { wall: self.mapping.weather.now(), elapsed: self.began.elapsed() }
    }

    fn begin_steps(&mut self) {
        while let Some(step) = self.lanes.next(self.now()) {
            match step {
                Step::Invoke { lane, batch } => {
                    let (mapping, id) = (self.mapping.clone(), self.id.clone());
                    self.running.spawn(invoke(mapping, id, lane, batch));
                }
                Step::Discard(given_up) => {
                    let what = format!("{}: {:?}", self.id, given_up.condition);
                    self.mapping.auditor.object("given up", what);
                    self.lanes.kept(given_up.lane);
                }
            }
        }
    }

    fn note_checkpoint(&mut self) {
        let Some(reached) = self.lanes.checkpoint().cloned() else { return };
        let position = Position::After(reached.clone());
        if position == self.noted {
            return;
        }
        let Mapping { stream, processor, auditor, .. } = &self.mapping;
        let place = stream.place_after(&self.id, &reached);
        let done = stream.read(&self.id, self.checked, place - self.checked).records;
        auditor.checkpointed(&done, &processor.tables);
        self.checked = place;
        self.book.note(&self.id, position.clone());
        self.noted = position;
    }
}
