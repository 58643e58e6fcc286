//! Instance of the mapping, from its start at the last checkpoint until it is killed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_source_mapping::StartingPosition;
use event_source_mapping::decisions::{ShardPosition, initial_positions, readable_shards};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Positions, SimulatedMapping, shard};
use crate::change_notifier::ChangeNotifier;
use crate::injected_fault::InjectedFault;

/// Maximum delay of a checkpoint on its way to the disk.
const LATE_MAX: Duration = Duration::from_secs(120);

/// State of the mapping that a kill loses. Dropping an instance ends all of its tasks.
pub(super) struct MappingInstance {
    mapping: SimulatedMapping,
    checkpoints: InstanceCheckpoints,
    reading: BTreeSet<String>,
    shards: JoinSet<String>,
    writer: JoinSet<()>,
}

/// Checkpoints in the memory of an instance.
#[derive(Clone)]
pub(super) struct InstanceCheckpoints {
    memory: Arc<Mutex<Positions>>,
    changes: ChangeNotifier,
}

impl InstanceCheckpoints {
    pub(super) fn set(&self, shard: &str, position: ShardPosition) {
        self.memory.lock().unwrap().insert(shard.to_owned(), position);
        self.changes.notify();
    }

    fn positions(&self) -> Positions {
        self.memory.lock().unwrap().clone()
    }
}

impl MappingInstance {
    pub(super) fn new(mapping: SimulatedMapping) -> Self {
        let mut disk = mapping.disk.lock().unwrap();
        if disk.is_empty() {
            let now = mapping.sim.now();
            *disk = initial_positions(&mapping.stream.list(), StartingPosition::TrimHorizon, now);
        }
        let memory = disk.clone();
        drop(disk);
        mapping.sim.log(|| format!("mapping: starts at {memory:?}"));
        let checkpoints = InstanceCheckpoints {
            memory: Arc::new(Mutex::new(memory)),
            changes: ChangeNotifier::default(),
        };
        let mut writer = JoinSet::new();
        writer.spawn(write(mapping.clone(), checkpoints.clone()));
        Self { mapping, checkpoints, reading: BTreeSet::new(), shards: JoinSet::new(), writer }
    }

    /// Reads every readable shard. The future may be dropped and `run` called again at any point.
    pub(super) async fn run(&mut self) {
        let mut stream = self.mapping.stream.watch();
        loop {
            let shards = self.mapping.stream.list();
            for (id, position) in
                readable_shards(&shards, &self.checkpoints.positions(), &self.reading)
            {
                self.mapping.sim.log(|| format!("mapping: reads {id} from {position:?}"));
                self.reading.insert(id.clone());
                let run = shard::run(self.mapping.clone(), self.checkpoints.clone(), id, position);
                self.shards.spawn(run);
            }
            tokio::select! {
                biased;
                Some(ended) = self.shards.join_next() => {
                    let id = ended.expect("a shard's reader neither panics nor is aborted");
                    self.reading.remove(&id);
                }
                () = stream.changed() => {}
                Some(_) = self.writer.join_next() => unreachable!("the writer never ends"),
            }
        }
    }
}

/// Writes the checkpoints to the disk, some of them late.
async fn write(mapping: SimulatedMapping, checkpoints: InstanceCheckpoints) {
    let mut changes = checkpoints.changes.watch();
    loop {
        changes.changed().await;
        if mapping.sim.injects(InjectedFault::LateCheckpoint) {
            sleep(mapping.sim.duration(InjectedFault::LateCheckpoint, LATE_MAX)).await;
        }
        *mapping.disk.lock().unwrap() = checkpoints.positions();
        mapping.progress.notify();
    }
}
