//! `simulation`: as many seeds as wanted, or one of them told line by line.
#![expect(clippy::print_stdout, reason = "a program of tests talks to its user")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use simulation::{Fault, Outcome, Plan, run, shrink};

/// The promise under every fault: nothing lost, nothing twice.
///
/// Runs worlds of stores, tills, a stream, the batch handler and the pricing under a virtual clock
/// and under faults, and judges each by an auditor that knows every event. A seed decides
/// everything, so a failure is repeated with one command, which is printed, for the smallest world
/// that still fails.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo simulate --seeds 2000            2,000 worlds and a table of their faults
  cargo simulate --seeds 500 --from 7000 others
  cargo simulate --seed 17               one world, line by line
  cargo simulate --seed 17 --without split,late --stores 1
                                         the same world with some of it left out")]
struct Arguments {
    /// How many worlds to run
    #[arg(long, default_value_t = 100, value_name = "N", conflicts_with = "seed")]
    seeds: u64,

    /// The first seed
    #[arg(long, default_value_t = 0, value_name = "SEED", conflicts_with = "seed")]
    from: u64,

    /// Replay one seed and print its history
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    /// Faults to leave out, separated by commas
    #[arg(long, value_name = "FAULTS", value_delimiter = ',')]
    without: Vec<Fault>,

    /// How many stores there are, instead of what the seed says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=9))]
    stores: Option<u32>,

    /// How many windows of five minutes the tills are open
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    steps: Option<u32>,

    /// About how many events the tills send
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    events: Option<u32>,

    /// Print a failing seed as it is, without looking for a smaller world
    #[arg(long)]
    no_shrink: bool,
}

impl Arguments {
    fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::of(seed);
        plan.stores = self.stores.unwrap_or(plan.stores);
        plan.steps = self.steps.unwrap_or(plan.steps);
        plan.events = self.events.unwrap_or(plan.events);
        plan.without.extend(&self.without);
        plan
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => replay(&arguments.plan(seed)),
        None => run_all(&arguments),
    }
}

fn replay(plan: &Plan) -> ExitCode {
    let outcome = run(plan, true);
    print!("{}", outcome.history);
    println!("{plan:?}");
    let failed = !outcome.objections.is_empty();
    if failed {
        println!("\n{}", outcome.told(plan));
    } else {
        println!("\nthe promise held");
    }
    ExitCode::from(u8::from(failed))
}

fn run_all(arguments: &Arguments) -> ExitCode {
    // What panics is an objection, told with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    let style = "{bar:30} {pos}/{len} worlds, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style).expect("a valid template");
    let progress = ProgressBar::new(arguments.seeds).with_style(style);
    #[expect(clippy::disallowed_methods, reason = "how long it took is for the user")]
    let began = Instant::now();
    let mut total = Outcome::default();
    for seed in arguments.from..arguments.from + arguments.seeds {
        let plan = arguments.plan(seed);
        let outcome = run(&plan, false);
        if !outcome.objections.is_empty() {
            progress.finish_and_clear();
            println!("{}", outcome.told(&plan));
            println!("after {} worlds without a failure", seed - arguments.from);
            if !arguments.no_shrink {
                println!("\nlooking for a smaller world that fails ...");
                let (plan, outcome) = shrink(&plan, &outcome);
                println!("{}", outcome.told(&plan));
            }
            return ExitCode::FAILURE;
        }
        total.add(outcome);
        progress.inc(1);
    }
    progress.finish_and_clear();
    print_totals(&total, arguments.seeds, began.elapsed());
    ExitCode::SUCCESS
}

fn print_totals(total: &Outcome, worlds: u64, took: Duration) {
    let meanings: BTreeMap<Fault, &str> =
        total.struck.keys().map(|fault| (*fault, fault.meaning())).collect();
    let mut faults = table(["fault", "times", "what"]);
    for (fault, times) in &total.struck {
        faults.add_row([fault.word(), &grouped(*times), meanings[fault].trim()]);
    }
    let mut counts = table(["done and checked", "times", ""]);
    for (what, times) in &total.counts {
        counts.add_row([*what, &grouped(*times), ""]);
    }
    println!("{faults}\n\n{counts}\n");
    let struck: u64 = total.struck.values().sum();
    let each = took.as_secs_f64() * 1000.0 / worlds.max(1) as f64;
    println!(
        "{} worlds, {} faults, no failure; {:.0} s, {each:.1} ms for a world",
        grouped(worlds),
        grouped(struck),
        took.as_secs_f64()
    );
}

fn table(header: [&str; 3]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// 1234567 -> 1,234,567
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
