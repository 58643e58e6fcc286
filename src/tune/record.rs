//! `daymark tune record`: runs the Lambda binaries and writes their traces.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::sha256;
use rust_decimal::Decimal;
use tuning::{FunctionRecording, Latencies, RECORDING_VERSION, RecordedCase, Recording};

use super::cases::{Case, Counted, Invocations, Target, TunedFunction, check_response};
use super::corpus::Corpus;
use super::endpoint::DelayedEndpoint;
use super::function::RunningFunction;
use super::host::{architecture, binary, processor};
use super::probe::{Probe, Recorded};
use crate::machine::{LocalMachine, MachineSettings, SlotSchedule};
use crate::{CommandError, clock, output};

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
        let corpora = Corpus::of(self.batches.as_deref(), self.seed)?;
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
            corpus_sha256: Corpus::digest(&corpora),
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
        let tables = machine.tables();
        let repetitions = self.repetitions;
        let invocations = Invocations { corpora, tables: &tables, repetitions, first: 0 };
        invocations.run(function, &mut bench).await?;
        let (init_cpu, init) = bench.function.init;
        Ok(FunctionRecording {
            function: function.name().to_owned(),
            binary: function.binary().to_owned(),
            binary_sha256: digest,
            init_cpu_ms: milliseconds(init_cpu),
            init_ms: milliseconds(init.as_nanos() as u64),
            first: bench.first.take().map(|first| first.trace).unwrap_or_default(),
            peak_kib: bench.probe.peak_kib(),
            cases: bench.cases.drain(..).map(CaseSum::recorded).collect(),
        })
    }
}

/// One function with the services that it calls.
struct Bench {
    function: RunningFunction,
    probe: Arc<Probe>,
    /// Proxies with injected latencies.
    _endpoints: [DelayedEndpoint; 2],
    first: Option<Recorded>,
    cases: Vec<CaseSum>,
}

/// Sums over the invocations of a case.
struct CaseSum {
    case: Case,
    events: u64,
    payload: u64,
    sent: u64,
    received: u64,
    traces: Vec<tuning::Trace>,
}

impl Bench {
    async fn start(
        args: &RecordArgs,
        function: TunedFunction,
        binary: &Path,
        machine: &LocalMachine,
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
            function: started,
            probe,
            _endpoints: [dynamodb, kinesis],
            first: None,
            cases: Vec::new(),
        })
    }
}

impl Target for Bench {
    async fn invoke(
        &mut self,
        case: &Case,
        payload: String,
        events: usize,
    ) -> Result<Counted, CommandError> {
        let bytes = payload.len();
        let (response, recorded) = self.function.invoke(payload).await?;
        check_response(&response)?;
        if self.first.is_none() {
            self.first = Some(recorded);
            return Ok(Counted::No);
        }
        let position = self.cases.iter().position(|sum| sum.case == *case);
        let position = position.unwrap_or_else(|| {
            self.cases.push(CaseSum::new(case.clone()));
            self.cases.len() - 1
        });
        let sum = &mut self.cases[position];
        sum.events += events as u64;
        sum.payload += bytes as u64;
        sum.sent += recorded.call_bytes.0;
        sum.received += recorded.call_bytes.1;
        sum.traces.push(recorded.trace);
        Ok(Counted::Yes)
    }
}

impl CaseSum {
    fn new(case: Case) -> Self {
        Self { case, events: 0, payload: 0, sent: 0, received: 0, traces: Vec::new() }
    }

    fn recorded(self) -> RecordedCase {
        let count = self.traces.len() as u64;
        let mean = |total: u64| total / count.max(1);
        RecordedCase {
            case: self.case.name,
            records: self.case.records,
            events: (Decimal::from(self.events) / Decimal::from(count.max(1))).round_dp(2),
            payload_bytes: mean(self.payload),
            sent_bytes: mean(self.sent),
            received_bytes: mean(self.received),
            traces: self.traces,
        }
    }
}

fn milliseconds(nanoseconds: u64) -> Decimal {
    (Decimal::from(nanoseconds) / Decimal::from(1_000_000)).round_dp(3)
}
