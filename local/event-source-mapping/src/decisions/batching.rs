//! Size of the next batch, given the waiting records.

use std::time::Duration;

use domain::limits::{BATCH_BYTES_MAX, LAMBDA_PAYLOAD_BYTES_MAX};
use domain::record::Delivered;

/// Upper bound for the names and fixed values of one record in an invocation payload, in bytes.
const RECORD_METADATA_BYTES: usize = 400;

/// Size of a record in a batch, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordSize {
    /// Data as put into the stream.
    pub(crate) data: usize,
    /// Upper bound for the part in the invocation payload: base64 and metadata.
    pub(crate) payload: usize,
}

impl RecordSize {
    pub(crate) fn new(record: &Delivered, stream_arn: &str) -> Self {
        let data = record.data.len();
        // JSON can escape a character of a key as \u and four digits.
        let key = record.partition_key.len() * 6;
        let numbers = 2 * record.sequence_number.as_str().len() + record.shard_id.len();
        let names = 2 * stream_arn.len();
        let payload = data.div_ceil(3) * 4 + key + numbers + names + RECORD_METADATA_BYTES;
        Self { data, payload }
    }

    /// `true` if no invocation can carry the record, even alone.
    pub(crate) fn exceeds_payload(self) -> bool {
        self.data > BATCH_BYTES_MAX || self.payload > LAMBDA_PAYLOAD_BYTES_MAX
    }
}

/// `Ended` if no more records will follow the waiting ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intake {
    Open,
    Ended,
}

/// Limits of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Most records.
    pub batch_size: usize,
    /// Longest time to wait for more records.
    pub batching_window: Duration,
}

/// Size of the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextBatch {
    /// No records are waiting.
    None,
    /// The batch consists of this number of records, now.
    Take(usize),
    /// The batch can still grow until this time.
    WaitUntil(Duration),
}

impl NextBatch {
    /// Closes a batch at the batch size, at the bytes of an invocation, or at the end of the
    /// batching window, whichever comes first. The window begins at `since`. Both `since` and `now`
    /// are measured from the start of reading the shard.
    ///
    /// A record that no invocation can carry becomes a batch of one, to be discarded.
    pub(crate) fn new(
        sizes: impl IntoIterator<Item = RecordSize>,
        limits: BatchLimits,
        intake: Intake,
        since: Duration,
        now: Duration,
    ) -> Self {
        let (mut count, mut data, mut payload) = (0, 0, 0);
        for size in sizes {
            data += size.data;
            payload += size.payload;
            let overflows = data > BATCH_BYTES_MAX || payload > LAMBDA_PAYLOAD_BYTES_MAX;
            if count > 0 && overflows {
                return Self::Take(count);
            }
            count += 1;
            if count >= limits.batch_size || overflows {
                return Self::Take(count);
            }
        }
        let end = since + limits.batching_window;
        match count {
            0 => Self::None,
            _ if now >= end || intake == Intake::Ended => Self::Take(count),
            _ => Self::WaitUntil(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(5);
    const SINCE: Duration = Duration::from_secs(100);

    fn check(
        data: &[usize],
        batch_size: usize,
        intake: Intake,
        waited: Duration,
        expected: NextBatch,
    ) {
        let sizes = data.iter().map(|&data| RecordSize { data, payload: data / 3 * 4 + 300 });
        let limits = BatchLimits { batch_size, batching_window: WINDOW };
        let got = NextBatch::new(sizes, limits, intake, SINCE, SINCE + waited);
        assert_eq!(got, expected, "{data:?} of {batch_size}, {intake:?}, waited {waited:?}");
    }

    #[test]
    fn a_batch_closes_by_count_by_bytes_or_by_window() {
        let early = Duration::from_millis(4_999);
        let wait = NextBatch::WaitUntil(SINCE + WINDOW);
        let mib = 1024 * 1024;
        check(&[], 2, Intake::Open, WINDOW, NextBatch::None);
        check(&[1], 2, Intake::Open, early, wait);
        check(&[1], 2, Intake::Open, WINDOW, NextBatch::Take(1));
        check(&[1], 2, Intake::Ended, early, NextBatch::Take(1));
        check(&[1, 1, 1], 2, Intake::Open, early, NextBatch::Take(2));
        check(&[mib; 4], 9, Intake::Open, early, wait);
        check(&[mib; 5], 9, Intake::Open, early, NextBatch::Take(4));
    }

    #[test]
    fn a_record_too_large_for_any_payload_is_a_batch_of_one() {
        let huge = BATCH_BYTES_MAX + 1;
        check(&[1, huge, 1], 9, Intake::Open, Duration::ZERO, NextBatch::Take(1));
        check(&[huge, 1], 9, Intake::Open, Duration::ZERO, NextBatch::Take(1));
    }

    #[test]
    fn many_small_records_close_a_batch_by_their_metadata() {
        let count = LAMBDA_PAYLOAD_BYTES_MAX / 300;
        let sizes = vec![0; count + 5];
        check(&sizes, usize::MAX, Intake::Open, Duration::ZERO, NextBatch::Take(count));
    }
}
