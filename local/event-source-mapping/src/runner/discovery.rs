//! Finds the stream and its shards, and runs those whose turn it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::shard::{Ended, Shared, run};
use super::stop::{Slept, Stop};
use super::stream::{Description, Place, Refusal, Use};
use crate::decisions::lanes::backoff;
use crate::decisions::lineage::{Shard, ShardState, first_positions, readable};
use crate::decisions::position::Position;
use crate::handler::Handler;

/// How often the shards are listed. Shards that are split or merged say so themselves; this finds
/// what came about while nobody was reading.
const LIST_INTERVAL: Duration = Duration::from_secs(10);
/// Pause after the first failed call; it doubles with each further one.
const BACKOFF: Duration = Duration::from_millis(100);

/// Runs the mapping until it is asked to stop.
pub(crate) async fn discover<H: Handler>(shared: Arc<Shared<H>>) {
    let mut stop = shared.stop.clone();
    let positions = shared.book.positions();
    let Some((description, shards)) = await_stream(&shared, &mut stop).await else { return };
    let first_sight = positions.is_empty();
    let first = if first_sight {
        let now = (shared.clock)();
        first_positions(&shards, shared.settings.starting_position, now)
    } else {
        let Some(lost) = lost_positions(&shared, &mut stop, &shards).await else { return };
        lost
    };
    if !first.is_empty() && !note_first(&shared, &mut stop, first).await {
        return;
    }
    shared.board.reading();
    let used = if first_sight { Use::First } else { Use::Again };
    shared.retention.send_replace(description.retention);
    let stream_arn = description.arn;
    let mut readers =
        Readers { shared, stream_arn, used, reading: BTreeSet::new(), running: JoinSet::new() };
    readers.run(shards, stop).await;
}

/// Waits until the stream exists and has shards. `None` when it is time to stop.
async fn await_stream<H: Handler>(
    shared: &Shared<H>,
    stop: &mut Stop,
) -> Option<(Description, Vec<Shard>)> {
    let mut failures = 0;
    loop {
        let looked = tokio::select! {
            looked = look(shared) => looked,
            () = stop.wished() => return None,
        };
        let stream = &shared.settings.stream_name;
        failures += 1;
        let pause = backoff(BACKOFF, failures);
        match looked {
            Ok((description, shards)) if !shards.is_empty() => return Some((description, shards)),
            Ok(_) => tracing::info!(stream, ?pause, "waiting for the stream to have shards"),
            Err(Refusal::NotFound(_)) => {
                tracing::info!(stream, ?pause, "waiting for the stream to be created");
            }
            Err(refusal) => tracing::warn!(stream, %refusal, ?pause, "the stream does not answer"),
        }
        if stop.sleep(pause).await == Slept::Stopped {
            return None;
        }
    }
}

async fn look<H>(shared: &Shared<H>) -> Result<(Description, Vec<Shard>), Refusal> {
    let description = shared.stream.describe().await?;
    Ok((description, shared.stream.shards().await?))
}

/// Shards whose position the stream does not know, to be read from their oldest record. This is
/// found out before anything else: should the end of a log be gone, the next records get the
/// numbers of those that were there, and the position would mean one of them.
async fn lost_positions<H: Handler>(
    shared: &Shared<H>,
    stop: &mut Stop,
    shards: &[Shard],
) -> Option<BTreeMap<String, Position>> {
    let positions = shared.book.positions();
    let mut lost = BTreeMap::new();
    for Shard { id, state, .. } in shards {
        let number = match positions.get(id) {
            Some(Position::After(number)) => number,
            // A shard that was read to its end takes no records any more.
            Some(Position::End) if *state == ShardState::Open => {
                tracing::warn!(
                    shard = id,
                    "the shard was read to its end, and is open; was the stream created anew? It \
                     is read from its oldest record, which counts nothing twice"
                );
                lost.insert(id.clone(), Position::TrimHorizon);
                continue;
            }
            _ => continue,
        };
        let place = Place::After(number.clone());
        let mut failures = 0;
        loop {
            match shared.stream.iterator(id, &place).await {
                // A shard that is gone meanwhile is looked for again by its reader.
                Ok(_) | Err(Refusal::NotFound(_)) => break,
                Err(Refusal::Invalid(reason)) => {
                    tracing::warn!(
                        shard = id,
                        reason,
                        "the stream does not have the record that was read last; was the stream \
                         created anew, or the end of its log lost? The shard is read from its \
                         oldest record, which counts nothing twice"
                    );
                    lost.insert(id.clone(), Position::TrimHorizon);
                    break;
                }
                Err(refusal) => {
                    failures += 1;
                    let pause = backoff(BACKOFF, failures);
                    tracing::warn!(shard = id, %refusal, ?pause, "the position is not answered");
                    if stop.sleep(pause).await == Slept::Stopped {
                        return None;
                    }
                }
            }
        }
    }
    Some(lost)
}

/// Notes where everything begins, so that a restart before the first checkpoint begins there too.
async fn note_first<H: Handler>(
    shared: &Shared<H>,
    stop: &mut Stop,
    first: BTreeMap<String, Position>,
) -> bool {
    let mut failures = 0;
    while let Err(error) = shared.book.note(first.clone()).await {
        failures += 1;
        tracing::error!(%error, "the starting positions cannot be written");
        if stop.sleep(backoff(BACKOFF, failures)).await == Slept::Stopped {
            return false;
        }
    }
    for (shard, position) in &first {
        shared.board.checkpointed(shard, position);
    }
    true
}

struct Readers<H> {
    shared: Arc<Shared<H>>,
    stream_arn: String,
    /// Whether the positions of the shards that are begun next were set by this mapping.
    used: Use,
    reading: BTreeSet<String>,
    running: JoinSet<Ended>,
}

impl<H: Handler> Readers<H> {
    async fn run(&mut self, mut shards: Vec<Shard>, mut stop: Stop) {
        loop {
            self.begin(&shards);
            tokio::select! {
                Some(ended) = self.running.join_next() => self.take(ended, &mut shards),
                () = tokio::time::sleep(LIST_INTERVAL) => self.look_again(&mut shards).await,
                () = stop.wished() => break,
            }
        }
        while self.running.join_next().await.is_some() {}
    }

    async fn look_again(&self, shards: &mut Vec<Shard>) {
        match look(&self.shared).await {
            Ok((description, listed)) if !listed.is_empty() => {
                self.shared.retention.send_replace(description.retention);
                let known = |id: &str| listed.iter().any(|shard| shard.id == id);
                self.shared.book.forget_finished(known);
                *shards = listed;
            }
            Ok(_) => {}
            Err(refusal) => tracing::warn!(%refusal, "the shards cannot be listed"),
        }
    }

    fn begin(&mut self, shards: &[Shard]) {
        for (shard, position) in readable(shards, &self.shared.book.positions(), &self.reading) {
            tracing::info!(shard, ?position, "reading a shard");
            self.reading.insert(shard.clone());
            let from = (position, self.used);
            self.running.spawn(run(Arc::clone(&self.shared), self.stream_arn.clone(), shard, from));
        }
        // Only the first round can begin at a tip; whatever comes later was seen before.
        self.used = Use::Again;
    }

    fn take(&mut self, ended: Result<Ended, tokio::task::JoinError>, shards: &mut Vec<Shard>) {
        match ended {
            Ok(Ended::Finished { shard, children }) => {
                tracing::info!(shard, "the shard is closed and done");
                self.reading.remove(&shard);
                for child in children {
                    if shards.iter().all(|known| known.id != child.id) {
                        shards.push(child);
                    }
                }
            }
            Ok(Ended::Stopped) => {}
            Err(error) => tracing::error!(%error, "a shard's reader was lost"),
        }
    }
}
