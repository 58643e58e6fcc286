//! Runs one shard: does what [`Lanes`] asks for and tells it what came of it.

use std::sync::Arc;
use std::time::Duration;

use domain::record::Delivered;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument;

use super::Clock;
use super::checkpoints::Book;
use super::destination::{Destination, Origin};
use super::invocation::call;
use super::poller::{Polled, Poller};
use super::progress::Board;
use super::stop::{Slept, Stop};
use super::stream::{Place, Stream, Use};
use crate::decisions::batch::Batch;
use crate::decisions::cut::CutRules;
use crate::decisions::lanes::{Discarded, Lanes, Now, Rules, Step, backoff};
use crate::decisions::lineage::Shard;
use crate::decisions::position::Position;
use crate::decisions::verdict::{Answer, Policy, answer};
use crate::handler::Handler;
use crate::settings::MappingSettings;

/// Pause after the first failed write to a disk; it doubles with each further one.
const DISK_BACKOFF: Duration = Duration::from_millis(100);

/// What all shards of a mapping share.
pub(crate) struct Shared<H> {
    pub(crate) stream: Stream,
    pub(crate) settings: MappingSettings,
    pub(crate) handler: H,
    pub(crate) book: Book,
    pub(crate) destination: Destination,
    pub(crate) board: Board,
    pub(crate) clock: Clock,
    pub(crate) stop: Stop,
    /// How long the stream keeps a record, as it said last.
    pub(crate) retention: watch::Sender<Duration>,
}

/// How a shard's run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Everything in it is done, and that is noted.
    Finished { shard: String, children: Vec<Shard> },
    /// It was asked to stop.
    Stopped,
}

/// What a task of a lane came back with.
#[derive(Debug)]
enum Done {
    Answered {
        lane: usize,
        answer: Answer,
    },
    Kept {
        lane: usize,
    },
    /// The destination could not be written before the mapping was stopped.
    NotKept,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Stopping,
}

/// Reads and handles a shard from a position to its end, or until the mapping is stopped.
pub(crate) async fn run<H: Handler>(
    shared: Arc<Shared<H>>,
    stream_arn: String,
    shard: String,
    from: (Position, Use),
) -> Ended {
    let (position, used) = from;
    let Some(renew) = Place::of(&position, Use::Again) else {
        return Ended::Finished { shard, children: Vec::new() };
    };
    let (found, polled) = mpsc::channel(1);
    let poller = Poller {
        stream: shared.stream.clone(),
        shard: shard.clone(),
        interval: shared.settings.poll_interval,
        begin: Place::of(&position, used),
        renew,
    };
    tokio::spawn(poller.run(found));
    let lanes = Lanes::new(rules(&shared.settings, &stream_arn));
    let origin = Origin { mapping: shared.settings.stream_name.clone(), stream_arn };
    let runner = Runner {
        stop: shared.stop.clone(),
        shared,
        origin,
        shard,
        lanes,
        polled,
        running: JoinSet::new(),
        began: Instant::now(),
        noted: position,
    };
    runner.run().await
}

fn rules(settings: &MappingSettings, stream_arn: &str) -> Rules {
    Rules {
        cut: CutRules {
            batch_size: settings.batch_size,
            batching_window: settings.batching_window,
        },
        policy: Policy { on_error: settings.on_error, retry_attempts: settings.retry_attempts },
        lanes: settings.parallelization_factor,
        retry_backoff: settings.retry_backoff,
        stream_arn: stream_arn.to_owned(),
    }
}

struct Runner<H> {
    shared: Arc<Shared<H>>,
    stop: Stop,
    origin: Origin,
    shard: String,
    lanes: Lanes,
    polled: mpsc::Receiver<Polled>,
    running: JoinSet<Done>,
    began: Instant,
    /// The checkpoint as it is on disk.
    noted: Position,
}

impl<H: Handler> Runner<H> {
    async fn run(mut self) -> Ended {
        let mut phase = Phase::Running;
        let mut end = None;
        loop {
            if phase == Phase::Running {
                self.begin_steps();
            }
            if let Some(reached) = self.lanes.checkpoint().cloned() {
                self.note(Position::After(reached)).await;
            }
            if self.lanes.is_empty()
                && let Some(children) = end.take()
            {
                self.note(Position::End).await;
                return match self.noted {
                    Position::End => Ended::Finished { shard: self.shard, children },
                    _ => Ended::Stopped,
                };
            }
            if phase == Phase::Stopping && self.running.is_empty() {
                return Ended::Stopped;
            }
            let wakes = self.lanes.wakes_at(self.now()).map(|wakes| self.began + wakes);
            let reads = phase == Phase::Running && end.is_none() && self.lanes.has_room();
            tokio::select! {
                Some(done) = self.running.join_next() => self.take(done),
                polled = self.polled.recv(), if reads => match polled {
                    Some(Polled::Records(records)) => self.offer(records),
                    Some(Polled::End { children }) => {
                        self.lanes.end();
                        end = Some(children);
                    }
                    // The poller ends by itself only after it said so.
                    None => {
                        tracing::error!(shard = self.shard, "the poller was lost");
                        return Ended::Stopped;
                    }
                },
                () = sleep_until(wakes.unwrap_or(self.began)),
                    if wakes.is_some() && phase == Phase::Running => {}
                () = self.stop.wished(), if phase == Phase::Running => phase = Phase::Stopping,
            }
        }
    }

    fn now(&self) -> Now {
        Now { wall: (self.shared.clock)(), elapsed: self.began.elapsed() }
    }

    fn offer(&mut self, records: Vec<Delivered>) {
        if records.is_empty() && self.lanes.is_empty() {
            self.shared.board.caught_up(&self.shard);
        }
        let now = self.now();
        self.lanes.offer(records, now);
    }

    fn begin_steps(&mut self) {
        let kept = *self.shared.retention.borrow();
        let asked = self.shared.settings.record_age_max;
        self.lanes.limit_age(asked.map_or(kept, |asked| asked.min(kept)));
        while let Some(step) = self.lanes.next(self.now()) {
            match step {
                Step::Invoke { lane, batch } => self.invoke(lane, batch),
                Step::Discard(discarded) => self.discard(discarded),
            }
        }
    }

    fn invoke(&mut self, lane: usize, batch: Batch) {
        let (first, last) = (batch.records().first(), batch.records().last());
        if let Some(last) = last {
            let age = (self.shared.clock)() - last.arrived_at;
            self.shared.board.handed_over(&self.shard, age.to_std().unwrap_or_default());
        }
        let number = |record: Option<&Delivered>| record.map(|r| r.sequence_number.to_string());
        let span = tracing::info_span!(
            "invocation",
            shard = self.shard,
            records = batch.len(),
            first = number(first),
            last = number(last),
        );
        let shared = Arc::clone(&self.shared);
        let invocation = async move {
            let said = call(&shared.handler, batch.records()).await;
            let answer = answer(batch.records(), &said);
            match (&said, answer) {
                (_, Answer::Done) => {}
                (Err(error), _) => tracing::warn!(%error, "the batch failed"),
                (Ok(_), Answer::FailedFrom(index)) => {
                    let from = &batch.records()[index].sequence_number;
                    tracing::warn!(%from, "the batch failed in part");
                }
                (Ok(_), Answer::Error) => {
                    tracing::warn!("the handler reported a record that is not in the batch");
                }
            }
            Done::Answered { lane, answer }
        };
        self.running.spawn(invocation.instrument(span));
    }

    /// A batch that cannot be kept is tried again until it can: nothing is given up in silence.
    fn discard(&mut self, discarded: Discarded) {
        let (shared, origin) = (Arc::clone(&self.shared), self.origin.clone());
        let (shard, mut stop) = (self.shard.clone(), self.stop.clone());
        self.running.spawn(async move {
            let records = discarded.batch.len();
            let first = discarded.batch.records().first().map(|r| r.sequence_number.to_string());
            tracing::warn!(shard, records, first, why = ?discarded.condition, "discarding");
            let mut failures = 0;
            loop {
                let now = (shared.clock)();
                let Err(error) = shared.destination.keep(&origin, &discarded, now).await else {
                    return Done::Kept { lane: discarded.lane };
                };
                failures += 1;
                tracing::error!(shard, %error, "the destination cannot be written; trying again");
                if stop.sleep(backoff(DISK_BACKOFF, failures)).await == Slept::Stopped {
                    return Done::NotKept;
                }
            }
        });
    }

    fn take(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Answered { lane, answer }) => {
                let now = self.now();
                let tally = self.lanes.answered(lane, answer, now);
                self.shared.board.answered(&self.shard, tally);
            }
            Ok(Done::Kept { lane }) => {
                let records = self.lanes.kept(lane);
                self.shared.board.discarded(&self.shard, records);
            }
            Ok(Done::NotKept) => {}
            // A handler's panic is an answer already; what is left is a runtime that shuts down.
            Err(error) => tracing::error!(shard = self.shard, %error, "an invocation was lost"),
        }
    }

    /// Writes the checkpoint if it moved, and shows it only then.
    async fn note(&mut self, position: Position) {
        if position == self.noted {
            return;
        }
        let mut failures = 0;
        while let Err(error) = self.shared.book.note([(self.shard.clone(), position.clone())]).await
        {
            failures += 1;
            tracing::error!(shard = self.shard, %error, "the checkpoint cannot be written");
            if self.stop.sleep(backoff(DISK_BACKOFF, failures)).await == Slept::Stopped {
                return;
            }
        }
        self.shared.board.checkpointed(&self.shard, &position);
        self.noted = position;
    }
}
