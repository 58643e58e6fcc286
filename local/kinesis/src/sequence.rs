//! Sequence numbers: 56 decimal digits that start with 4959, like those of the service, so that
//! what compares them as (length, text) or keeps them in fixed columns meets the real shape.
//!
//! `4959 | stream created, ms (13) | generation (9) | shard (10) | counter (20)`
//!
//! A shard's generation is one above its parents', so a child's numbers are above its parent's
//! whatever the clock does. The counter is the record's place in its shard, from 1; 0 is the
//! shard's own starting number.

use std::fmt;

const PREFIX: &str = "4959";
const DIGITS: usize = 56;
/// The largest creation stamp that fits its 13 digits (the year 2286).
pub(crate) const CREATED_MS_MAX: u64 = 9_999_999_999_999;

/// One place in one shard of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sequence {
    /// The stream's creation stamp, milliseconds since 1970; tells a stream from its namesake.
    pub(crate) created_ms: u64,
    /// One above the parents' generation.
    pub(crate) generation: u32,
    /// The shard's number.
    pub(crate) shard: u32,
    /// The record's place in its shard, from 1.
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
    /// Reads a sequence number of this endpoint; `None` for anything else.
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
        fn reading_any_text_never_fails_hard(text in "\\PC{0,60}") {
            let _ = Sequence::parse(&text);
        }
    }
}
