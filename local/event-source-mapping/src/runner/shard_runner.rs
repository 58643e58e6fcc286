//! Runner of one shard: executes the actions of [`SubShards`] and reports their outcomes.

use std::sync::Arc;
use std::time::Duration;

use domain::record::Delivered;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::checkpoints::CheckpointStore;
use super::destination::{Destination, DiscardOrigin};
use super::invocation::call;
use super::poller::{Polled, Poller};
use super::progress::ProgressPublisher;
use super::retry::RetryPauses;
use super::stream_client::{IteratorStart, PositionUse, StreamClient};
use crate::decisions::batch::RecordBatch;
use crate::decisions::batch_decision::{InvocationOutcome, RetryPolicy};
use crate::decisions::batching::BatchLimits;
use crate::decisions::lineage::ShardDescription;
use crate::decisions::position::ShardPosition;
use crate::decisions::sub_shards::{DiscardedBatch, ShardAction, ShardRules, ShardTime, SubShards};
use crate::handler::Handler;
use crate::settings::MappingSettings;
use domain::ports::Clock;

/// Parts of a mapping that its shards share.
pub(crate) struct MappingContext<H> {
    pub(crate) stream: StreamClient,
    pub(crate) settings: MappingSettings,
    pub(crate) handler: H,
    pub(crate) checkpoints: CheckpointStore,
    pub(crate) destination: Destination,
    pub(crate) progress: ProgressPublisher,
    pub(crate) clock: Clock,
    pub(crate) stop: CancellationToken,
    /// Retention of the stream, as described last.
    pub(crate) retention: watch::Sender<Duration>,
}

/// End of the run of a shard.
#[derive(Debug)]
pub(crate) enum ShardRunEnd {
    /// All records of the closed shard are done, and the checkpoint is stored.
    Finished { shard: String, children: Vec<ShardDescription> },
    /// The mapping was stopped.
    Stopped,
}

/// Result of the task of a sub-shard.
#[derive(Debug)]
enum TaskResult {
    Invoked {
        sub_shard: usize,
        outcome: InvocationOutcome,
    },
    Discarded {
        sub_shard: usize,
    },
    /// The mapping was stopped before the destination could be written.
    NotDiscarded,
}

/// Reads and handles a shard from a position to its end, or until the mapping is stopped.
pub(crate) async fn run<H: Handler>(
    context: Arc<MappingContext<H>>,
    stream_arn: String,
    shard: String,
    from: (ShardPosition, PositionUse),
) -> ShardRunEnd {
    let (position, position_use) = from;
    let Some(later) = IteratorStart::new(&position, PositionUse::Later) else {
        return ShardRunEnd::Finished { shard, children: Vec::new() };
    };
    let (sender, polled) = mpsc::channel(1);
    let poller = Poller {
        stream: context.stream.clone(),
        shard: shard.clone(),
        interval: context.settings.poll_interval,
        first: IteratorStart::new(&position, position_use),
        later,
    };
    tokio::spawn(poller.run(sender));
    let runner = ShardRunner {
        sub_shards: SubShards::new(rules(&context.settings, &stream_arn)),
        origin: DiscardOrigin { mapping: context.settings.stream_name.clone(), stream_arn },
        context,
        shard,
        polled,
        running: JoinSet::new(),
        started: Instant::now(),
        stored: position,
    };
    runner.run().await
}

fn rules(settings: &MappingSettings, stream_arn: &str) -> ShardRules {
    ShardRules {
        batch_limits: BatchLimits {
            batch_size: settings.batch_size,
            batching_window: settings.batching_window,
        },
        retry_policy: RetryPolicy {
            on_error: settings.on_error,
            retry_attempts: settings.retry_attempts,
        },
        parallelization_factor: settings.parallelization_factor,
        retry_backoff: settings.retry_backoff,
        stream_arn: stream_arn.to_owned(),
    }
}

struct ShardRunner<H> {
    context: Arc<MappingContext<H>>,
    origin: DiscardOrigin,
    shard: String,
    sub_shards: SubShards,
    polled: mpsc::Receiver<Polled>,
    running: JoinSet<TaskResult>,
    started: Instant,
    /// Checkpoint on disk.
    stored: ShardPosition,
}

impl<H: Handler> ShardRunner<H> {
    async fn run(mut self) -> ShardRunEnd {
        let mut is_stopping = false;
        let mut end = None;
        loop {
            if !is_stopping {
                self.start_actions();
            }
            if let Some(reached) = self.sub_shards.checkpoint().cloned() {
                self.save(ShardPosition::After(reached)).await;
            }
            if self.sub_shards.is_empty()
                && let Some(children) = end.take()
            {
                self.save(ShardPosition::End).await;
                return match self.stored {
                    ShardPosition::End => ShardRunEnd::Finished { shard: self.shard, children },
                    _ => ShardRunEnd::Stopped,
                };
            }
            if is_stopping && self.running.is_empty() {
                return ShardRunEnd::Stopped;
            }
            let wake = self.sub_shards.next_wake(self.now()).filter(|_| !is_stopping);
            let reads = !is_stopping && end.is_none() && self.sub_shards.has_room();
            tokio::select! {
                Some(result) = self.running.join_next() => self.complete(result),
                polled = self.polled.recv(), if reads => match polled {
                    Some(Polled::Records(records)) => self.push(records),
                    Some(Polled::End { children }) => {
                        self.sub_shards.end();
                        end = Some(children);
                    }
                    // The poller sends `End` before it returns.
                    None => {
                        tracing::error!(shard = self.shard, "the poller panicked");
                        return ShardRunEnd::Stopped;
                    }
                },
                () = sleep_until(self.started + wake.unwrap_or_default()), if wake.is_some() => {}
                () = self.context.stop.cancelled(), if !is_stopping => is_stopping = true,
            }
        }
    }

    fn now(&self) -> ShardTime {
        ShardTime { wall: (self.context.clock)(), elapsed: self.started.elapsed() }
    }

    fn push(&mut self, records: Vec<Delivered>) {
        if records.is_empty() && self.sub_shards.is_empty() {
            self.context.progress.set_caught_up(&self.shard);
        }
        let now = self.now();
        self.sub_shards.push(records, now);
    }

    fn start_actions(&mut self) {
        let settings = &self.context.settings;
        let retention = match settings.discards_expired {
            true => *self.context.retention.borrow(),
            false => Duration::MAX,
        };
        let age_max = settings.record_age_max.unwrap_or(Duration::MAX);
        self.sub_shards.set_age_max(age_max.min(retention));
        while let Some(action) = self.sub_shards.next_action(self.now()) {
            match action {
                ShardAction::Invoke { sub_shard, batch } => self.invoke(sub_shard, batch),
                ShardAction::Discard(discarded) => self.discard(discarded),
            }
        }
    }

    fn invoke(&mut self, sub_shard: usize, batch: RecordBatch) {
        let (first, last) = (batch.records().first(), batch.records().last());
        if let Some(last) = last {
            let age = (self.context.clock)() - last.arrived_at;
            self.context.progress.count_invocation(&self.shard, age.to_std().unwrap_or_default());
        }
        let number = |record: Option<&Delivered>| record.map(|r| r.sequence_number.to_string());
        let span = tracing::info_span!(
            "invocation",
            shard = self.shard,
            records = batch.len(),
            first = number(first),
            last = number(last),
        );
        let context = Arc::clone(&self.context);
        let invocation = async move {
            let result = call(&context.handler, batch.records()).await;
            let outcome = InvocationOutcome::new(batch.records(), &result);
            match (&result, outcome) {
                (_, InvocationOutcome::Done) => {}
                (Err(error), _) => tracing::warn!(%error, "the batch failed"),
                (Ok(_), InvocationOutcome::FailedFrom(index)) => {
                    let from = &batch.records()[index].sequence_number;
                    tracing::warn!(%from, "the batch failed in part");
                }
                (Ok(_), InvocationOutcome::Error) => {
                    tracing::warn!("the handler reported a record that is not in the batch");
                }
            }
            TaskResult::Invoked { sub_shard, outcome }
        };
        self.running.spawn(invocation.instrument(span));
    }

    /// Stores a batch in the destination. A write that fails is repeated until it succeeds, so that
    /// no batch is lost.
    fn discard(&mut self, discarded: DiscardedBatch) {
        let (context, origin) = (Arc::clone(&self.context), self.origin.clone());
        let shard = self.shard.clone();
        self.running.spawn(async move {
            let records = discarded.batch.len();
            let first = discarded.batch.records().first().map(|r| r.sequence_number.to_string());
            tracing::warn!(shard, records, first, why = ?discarded.condition, "discarding");
            let mut pauses = RetryPauses::default();
            loop {
                let now = (context.clock)();
                let Err(error) = context.destination.save(&origin, &discarded, now).await else {
                    return TaskResult::Discarded { sub_shard: discarded.sub_shard };
                };
                tracing::error!(shard, %error, "the destination cannot be written; trying again");
                if !pauses.wait(&context.stop).await {
                    return TaskResult::NotDiscarded;
                }
            }
        });
    }

    fn complete(&mut self, result: Result<TaskResult, tokio::task::JoinError>) {
        match result {
            Ok(TaskResult::Invoked { sub_shard, outcome }) => {
                let now = self.now();
                let counts = self.sub_shards.complete_invocation(sub_shard, outcome, now);
                self.context.progress.count_records(&self.shard, counts);
            }
            Ok(TaskResult::Discarded { sub_shard }) => {
                let records = self.sub_shards.complete_discard(sub_shard);
                self.context.progress.count_discarded(&self.shard, records);
            }
            Ok(TaskResult::NotDiscarded) => {}
            // A panic of the handler is an outcome, so this happens only while the runtime shuts
            // down.
            Err(error) => tracing::error!(shard = self.shard, %error, "an invocation was lost"),
        }
    }

    /// Stores the checkpoint if it has moved, and publishes it afterwards.
    async fn save(&mut self, position: ShardPosition) {
        if position == self.stored {
            return;
        }
        let mut pauses = RetryPauses::default();
        let entry = [(self.shard.clone(), position.clone())];
        while let Err(error) = self.context.checkpoints.save(entry.clone()).await {
            tracing::error!(shard = self.shard, %error, "the checkpoint cannot be written");
            if !pauses.wait(&self.context.stop).await {
                return;
            }
        }
        self.context.progress.set_checkpoint(&self.shard, &position);
        self.stored = position;
    }
}
