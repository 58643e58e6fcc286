//! `daymark tune choose`: durations, costs and a choice from a recording.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tuning::choice::{Choice, Environments, Limits, Mapping, Question, Setting, choose};
use tuning::{
    Architecture, Assumptions, CostModel, FunctionRecording, PriceList, Recording, ScaleFactors,
    TunedFunctionWork, TunedPrices, TunedSettings, Work,
};

use super::measure::read_factors;
use super::report;
use crate::output::{self, Format};
use crate::{CommandError, clock};

/// Execution environments of a function behind a queue: the defaults of `pricingConcurrency` and
/// `dayCloseConcurrency` in `cdk/`; also used for the ingest API.
const ENVIRONMENTS: u32 = 10;

/// Compute durations and costs of every setting from a recording, and choose
///
/// The processor quota of each memory size is simulated over the recorded traces: the same file
/// gives the same output. The cheapest setting that keeps the limits is chosen. Nothing is changed
/// for less than a dollar a month, or for less than the uncertainty of the measured work.
/// docs/tuning.md explains every figure.
#[derive(Debug, Args)]
pub(crate) struct ChooseArgs {
    /// File of `daymark tune record`
    file: PathBuf,

    /// Number of stores
    #[arg(long, default_value_t = 1_000, value_name = "N",
          value_parser = tuning::whole_number(1, 1_000_000))]
    stores: u64,

    #[command(flatten)]
    assumptions: Assumptions,

    /// Settings in force, as `--write` writes them; without a file, the defaults of `cdk/`
    #[arg(long, value_name = "FILE")]
    tuned: Option<PathBuf>,

    /// Processor time on the deployed processor for 100 of the recorded one; assumed, not measured,
    /// where the architectures differ
    #[arg(long, default_value_t = 100, value_name = "PERCENT",
          value_parser = clap::value_parser!(u64).range(10..=1000))]
    cpu_percent: u64,

    /// File of `daymark tune measure`: simulate with the work and the latencies of its stage
    #[arg(long, value_name = "FILE", conflicts_with = "cpu_percent")]
    measured: Option<PathBuf>,

    /// Limit: arrival of an event until it is stored, p99 at the peak
    #[arg(long, default_value_t = 3_000, value_name = "MS",
          value_parser = tuning::whole_number(1, 3_600_000))]
    freshness_p99: u64,

    /// Limit: time to catch up after all tills were offline for an hour
    #[arg(long, default_value_t = 600, value_name = "SECONDS",
          value_parser = tuning::whole_number(1, 86_400))]
    catch_up: u64,

    /// Limit: response of the ingest API, p99
    #[arg(long, default_value_t = 250, value_name = "MS",
          value_parser = tuning::whole_number(1, 900_000))]
    response_p99: u64,

    /// Limit: a pass of pricing or close of day, p99
    #[arg(long, default_value_t = 10_000, value_name = "MS",
          value_parser = tuning::whole_number(1, 900_000))]
    pass_p99: u64,

    /// Write the chosen settings for the deployment
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// Folder for pictures of cost and latency, one SVG file for each function
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,

    /// Output format; JSON and CSV have every setting
    #[arg(long, default_value = "table")]
    format: Format,
}

/// Names of a function's settings in `cdk/`, and their defaults there.
struct CdkSettings {
    function: &'static str,
    memory: (&'static str, u32),
}

const CDK_SETTINGS: [CdkSettings; 4] = [
    CdkSettings { function: "ingest", memory: ("ingestMemory", 512) },
    CdkSettings { function: "stock-processor", memory: ("stockProcessorMemory", 1_024) },
    CdkSettings { function: "pricing", memory: ("pricingMemory", 1_024) },
    CdkSettings { function: "day-close", memory: ("dayCloseMemory", 1_024) },
];
const STREAM_FUNCTION: &str = "stock-processor";
const BATCH_SIZE: &str = "batchSize";
const BATCH_WINDOW: &str = "batchWindowSeconds";
const PARALLELIZATION: &str = "parallelization";

pub(super) fn run(args: ChooseArgs) -> Result<ExitCode, CommandError> {
    let recording = read_recording(&args.file)?;
    let current = match &args.tuned {
        None => BTreeMap::new(),
        Some(file) => read_tuned(file)?.settings,
    };
    let model = CostModel {
        assumptions: args.assumptions.clone(),
        prices: PriceList::built_in(),
        work: Work::measured(),
        deducts_free_tier: false,
    };
    let limits = args.limits();
    let factors = args.factors(&recording)?;
    let choices: Vec<(&FunctionRecording, Choice)> = recording
        .functions
        .iter()
        .map(|function| {
            let question = Question {
                recording: function,
                model: &model,
                stores: args.stores,
                limits: &limits,
                factors,
                current: setting(&current, &function.function),
                is_request: function.function == "ingest",
                environments: Environments { count: ENVIRONMENTS, hours: 2 },
            };
            (function, choose(&question))
        })
        .collect();
    match args.format {
        Format::Table => {
            for (function, choice) in &choices {
                report::function(function, choice, args.stores, &model);
            }
            args.note(&recording, &model, factors);
        }
        format => report::candidates(format, &choices)?,
    }
    if let Some(folder) = &args.svg {
        report::pictures(folder, &choices)?;
    }
    if let Some(file) = &args.write {
        let tuned = args.tuned(&recording, &model, &choices);
        let text = serde_json::to_string_pretty(&tuned)? + "\n";
        fs::write(file, text)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        output::note(format_args!("settings in {}", file.display()));
    }
    Ok(ExitCode::SUCCESS)
}

impl ChooseArgs {
    fn factors(&self, recording: &Recording) -> Result<ScaleFactors, CommandError> {
        match &self.measured {
            Some(file) => read_factors(file, recording),
            None => Ok(ScaleFactors { cpu_percent: self.cpu_percent, latency_percent: 100 }),
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            freshness_p99_ms: self.freshness_p99 as f64,
            catch_up_seconds: self.catch_up as f64,
            response_p99_ms: self.response_p99 as f64,
            pass_p99_ms: self.pass_p99 as f64,
            ..Limits::default()
        }
    }

    fn note(&self, recording: &Recording, model: &CostModel, factors: ScaleFactors) {
        let deployed = match self.assumptions.arch {
            Architecture::Arm64 => "arm64",
            Architecture::X86_64 => "x86_64",
        };
        let ScaleFactors { cpu_percent, latency_percent } = factors;
        let ratio = match (&self.measured, deployed == recording.architecture) {
            (Some(file), _) => format!(
                "work {cpu_percent} % and latencies {latency_percent} % of that, measured in {}",
                file.display()
            ),
            (None, true) => format!("{deployed}, the recorded architecture"),
            (None, false) => format!(
                "{deployed} at {cpu_percent} % of the work on {}, assumed",
                recording.architecture
            ),
        };
        output::note(format_args!(
            "predicted from the processor time of {} on {}; {ratio}; prices of {} read on {}",
            recording.processor, recording.recorded_on, model.prices.region, model.prices.read_on
        ));
    }

    fn tuned(
        &self,
        recording: &Recording,
        model: &CostModel,
        choices: &[(&FunctionRecording, Choice)],
    ) -> TunedSettings {
        let mut settings = BTreeMap::new();
        let mut functions = BTreeMap::new();
        for (function, choice) in choices {
            let name = function.function.clone();
            let known = CDK_SETTINGS.iter().find(|known| known.function == name);
            let Setting { memory, mapping } = choice.chosen.setting;
            if let Some(known) = known {
                settings.insert(known.memory.0.to_owned(), memory);
            }
            if let Some(mapping) = mapping {
                settings.insert(BATCH_SIZE.to_owned(), mapping.batch_size);
                settings.insert(BATCH_WINDOW.to_owned(), mapping.batch_window);
                settings.insert(PARALLELIZATION.to_owned(), mapping.parallelization);
            }
            let work = TunedFunctionWork {
                binary_sha256: function.binary_sha256.clone(),
                cpu_microseconds_per_event: function.cpu_us_per_event(),
            };
            functions.insert(name, work);
        }
        TunedSettings {
            made_by: "daymark tune choose --write".to_owned(),
            tuned_on: clock::now().date_naive().to_string(),
            stores: self.stores,
            prices: TunedPrices {
                region: model.prices.region.clone(),
                read_on: model.prices.read_on.clone(),
            },
            processor: recording.processor.clone(),
            corpus_sha256: recording.corpus_sha256.clone(),
            functions,
            settings,
        }
    }
}

/// Returns the settings in force of a function.
fn setting(current: &BTreeMap<String, u32>, function: &str) -> Setting {
    let known = CDK_SETTINGS.iter().find(|known| known.function == function);
    let (name, default) = known.map_or(("", 1_024), |known| known.memory);
    let value = |name: &str, default| current.get(name).copied().unwrap_or(default);
    let mapping = (function == STREAM_FUNCTION).then(|| Mapping {
        batch_size: value(BATCH_SIZE, 100),
        batch_window: value(BATCH_WINDOW, 1),
        parallelization: value(PARALLELIZATION, 1),
    });
    Setting { memory: value(name, default), mapping }
}

pub(super) fn read_recording(file: &Path) -> Result<Recording, CommandError> {
    let shown = file.display();
    let text = fs::read_to_string(file).map_err(|error| {
        format!("cannot read {shown}: {error}; `daymark tune record {shown}` writes it")
    })?;
    Recording::parse(&text).map_err(|error| format!("{shown}: {error}").into())
}

pub(super) fn read_tuned(file: &Path) -> Result<TunedSettings, CommandError> {
    let shown = file.display();
    let text = fs::read_to_string(file).map_err(|error| {
        format!("cannot read {shown}: {error}; `daymark tune choose --write` writes it")
    })?;
    TunedSettings::parse(&text).map_err(|error| format!("{shown}: {error}").into())
}
