//! The event source mapping: the real decisions of `local`, driven by a simulated reader that is
//! killed and starts again.

mod invocation;
mod life;
mod shard;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_source_mapping::OnError;
use event_source_mapping::decisions::{CutRules, Policy, Position, Rules};
use in_memory::Tables;
use processors::Processor;
use tokio::time::{sleep, timeout};

use crate::auditor::Auditor;
use crate::fault::Fault;
use crate::news::News;
use crate::stream::Stream;
use crate::traffic::pick;
use crate::weather::Weather;
use life::Life;

/// Longest between two occasions on which the mapping may be killed.
const KILL_EVERY_MAX: Duration = Duration::from_secs(30 * 60);
/// Longest that a killed mapping is away.
const AWAY_MAX: Duration = Duration::from_secs(3 * 60);

/// Where each shard is to be read next, by shard.
pub(crate) type Positions = BTreeMap<String, Position>;

/// A mapping and what it works on. Clones are the same mapping.
#[derive(Clone)]
pub(crate) struct Mapping {
    pub(crate) weather: Weather,
    pub(crate) auditor: Auditor,
    pub(crate) stream: Stream,
    pub(crate) processor: Processor<Tables>,
    rules: Rules,
    /// What survives a kill.
    disk: Arc<Mutex<Positions>>,
    /// Of the disk.
    progress: News,
}

impl Mapping {
    pub(crate) fn new(
        weather: Weather,
        auditor: Auditor,
        stream: Stream,
        processor: Processor<Tables>,
    ) -> Self {
        let mut draw = weather.draw("mapping");
        let rules = Rules {
            cut: CutRules {
                batch_size: *pick(&mut draw, &[1, 3, 10, 100]),
                batching_window: Duration::from_secs(*pick(&mut draw, &[0, 0, 5, 60])),
            },
            policy: Policy {
                on_error: *pick(&mut draw, &[OnError::Retry, OnError::Bisect]),
                retry_attempts: None,
            },
            lanes: *pick(&mut draw, &[1, 2, 5, 10]),
            retry_backoff: Duration::from_millis(*pick(&mut draw, &[100, 500, 2_000])),
            stream_arn: "arn:aws:kinesis:eu-central-1:000000000000:stream/simulated".to_owned(),
        };
        weather.tell(|| format!("mapping: {rules:?}"));
        Self {
            weather,
            auditor,
            stream,
            processor,
            rules,
            disk: Arc::default(),
            progress: News::default(),
        }
    }

    /// Runs for ever, one life after the other.
    pub(crate) async fn run(self) {
        loop {
            let occasion = self.weather.time(Fault::Kill, KILL_EVERY_MAX);
            let mut life = Life::new(self.clone());
            loop {
                let _ = timeout(occasion, life.run()).await;
                if self.weather.strikes(Fault::Kill) {
                    break;
                }
            }
            drop(life);
            self.weather.count("mappings killed", 1);
            sleep(self.weather.time(Fault::Kill, AWAY_MAX)).await;
        }
    }

    /// Waits until everything in the stream is done and noted.
    pub(crate) async fn drained(&self) {
        let mut progress = self.progress.listen();
        while !self.is_drained() {
            progress.changed().await;
        }
    }

    fn is_drained(&self) -> bool {
        let disk = self.disk.lock().unwrap();
        self.stream.list().iter().all(|shard| {
            let place = match disk.get(&shard.id) {
                Some(Position::End) => return true,
                Some(Position::After(number)) => self.stream.place_after(&shard.id, number),
                _ => 0,
            };
            self.stream.read(&shard.id, place, 1).records.is_empty()
        })
    }
}
