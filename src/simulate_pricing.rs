//! `daymark simulate-pricing`: compares pricing policies on simulated shop days.

use std::process::ExitCode;
use std::thread;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use pricing_simulator::contest::{Contest, WorldResults};
use pricing_simulator::figures::{MEASURES, PolicyFigures, figures};
use pricing_simulator::fixed_rules::Markdown;
use pricing_simulator::policy::PricePolicy;
use pricing_simulator::world::{ShopWorld, WORLDS, world};

use crate::output::{Column, Format};
use crate::{CommandError, output};

/// Simulate shop days under many pricing policies and compare the results
///
/// Each day is one item of a small bakery, with its units baked, its customers and the price that
/// each customer would pay. All policies meet the same customers, see only what a shop sees, decide
/// every quarter of an hour from 14:00, and may only lower the price, within the rules, which an
/// independent checker verifies. The same seed gives the same table, byte for byte, on any number
/// of cores.
///
///   daymark simulate-pricing                              every world, 1,000 days each
///   daymark simulate-pricing --world plain --days 10000
///   daymark simulate-pricing --world bursts --policies ours,full-information
///   daymark simulate-pricing --list                       worlds and policies
///
/// `value` is revenue and salvage of an item's afternoon. `over best fixed` compares it with the
/// best single discount at one time for all items, chosen on other days of the same world. `of full
/// information` compares it with the same optimiser given today's true means. `waste change`
/// compares the units left with those left without any discount. `left` is the share of the units
/// at 14:00 that remains, `discount` the mean over the units sold from then on, `sold out` the
/// share of days that end with an empty shelf, `broken` the number of broken rules. Each ± is one
/// standard error; that of a comparison is small, because customers are the same.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SimulatePricingArgs {
    /// Number of days in each world
    #[arg(long, default_value_t = 1_000, value_name = "N",
          value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    days: u64,

    /// Seed of all random draws
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,

    /// Worlds, with commas; `all` for every world
    #[arg(long, default_value = "all", value_delimiter = ',', value_name = "NAME")]
    world: Vec<String>,

    /// Only these policies, with commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    policies: Vec<String>,

    /// Add the optimiser without one of its parts, for each part
    #[arg(long)]
    ablations: bool,

    /// Number of days on which the rules of thumb are tuned, in each world
    #[arg(long, default_value_t = 2_000, value_name = "N",
          value_parser = clap::value_parser!(u64).range(8..=1_000_000))]
    training_days: u64,

    /// Show the worlds and policies
    #[arg(long)]
    list: bool,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,
}

pub(crate) fn run(args: &SimulatePricingArgs) -> Result<ExitCode, CommandError> {
    if args.list {
        output::rows(args.format, LIST_COLUMNS, list())?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = args.shown()?;
    let contest = Contest {
        worlds: args.worlds()?,
        policies: without_repetition(shown.iter().copied().chain(MEASURES)),
        days: args.days,
        training_days: args.training_days,
        seed: args.seed,
        threads: thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    let progress = progress(&contest);
    let results = contest.run(&|| progress.inc(1));
    progress.finish_and_clear();
    for result in &results {
        output::note(tuned(result));
    }
    let lines = figures(&contest, &results);
    let is_shown = |line: &&PolicyFigures| shown.iter().any(|policy| policy.name() == line.policy);
    let (columns, rows) = cells(lines.iter().filter(is_shown), args.format);
    output::rows(args.format, &columns, rows)?;
    let broken = broken(&contest, &results);
    for breach in broken.iter().take(BREACHES_SHOWN_MAX) {
        output::note(breach);
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Maximum number of broken rules shown. The table counts all.
const BREACHES_SHOWN_MAX: usize = 20;
const LIST_COLUMNS: &[Column] = &[Column::Text("kind"), Column::Text("name"), Column::Text("what")];

impl SimulatePricingArgs {
    fn worlds(&self) -> Result<Vec<&'static ShopWorld>, CommandError> {
        if self.world.iter().any(|name| name == "all") {
            return Ok(WORLDS.iter().collect());
        }
        let named = |name: &String| {
            world(name).ok_or_else(|| unknown("world", name, WORLDS.map(|world| world.name)))
        };
        self.world.iter().map(named).collect()
    }

    fn shown(&self) -> Result<Vec<PricePolicy>, CommandError> {
        let named = |name: &String| {
            let policy = PricePolicy::named(name);
            policy
                .ok_or_else(|| unknown("policy", name, PricePolicy::every().map(PricePolicy::name)))
        };
        let named = self.policies.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        let all = if named.is_empty() { PricePolicy::ALL.to_vec() } else { named };
        let ablations = if self.ablations { PricePolicy::ABLATIONS.to_vec() } else { Vec::new() };
        Ok(without_repetition(all.into_iter().chain(ablations)))
    }
}

fn without_repetition(policies: impl Iterator<Item = PricePolicy>) -> Vec<PricePolicy> {
    let mut once = Vec::new();
    for policy in policies {
        if !once.contains(&policy) {
            once.push(policy);
        }
    }
    once
}

fn unknown(what: &str, name: &str, known: impl IntoIterator<Item = &'static str>) -> CommandError {
    let known: Vec<_> = known.into_iter().collect();
    format!("there is no {what} {name}; there are {}", known.join(", ")).into()
}

/// Returns columns and rows. In a table, an estimate and its standard error share a cell.
fn cells<'a>(
    lines: impl Iterator<Item = &'a PolicyFigures>,
    format: Format,
) -> (Vec<Column>, Vec<Vec<String>>) {
    let mut columns = Vec::new();
    let mut rows = Vec::new();
    for line in lines {
        let mut row: Vec<String> = Vec::new();
        columns.clear();
        for (name, text) in line.fields() {
            match row.last_mut() {
                Some(estimate) if format == Format::Table && name.ends_with("_error") => {
                    if !text.is_empty() {
                        estimate.push_str(" ± ");
                        estimate.push_str(&text);
                    }
                }
                _ => {
                    let is_word = name == "world" || name == "policy";
                    columns.push(if is_word { Column::Text(name) } else { Column::Number(name) });
                    row.push(text);
                }
            }
        }
        rows.push(row);
    }
    (columns, rows)
}

fn list() -> Vec<Vec<String>> {
    let row = |kind: &str, name: &str, what: &str| {
        vec![kind.to_owned(), name.to_owned(), what.to_owned()]
    };
    let worlds = WORLDS.iter().map(|world| row("world", world.name, world.about));
    let policies = PricePolicy::every().map(|policy| row("policy", policy.name(), policy.about()));
    worlds.chain(policies).collect()
}

/// Describes the rules of thumb that training found.
fn tuned(result: &WorldResults) -> String {
    let rule = |rule: &[Markdown]| {
        let steps = rule.iter().map(|markdown| {
            let (hour, minute) = (markdown.from / 60, markdown.from % 60);
            format!("{} % at {hour}:{minute:02}", markdown.percent)
        });
        let steps: Vec<String> = steps.collect();
        if steps.is_empty() { "never".to_owned() } else { steps.join(", ") }
    };
    let tuned = &result.tuned;
    format!(
        "{}: best fixed {}; best stepped {}; best sell-through {:.0} points behind",
        result.world,
        rule(&tuned.fixed),
        rule(&tuned.stepped),
        tuned.patience * 100.0
    )
}

fn broken(contest: &Contest, results: &[WorldResults]) -> Vec<String> {
    let mut broken = Vec::new();
    for result in results {
        for (policy, outcomes) in contest.policies.iter().zip(&result.outcomes) {
            for rule in outcomes.iter().flat_map(|outcome| &outcome.broken) {
                broken.push(format!("{}, {}: {rule}", result.world, policy.name()));
            }
        }
    }
    broken
}

fn progress(contest: &Contest) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} days, {per_sec}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let days = contest.days * contest.worlds.len() as u64;
    output::note(format!("playing {days} days under {} policies", contest.policies.len()));
    ProgressBar::new(days).with_style(style)
}
