//! `daymark tune measure`: billed durations of test copies of the functions in a deployed stage.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aws::{DeployedFunctions, Invocation, ResourceNames};
use clap::Args;
use tuning::{
    BilledReport, FirstInvocation, MEASUREMENT_VERSION, MeasuredCase, Measurement, Recording,
    ScaleFactors,
};

use super::cases::{Case, Counted, Invocations, Target, TunedFunction, check_response};
use super::choose::read_recording;
use super::corpus::Corpus;
use crate::output::{self, Column, Format};
use crate::{CommandError, clock, connect};

/// Suffix of the stage in the names of the copies: `cdk/lib/tuning.ts` has the same.
const COPIES: &str = "tuning";

/// Numbers of repetitions and stores between two memory sizes: more than one size uses.
const INVOCATIONS_MAX: u32 = 100_000;

const COLUMNS: &[Column] = &[
    Column::Text("function"),
    Column::Text("case"),
    Column::Number("memory"),
    Column::Number("predicted_ms"),
    Column::Number("billed_ms"),
    Column::Number("percent"),
];

/// Measure test copies of the functions in a deployed stage and compare with the simulation
///
/// `cdk deploy -c tuning=true` adds a copy of each function, with tables and a stream of its own:
/// nothing that serves tills or customers is touched. For each memory size, this command sets the
/// memory of the copy, sends the cases of `daymark tune record` with fresh events, and reads the
/// billed milliseconds from the log. `daymark tune choose TRACES --measured FILE` then simulates
/// with the work and the latencies of the stage. A case whose function dies, for example of too
/// little memory, is noted and the others go on. Needs the right to invoke and configure the
/// copies and to write their tables.
#[derive(Debug, Args)]
pub(crate) struct MeasureArgs {
    /// File to write, JSON
    file: PathBuf,

    /// Deployed stage
    #[arg(long, env = "DAYMARK_STAGE", value_name = "STAGE", value_parser = connect::stage)]
    stage: String,

    /// Recording to compare with
    #[arg(long, value_name = "FILE")]
    traces: PathBuf,

    /// Function to measure; repeatable [default: all]
    #[arg(long, value_name = "FUNCTION")]
    function: Vec<TunedFunction>,

    /// Memory sizes in MB, separated by commas
    #[arg(long, value_name = "MB", value_delimiter = ',',
          default_values_t = [128, 256, 512, 1_024, 1_769],
          value_parser = clap::value_parser!(u32).range(128..=10_240))]
    memory: Vec<u32>,

    /// Batches that `daymark load --keep-batches` kept, instead of made ones
    #[arg(long, value_name = "DIR")]
    batches: Option<PathBuf>,

    /// Warm invocations of each case at each memory size
    #[arg(long, default_value_t = 10, value_name = "N",
          value_parser = clap::value_parser!(u32).range(3..=1000))]
    repetitions: u32,

    /// Seed of the traffic
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,
}

pub(super) async fn run(args: MeasureArgs) -> Result<ExitCode, CommandError> {
    let recording = read_recording(&args.traces)?;
    let measurement = args.measure(&recording).await?;
    let text = serde_json::to_string_pretty(&measurement)? + "\n";
    fs::write(&args.file, text)
        .map_err(|error| format!("cannot write {}: {error}", args.file.display()))?;
    let factors = ScaleFactors::fitted(&recording, &measurement)
        .ok_or("no measured case is in the recording, or each one failed")?;
    output::rows(args.format, COLUMNS, rows(&recording, &measurement, factors))?;
    output::note(format_args!(
        "fitted: work {} % and latencies {} % of the recording; `daymark tune choose {} --measured \
         {}` simulates with these",
        factors.cpu_percent,
        factors.latency_percent,
        args.traces.display(),
        args.file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn rows(
    recording: &Recording,
    measurement: &Measurement,
    factors: ScaleFactors,
) -> Vec<Vec<String>> {
    let predictions = measurement.predictions(recording, factors);
    let row = |prediction: &tuning::Prediction<'_>| {
        let measured = prediction.measured;
        let case = Case { name: measured.case.clone(), records: measured.records };
        vec![
            measured.function.clone(),
            case.to_string(),
            measured.memory.to_string(),
            format!("{:.1}", prediction.simulated_ms),
            format!("{:.1}", prediction.billed_ms),
            format!("{:+.0}", (prediction.ratio() - 1.0) * 100.0),
        ]
    };
    predictions.iter().map(row).collect()
}

/// Notes that the events of a measurement are not those of the recording.
fn note_other_events(recording: &Recording, corpus_sha256: &str) {
    if corpus_sha256 != recording.corpus_sha256 {
        output::note(
            "the recording is of other events: record again with the same seed or batches",
        );
    }
}

/// Reads a measurement, and returns the factors of its stage.
pub(super) fn read_factors(
    file: &Path,
    recording: &Recording,
) -> Result<ScaleFactors, CommandError> {
    let shown = file.display();
    let text = fs::read_to_string(file).map_err(|error| {
        format!("cannot read {shown}: {error}; `daymark tune measure {shown}` writes it")
    })?;
    let measurement = Measurement::parse(&text).map_err(|error| format!("{shown}: {error}"))?;
    note_other_events(recording, &measurement.corpus_sha256);
    let fitted = ScaleFactors::fitted(recording, &measurement);
    fitted.ok_or_else(|| format!("{shown} has no case in common with the recording").into())
}

impl MeasureArgs {
    async fn measure(&self, recording: &Recording) -> Result<Measurement, CommandError> {
        let corpora = Corpus::of(self.batches.as_deref(), self.seed)?;
        let corpus_sha256 = Corpus::digest(&corpora);
        note_other_events(recording, &corpus_sha256);
        let copies = format!("{}-{COPIES}", self.stage);
        let names = ResourceNames::of_stage(&copies);
        let tables = connect::deployed_tables(&copies).await?;
        let (client, region) = DeployedFunctions::connect()
            .await
            .map_err(|error| format!("stage {} cannot be reached: {error}", self.stage))?;
        let functions = match &self.function[..] {
            [] => &TunedFunction::ALL,
            named => named,
        };
        let mut cases = Vec::new();
        // Ids and stores of an earlier measurement are stored already.
        let mut first = clock::now().timestamp() as u32;
        for function in functions {
            let name = names.table(function.name());
            for memory in &self.memory {
                output::note(format_args!("{} at {memory} MB", function.name()));
                client.set_memory(&name, *memory).await.map_err(|failure| {
                    format!(
                        "{name} cannot be set to {memory} MB: {failure}; `cdk deploy -c \
                         stage={} -c tuning=true` deploys the copies",
                        self.stage
                    )
                })?;
                let mut copy = Copy::new(&client, &name, *memory);
                let (corpora, tables, repetitions) = (&corpora[..], &tables, self.repetitions);
                let invocations = Invocations { corpora, tables, repetitions, first };
                invocations.run(*function, &mut copy).await?;
                first += INVOCATIONS_MAX;
                cases.extend(copy.measured(*function));
            }
        }
        Ok(Measurement {
            version: MEASUREMENT_VERSION,
            stage: self.stage.clone(),
            region,
            measured_on: clock::now().date_naive().to_string(),
            corpus_sha256,
            cases,
        })
    }
}

/// Copy of a function at one memory size.
struct Copy<'a> {
    client: &'a DeployedFunctions,
    name: &'a str,
    memory: u32,
    first: Option<FirstInvocation>,
    cases: BTreeMap<(String, u32), MeasuredCase>,
}

impl<'a> Copy<'a> {
    fn new(client: &'a DeployedFunctions, name: &'a str, memory: u32) -> Self {
        Self { client, name, memory, first: None, cases: BTreeMap::new() }
    }

    fn measured(self, function: TunedFunction) -> impl Iterator<Item = MeasuredCase> {
        let mut first = self.first;
        self.cases.into_values().map(move |case| MeasuredCase {
            function: function.name().to_owned(),
            first: first.take(),
            ..case
        })
    }

    fn report(&self, invocation: &Invocation) -> Result<BilledReport, String> {
        let report = BilledReport::of_log(&invocation.log).ok_or_else(|| {
            format!("the end of the log of {} holds no REPORT line of Lambda", self.name)
        })?;
        match report.memory_mb == self.memory {
            true => Ok(report),
            false => Err(format!(
                "{} ran with {} MB instead of {}; another measurement of this stage may be running",
                self.name, report.memory_mb, self.memory
            )),
        }
    }
}

impl Target for Copy<'_> {
    async fn invoke(
        &mut self,
        case: &Case,
        payload: String,
        _events: usize,
    ) -> Result<Counted, CommandError> {
        let invocation = self.client.invoke(self.name, payload).await?;
        let report = self.report(&invocation)?;
        let memory = self.memory;
        let key = (case.name.clone(), case.records);
        let measured = self.cases.entry(key).or_insert_with(|| MeasuredCase {
            function: String::new(),
            memory,
            case: case.name.clone(),
            records: case.records,
            billed_ms: Vec::new(),
            first: None,
            peak_mb: 0,
            error: None,
        });
        measured.peak_mb = measured.peak_mb.max(report.peak_mb);
        let response = String::from_utf8_lossy(&invocation.payload);
        if let Some(error) = &invocation.error {
            output::note(format_args!("{} at {memory} MB, {case}: {error}: {response}", self.name));
            measured.error = Some(format!("{error}: {response}"));
            return Ok(Counted::CaseEnds);
        }
        check_response(&invocation.payload)?;
        if let Some(init_ms) = report.init_ms {
            self.first = Some(FirstInvocation { billed_ms: report.billed_ms, init_ms });
            return Ok(Counted::No);
        }
        measured.billed_ms.push(report.billed_ms);
        Ok(Counted::Yes)
    }
}
