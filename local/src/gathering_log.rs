//! Log that gathers the records of concurrent requests into common calls.
//!
//! One machine receives many requests at once, and a shard accepts a limited number of records a
//! second. Plain records of one store that arrive within a few milliseconds become one record, and
//! all records one `PutRecords` call. Each request is answered after the stream has acknowledged
//! its records. A request that comes alone is not delayed.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::limits::{PUT_RECORDS_BYTES_MAX, PUT_RECORDS_MAX, RECORD_EVENTS_MAX};
use domain::ports::{EventLog, Failure, PutOutcome};
use domain::record::{self, Record};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

/// Largest size of a gathered record, in bytes, before compression.
const GATHERED_BYTES_MAX: usize = 64 * 1024;

/// Log that puts the records of concurrent calls together.
///
/// ```
/// use std::sync::Mutex;
/// use std::time::Duration;
///
/// use domain::SequenceNumber;
/// use domain::ports::{EventLog, Failure, PutOutcome};
/// use domain::record::Record;
/// use local::gathering_log::GatheringLog;
///
/// /// Log that counts the records of each call.
/// #[derive(Default)]
/// struct Counting(Mutex<Vec<usize>>);
///
/// impl EventLog for Counting {
///     async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
///         self.0.lock().unwrap().push(records.len());
///         let (shard_id, sequence_number) = ("s".to_owned(), SequenceNumber::new("1"));
///         Ok(vec![PutOutcome::Stored { shard_id, sequence_number }; records.len()])
///     }
///
///     async fn check_ready(&self) -> Result<(), Failure> {
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Failure> {
/// let log = GatheringLog::new(Counting::default(), Duration::from_millis(5));
/// let record = |n: u8| Record { partition_key: "0042".into(), data: format!("{{{n}}}").into() };
/// log.put_records(&[record(0)]).await?;
/// let (one, two, three) = ([record(1)], [record(2)], [record(3)]);
/// tokio::try_join!(log.put_records(&one), log.put_records(&two), log.put_records(&three))?;
/// assert_eq!(*log.inner().0.lock().unwrap(), [1, 1], "the first alone, then all three in one");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct GatheringLog<L> {
    log: Arc<L>,
    /// Time between two calls.
    interval: Duration,
    waiting: Arc<Mutex<Waiting>>,
}

/// Calls that wait for the next one to the log.
#[derive(Debug, Default)]
struct Waiting {
    calls: Vec<WaitingCall>,
    /// `true` while a task sends what waits.
    is_sending: bool,
    /// Earliest instant of the next call.
    next_at: Option<Instant>,
}

#[derive(Debug)]
struct WaitingCall {
    records: Vec<Record>,
    answer: oneshot::Sender<Result<Vec<PutOutcome>, Failure>>,
}

impl<L: EventLog + 'static> GatheringLog<L> {
    /// Creates a log that calls at most once within `interval`, with what arrived meanwhile. Only
    /// records beyond the limits of a call take another one.
    /// An interval of 0 gathers nothing.
    pub fn new(log: L, interval: Duration) -> Self {
        Self { log: Arc::new(log), interval, waiting: Arc::default() }
    }

    /// Returns the log that is called.
    #[must_use]
    pub fn inner(&self) -> &L {
        &self.log
    }

    /// Sends what waits until nothing does.
    async fn send_all(log: Arc<L>, interval: Duration, waiting: Arc<Mutex<Waiting>>) {
        loop {
            let next_at = lock(&waiting).next_at;
            if let Some(next_at) = next_at {
                sleep_until(next_at).await;
            }
            let calls = {
                let mut waiting = lock(&waiting);
                if waiting.calls.is_empty() {
                    waiting.is_sending = false;
                    return;
                }
                waiting.next_at = Some(Instant::now() + interval);
                mem::take(&mut waiting.calls)
            };
            for calls in within_limits(calls) {
                let log = Arc::clone(&log);
                // The next call does not wait for the answer of this one.
                tokio::spawn(async move { send(&*log, calls).await });
            }
        }
    }
}

fn lock(waiting: &Mutex<Waiting>) -> std::sync::MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<L: EventLog + 'static> EventLog for GatheringLog<L> {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
        if self.interval.is_zero() {
            return self.log.put_records(records).await;
        }
        let (answer, answered) = oneshot::channel();
        let is_sending = {
            let mut waiting = lock(&self.waiting);
            waiting.calls.push(WaitingCall { records: records.to_vec(), answer });
            mem::replace(&mut waiting.is_sending, true)
        };
        if !is_sending {
            let waiting = Arc::clone(&self.waiting);
            tokio::spawn(Self::send_all(Arc::clone(&self.log), self.interval, waiting));
        }
        let stopped = || Err(Failure::Unavailable("the call was not answered".into()));
        answered.await.unwrap_or_else(|_| stopped())
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        self.log.check_ready().await
    }
}

/// Divides calls so that the records of each part fit one call to the log.
fn within_limits(calls: Vec<WaitingCall>) -> Vec<Vec<WaitingCall>> {
    let size = |record: &Record| record.data.len() + record.partition_key.len();
    let mut parts: Vec<Vec<WaitingCall>> = Vec::new();
    let (mut records, mut bytes) = (0, 0);
    for call in calls {
        records += call.records.len();
        bytes += call.records.iter().map(size).sum::<usize>();
        match parts.last_mut() {
            Some(part) if records <= PUT_RECORDS_MAX && bytes <= PUT_RECORDS_BYTES_MAX => {
                part.push(call);
            }
            _ => {
                records = call.records.len();
                bytes = call.records.iter().map(size).sum();
                parts.push(vec![call]);
            }
        }
    }
    parts
}

/// Sends the records of calls, and answers each of them.
async fn send(log: &impl EventLog, calls: Vec<WaitingCall>) {
    let mut gathered = Gathered::default();
    let places: Vec<Vec<usize>> = calls
        .iter()
        .map(|call| call.records.iter().map(|record| gathered.add(record)).collect())
        .collect();
    let records: Vec<Record> = gathered.records.into_iter().map(GatheredRecord::finish).collect();
    let outcomes = log.put_records(&records).await;
    for (call, places) in calls.into_iter().zip(places) {
        let of_call = outcomes.as_ref().map_err(Clone::clone).map(|outcomes| {
            let missing = || Failure::Unavailable("the stream did not answer for it".into());
            let outcome = |place: usize| outcomes.get(place).cloned();
            let outcome = |place| outcome(place).unwrap_or_else(|| PutOutcome::Failed(missing()));
            places.into_iter().map(outcome).collect()
        });
        // The request may have been given up.
        let _ = call.answer.send(of_call);
    }
}

/// Records for one call.
#[derive(Default)]
struct Gathered {
    records: Vec<GatheredRecord>,
    /// Places of the plain records that take more events, by partition key.
    open: HashMap<String, usize>,
}

struct GatheredRecord {
    record: Record,
    /// Number of lines.
    events: usize,
    is_joined: bool,
}

impl Gathered {
    /// Adds a record. Returns the place of the record that it is now part of.
    fn add(&mut self, record: &Record) -> usize {
        let Some(events) = record::plain_lines(&record.data) else {
            return self.push(record, 1);
        };
        if let Some(place) = self.open.get(&record.partition_key) {
            let open = &mut self.records[*place];
            let bytes = open.record.data.len() + 1 + record.data.len();
            if open.events + events <= RECORD_EVENTS_MAX && bytes <= GATHERED_BYTES_MAX {
                open.record.data.push(b'\n');
                open.record.data.extend_from_slice(&record.data);
                open.events += events;
                open.is_joined = true;
                return *place;
            }
        }
        let place = self.push(record, events);
        self.open.insert(record.partition_key.clone(), place);
        place
    }

    fn push(&mut self, record: &Record, events: usize) -> usize {
        self.records.push(GatheredRecord { record: record.clone(), events, is_joined: false });
        self.records.len() - 1
    }
}

impl GatheredRecord {
    fn finish(self) -> Record {
        let Record { partition_key, data } = self.record;
        let data = if self.is_joined { record::compressed(data) } else { data };
        Record { partition_key, data }
    }
}

#[cfg(test)]
mod tests {
    use domain::SequenceNumber;

    use super::*;

    /// Log that keeps the records of each call and refuses a partition key.
    #[derive(Debug, Default)]
    struct Keeping(Mutex<Vec<Vec<Record>>>);

    impl EventLog for Keeping {
        async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
            self.0.lock().unwrap().push(records.to_vec());
            let outcome = |record: &Record| match &*record.partition_key {
                "full" => PutOutcome::Failed(Failure::Throttled("full".into())),
                key => PutOutcome::Stored {
                    shard_id: key.to_owned(),
                    sequence_number: SequenceNumber::new("1"),
                },
            };
            Ok(records.iter().map(outcome).collect())
        }

        async fn check_ready(&self) -> Result<(), Failure> {
            Ok(())
        }
    }

    fn record(key: &str, data: impl Into<Vec<u8>>) -> Record {
        Record { partition_key: key.to_owned(), data: data.into() }
    }

    fn log() -> GatheringLog<Keeping> {
        GatheringLog::new(Keeping::default(), Duration::from_millis(5))
    }

    #[tokio::test(start_paused = true)]
    async fn each_request_gets_the_outcome_of_its_own_records() {
        let log = log();
        let (a, full, b) = ([record("a", "{1}")], [record("full", "{2}")], [record("b", "{3}")]);
        let both = [record("full", "{4}"), record("a", "{5}")];
        let (first, second, third, fourth) = tokio::join!(
            log.put_records(&a),
            log.put_records(&full),
            log.put_records(&b),
            log.put_records(&both)
        );
        let shard = |outcome: &PutOutcome| match outcome {
            PutOutcome::Stored { shard_id, .. } => shard_id.clone(),
            PutOutcome::Failed(failure) => failure.to_string(),
        };
        let shards = |outcomes: Result<Vec<PutOutcome>, Failure>| -> Vec<String> {
            outcomes.unwrap().iter().map(shard).collect()
        };
        assert_eq!(shards(first), ["a"]);
        assert_eq!(shards(third), ["b"]);
        let (second, fourth) = (shards(second), shards(fourth));
        assert!(second[0].contains("full") && fourth[0].contains("full"), "{second:?} {fourth:?}");
        assert_eq!(fourth[1], "a");
        let calls = log.inner().0.lock().unwrap();
        let sent: Vec<&[u8]> = calls.iter().flatten().map(|record| &*record.data).collect();
        assert_eq!(sent, [&b"{1}\n{5}"[..], b"{2}\n{4}", b"{3}"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_alone_is_not_delayed_and_the_next_ones_wait_for_the_interval() {
        let log = log();
        let start = Instant::now();
        let one = [record("a", "{1}")];
        log.put_records(&one).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        log.put_records(&one).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_millis(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
        let later = Instant::now();
        log.put_records(&one).await.unwrap();
        assert_eq!(later.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_keeps_the_limits_of_the_stream() {
        let log = log();
        let line = format!("{{{}}}", "x".repeat(1_000));
        let many: Vec<Record> =
            (0..PUT_RECORDS_MAX).map(|number| record(&number.to_string(), &*line)).collect();
        let full: Vec<Record> = (0..RECORD_EVENTS_MAX).map(|_| record("a", "{}")).collect();
        let more = [record("a", "{}")];
        let (first, second, third) =
            tokio::join!(log.put_records(&many), log.put_records(&full), log.put_records(&more));
        assert_eq!(first.unwrap().len(), PUT_RECORDS_MAX);
        assert_eq!((second.unwrap().len(), third.unwrap().len()), (RECORD_EVENTS_MAX, 1));
        let calls = log.inner().0.lock().unwrap();
        assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [PUT_RECORDS_MAX, 2]);
        let opened = |record: &Record| record::open(&record.data).unwrap().len();
        let events: Vec<usize> = calls[1].iter().map(opened).collect();
        assert_eq!(events, [RECORD_EVENTS_MAX, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn compressed_records_are_sent_as_they_are() {
        let log = log();
        let packed = record("a", record::compressed(b"{1}\n".repeat(1_000)));
        let one = [packed.clone(), record("a", "{2}"), packed.clone()];
        log.put_records(&one).await.unwrap();
        assert_eq!(log.inner().0.lock().unwrap()[0], one);
    }
}
