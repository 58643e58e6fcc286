//! Ranges of the 128-bit hash space, both ends included.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Range of hashes, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashRange {
    pub(crate) start: u128,
    pub(crate) end: u128,
}

impl HashRange {
    /// `true` if the range contains the hash.
    pub(crate) fn contains(self, hash: u128) -> bool {
        (self.start..=self.end).contains(&hash)
    }

    /// `true` if the ranges are adjacent.
    pub(crate) fn is_adjacent_to(self, other: Self) -> bool {
        self.end.checked_add(1) == Some(other.start) || other.end.checked_add(1) == Some(self.start)
    }

    /// Divides the whole space into `count` ranges (at least one) as the service does: each has
    /// ⌊2^128 / count⌋ hashes, and the last one also the remainder.
    pub(crate) fn uniform(count: u32) -> Vec<Self> {
        let count = u128::from(count.max(1));
        if count == 1 {
            return vec![Self { start: 0, end: u128::MAX }];
        }
        // 2^128 does not fit into u128: divide 2^128 - 1 and add 1 if that changes the quotient.
        let carry = u128::from(u128::MAX % count == count - 1);
        let length = u128::MAX / count + carry;
        (0..count)
            .map(|i| Self {
                start: length * i,
                end: if i + 1 == count { u128::MAX } else { length * (i + 1) - 1 },
            })
            .collect()
    }
}

impl fmt::Display for HashRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

// Serialized as text, because JSON numbers cannot hold 128 bits.
impl Serialize for HashRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HashRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let ends = text.split_once('-').and_then(|(start, end)| {
            Some(Self { start: start.parse().ok()?, end: end.parse().ok()? })
        });
        ends.filter(|range| range.start <= range.end)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not a hash range `start-end`")))
    }
}
