//! Discovery of the stream and its shards. Starts the runner of each readable shard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::record::SequenceNumber;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use super::retry::RetryPauses;
use super::shard_runner::{MappingContext, ShardRunEnd, run};
use super::stream_client::{IteratorStart, PositionUse, StreamDescription, StreamError};
use crate::decisions::lineage::{ShardDescription, ShardState, initial_positions, readable_shards};
use crate::decisions::position::ShardPosition;
use crate::handler::Handler;

/// Interval of listing the shards. The end of a shard names its children; the listing finds changes
/// that happened while no shard was read.
const LIST_INTERVAL: Duration = Duration::from_secs(10);

/// Runs the mapping until it is stopped.
pub(crate) async fn discover<H: Handler>(context: Arc<MappingContext<H>>) {
    let positions = context.checkpoints.positions();
    let Some((description, shards)) = wait_for_stream(&context).await else { return };
    let is_first_start = positions.is_empty();
    let changed = if is_first_start {
        let starting = context.settings.starting_position;
        initial_positions(&shards, starting, (context.clock)())
    } else {
        let Some(lost) = lost_positions(&context, &positions, &shards).await else { return };
        lost
    };
    if !changed.is_empty() && !save_positions(&context, changed).await {
        return;
    }
    context.progress.set_reading();
    context.retention.send_replace(description.retention);
    let position_use = if is_first_start { PositionUse::First } else { PositionUse::Later };
    let readers = Readers {
        context,
        stream_arn: description.arn,
        position_use,
        reading: BTreeSet::new(),
        running: JoinSet::new(),
    };
    readers.run(shards).await;
}

/// Waits until the stream exists and has shards. Returns `None` if the mapping is stopped.
async fn wait_for_stream<H: Handler>(
    context: &MappingContext<H>,
) -> Option<(StreamDescription, Vec<ShardDescription>)> {
    let stream = &context.settings.stream_name;
    let mut pauses = RetryPauses::default();
    loop {
        let listed = context.stop.run_until_cancelled(list(context)).await?;
        let pause = pauses.next();
        match listed {
            Ok((description, shards)) if !shards.is_empty() => return Some((description, shards)),
            Ok(_) => tracing::info!(stream, ?pause, "waiting for the stream to have shards"),
            Err(StreamError::NotFound(_)) => {
                tracing::info!(stream, ?pause, "waiting for the stream to be created");
            }
            Err(error) => tracing::warn!(stream, %error, ?pause, "the stream does not answer"),
        }
        context.stop.run_until_cancelled(sleep(pause)).await?;
    }
}

async fn list<H>(
    context: &MappingContext<H>,
) -> Result<(StreamDescription, Vec<ShardDescription>), StreamError> {
    let description = context.stream.describe().await?;
    Ok((description, context.stream.shards().await?))
}

/// Finds shards whose stored position is unknown to the stream. They are read from their oldest
/// record. Returns `None` if the mapping is stopped.
///
/// The check comes before any read. If the end of a log was lost, the stream assigns its sequence
/// numbers again, and a stored position would then denote another record.
async fn lost_positions<H: Handler>(
    context: &MappingContext<H>,
    positions: &BTreeMap<String, ShardPosition>,
    shards: &[ShardDescription],
) -> Option<BTreeMap<String, ShardPosition>> {
    let mut lost = BTreeMap::new();
    for ShardDescription { id, state, .. } in shards {
        let is_lost = match positions.get(id) {
            Some(ShardPosition::After(number)) => is_unknown(context, id, number).await?,
            // A shard that was read to its end accepts no more records.
            Some(ShardPosition::End) if *state == ShardState::Open => {
                tracing::warn!(
                    shard = id,
                    "the shard was read to its end, but is open; the stream may have been created \
                     again; the shard is read from its oldest record, and no event counts twice"
                );
                true
            }
            _ => false,
        };
        if is_lost {
            lost.insert(id.clone(), ShardPosition::TrimHorizon);
        }
    }
    Some(lost)
}

/// `true` if the stream does not know a record of the shard. `None` if the mapping is stopped.
async fn is_unknown<H: Handler>(
    context: &MappingContext<H>,
    shard: &str,
    number: &SequenceNumber,
) -> Option<bool> {
    let start = IteratorStart::After(number.clone());
    let mut pauses = RetryPauses::default();
    loop {
        match context.stream.iterator(shard, &start).await {
            // If the shard has expired since, its reader finds out.
            Ok(_) | Err(StreamError::NotFound(_)) => return Some(false),
            Err(StreamError::Invalid(reason)) => {
                tracing::warn!(
                    shard,
                    reason,
                    "the stream does not have the record that was read last; the stream may have \
                     been created again, or the end of its log lost; the shard is read from its \
                     oldest record, and no event counts twice"
                );
                return Some(true);
            }
            Err(error) => {
                let pause = pauses.next();
                tracing::warn!(shard, %error, ?pause, "the position cannot be checked");
                context.stop.run_until_cancelled(sleep(pause)).await?;
            }
        }
    }
}

/// Stores start positions, so that a restart before the first checkpoint uses them too. Returns
/// `false` if the mapping is stopped.
async fn save_positions<H: Handler>(
    context: &MappingContext<H>,
    positions: BTreeMap<String, ShardPosition>,
) -> bool {
    let mut pauses = RetryPauses::default();
    while let Err(error) = context.checkpoints.save(positions.clone()).await {
        tracing::error!(%error, "the starting positions cannot be written");
        if !pauses.wait(&context.stop).await {
            return false;
        }
    }
    for (shard, position) in &positions {
        context.progress.set_checkpoint(shard, position);
    }
    true
}

struct Readers<H> {
    context: Arc<MappingContext<H>>,
    stream_arn: String,
    /// Use of the positions of the shards that are started next.
    position_use: PositionUse,
    reading: BTreeSet<String>,
    running: JoinSet<ShardRunEnd>,
}

impl<H: Handler> Readers<H> {
    async fn run(mut self, mut shards: Vec<ShardDescription>) {
        loop {
            self.start(&shards);
            tokio::select! {
                Some(end) = self.running.join_next() => self.complete(end, &mut shards),
                () = sleep(LIST_INTERVAL) => self.list_again(&mut shards).await,
                () = self.context.stop.cancelled() => break,
            }
        }
        while self.running.join_next().await.is_some() {}
    }

    async fn list_again(&self, shards: &mut Vec<ShardDescription>) {
        match list(&self.context).await {
            Ok((description, listed)) if !listed.is_empty() => {
                self.context.retention.send_replace(description.retention);
                let is_listed = |id: &str| listed.iter().any(|shard| shard.id == id);
                self.context.checkpoints.remove_finished(is_listed);
                *shards = listed;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the shards cannot be listed"),
        }
    }

    fn start(&mut self, shards: &[ShardDescription]) {
        let positions = self.context.checkpoints.positions();
        for (shard, position) in readable_shards(shards, &positions, &self.reading) {
            tracing::info!(shard, ?position, "reading a shard");
            self.reading.insert(shard.clone());
            let from = (position, self.position_use);
            let (context, stream_arn) = (Arc::clone(&self.context), self.stream_arn.clone());
            self.running.spawn(run(context, stream_arn, shard, from));
        }
        // Only the first round can begin after the newest record. Later shards have positions.
        self.position_use = PositionUse::Later;
    }

    fn complete(
        &mut self,
        end: Result<ShardRunEnd, JoinError>,
        shards: &mut Vec<ShardDescription>,
    ) {
        match end {
            Ok(ShardRunEnd::Finished { shard, children }) => {
                tracing::info!(shard, "the shard is closed and done");
                self.reading.remove(&shard);
                for child in children {
                    if shards.iter().all(|known| known.id != child.id) {
                        shards.push(child);
                    }
                }
            }
            Ok(ShardRunEnd::Stopped) => {}
            Err(error) => tracing::error!(%error, "the reader of a shard panicked"),
        }
    }
}
