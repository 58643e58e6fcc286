//! Shard iterators and page tokens. A token contains its whole state, so it stays valid after a
//! restart. Callers treat tokens as opaque.
//!
//! The life of a token is measured in real time and not on the endpoint's clock: a caller on faster
//! simulated time still polls in real time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::limits::SHARD_ITERATOR_LIFE;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::api::ShardFilter;
use super::error::{ApiError, ApiErrorCode};

/// Life of a `NextToken` of `ListShards`. Source: API reference, `ListShards`.
const PAGE_TOKEN_LIFE: Duration = Duration::from_secs(300);

/// Real time, milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the life of a token is measured in real time")]
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

/// Position from which a shard is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardIterator {
    /// Stream name.
    pub(crate) stream: String,
    /// Creation time of the stream, which distinguishes it from a later stream with that name.
    pub(crate) created_ms: u64,
    /// Shard number.
    pub(crate) shard: u32,
    /// Counter of the first record to read.
    pub(crate) next: u64,
    /// Time of issue, real time, milliseconds since 1970.
    pub(crate) issued_ms: u64,
}

impl ShardIterator {
    /// Encodes the token.
    pub(crate) fn token(&self) -> Result<String, ApiError> {
        encode(self)
    }

    /// Decodes a token.
    ///
    /// # Errors
    /// Returns `InvalidArgumentException` if the token is malformed, and `ExpiredIteratorException`
    /// if it is older than [`SHARD_ITERATOR_LIFE`].
    pub(crate) fn read(text: &str, now_ms: u64) -> Result<Self, ApiError> {
        let iterator: Self = decode(text).ok_or_else(|| {
            ApiError::argument(
                "ShardIterator was not issued by this endpoint; call GetShardIterator",
            )
        })?;
        if is_older(iterator.issued_ms, SHARD_ITERATOR_LIFE, now_ms) {
            return Err(ApiError::new(
                ApiErrorCode::ExpiredIterator,
                format!(
                    "Iterator expired: it was issued {} s ago and is valid for {} s; call \
                     GetShardIterator with the last sequence number you read",
                    now_ms.saturating_sub(iterator.issued_ms) / 1_000,
                    SHARD_ITERATOR_LIFE.as_secs()
                ),
            ));
        }
        Ok(iterator)
    }
}

/// Position from which `ListShards` continues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PageToken {
    /// Stream name.
    pub(crate) stream: String,
    /// Creation time of the stream.
    pub(crate) created_ms: u64,
    /// Number of the last listed shard.
    pub(crate) after: u32,
    /// Filter of the first call.
    pub(crate) filter: Option<ShardFilter>,
    /// Time of issue, real time, milliseconds since 1970.
    pub(crate) issued_ms: u64,
}

impl PageToken {
    /// Encodes the token.
    pub(crate) fn token(&self) -> Result<String, ApiError> {
        encode(self)
    }

    /// Decodes a token.
    ///
    /// # Errors
    /// Returns `InvalidArgumentException` if the token is malformed, and
    /// `ExpiredNextTokenException` if it is too old.
    pub(crate) fn read(text: &str, now_ms: u64) -> Result<Self, ApiError> {
        let token: Self = decode(text).ok_or_else(|| {
            ApiError::argument("NextToken was not issued by this endpoint; list from the start")
        })?;
        if is_older(token.issued_ms, PAGE_TOKEN_LIFE, now_ms) {
            let life_s = PAGE_TOKEN_LIFE.as_secs();
            let message = format!("NextToken is valid for {life_s} s; list from the start");
            return Err(ApiError::new(ApiErrorCode::ExpiredNextToken, message));
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
        assert_eq!(late.code, ApiErrorCode::ExpiredIterator);
        let malformed = ShardIterator::read("AAAA", 0).expect_err("refused");
        assert_eq!(malformed.code, ApiErrorCode::InvalidArgument);
    }
}
