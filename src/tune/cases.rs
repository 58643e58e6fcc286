//! Invocations of the functions by case, for a recording on this machine and for a measurement of
//! a stage.

use std::fmt;

use aws::Tables;
use clap::ValueEnum;
use event_source_mapping::lambda_event;

use super::corpus::Corpus;
use super::{payload, stores};
use crate::{CommandError, clock};

/// Records of the largest batch.
pub(super) const LARGEST_BATCH: usize = 500;
/// Numbers of records of the batches.
const BATCHES: [usize; 5] = [1, 10, 50, 100, LARGEST_BATCH];
/// Maximum payload of an invocation, in bytes. Source: Lambda quotas.
const PAYLOAD_MAX: usize = 6 * 1024 * 1024;
/// Stream in the payloads.
const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/till-events";

/// Function that can be tuned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TunedFunction {
    /// Ingest API
    Ingest,
    /// Batch handler of the stream
    StockProcessor,
    /// Pricing pass of a store
    Pricing,
    /// Close of day of a store
    DayClose,
}

impl TunedFunction {
    pub(super) const ALL: [Self; 4] =
        [Self::Ingest, Self::StockProcessor, Self::Pricing, Self::DayClose];

    /// Returns the name of the function in `cdk/`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::StockProcessor => "stock-processor",
            Self::Pricing => "pricing",
            Self::DayClose => "day-close",
        }
    }

    /// Returns the name of the binary.
    pub(super) fn binary(self) -> &'static str {
        match self {
            Self::Ingest => "ingest-lambda",
            Self::StockProcessor => "processor-lambda",
            Self::Pricing => "pricing-lambda",
            Self::DayClose => "day-close-lambda",
        }
    }
}

/// Name of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) name: String,
    /// Records of a batch; 1 for a function that takes no batches.
    pub(super) records: u32,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.records {
            1 => write!(f, "{}", self.name),
            records => write!(f, "{}, {records} records", self.name),
        }
    }
}

/// Outcome of one invocation for its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// One of the repetitions.
    Yes,
    /// First invocation of an environment, in no case.
    No,
    /// The case has failed and is not repeated.
    CaseEnds,
}

/// Function that is invoked.
pub(super) trait Target {
    /// Invokes the function with a payload of `events` events.
    async fn invoke(
        &mut self,
        case: &Case,
        payload: String,
        events: usize,
    ) -> Result<Counted, CommandError>;
}

/// Invocations of one function with fresh payloads.
pub(super) struct Invocations<'a> {
    pub(super) corpora: &'a [Corpus],
    /// Tables of the function, for the stores that it serves.
    pub(super) tables: &'a Tables,
    /// Invocations of each case.
    pub(super) repetitions: u32,
    /// Number of the repetition and of the store before the first ones. Other invocations over the
    /// same tables have other numbers, so that each invocation finds nothing stored.
    pub(super) first: u32,
}

impl Invocations<'_> {
    /// Invokes `function` with all its cases.
    pub(super) async fn run(
        &self,
        function: TunedFunction,
        target: &mut impl Target,
    ) -> Result<(), CommandError> {
        match function {
            TunedFunction::StockProcessor => self.batches(target).await,
            TunedFunction::Ingest => self.requests(target).await,
            TunedFunction::Pricing => self.passes(target).await,
            TunedFunction::DayClose => self.visits(target).await,
        }
    }

    /// Sends every case with every size of a batch that a payload can hold.
    async fn batches(&self, target: &mut impl Target) -> Result<(), CommandError> {
        let mut repetition = u64::from(self.first);
        for corpus in self.corpora {
            for count in BATCHES {
                let case = Case { name: corpus.case.clone(), records: count as u32 };
                let mut left = self.repetitions;
                while left > 0 {
                    repetition += 1;
                    let batch = corpus.batch(count, repetition, clock::now())?;
                    let payload = lambda_event(&batch.records, STREAM_ARN).to_string();
                    if payload.len() > PAYLOAD_MAX {
                        break;
                    }
                    left = next(left, target.invoke(&case, payload, batch.events.len()).await?);
                }
            }
        }
        Ok(())
    }

    /// Sends requests of the events of each record.
    async fn requests(&self, target: &mut impl Target) -> Result<(), CommandError> {
        let mut repetition = u64::from(self.first);
        for corpus in self.corpora {
            let case = Case { name: corpus.case.clone(), records: 1 };
            let mut left = self.repetitions;
            while left > 0 {
                repetition += 1;
                let batch = corpus.batch(1, repetition, clock::now())?;
                let payload = payload::ingest_request(&batch.events);
                left = next(left, target.invoke(&case, payload, batch.events.len()).await?);
            }
        }
        Ok(())
    }

    /// Prices stores: each pass is the first one of a new store.
    async fn passes(&self, target: &mut impl Target) -> Result<(), CommandError> {
        let case = Case { name: "pass".to_owned(), records: 1 };
        let (mut left, mut number) = (self.repetitions, self.first);
        while left > 0 {
            number += 1;
            let now = clock::now();
            let store = stores::open(self.tables, "price", number, true, now).await?;
            let payload = payload::due_message(&store, stores::slot(now));
            left = next(left, target.invoke(&case, payload, 1).await?);
        }
        Ok(())
    }

    /// Visits stores: the visit that closes the days of a new store, and one after it.
    async fn visits(&self, target: &mut impl Target) -> Result<(), CommandError> {
        let case = |name: &str| Case { name: name.to_owned(), records: 1 };
        let (close, visit) = (case("close"), case("visit"));
        let (mut left, mut number) = (self.repetitions, self.first);
        while left > 0 {
            number += 1;
            let now = clock::now();
            let store = stores::open(self.tables, "close", number, false, now).await?;
            let payload = payload::due_message(&store, stores::slot(now));
            left = next(left, target.invoke(&close, payload.clone(), 1).await?);
            target.invoke(&visit, payload, 1).await?;
        }
        Ok(())
    }
}

fn next(left: u32, counted: Counted) -> u32 {
    match counted {
        Counted::Yes => left - 1,
        Counted::No => left,
        Counted::CaseEnds => 0,
    }
}

/// Refuses the response of an invocation that has not done its work.
pub(super) fn check_response(response: &[u8]) -> Result<(), String> {
    let shown = || String::from_utf8_lossy(response).into_owned();
    let answered = |what: &str| format!("{what}; it answered {}", shown());
    let response: serde_json::Value = serde_json::from_slice(response)
        .map_err(|error| answered(&format!("the response is no JSON: {error}")))?;
    let failed = response["batchItemFailures"].as_array().is_some_and(|all| !all.is_empty());
    let refused = response["statusCode"].as_u64().is_some_and(|status| status >= 300);
    match failed || refused {
        true => Err(answered("the function did not do its work")),
        false => Ok(()),
    }
}
