//! Settings of the functions as tables, JSON, CSV and pictures.

use std::fs;
use std::path::Path;

use charts::{PointKind, ScatterChart, ScatterPoint};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use tuning::choice::{Candidate, Choice, Reason, Setting};
use tuning::format::cents;
use tuning::{CostModel, FunctionRecording, Quota, power_tuning_link};

use crate::CommandError;
use crate::output::{self, Column, Format};

const MEMORY: &[Column] = &[
    Column::Number("memory"),
    Column::Number("p50"),
    Column::Number("p90"),
    Column::Number("p99"),
    Column::Number("per_million_events"),
    Column::Number("dollars_a_month"),
    Column::Text("limits"),
];
const STREAM: &[Column] = &[
    Column::Text("setting"),
    Column::Number("p99"),
    Column::Number("fresh_p99_ms"),
    Column::Number("catch_up_s"),
    Column::Number("per_million_events"),
    Column::Number("dollars_a_month"),
    Column::Text("limits"),
];
const CANDIDATES: &[Column] = &[
    Column::Text("function"),
    Column::Number("memory"),
    Column::Number("batch_size"),
    Column::Number("batch_window"),
    Column::Number("parallelization"),
    Column::Number("p50_ms"),
    Column::Number("p90_ms"),
    Column::Number("p99_ms"),
    Column::Number("mean_ms"),
    Column::Number("freshness_p99_ms"),
    Column::Number("catch_up_seconds"),
    Column::Number("duration_dollars"),
    Column::Number("request_dollars"),
    Column::Number("init_dollars"),
    Column::Number("write_dollars"),
    Column::Number("dollars_a_month"),
    Column::Number("per_million_events"),
    Column::Text("state"),
    Column::Text("limits"),
];

/// Prints a function: memory sizes, the decision, the picture and the first call.
pub(super) fn function(
    recording: &FunctionRecording,
    choice: &Choice,
    stores: u64,
    model: &CostModel,
) {
    output::line(format_args!("{}, {stores} stores", recording.function));
    let by_memory = by_memory(choice);
    output::line(output::table(MEMORY, by_memory.iter().map(|candidate| memory_row(candidate))));
    if choice.current.stream.is_some() {
        output::line("Cheapest settings, and the one in force:");
        let pareto = choice.pareto().into_iter().take(6);
        let rows = std::iter::once(&choice.current).chain(pareto).map(stream_row);
        output::line(output::table(STREAM, rows));
    }
    output::line(output::wrapped(&decision(choice), 2));
    output::line(output::wrapped(&first_call(recording), 2));
    let style = output::terminal_style();
    output::line(picture(recording, choice).to_terminal(style));
    let invocations = invocations(recording, choice, stores, model);
    let link = power_tuning_link(&by_memory, invocations);
    output::line(format_args!("{link}\n"));
}

/// Returns the candidates of each memory with the mapping in force.
fn by_memory(choice: &Choice) -> Vec<&Candidate> {
    let mapping = choice.current.setting.mapping;
    let candidates = choice.candidates.iter();
    let mut same: Vec<&Candidate> =
        candidates.filter(|candidate| candidate.setting.mapping == mapping).collect();
    if !same.iter().any(|candidate| candidate.setting == choice.current.setting) {
        same.push(&choice.current);
        same.sort_by_key(|candidate| candidate.setting.memory);
    }
    same
}

/// Returns the number of invocations of a month with the settings in force.
fn invocations(
    recording: &FunctionRecording,
    choice: &Choice,
    stores: u64,
    model: &CostModel,
) -> f64 {
    let bill = model.month(stores);
    let events = bill.traffic.events.to_f64().unwrap_or(1.0);
    match choice.current.stream {
        Some(stream) => events / stream.events,
        None => {
            let invocations = bill.invocations.get(recording.function.as_str());
            invocations.and_then(ToPrimitive::to_f64).unwrap_or(1.0)
        }
    }
}

fn memory_row(candidate: &Candidate) -> Vec<String> {
    let times = candidate.times;
    vec![
        candidate.setting.memory.to_string(),
        milliseconds(times.p50),
        milliseconds(times.p90),
        milliseconds(times.p99),
        dollars(candidate.dollars_per_million),
        cents(candidate.cost.month()),
        limits(candidate),
    ]
}

fn stream_row(candidate: &Candidate) -> Vec<String> {
    let stream = candidate.stream;
    let figure = |value: Option<f64>| value.map_or_else(String::new, milliseconds);
    vec![
        name(candidate.setting),
        milliseconds(candidate.times.p99),
        figure(stream.map(|stream| stream.freshness_p99_ms)),
        figure(stream.map(|stream| stream.catch_up_seconds)),
        dollars(candidate.dollars_per_million),
        cents(candidate.cost.month()),
        limits(candidate),
    ]
}

fn limits(candidate: &Candidate) -> String {
    match candidate.broken.is_empty() {
        true => "kept".to_owned(),
        false => candidate.broken.join("; "),
    }
}

/// Names a setting like `512 MB, 100 records, 1 s, 2 at once`.
fn name(setting: Setting) -> String {
    let memory = format!("{} MB", setting.memory);
    match setting.mapping {
        None => memory,
        Some(mapping) => format!(
            "{memory}, {} records, {} s, {} at once",
            mapping.batch_size, mapping.batch_window, mapping.parallelization
        ),
    }
}

fn decision(choice: &Choice) -> String {
    let current = name(choice.current.setting);
    let chosen = name(choice.chosen.setting);
    match &choice.reason {
        Reason::CurrentIsCheapest => format!("{current} stays: nothing cheaper keeps the limits."),
        Reason::SavesTooLittle { saving } => format!(
            "{current} stays: the cheapest setting saves ${} a month, less than a dollar.",
            dollars(*saving)
        ),
        Reason::WithinNoise { saving, noise } => format!(
            "{current} stays: the saving of ${} a month is within the uncertainty of the measured \
             work, ${}.",
            dollars(*saving),
            dollars(*noise)
        ),
        Reason::Cheaper { saving } => {
            format!("{current} becomes {chosen}: ${} a month less.", dollars(*saving))
        }
        Reason::CurrentBreaksLimits(broken) => format!(
            "{current} becomes {chosen}, the cheapest that keeps the limits. Now broken: {}.",
            broken.join("; ")
        ),
        Reason::NothingKeepsLimits(broken) => {
            format!("{current} stays, because no setting keeps the limits: {}.", broken.join("; "))
        }
    }
}

/// Describes initialization and first invocation: the first one is throttled, the other is not.
fn first_call(recording: &FunctionRecording) -> String {
    let at = |memory: u32| {
        let quota = Quota::of_memory(memory);
        let duration = quota.billed(&recording.first, 40).percentile(50);
        format!("{duration} ms at {memory} MB")
    };
    format!(
        "Init {} ms ({} ms of work, not throttled); then the first invocation {}. Largest memory \
         {} MB.",
        recording.init_ms.round(),
        recording.init_cpu_ms.round(),
        [128, 512, 1_024, 1_769].map(at).join(", "),
        recording.peak_kib.div_ceil(1_024)
    )
}

fn picture(recording: &FunctionRecording, choice: &Choice) -> ScatterChart {
    let best: Vec<Setting> = choice.pareto().iter().map(|candidate| candidate.setting).collect();
    let kind = |candidate: &Candidate| match best.contains(&candidate.setting) {
        _ if candidate.setting == choice.chosen.setting => PointKind::Chosen,
        _ if candidate.setting == choice.current.setting => PointKind::Current,
        true => PointKind::Best,
        false => PointKind::Other,
    };
    let has_current =
        choice.candidates.iter().any(|candidate| candidate.setting == choice.current.setting);
    let extra = if has_current { None } else { Some(&choice.current) };
    let point = |candidate: &Candidate| ScatterPoint {
        x: candidate.cost.month().to_f64().unwrap_or(f64::NAN),
        y: candidate.latency_ms(),
        label: name(candidate.setting),
        kind: kind(candidate),
    };
    let figure = match choice.current.stream {
        Some(_) => "freshness p99 in ms",
        None => "duration p99 in ms",
    };
    ScatterChart {
        title: format!("{}: cost and latency of every setting", recording.function),
        horizontal: "dollars a month".to_owned(),
        vertical: figure.to_owned(),
        points: choice.candidates.iter().chain(extra).map(point).collect(),
    }
}

/// Writes a picture for each function.
pub(super) fn pictures(
    folder: &Path,
    choices: &[(&FunctionRecording, Choice)],
) -> Result<(), CommandError> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    for (recording, choice) in choices {
        let file = folder.join(format!("{}.svg", recording.function));
        fs::write(&file, picture(recording, choice).to_svg())
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        output::note(format_args!("picture in {}", file.display()));
    }
    Ok(())
}

/// Prints every candidate as JSON or CSV.
pub(super) fn candidates(
    format: Format,
    choices: &[(&FunctionRecording, Choice)],
) -> Result<(), CommandError> {
    let rows = choices.iter().flat_map(|(recording, choice)| {
        let candidates = choice.candidates.iter();
        candidates.map(|candidate| candidate_row(&recording.function, choice, candidate))
    });
    output::rows(format, CANDIDATES, rows)
}

fn candidate_row(function: &str, choice: &Choice, candidate: &Candidate) -> Vec<String> {
    let mapping = candidate.setting.mapping;
    let stream = candidate.stream;
    let of_mapping = |value: Option<u32>| value.map_or_else(String::new, |it| it.to_string());
    let number = |value: f64| format!("{value:.2}");
    let optional = |value: Option<f64>| match value {
        Some(value) if value.is_finite() => number(value),
        _ => String::new(),
    };
    let exact = |value: Decimal| value.round_dp(6).normalize().to_string();
    let state = match candidate.setting {
        setting if setting == choice.chosen.setting => "chosen",
        setting if setting == choice.current.setting => "current",
        _ => "",
    };
    vec![
        function.to_owned(),
        candidate.setting.memory.to_string(),
        of_mapping(mapping.map(|mapping| mapping.batch_size)),
        of_mapping(mapping.map(|mapping| mapping.batch_window)),
        of_mapping(mapping.map(|mapping| mapping.parallelization)),
        number(candidate.times.p50),
        number(candidate.times.p90),
        number(candidate.times.p99),
        number(candidate.times.mean),
        optional(stream.map(|stream| stream.freshness_p99_ms)),
        optional(stream.map(|stream| stream.catch_up_seconds)),
        exact(candidate.cost.duration),
        exact(candidate.cost.requests),
        exact(candidate.cost.init),
        exact(candidate.cost.writes),
        exact(candidate.cost.month()),
        exact(candidate.dollars_per_million),
        state.to_owned(),
        limits(candidate),
    ]
}

fn milliseconds(value: f64) -> String {
    match value {
        value if !value.is_finite() => "never".to_owned(),
        value => tuning::format::count(Decimal::from(value.round() as u64)),
    }
}

/// Formats an amount with four decimal places below a dollar, and cents above.
fn dollars(value: Decimal) -> String {
    match value < Decimal::ONE {
        true => format!("{:.4}", value.round_dp(4)),
        false => cents(value),
    }
}
