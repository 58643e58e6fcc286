//! Driver of one shard: executes the actions of the real [`SubShards`] and reports their results.

use std::time::Duration;

use event_source_mapping::decisions::{ShardAction, ShardPosition, ShardTime, SubShards};
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
    position: ShardPosition,
) -> String {
    let stream = mapping.stream.clone();
    let place = match &position {
        ShardPosition::After(number) => stream.place_after(&id, number),
        _ => 0,
    };
    let mut driver = ShardDriver {
        sub_shards: SubShards::new(mapping.rules.clone()),
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
    sub_shards: SubShards,
    began: Instant,
    running: JoinSet<InvocationResult>,
    /// Last checkpoint.
    reached: ShardPosition,
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
            if is_end && self.sub_shards.is_empty() {
                self.checkpoints.set(&self.id, ShardPosition::End);
                return;
            }
            let reads = !is_end && self.sub_shards.has_room();
            if reads {
                let most = 1 + draw.below(40) as usize;
                let found = self.mapping.stream.read(&self.id, self.read, most);
                is_end = found.is_end;
                if is_end {
                    self.sub_shards.end();
                }
                if !found.records.is_empty() || is_end {
                    self.read += found.records.len();
                    let now = self.now();
                    self.sub_shards
                        .push(found.records.into_iter().map(|stored| stored.record), now);
                    sleep(POLL).await;
                    continue;
                }
            }
            let wake = self.sub_shards.next_wake(self.now()).map(|wake| self.began + wake);
            tokio::select! {
                biased;
                Some(answered) = self.running.join_next() => {
                    let result = answered.expect("invocations do not panic");
                    let InvocationResult { sub_shard, outcome } = result;
                    let now = self.now();
                    let counts = self.sub_shards.complete_invocation(sub_shard, outcome, now);
                    self.mapping.sim.count("records processed", counts.processed);
                    self.mapping.sim.count("records redelivered", counts.retried);
                }
                () = sleep_until(wake.unwrap_or(self.began)), if wake.is_some() => {}
                () = stream.changed(), if reads => {}
            }
        }
    }

    fn now(&self) -> ShardTime {
        ShardTime { wall: self.mapping.sim.now(), elapsed: self.began.elapsed() }
    }

    fn begin_steps(&mut self) {
        while let Some(action) = self.sub_shards.next_action(self.now()) {
            match action {
                ShardAction::Invoke { sub_shard, batch } => {
                    let (mapping, id) = (self.mapping.clone(), self.id.clone());
                    self.running.spawn(invoke(mapping, id, sub_shard, batch));
                }
                ShardAction::Discard(given_up) => {
                    let detail = format!("{}: {:?}", self.id, given_up.condition);
                    self.mapping.auditor.report("given up", detail);
                    self.sub_shards.complete_discard(given_up.sub_shard);
                }
            }
        }
    }

    fn update_checkpoint(&mut self) {
        let Some(reached) = self.sub_shards.checkpoint().cloned() else { return };
        let position = ShardPosition::After(reached.clone());
        if position == self.reached {
            return;
        }
        let SimulatedMapping { stream, handlers, auditor, .. } = &self.mapping;
        let place = stream.place_after(&self.id, &reached);
        let done = stream.read(&self.id, self.checked, place - self.checked).records;
        auditor.checkpointed(&done, &handlers.tables);
        self.checked = place;
        self.checkpoints.set(&self.id, position.clone());
        self.reached = position;
    }
}
