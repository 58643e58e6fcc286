//! Sequence numbers: 56 decimal digits that begin with 4959, in the format of the service, so that
//! consumers see numbers of realistic length.
//!
//! `4959 | stream creation, ms (13) | generation (9) | shard (10) | counter (20)`
//!
//! The generation of a shard is one above that of its parents. So the numbers of a child are above
//! those of its parents, even if the clock goes back. The counter is the position of the record in
//! its shard, from 1; 0 is the starting number of the shard.

use std::fmt;

const PREFIX: &str = "4959";
const DIGITS: usize = 56;
/// Largest creation time with 13 digits, in the year 2286.
pub(crate) const CREATED_MS_MAX: u64 = 9_999_999_999_999;

/// Position in a shard of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sequence {
    /// Creation time of the stream, milliseconds since 1970.
    pub(crate) created_ms: u64,
    /// Generation of the shard.
    pub(crate) generation: u32,
    /// Shard number.
    pub(crate) shard: u32,
    /// Position of the record in its shard, from 1.
    pub(crate) counter: u64,
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{PREFIX}{:013}{:09}{:010}{:020}",
            self.created_ms, self.generation, self.shard, self.counter
        )
    }
}

impl Sequence {
    /// Parses a sequence number of this endpoint. Returns `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        if !digits || !text.starts_with(PREFIX) {
            return None;
        }
        Some(Self {
            created_ms: text[4..17].parse().ok()?,
            generation: text[17..26].parse().ok()?,
            shard: text[26..36].parse().ok()?,
            counter: text[36..].parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_sequence() -> impl Strategy<Value = Sequence> {
        (0..=CREATED_MS_MAX, 0..999_999_999u32, any::<u32>(), any::<u64>()).prop_map(
            |(created_ms, generation, shard, counter)| Sequence {
                created_ms,
                generation,
                shard,
                counter,
            },
        )
    }

    proptest! {
        #[test]
        fn text_orders_as_the_number_does(a in any_sequence(), b in any_sequence()) {
            let (left, right) = (a.to_string(), b.to_string());
            prop_assert_eq!(left.len(), 56);
            prop_assert_eq!((left.len(), &left).cmp(&(right.len(), &right)), a.cmp(&b));
            prop_assert_eq!(Sequence::parse(&left), Some(a));
        }

        #[test]
        fn parsing_any_text_never_panics(text in "\\PC{0,60}") {
            let _ = Sequence::parse(&text);
        }
    }
}
