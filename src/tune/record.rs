//! `daymark tune record`: runs the Lambda binaries and writes their traces.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use domain::sha256;
use event_source_mapping::lambda_event;
use rust_decimal::Decimal;
use tuning::{FunctionRecording, Latencies, RECORDING_VERSION, RecordedCase, Recording};

use super::corpus::Corpus;
use super::endpoint::DelayedEndpoint;
use super::function::RunningFunction;
use super::host::{architecture, binary, processor};
use super::probe::{Probe, Recorded};
use super::{payload, stores};
use crate::machine::{LocalMachine, MachineSettings, SlotSchedule};
use crate::{CommandError, clock, output};

/// Numbers of records of the recorded batches.
const BATCHES: [usize; 5] = [1, 10, 50, 100, 500];
/// Maximum payload of an invocation, in bytes. Source: Lambda quotas.
const PAYLOAD_MAX: usize = 6 * 1024 * 1024;
/// Stream in the payloads.
const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/till-events";

/// Numbers below those of the stores of the pricing and of the close of day.
const PRICED_STORES: u32 = 0;
const CLOSED_STORES: u32 = 1_000_000;

/// Run the deployed functions on this machine and write their traces
///
/// Starts Kinesis and DynamoDB of this machine in memory, and each Lambda binary under a runtime
/// API of its own. Every call of a service takes a drawn latency. Every repetition gets fresh event
/// ids, so that each call writes. The file holds, for each invocation, its work between the calls,
/// the calls and their latencies, and for each function the initialization, the first invocation
/// and the largest memory. Needs Linux, for the processor time of another process.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// File to write, JSON
    file: PathBuf,

    /// Folder of the binaries: BINARY/bootstrap as `./lambdas` writes them, or BINARY as cargo does
    #[arg(long, default_value = "target/lambda", value_name = "DIR")]
    binaries: PathBuf,

    /// Function to record; repeatable [default: all]
    #[arg(long, value_name = "FUNCTION")]
    function: Vec<TunedFunction>,

    /// Batches that `daymark load --keep-batches` kept, instead of made ones
    #[arg(long, value_name = "DIR")]
    batches: Option<PathBuf>,

    /// Warm invocations of each case
    #[arg(long, default_value_t = 20, value_name = "N",
          value_parser = clap::value_parser!(u32).range(3..=1000))]
    repetitions: u32,

    /// Mean latency of a call of DynamoDB
    #[arg(long, default_value_t = 5.0, value_name = "MS", value_parser = latency)]
    dynamodb_ms: f64,

    /// Mean latency of a call of Kinesis
    #[arg(long, default_value_t = 20.0, value_name = "MS", value_parser = latency)]
    kinesis_ms: f64,

    /// Seed of traffic and latencies
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
}

/// Functions that can be recorded.
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
    const ALL: [Self; 4] = [Self::Ingest, Self::StockProcessor, Self::Pricing, Self::DayClose];

    fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::StockProcessor => "stock-processor",
            Self::Pricing => "pricing",
            Self::DayClose => "day-close",
        }
    }

    fn binary(self) -> &'static str {
        match self {
            Self::Ingest => "ingest-lambda",
            Self::StockProcessor => "processor-lambda",
            Self::Pricing => "pricing-lambda",
            Self::DayClose => "day-close-lambda",
        }
    }
}

/// Parses a mean latency in milliseconds.
fn latency(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (0.001..=10_000.0).contains(value));
    value.ok_or_else(|| "expected a number of milliseconds from 0.001 to 10000".to_owned())
}

pub(super) async fn run(args: RecordArgs) -> Result<ExitCode, CommandError> {
    let recording = args.record().await?;
    let text = serde_json::to_string_pretty(&recording)?;
    fs::write(&args.file, text + "\n")
        .map_err(|error| format!("cannot write {}: {error}", args.file.display()))?;
    let traces = |function: &FunctionRecording| -> usize {
        function.cases.iter().map(|case| case.traces.len()).sum()
    };
    let traces: usize = recording.functions.iter().map(traces).sum();
    output::note(format_args!(
        "{} in {}; `daymark tune choose {}` computes durations and costs",
        output::counted(traces as u64, "trace"),
        args.file.display(),
        args.file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

impl RecordArgs {
    /// Runs the binaries and returns their traces.
    pub(super) async fn record(&self) -> Result<Recording, CommandError> {
        if !cfg!(target_os = "linux") {
            return Err("the processor time of another process is read from Linux's /proc".into());
        }
        let largest = BATCHES[BATCHES.len() - 1] as u32;
        let corpora = match &self.batches {
            Some(folder) => vec![Corpus::kept(folder)?],
            None => Corpus::made(largest, self.seed)?,
        };
        let corpus: String = corpora.iter().map(Corpus::text).collect();
        let functions = match &self.function[..] {
            [] => &TunedFunction::ALL,
            named => named,
        };
        let settings = MachineSettings {
            any_age: true,
            schedule: SlotSchedule::Manual,
            ..MachineSettings::default()
        };
        let machine = LocalMachine::start(settings, clock::system()).await?;
        let mut recorded = Vec::new();
        for function in functions {
            recorded.push(self.record_function(*function, &corpora, &machine).await?);
        }
        machine.stop().await;
        Ok(Recording {
            version: RECORDING_VERSION,
            recorded_on: clock::now().date_naive().to_string(),
            processor: processor(),
            architecture: architecture().to_owned(),
            corpus_sha256: sha256(corpus.as_bytes()),
            functions: recorded,
        })
    }

    async fn record_function(
        &self,
        function: TunedFunction,
        corpora: &[Corpus],
        machine: &LocalMachine,
    ) -> Result<FunctionRecording, CommandError> {
        let binary = binary(&self.binaries, function.binary())?;
        let digest = sha256(&fs::read(&binary)?);
        output::note(format_args!("{}: {}", function.name(), binary.display()));
        let mut bench = Bench::start(self, function, &binary, machine).await?;
        match function {
            TunedFunction::StockProcessor => bench.batches(corpora, self.repetitions).await?,
            TunedFunction::Ingest => bench.requests(corpora, self.repetitions).await?,
            TunedFunction::Pricing => bench.passes(self.repetitions).await?,
            TunedFunction::DayClose => bench.visits(self.repetitions).await?,
        }
        let (init_cpu, init) = bench.function.init;
        Ok(FunctionRecording {
            function: function.name().to_owned(),
            binary: function.binary().to_owned(),
            binary_sha256: digest,
            init_cpu_ms: milliseconds(init_cpu),
            init_ms: milliseconds(init.as_nanos() as u64),
            first: bench.first.take().map(|first| first.trace).unwrap_or_default(),
            peak_kib: bench.probe.peak_kib(),
            cases: std::mem::take(&mut bench.cases),
        })
    }
}

/// One function with the services that it calls.
struct Bench<'a> {
    machine: &'a LocalMachine,
    function: RunningFunction,
    probe: Arc<Probe>,
    /// Proxies with injected latencies.
    _endpoints: [DelayedEndpoint; 2],
    first: Option<Recorded>,
    cases: Vec<RecordedCase>,
    /// Number of the next repetition, over all cases.
    repetition: u64,
}

/// Sums over the invocations of a case.
#[derive(Default)]
struct CaseSum {
    events: u64,
    payload: u64,
    sent: u64,
    received: u64,
    traces: Vec<tuning::Trace>,
}

impl<'a> Bench<'a> {
    async fn start(
        args: &RecordArgs,
        function: TunedFunction,
        binary: &Path,
        machine: &'a LocalMachine,
    ) -> Result<Self, CommandError> {
        let probe = Arc::new(Probe::default());
        let delayed = |target: &str, mean_ms: f64, seed: u64| {
            let latencies = Latencies::new(mean_ms, seed);
            DelayedEndpoint::start(target.to_owned(), latencies, Arc::clone(&probe))
        };
        let urls = machine.urls();
        let dynamodb = delayed(&urls.dynamodb, args.dynamodb_ms, args.seed).await?;
        let kinesis = delayed(&urls.kinesis, args.kinesis_ms, args.seed + 1).await?;
        let names = machine.names();
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url.clone()),
            ("AWS_ENDPOINT_URL_KINESIS", kinesis.url.clone()),
            (aws::settings::STREAM, names.stream.clone()),
            (aws::settings::TABLE_PREFIX, names.table_prefix.clone()),
            (aws::settings::EVENT_AGE_MAX_DAYS, "any".to_owned()),
        ];
        let started =
            RunningFunction::start(binary, function.name(), Arc::clone(&probe), &variables).await?;
        Ok(Self {
            machine,
            function: started,
            probe,
            _endpoints: [dynamodb, kinesis],
            first: None,
            cases: Vec::new(),
            repetition: 0,
        })
    }

    /// Invokes the function; the first invocation of the process counts in no case.
    async fn invoke(
        &mut self,
        payload: String,
        events: usize,
        sum: &mut CaseSum,
    ) -> Result<(), CommandError> {
        let bytes = payload.len();
        let (response, recorded) = self.function.invoke(payload).await?;
        let response: serde_json::Value = serde_json::from_slice(&response)?;
        let failed = response["batchItemFailures"].as_array().is_some_and(|all| !all.is_empty());
        let refused = response["statusCode"].as_u64().is_some_and(|status| status >= 300);
        if failed || refused {
            return Err(format!("the function did not do its work; it answered {response}").into());
        }
        if self.first.is_none() {
            self.first = Some(recorded);
            return Ok(());
        }
        sum.events += events as u64;
        sum.payload += bytes as u64;
        sum.sent += recorded.call_bytes.0;
        sum.received += recorded.call_bytes.1;
        sum.traces.push(recorded.trace);
        Ok(())
    }

    fn next_repetition(&mut self) -> u64 {
        self.repetition += 1;
        self.repetition
    }

    fn add_case(&mut self, case: &str, records: u32, sum: CaseSum) {
        let count = sum.traces.len() as u64;
        let mean = |total: u64| total / count.max(1);
        self.cases.push(RecordedCase {
            case: case.to_owned(),
            records,
            events: (Decimal::from(sum.events) / Decimal::from(count.max(1))).round_dp(2),
            payload_bytes: mean(sum.payload),
            sent_bytes: mean(sum.sent),
            received_bytes: mean(sum.received),
            traces: sum.traces,
        });
    }

    /// Records the stock processor: every case with every size of a batch that a payload can hold.
    async fn batches(&mut self, corpora: &[Corpus], repetitions: u32) -> Result<(), CommandError> {
        for corpus in corpora {
            for count in BATCHES {
                let mut sum = CaseSum::default();
                while sum.traces.len() < repetitions as usize {
                    let batch = corpus.batch(count, self.next_repetition(), clock::now())?;
                    let payload = lambda_event(&batch.records, STREAM_ARN).to_string();
                    if payload.len() > PAYLOAD_MAX {
                        break;
                    }
                    self.invoke(payload, batch.events.len(), &mut sum).await?;
                }
                if !sum.traces.is_empty() {
                    self.add_case(&corpus.case, count as u32, sum);
                }
            }
        }
        Ok(())
    }

    /// Records the ingest API: a request of the events of each record.
    async fn requests(&mut self, corpora: &[Corpus], repetitions: u32) -> Result<(), CommandError> {
        for corpus in corpora {
            let mut sum = CaseSum::default();
            while sum.traces.len() < repetitions as usize {
                let batch = corpus.batch(1, self.next_repetition(), clock::now())?;
                let payload = payload::ingest_request(&batch.events);
                self.invoke(payload, batch.events.len(), &mut sum).await?;
            }
            self.add_case(&corpus.case, 1, sum);
        }
        Ok(())
    }

    /// Records the pricing: each pass is the first one of a new store.
    async fn passes(&mut self, repetitions: u32) -> Result<(), CommandError> {
        let tables = self.machine.tables();
        let mut sum = CaseSum::default();
        let mut number = PRICED_STORES;
        while sum.traces.len() < repetitions as usize {
            number += 1;
            let now = clock::now();
            let store = stores::open(&tables, number, true, now).await?;
            let payload = payload::due_message(&store, stores::slot(now));
            self.invoke(payload, 1, &mut sum).await?;
        }
        self.add_case("pass", 1, sum);
        Ok(())
    }

    /// Records the close of day: the visit that closes days of a new store, and one after it.
    async fn visits(&mut self, repetitions: u32) -> Result<(), CommandError> {
        let tables = self.machine.tables();
        let (mut close, mut again) = (CaseSum::default(), CaseSum::default());
        let mut number = CLOSED_STORES;
        while close.traces.len() < repetitions as usize {
            number += 1;
            let now = clock::now();
            let store = stores::open(&tables, number, false, now).await?;
            let payload = payload::due_message(&store, stores::slot(now));
            self.invoke(payload.clone(), 1, &mut close).await?;
            self.invoke(payload, 1, &mut again).await?;
        }
        self.add_case("close", 1, close);
        self.add_case("visit", 1, again);
        Ok(())
    }
}

fn milliseconds(nanoseconds: u64) -> Decimal {
    (Decimal::from(nanoseconds) / Decimal::from(1_000_000)).round_dp(3)
}
