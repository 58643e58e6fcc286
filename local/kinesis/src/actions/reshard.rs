//! Actions that change the shards of a stream: split, merge and scale.

use std::sync::Arc;

use serde_json::{Value, json};

use super::streams::check_shard_quota;
use super::{hash_key, required};
use crate::api::{MergeShards, SplitShard, UpdateShardCount};
use crate::endpoint::{Endpoint, LiveStream, blocking, no_stream};
use crate::error::{ApiError, ApiErrorCode};
use crate::stream::{ReshardError, StreamMetadata, StreamMode};

/// Most `UpdateShardCount` calls of a stream in 24 hours. Source: API reference.
const SCALINGS_PER_DAY_MAX: usize = 10;
const DAY_MS: i64 = 24 * 3_600_000;

impl From<ReshardError> for ApiError {
    fn from(error: ReshardError) -> Self {
        let code = match error {
            ReshardError::NoShard(_) => ApiErrorCode::ResourceNotFound,
            _ => ApiErrorCode::InvalidArgument,
        };
        Self::new(code, error.to_string())
    }
}

impl Endpoint {
    /// Splits an open shard into two.
    pub(crate) async fn split_shard(
        self: &Arc<Self>,
        request: SplitShard,
    ) -> Result<Value, ApiError> {
        let name = self.name(&request)?;
        let id = required(request.shard_to_split, "shardToSplit")?;
        let at = required(request.new_starting_hash_key, "newStartingHashKey")?;
        let at = hash_key(&at, "newStartingHashKey")?;
        self.reshard(&name, |stream, now_ms| Ok(stream.split(&id, at, now_ms)?)).await?;
        Ok(json!({}))
    }

    /// Merges two adjacent open shards.
    pub(crate) async fn merge_shards(
        self: &Arc<Self>,
        request: MergeShards,
    ) -> Result<Value, ApiError> {
        let name = self.name(&request)?;
        let id = required(request.shard_to_merge, "shardToMerge")?;
        let with = required(request.adjacent_shard_to_merge, "adjacentShardToMerge")?;
        self.reshard(&name, |stream, now_ms| Ok(stream.merge(&id, &with, now_ms)?)).await?;
        Ok(json!({}))
    }

    /// Changes the number of open shards, to equal ranges. The new number is at most double and at
    /// least half of the current one.
    pub(crate) async fn update_shard_count(
        self: &Arc<Self>,
        request: UpdateShardCount,
    ) -> Result<Value, ApiError> {
        let name = self.name(&request)?;
        let target = required(request.target_shard_count, "targetShardCount")?;
        let scaling = required(request.scaling_type, "scalingType")?;
        if scaling != "UNIFORM_SCALING" {
            let rule = "Member must satisfy enum value set: [UNIFORM_SCALING]";
            return Err(ApiError::constraint("scalingType", scaling, rule));
        }
        let target = u32::try_from(target).ok().filter(|count| *count >= 1).ok_or_else(|| {
            let rule = "Member must have value greater than or equal to 1";
            ApiError::constraint("targetShardCount", target, rule)
        })?;
        let before = self.reshard(&name, |stream, now_ms| scale(stream, target, now_ms)).await?;
        Ok(json!({
            "StreamName": name,
            "StreamARN": self.arn(&name),
            "CurrentShardCount": before,
            "TargetShardCount": target,
        }))
    }

    /// Changes the shards of a stream on a copy, waits for the logs of the shards to close, makes
    /// the new metadata durable, and only then publishes it. Returns the number of open shards
    /// before.
    async fn reshard(
        self: &Arc<Self>,
        name: &str,
        change: impl FnOnce(&mut StreamMetadata, i64) -> Result<(), ApiError>,
    ) -> Result<usize, ApiError> {
        // No put can choose a shard while this lock is held.
        let mut streams = self.streams.write().await;
        let elsewhere: usize = streams
            .values()
            .filter(|live| live.stream.name != name)
            .map(|live| live.stream.open_shards().count())
            .sum();
        let live = streams.get_mut(name).ok_or_else(|| no_stream(name))?;
        if live.stream.mode == StreamMode::OnDemand {
            return Err(ApiError::constraint(
                "streamName",
                name,
                "Shards of a stream of StreamMode ON_DEMAND cannot be changed; create the stream \
                 with PROVISIONED",
            ));
        }
        let now_ms = self.now_ms();
        let open_before = live.stream.open_shards().count();
        let mut next = live.stream.clone();
        change(&mut next, now_ms)?;
        check_shard_quota(elsewhere, next.open_shards().count())?;
        let expired = next.remove_expired(&live.consumer, now_ms);
        settle(live, &mut next).await?;
        live.stream = self.save(next).await?;
        let mut done = Vec::new();
        for number in &expired {
            done.extend(live.shards.remove(number));
        }
        done.extend(
            live.stream
                .shards
                .iter()
                .filter(|shard| !shard.is_open())
                .filter_map(|shard| live.shards.get(&shard.number).cloned()),
        );
        self.open_shards(live).map_err(ApiError::internal)?;
        let (folders, stream) = (self.folders.clone(), live.stream.clone());
        blocking(move || {
            done.iter().for_each(|shard| shard.log.close());
            folders.map_or(Ok(()), |folders| folders.sweep(&stream))
        })
        .await?
        .map_err(ApiError::internal)?;
        Ok(open_before)
    }
}

/// Waits until all records of the shards to close are durable, and stores their last counters.
/// Shards that this change both opens and closes have no records.
async fn settle(live: &LiveStream, next: &mut StreamMetadata) -> Result<(), ApiError> {
    for shard in next.shards.iter_mut() {
        let was_open = live.stream.shard(shard.number).is_some_and(|before| before.is_open());
        let Some(closed) = shard.closed.as_mut().filter(|_| was_open) else { continue };
        let Some(live_shard) = live.shards.get(&shard.number) else { continue };
        if let Some(barrier) = live_shard.log.barrier() {
            barrier.await.map_err(ApiError::internal)?.map_err(ApiError::internal)?;
        }
        closed.last_counter = live_shard.log.last_counter();
    }
    Ok(())
}

fn scale(stream: &mut StreamMetadata, target: u32, now_ms: i64) -> Result<(), ApiError> {
    let open = stream.open_shards().count();
    let wanted = target as usize;
    if wanted > open * 2 {
        return Err(ApiError::argument(format!(
            "UpdateShardCount cannot scale up over double your current open shard count. Current \
             open shard count: {open} Target shard count: {target}; at most {} would pass",
            open * 2
        )));
    }
    if wanted * 2 < open {
        return Err(ApiError::argument(format!(
            "UpdateShardCount cannot scale down below half your current open shard count. Current \
             open shard count: {open} Target shard count: {target}; at least {} would pass",
            open.div_ceil(2)
        )));
    }
    stream.scaled_at_ms.retain(|at_ms| now_ms - at_ms < DAY_MS);
    if stream.scaled_at_ms.len() >= SCALINGS_PER_DAY_MAX {
        return Err(ApiError::new(
            ApiErrorCode::LimitExceeded,
            format!(
                "Stream {} was scaled {SCALINGS_PER_DAY_MAX} times in the last 24 hours, which is \
                 the limit; SplitShard and MergeShards still work",
                stream.name
            ),
        ));
    }
    stream.scaled_at_ms.push(now_ms);
    stream.scale(target, now_ms);
    Ok(())
}
