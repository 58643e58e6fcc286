//! Checkpoint of a shard whose records are completed out of order.

use std::collections::VecDeque;

use domain::record::SequenceNumber;

/// Records of a shard from the oldest incomplete one to the newest one read.
///
/// A record is identified by its ordinal, its position in the order of reading. Sequence numbers
/// would not do: in a stream that was deleted and created again they can decrease.
#[derive(Debug, Default)]
pub(crate) struct Watermark {
    /// Ordinal of the first entry.
    first: u64,
    entries: VecDeque<(SequenceNumber, RecordState)>,
    reached: Option<SequenceNumber>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RecordState {
    Open,
    Done,
}

impl Watermark {
    /// Adds the next record that was read and returns its ordinal.
    pub(crate) fn push(&mut self, sequence_number: SequenceNumber) -> u64 {
        self.entries.push_back((sequence_number, RecordState::Open));
        self.first + self.entries.len() as u64 - 1
    }

    /// Marks a record as done. A second call for the same record has no effect.
    pub(crate) fn mark_done(&mut self, ordinal: u64) {
        let Some(index) = ordinal.checked_sub(self.first) else { return };
        if let Some((_, state)) = usize::try_from(index).ok().and_then(|i| self.entries.get_mut(i))
        {
            *state = RecordState::Done;
        }
        while let Some((_, RecordState::Done)) = self.entries.front() {
            self.reached = self.entries.pop_front().map(|(number, _)| number);
            self.first += 1;
        }
    }

    /// Last record before the oldest incomplete one: the checkpoint of the shard. `None` until the
    /// first record is done.
    pub(crate) fn reached(&self) -> Option<&SequenceNumber> {
        self.reached.as_ref()
    }

    /// Number of records after the watermark, done or not.
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
        let mut watermark = Watermark::default();
        let ordinals: Vec<u64> =
            ["7", "8", "9"].map(|digits| watermark.push(SequenceNumber::new(digits))).to_vec();
        watermark.mark_done(ordinals[2]);
        watermark.mark_done(ordinals[1]);
        assert_eq!(watermark.reached(), None);
        watermark.mark_done(ordinals[0]);
        assert_eq!(watermark.reached(), Some(&SequenceNumber::new("9")));
        assert_eq!(watermark.len(), 0);
    }

    proptest! {
        #[test]
        fn the_checkpoint_is_always_the_record_before_the_first_open_one(
            order in Just((0..40_u64).collect::<Vec<_>>()).prop_shuffle(),
            pushed_first in 0..40_usize,
        ) {
            let mut watermark = Watermark::default();
            let mut open: std::collections::BTreeSet<u64> = (0..40).collect();
            for number in 0..pushed_first as u64 {
                watermark.push(SequenceNumber::new(number.to_string()));
            }
            let (early, late): (Vec<u64>, Vec<u64>) =
                order.into_iter().partition(|&ordinal| ordinal < pushed_first as u64);
            let mut finish = |watermark: &mut Watermark, ordinal: u64| {
                watermark.mark_done(ordinal);
                open.remove(&ordinal);
                let before = open.first().map_or(40, |&first| first).checked_sub(1);
                let expected = before.map(|number| SequenceNumber::new(number.to_string()));
                assert_eq!(watermark.reached(), expected.as_ref());
            };
            for ordinal in early {
                finish(&mut watermark, ordinal);
            }
            for number in pushed_first as u64..40 {
                watermark.push(SequenceNumber::new(number.to_string()));
            }
            for ordinal in late {
                finish(&mut watermark, ordinal);
            }
            prop_assert_eq!(watermark.len(), 0);
        }
    }
}
