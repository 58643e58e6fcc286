//! Event source mapping: the real decisions, driven by a simulated reader that is killed and
//! restarted.

mod instance;
mod invocation;
mod shard;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_source_mapping::OnError;
use event_source_mapping::decisions::{BatchLimits, RetryPolicy, ShardPosition, ShardRules};
use tokio::time::{sleep, timeout};

use crate::auditor::Auditor;
use crate::change_notifier::ChangeNotifier;
use crate::context::SimContext;
use crate::handlers::Handlers;
use crate::injected_fault::InjectedFault;
use crate::scenario::pick;
use crate::stream::SimulatedStream;
use instance::MappingInstance;

/// Maximum time between two occasions on which the mapping may be killed.
const KILL_EVERY_MAX: Duration = Duration::from_secs(30 * 60);
/// Maximum time until a killed mapping restarts.
const RESTART_MAX: Duration = Duration::from_secs(3 * 60);

/// Position from which each shard is read next, by shard.
pub(crate) type Positions = BTreeMap<String, ShardPosition>;

/// Event source mapping of a world. Clones share their state.
#[derive(Clone)]
pub(crate) struct SimulatedMapping {
    pub(crate) sim: SimContext,
    pub(crate) auditor: Auditor,
    pub(crate) stream: SimulatedStream,
    pub(crate) handlers: Handlers,
    rules: ShardRules,
    /// Checkpoints that survive a kill.
    disk: Arc<Mutex<Positions>>,
    /// Notifies of new checkpoints on the disk.
    progress: ChangeNotifier,
}

impl SimulatedMapping {
    pub(crate) fn new(
        sim: SimContext,
        auditor: Auditor,
        stream: SimulatedStream,
        handlers: Handlers,
    ) -> Self {
        let mut draw = sim.draw("mapping");
        let rules = ShardRules {
            batch_limits: BatchLimits {
                batch_size: *pick(&mut draw, &[1, 3, 10, 100]),
                batching_window: Duration::from_secs(*pick(&mut draw, &[0, 0, 5, 60])),
            },
            retry_policy: RetryPolicy {
                on_error: *pick(&mut draw, &[OnError::Retry, OnError::Bisect]),
                retry_attempts: None,
            },
            parallelization_factor: *pick(&mut draw, &[1, 2, 5, 10]),
            retry_backoff: Duration::from_millis(*pick(&mut draw, &[100, 500, 2_000])),
            stream_arn: "arn:aws:kinesis:eu-central-1:000000000000:stream/simulated".to_owned(),
        };
        sim.log(|| format!("mapping: {rules:?}"));
        Self {
            sim,
            auditor,
            stream,
            handlers,
            rules,
            disk: Arc::default(),
            progress: ChangeNotifier::default(),
        }
    }

    /// Runs one instance after another, for ever.
    pub(crate) async fn run(self) {
        loop {
            let occasion = self.sim.duration(InjectedFault::Kill, KILL_EVERY_MAX);
            let mut instance = MappingInstance::new(self.clone());
            loop {
                let _ = timeout(occasion, instance.run()).await;
                if self.sim.injects(InjectedFault::Kill) {
                    break;
                }
            }
            drop(instance);
            self.sim.count("mappings killed", 1);
            sleep(self.sim.duration(InjectedFault::Kill, RESTART_MAX)).await;
        }
    }

    /// Waits until all records of the stream are processed and checkpointed.
    pub(crate) async fn drained(&self) {
        let mut progress = self.progress.watch();
        while !self.is_drained() {
            progress.changed().await;
        }
    }

    fn is_drained(&self) -> bool {
        let disk = self.disk.lock().unwrap();
        self.stream.list().iter().all(|shard| {
            let place = match disk.get(&shard.id) {
                Some(ShardPosition::End) => return true,
                Some(ShardPosition::After(number)) => self.stream.place_after(&shard.id, number),
                _ => 0,
            };
            self.stream.read(&shard.id, place, 1).records.is_empty()
        })
    }
}
