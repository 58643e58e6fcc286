//! Interval logs of HdrHistogram: a histogram of each second, for the tools of HdrHistogram.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;

use crate::timings::Histogram;

/// Interval log of one time of the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntervalLog {
    /// Name of the time, which is also that of its file.
    pub name: &'static str,
    /// Contents in the text format of interval logs, with histograms in format V2.
    pub text: String,
}

impl IntervalLog {
    /// Writes the log of a time, in microseconds, by the second of the planned instants. A second
    /// without requests has an empty histogram.
    pub(crate) fn new<'a>(
        name: &'static str,
        starts_at: DateTime<Utc>,
        seconds: impl Iterator<Item = &'a [u32]>,
    ) -> Self {
        let starts_at = SystemTime::from(starts_at);
        let (mut bytes, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
        let mut log = IntervalLogWriterBuilder::new()
            .add_comment(&format!("{name} in microseconds, by the second of the planned instant"))
            .with_start_time(starts_at)
            .with_base_time(starts_at)
            // The highest value of an interval is a number of milliseconds.
            .with_max_value_divisor(1_000.0)
            .begin_log_with(&mut bytes, &mut serializer)
            .expect("writing to memory does not fail");
        let second = Duration::from_secs(1);
        for (start, micros) in (0..).map(Duration::from_secs).zip(seconds) {
            let mut histogram = Histogram::default();
            for micros in micros {
                histogram.record(Duration::from_micros(u64::from(*micros)));
            }
            log.write_histogram(histogram.as_inner(), start, second, None)
                .expect("writing to memory does not fail");
        }
        Self { name, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}
