//! Waiting records -> how many of them make the next batch.

use std::time::Duration;

use domain::limits::{BATCH_BYTES_MAX, LAMBDA_PAYLOAD_BYTES_MAX};

/// What a record adds to a batch, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Its data as put.
    pub(crate) raw: usize,
    /// Its part of the invocation payload: base64 and metadata.
    pub(crate) payload: usize,
}

impl Weight {
    /// Whether not even a batch of its own can carry it.
    pub(crate) fn is_too_much(self) -> bool {
        self.raw > BATCH_BYTES_MAX || self.payload > LAMBDA_PAYLOAD_BYTES_MAX
    }
}

/// Whether more records may come behind those that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Open,
    Ended,
}

/// When a batch is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutRules {
    /// Most records.
    pub batch_size: usize,
    /// How long to wait for more.
    pub batching_window: Duration,
}

/// What to do with the waiting records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nothing waits.
    Nothing,
    /// The first so many make a batch, now.
    Take(usize),
    /// More may still join, until then.
    WaitUntil(Duration),
}

/// Cuts at the batch size, at the bytes an invocation can carry, or at the end of the batching
/// window, whichever comes first. The window counts from `since`; both it and `now` are measured
/// from the start of the shard's reading.
///
/// A record that is too much on its own makes a batch of one, to be discarded.
pub(crate) fn cut(
    weights: impl IntoIterator<Item = Weight>,
    rules: CutRules,
    source: Source,
    since: Duration,
    now: Duration,
) -> Cut {
    let (mut count, mut raw, mut payload) = (0, 0, 0);
    for weight in weights {
        raw += weight.raw;
        payload += weight.payload;
        let overflows = raw > BATCH_BYTES_MAX || payload > LAMBDA_PAYLOAD_BYTES_MAX;
        if count > 0 && overflows {
            return Cut::Take(count);
        }
        count += 1;
        if count >= rules.batch_size || overflows {
            return Cut::Take(count);
        }
    }
    if count == 0 {
        return Cut::Nothing;
    }
    let over = since + rules.batching_window;
    if now >= over || source == Source::Ended { Cut::Take(count) } else { Cut::WaitUntil(over) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(5);
    const SINCE: Duration = Duration::from_secs(100);

    fn check(raw: &[usize], batch_size: usize, source: Source, waited: Duration, expected: Cut) {
        let weights = raw.iter().map(|&raw| Weight { raw, payload: raw / 3 * 4 + 300 });
        let rules = CutRules { batch_size, batching_window: WINDOW };
        let got = cut(weights, rules, source, SINCE, SINCE + waited);
        assert_eq!(got, expected, "{raw:?} of {batch_size}, {source:?}, waited {waited:?}");
    }

    #[test]
    fn a_batch_closes_by_count_by_bytes_or_by_window() {
        let early = Duration::from_millis(4_999);
        let wait = Cut::WaitUntil(SINCE + WINDOW);
        let mib = 1024 * 1024;
        check(&[], 2, Source::Open, WINDOW, Cut::Nothing);
        check(&[1], 2, Source::Open, early, wait);
        check(&[1], 2, Source::Open, WINDOW, Cut::Take(1));
        check(&[1], 2, Source::Ended, early, Cut::Take(1));
        check(&[1, 1, 1], 2, Source::Open, early, Cut::Take(2));
        check(&[mib; 4], 9, Source::Open, early, wait);
        check(&[mib; 5], 9, Source::Open, early, Cut::Take(4));
    }

    #[test]
    fn a_record_too_large_for_any_payload_goes_alone() {
        let huge = BATCH_BYTES_MAX + 1;
        check(&[1, huge, 1], 9, Source::Open, Duration::ZERO, Cut::Take(1));
        check(&[huge, 1], 9, Source::Open, Duration::ZERO, Cut::Take(1));
    }

    #[test]
    fn many_small_records_close_by_the_metadata_they_bring() {
        let count = LAMBDA_PAYLOAD_BYTES_MAX / 300;
        let sizes = vec![0; count + 5];
        check(&sizes, usize::MAX, Source::Open, Duration::ZERO, Cut::Take(count));
    }
}
