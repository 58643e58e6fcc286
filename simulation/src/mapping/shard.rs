//! Driver of one shard: takes the steps that the real [`Lanes`] ask for and reports their results.

use std::time::Duration;

use event_source_mapping::decisions::{Lanes, Now, Position, Step};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::SimulatedMapping;
use super::instance::InstanceCheckpoints;
use super::invocation::{InvocationResult, invoke};

/// Pause between two reads.
const POLL: Duration = Duration::from_millis(200);

/// Reads and processes a shard from a position to its end. Returns the id of the shard.
pub(super) async fn run(
    mapping: SimulatedMapping,
    checkpoints: InstanceCheckpoints,
    id: String,
    position: Position,
) -> String {
    let stream = mapping.stream.clone();
    let place = match &position {
        Position::After(number) => stream.place_after(&id, number),
        _ => 0,
    };
    let mut driver = ShardDriver {
        lanes: Lanes::new(mapping.rules.clone()),
        began: Instant::now(),
        running: JoinSet::new(),
        reached: position,
        read: place,
        checked: place,
        mapping,
        checkpoints,
        id,
    };
    driver.run().await;
    driver.id
}

struct ShardDriver {
    mapping: SimulatedMapping,
    checkpoints: InstanceCheckpoints,
    id: String,
    lanes: Lanes,
    began: Instant,
    running: JoinSet<InvocationResult>,
    /// Last checkpoint.
    reached: Position,
    /// Number of records read from the shard.
    read: usize,
    /// Number of records that the auditor checked.
    checked: usize,
}

impl ShardDriver {
    async fn run(&mut self) {
        let mut stream = self.mapping.stream.watch();
        let mut is_end = false;
        let mut draw = self.mapping.sim.draw(&self.id);
        loop {
            self.begin_steps();
            self.update_checkpoint();
            if is_end && self.lanes.is_empty() {
                self.checkpoints.set(&self.id, Position::End);
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
                    let InvocationResult { lane, answer } = answered.expect("invocations do not panic");
                    let now = self.now();
                    let tally = self.lanes.answered(lane, answer, now);
                    self.mapping.sim.count("records processed", tally.processed);
                    self.mapping.sim.count("records handed over again", tally.retried);
                }
                () = sleep_until(wakes.unwrap_or(self.began)), if wakes.is_some() => {}
                () = stream.changed(), if reads => {}
            }
        }
    }

    fn now(&self) -> Now {
        Now { wall: self.mapping.sim.now(), elapsed: self.began.elapsed() }
    }

    fn begin_steps(&mut self) {
        while let Some(step) = self.lanes.next(self.now()) {
            match step {
                Step::Invoke { lane, batch } => {
                    let (mapping, id) = (self.mapping.clone(), self.id.clone());
                    self.running.spawn(invoke(mapping, id, lane, batch));
                }
                Step::Discard(given_up) => {
                    let detail = format!("{}: {:?}", self.id, given_up.condition);
                    self.mapping.auditor.report("given up", detail);
                    self.lanes.kept(given_up.lane);
                }
            }
        }
    }

    fn update_checkpoint(&mut self) {
        let Some(reached) = self.lanes.checkpoint().cloned() else { return };
        let position = Position::After(reached.clone());
        if position == self.reached {
            return;
        }
        let SimulatedMapping { stream, processor, auditor, .. } = &self.mapping;
        let place = stream.place_after(&self.id, &reached);
        let done = stream.read(&self.id, self.checked, place - self.checked).records;
        auditor.checkpointed(&done, &processor.tables);
        self.checked = place;
        self.checkpoints.set(&self.id, position.clone());
        self.reached = position;
    }
}
