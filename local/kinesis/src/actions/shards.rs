//! `ListShards`.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::bounded;
use super::streams::not_a_shard_id;
use crate::api::{ListShards, ListedShard, ShardFilter, from_seconds};
use crate::endpoint::{Endpoint, LiveStream, no_stream};
use crate::error::ApiError;
use crate::iterator::{PageToken, wall_ms};
use crate::stream::{ShardMetadata, StreamMetadata, shard_number};

/// Largest `MaxResults`. Source: API reference, `ListShards`, `MaxResults`.
const SHARDS_ASKED_MAX: usize = 10_000;
/// Most shards of one response, even if `MaxResults` is larger. Source: API reference,
/// `ListShards`, `MaxResults`.
const SHARDS_LISTED_MAX: usize = 1_000;
/// Tolerance for `StreamCreationTimestamp`: SDKs truncate the fraction of a second.
const CREATION_TOLERANCE_MS: u64 = 1_000;

/// Validated [`ShardFilter`].
enum ShardSelection {
    All,
    Open,
    After(u32),
    OpenAt(i64),
    OpenSince(i64),
}

impl ShardSelection {
    fn new(
        filter: Option<&ShardFilter>,
        stream: &StreamMetadata,
        now_ms: i64,
    ) -> Result<Self, ApiError> {
        let Some(filter) = filter else { return Ok(Self::All) };
        let oldest_ms = stream.horizon_ms(now_ms).max(stream.created_ms as i64);
        let at_ms = || {
            let given = filter.timestamp.map(from_seconds).ok_or_else(|| {
                ApiError::argument(format!("ShardFilter {} needs a Timestamp", filter.kind))
            })?;
            Ok::<_, ApiError>(given.max(oldest_ms))
        };
        Ok(match filter.kind.as_str() {
            "AFTER_SHARD_ID" => {
                let id = filter.shard_id.as_deref().ok_or_else(|| {
                    ApiError::argument("ShardFilter AFTER_SHARD_ID needs a ShardId")
                })?;
                Self::After(shard_number(id).ok_or_else(|| not_a_shard_id(id))?)
            }
            "AT_TRIM_HORIZON" => Self::OpenAt(oldest_ms),
            "FROM_TRIM_HORIZON" => Self::All,
            "AT_LATEST" => Self::Open,
            "AT_TIMESTAMP" => Self::OpenAt(at_ms()?),
            "FROM_TIMESTAMP" => Self::OpenSince(at_ms()?),
            other => {
                let rule = "Member must satisfy enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, \
                            FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP]";
                return Err(ApiError::constraint("shardFilter.type", other, rule));
            }
        })
    }

    fn contains(&self, shard: &ShardMetadata) -> bool {
        match *self {
            Self::All => true,
            Self::Open => shard.is_open(),
            Self::After(number) => shard.number > number,
            Self::OpenAt(at_ms) => shard.was_open_at(at_ms),
            Self::OpenSince(at_ms) => shard.closed.is_none_or(|closed| closed.at_ms >= at_ms),
        }
    }
}

/// Start of a listing.
struct ListingStart {
    name: String,
    /// Accepted creation times of the stream, milliseconds since 1970.
    created_ms: RangeInclusive<u64>,
    after: Option<u32>,
    filter: Option<ShardFilter>,
}

impl Endpoint {
    /// Lists a page of the shards of a stream.
    pub(crate) async fn list_shards(&self, request: ListShards) -> Result<Value, ApiError> {
        let limit =
            bounded(request.max_results, "maxResults", SHARDS_LISTED_MAX, 1..=SHARDS_ASKED_MAX)?
                .min(SHARDS_LISTED_MAX);
        let start = self.start(request)?;
        let streams = self.streams.read().await;
        let is_same = |live: &&LiveStream| start.created_ms.contains(&live.stream.created_ms);
        let live =
            streams.get(&start.name).filter(is_same).ok_or_else(|| no_stream(&start.name))?;
        let (stream, now_ms) = (&live.stream, self.now_ms());
        let selection = ShardSelection::new(start.filter.as_ref(), stream, now_ms)?;
        let mut left = stream.shards.iter().filter(|shard| {
            !live.is_expired(shard, now_ms)
                && selection.contains(shard)
                && start.after.is_none_or(|after| shard.number > after)
        });
        let page: Vec<&ShardMetadata> = left.by_ref().take(limit).collect();
        let listed: Vec<ListedShard> =
            page.iter().map(|shard| ListedShard::new(stream, shard)).collect();
        let mut answer = json!({ "Shards": listed });
        if let (Some(_), Some(last)) = (left.next(), page.last()) {
            let token = PageToken {
                stream: start.name,
                created_ms: stream.created_ms,
                after: last.number,
                filter: start.filter,
                issued_ms: wall_ms(),
            };
            answer["NextToken"] = json!(token.token()?);
        }
        Ok(answer)
    }

    fn start(&self, request: ListShards) -> Result<ListingStart, ApiError> {
        let Some(token) = &request.next_token else {
            let after = match request.exclusive_start_shard_id.as_deref() {
                None => None,
                Some(id) => Some(shard_number(id).ok_or_else(|| not_a_shard_id(id))?),
            };
            let name = self.name(&request)?;
            let created_ms = match request.stream_creation_timestamp.map(from_seconds) {
                None => 0..=u64::MAX,
                Some(given_ms) => {
                    let given_ms = given_ms.max(0) as u64;
                    given_ms.saturating_sub(CREATION_TOLERANCE_MS)
                        ..=given_ms.saturating_add(CREATION_TOLERANCE_MS)
                }
            };
            let filter = request.shard_filter.map(|filter| filter.0);
            return Ok(ListingStart { name, created_ms, after, filter });
        };
        let has_more = request.stream_name.is_some()
            || request.exclusive_start_shard_id.is_some()
            || request.stream_creation_timestamp.is_some()
            || request.shard_filter.is_some();
        if has_more {
            return Err(ApiError::argument(
                "NextToken and StreamName, ExclusiveStartShardId, StreamCreationTimestamp or \
                 ShardFilter cannot be given together: the token contains them",
            ));
        }
        let token = PageToken::read(token, wall_ms())?;
        Ok(ListingStart {
            name: token.stream,
            created_ms: token.created_ms..=token.created_ms,
            after: Some(token.after),
            filter: token.filter,
        })
    }
}
