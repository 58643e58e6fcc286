//! The tokens callers carry: shard iterators and page tokens. They hold all they need, so they
//! outlive a restart; callers treat them as opaque.
//!
//! Their life is counted in real time, not on the endpoint's clock: a caller on simulated time
//! that runs a hundred times faster still polls in real time, as it would at AWS.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::limits::SHARD_ITERATOR_LIFE;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::api::ShardFilter;
use super::error::{ApiError, Code};

/// How long a `NextToken` of `ListShards` lives. Source: API reference, `ListShards`.
const PAGE_TOKEN_LIFE: Duration = Duration::from_secs(300);

/// Real time, milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a token's life is counted in its caller's time")]
pub(crate) fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn encode(token: &impl Serialize) -> Result<String, ApiError> {
    let text = serde_json::to_vec(token).map_err(ApiError::internal)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(text))
}

fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn is_older(issued_ms: u64, life: Duration, now_ms: u64) -> bool {
    u128::from(now_ms.saturating_sub(issued_ms)) > life.as_millis()
}

/// A place to read on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardIterator {
    /// The stream's name.
    pub(crate) stream: String,
    /// Its creation stamp, which tells it from a later stream of that name.
    pub(crate) created_ms: u64,
    /// The shard's number.
    pub(crate) shard: u32,
    /// The counter to read from.
    pub(crate) next: u64,
    /// When it was given, real time, milliseconds since 1970.
    pub(crate) issued_ms: u64,
}

impl ShardIterator {
    /// The token for the wire.
    pub(crate) fn token(&self) -> Result<String, ApiError> {
        encode(self)
    }

    /// Reads a token.
    ///
    /// # Errors
    /// `InvalidArgumentException` when it is none, `ExpiredIteratorException` when it is older
    /// than [`SHARD_ITERATOR_LIFE`].
    pub(crate) fn read(text: &str, now_ms: u64) -> Result<Self, ApiError> {
        let iterator: Self = decode(text).ok_or_else(|| {
            ApiError::argument("ShardIterator is not one this endpoint gave; ask GetShardIterator")
        })?;
        if is_older(iterator.issued_ms, SHARD_ITERATOR_LIFE, now_ms) {
            return Err(ApiError::new(
                Code::ExpiredIterator,
                format!(
                    "Iterator expired: it was given {} s ago and lives {} s; ask GetShardIterator \
                     for a new one after the last sequence number you read",
                    now_ms.saturating_sub(iterator.issued_ms) / 1_000,
                    SHARD_ITERATOR_LIFE.as_secs()
                ),
            ));
        }
        Ok(iterator)
    }
}

/// Where `ListShards` goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PageToken {
    /// The stream's name.
    pub(crate) stream: String,
    /// Its creation stamp.
    pub(crate) created_ms: u64,
    /// The number of the last shard given.
    pub(crate) after: u32,
    /// The filter of the first call.
    pub(crate) filter: Option<ShardFilter>,
    /// When it was given, real time, milliseconds since 1970.
    pub(crate) issued_ms: u64,
}

impl PageToken {
    /// The token for the wire.
    pub(crate) fn token(&self) -> Result<String, ApiError> {
        encode(self)
    }

    /// Reads a token.
    ///
    /// # Errors
    /// `InvalidArgumentException` when it is none, `ExpiredNextTokenException` when it is too old.
    pub(crate) fn read(text: &str, now_ms: u64) -> Result<Self, ApiError> {
        let token: Self = decode(text).ok_or_else(|| {
            ApiError::argument("NextToken is not one this endpoint gave; list from the start")
        })?;
        if is_older(token.issued_ms, PAGE_TOKEN_LIFE, now_ms) {
            let life_s = PAGE_TOKEN_LIFE.as_secs();
            let message = format!("NextToken lives {life_s} s; list from the start again");
            return Err(ApiError::new(Code::ExpiredNextToken, message));
        }
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iterator_lives_five_minutes_and_not_longer() {
        let iterator = ShardIterator {
            stream: "s".into(),
            created_ms: 1,
            shard: 2,
            next: 3,
            issued_ms: 1_000,
        };
        let token = iterator.token().expect("plain data");
        assert_eq!(ShardIterator::read(&token, 301_000), Ok(iterator));
        let late = ShardIterator::read(&token, 301_001).expect_err("expired");
        assert_eq!(late.code, Code::ExpiredIterator);
        let strange = ShardIterator::read("AAAA", 0).expect_err("refused");
        assert_eq!(strange.code, Code::InvalidArgument);
    }
}
