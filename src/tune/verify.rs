//! `daymark tune verify`: simulated durations beside those under the quota of this kernel.

mod handlers;
mod kernel_quota;

use std::process::ExitCode;

use clap::Args;
use tuning::Quota;

use crate::CommandError;
use crate::output::{self, Column, Format};
use handlers::{HANDLERS, Handler, Measured};
use kernel_quota::KernelQuota;

/// Memory sizes of the comparison, in MB.
const MEMORY: [u32; 3] = [128, 256, 512];
/// Difference of the medians within which the simulation holds, as a share.
const TOLERANCE: f64 = 0.05;
/// Share of the time without a quota by which a quiet machine may exceed work and waits.
const QUIET: f64 = 0.03;
/// Places in a period at which the simulated runs start.
const PHASES: u64 = 200;

const COLUMNS: &[Column] = &[
    Column::Text("handler"),
    Column::Number("memory"),
    Column::Number("simulated_ms"),
    Column::Number("measured_ms"),
    Column::Number("difference_percent"),
    Column::Text("state"),
];

/// Compare the simulation with the quota of this machine's kernel
///
/// Twelve synthetic handlers of bursts and waits run under a quota of processor time of cgroup v1
/// or v2, whichever this machine allows, interleaved with runs without a quota. The runs without a
/// quota tell whether the machine was quiet: other programs slow a handler as well. A row is held
/// to 5 % only then. Without the right to set a quota, nothing is checked.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Runs of each handler with each memory
    #[arg(long, default_value_t = 11, value_name = "N",
          value_parser = clap::value_parser!(u32).range(3..=1000))]
    repetitions: u32,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    /// Run one handler and print its durations: the form in which this command starts itself
    #[arg(long, hide = true)]
    handler: Option<usize>,
}

pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, CommandError> {
    if let Some(number) = args.handler {
        handlers::print(number, args.repetitions)?;
        return Ok(ExitCode::SUCCESS);
    }
    let quota = match KernelQuota::find() {
        Ok(quota) => quota,
        Err(reason) => {
            output::note(format_args!("not checked: {reason}"));
            return Ok(ExitCode::SUCCESS);
        }
    };
    output::note(format_args!("quota by {}", quota.name()));
    let mut rows = Vec::new();
    let (mut held, mut failed) = (0, 0);
    for (number, handler) in HANDLERS.iter().enumerate() {
        for memory in MEMORY {
            let free = handlers::measure(number, args.repetitions, None)?;
            let limited = quota
                .with(memory, |group| handlers::measure(number, args.repetitions, Some(group)))?;
            let row = Row::new(handler, memory, &free, &limited);
            match row.state {
                State::Held => held += 1,
                State::Differs => failed += 1,
                State::Disturbed => {}
            }
            rows.push(row.cells());
        }
    }
    let total = rows.len();
    output::rows(args.format, COLUMNS, rows)?;
    output::note(format_args!(
        "{held} of {total} within 5 %, {failed} beyond, {} on a machine that was not quiet",
        total - held - failed
    ));
    Ok(ExitCode::SUCCESS)
}

/// State of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Held,
    Differs,
    /// Other programs took processor time meanwhile.
    Disturbed,
}

/// One handler at one memory size.
struct Row {
    handler: String,
    memory: u32,
    simulated_ms: f64,
    measured_ms: f64,
    state: State,
}

impl Row {
    fn new(handler: &Handler, memory: u32, free: &[Measured], limited: &[Measured]) -> Self {
        let measured_ms = median(limited.iter().map(|run| run.duration as f64 / 1e6));
        // The work that a run really did, at every place in the period.
        let quota = Quota::of_memory(memory);
        let simulated = limited.iter().flat_map(|run| {
            let trace = handler.trace(run.work);
            (0..PHASES).map(move |phase| {
                quota.duration(&trace, phase * tuning::PERIOD / PHASES) as f64 / 1e6
            })
        });
        let simulated_ms = median(simulated);
        let slowed = median(free.iter().map(|run| {
            let alone = handler.trace(run.work).compute() + handler.waits();
            run.duration as f64 / alone as f64 - 1.0
        }));
        let difference = (simulated_ms / measured_ms - 1.0).abs();
        let state = match slowed <= QUIET {
            _ if difference <= TOLERANCE => State::Held,
            true => State::Differs,
            false => State::Disturbed,
        };
        Self { handler: handler.name(), memory, simulated_ms, measured_ms, state }
    }

    fn cells(&self) -> Vec<String> {
        let state = match self.state {
            State::Held => "within 5 %",
            State::Differs => "differs",
            State::Disturbed => "not quiet",
        };
        vec![
            self.handler.clone(),
            self.memory.to_string(),
            format!("{:.1}", self.simulated_ms),
            format!("{:.1}", self.measured_ms),
            format!("{:+.1}", (self.simulated_ms / self.measured_ms - 1.0) * 100.0),
            state.to_owned(),
        ]
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
