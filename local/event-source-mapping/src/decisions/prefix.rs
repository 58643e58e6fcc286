//! How far a shard is done without a gap, when its records are done out of order.

use std::collections::VecDeque;

use domain::record::SequenceNumber;

/// The records of a shard from the oldest that is not done to the newest that was read.
///
/// Records are known by their ordinal, the place in the order of reading. Sequence numbers would
/// do as well, but a stream that was deleted and created again may start lower.
#[derive(Debug, Default)]
pub(crate) struct Prefix {
    /// The ordinal of the first entry.
    first: u64,
    entries: VecDeque<(SequenceNumber, State)>,
    reached: Option<SequenceNumber>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Done,
}

impl Prefix {
    /// Takes the next record that was read; answers its ordinal.
    pub(crate) fn admit(&mut self, sequence_number: SequenceNumber) -> u64 {
        self.entries.push_back((sequence_number, State::Open));
        self.first + self.entries.len() as u64 - 1
    }

    /// Marks a record as done. To do so twice changes nothing.
    pub(crate) fn done(&mut self, ordinal: u64) {
        let Some(index) = ordinal.checked_sub(self.first) else { return };
        if let Some((_, state)) = usize::try_from(index).ok().and_then(|i| self.entries.get_mut(i))
        {
            *state = State::Done;
        }
        while let Some((_, State::Done)) = self.entries.front() {
            self.reached = self.entries.pop_front().map(|(number, _)| number);
            self.first += 1;
        }
    }

    /// The last record of the done prefix: the shard's checkpoint. `None` before the first.
    pub(crate) fn reached(&self) -> Option<&SequenceNumber> {
        self.reached.as_ref()
    }

    /// How many records lie behind the done prefix, done or not.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_gap_holds_the_checkpoint_back() {
        let mut prefix = Prefix::default();
        let ordinals: Vec<u64> =
            ["7", "8", "9"].map(|digits| prefix.admit(SequenceNumber::new(digits))).to_vec();
        prefix.done(ordinals[2]);
        prefix.done(ordinals[1]);
        assert_eq!(prefix.reached(), None);
        prefix.done(ordinals[0]);
        assert_eq!(prefix.reached(), Some(&SequenceNumber::new("9")));
        assert_eq!(prefix.len(), 0);
    }

    proptest! {
        #[test]
        fn the_checkpoint_is_always_the_record_before_the_first_open_one(
            order in Just((0..40_u64).collect::<Vec<_>>()).prop_shuffle(),
            admitted_first in 0..40_usize,
        ) {
            let mut prefix = Prefix::default();
            let mut open: std::collections::BTreeSet<u64> = (0..40).collect();
            for number in 0..admitted_first as u64 {
                prefix.admit(SequenceNumber::new(number.to_string()));
            }
            let (early, late): (Vec<u64>, Vec<u64>) =
                order.into_iter().partition(|&ordinal| ordinal < admitted_first as u64);
            let mut finish = |prefix: &mut Prefix, ordinal: u64| {
                prefix.done(ordinal);
                open.remove(&ordinal);
                let before = open.first().map_or(40, |&first| first).checked_sub(1);
                let expected = before.map(|number| SequenceNumber::new(number.to_string()));
                assert_eq!(prefix.reached(), expected.as_ref());
            };
            for ordinal in early {
                finish(&mut prefix, ordinal);
            }
            for number in admitted_first as u64..40 {
                prefix.admit(SequenceNumber::new(number.to_string()));
            }
            for ordinal in late {
                finish(&mut prefix, ordinal);
            }
            prop_assert_eq!(prefix.len(), 0);
        }
    }
}
