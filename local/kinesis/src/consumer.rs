//! Consumer whose unread records outlive the retention.

use std::fmt;
use std::sync::Arc;

use super::sequence::Sequence;
use super::stream::{ShardMetadata, StreamMetadata};

/// Records of a shard that a consumer has read and does not need again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consumed {
    /// None yet.
    None,
    /// The records up to this sequence number.
    UpTo(String),
    /// All, or the shard has no consumer.
    All,
}

/// Returns the consumed records of a shard, by the names of stream and shard. It is called for
/// every read and before every deletion.
pub type ConsumerPositions = Arc<dyn Fn(&str, &str) -> Consumed + Send + Sync>;

/// Consumer of the endpoint, if it has one.
#[derive(Clone, Default)]
pub(crate) struct Consumer(pub(crate) Option<ConsumerPositions>);

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Consumer").field(&self.0.is_some()).finish()
    }
}

impl Consumer {
    /// Counter of the first record that the consumer has not read. A position of another stream of
    /// this name counts as none.
    pub(crate) fn unread_from(&self, stream: &StreamMetadata, shard: &ShardMetadata) -> u64 {
        let Some(positions) = &self.0 else { return u64::MAX };
        match positions(&stream.name, &shard.id()) {
            Consumed::All => u64::MAX,
            Consumed::None => 0,
            Consumed::UpTo(number) => Sequence::parse(&number)
                .filter(|number| *number == stream.sequence(shard, number.counter))
                .map_or(0, |number| number.counter.saturating_add(1)),
        }
    }

    /// Returns `true` if the shard is closed and none of its records is kept.
    pub(crate) fn is_expired(
        &self,
        stream: &StreamMetadata,
        shard: &ShardMetadata,
        now_ms: i64,
    ) -> bool {
        let is_read = || {
            let last = shard.closed.map_or(u64::MAX, |closed| closed.last_counter);
            self.unread_from(stream, shard) > last
        };
        stream.is_expired(shard, now_ms) && is_read()
    }
}
