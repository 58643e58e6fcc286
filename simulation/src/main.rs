//! `simulation`: runs many seeds, or prints the history of one.
#![expect(clippy::print_stdout, reason = "this program reports to the terminal")]

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use simulation::{InjectedFault, WorldOutcome, WorldPlan, run, shrink};

/// Check under injected faults that no event is lost and none counts twice.
///
/// Runs worlds of stores, tills, a stream, the batch handler and the pricing under a virtual clock
/// and with injected faults. An auditor that knows every event checks each world. A seed decides
/// everything: the command printed for a failure repeats it, in the smallest world that still
/// fails.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo simulate --seeds 2000            2,000 worlds and a table of their faults
  cargo simulate --seeds 500 --from 7000 other worlds
  cargo simulate --seed 17               the history of one world
  cargo simulate --seed 17 --without split,late --stores 1
                                         the same world without some of its parts")]
struct SimulationArgs {
    /// Number of worlds to run
    #[arg(long, default_value_t = 100, value_name = "N", conflicts_with = "seed")]
    seeds: u64,

    /// First seed
    #[arg(long, default_value_t = 0, value_name = "SEED", conflicts_with = "seed")]
    from: u64,

    /// Number of worlds to run at once; all processors by default
    #[arg(long, value_name = "N", conflicts_with = "seed")]
    jobs: Option<NonZeroUsize>,

    /// Replay one seed and print its history
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    /// Faults to leave out, separated by commas
    #[arg(long, value_name = "FAULTS", value_delimiter = ',')]
    without: Vec<InjectedFault>,

    /// Number of stores, instead of the seed's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=9))]
    stores: Option<u32>,

    /// Number of five-minute windows in which the tills are open
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    steps: Option<u32>,

    /// Approximate number of events that the tills send
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    events: Option<u32>,

    /// Print a failing seed without searching for a smaller world
    #[arg(long)]
    no_shrink: bool,
}

impl SimulationArgs {
    fn plan(&self, seed: u64) -> WorldPlan {
        let mut plan = WorldPlan::of(seed);
        plan.stores = self.stores.unwrap_or(plan.stores);
        plan.steps = self.steps.unwrap_or(plan.steps);
        plan.events = self.events.unwrap_or(plan.events);
        plan.without.extend(&self.without);
        plan
    }
}

fn main() -> ExitCode {
    let args = SimulationArgs::parse();
    match args.seed {
        Some(seed) => replay(&args.plan(seed)),
        None => run_all(&args),
    }
}

fn replay(plan: &WorldPlan) -> ExitCode {
    let outcome = run(plan, true);
    print!("{}", outcome.history);
    println!("{plan:?}");
    let failed = !outcome.violations.is_empty();
    if failed {
        println!("\n{}", outcome.report(plan));
    } else {
        println!("\nno violation");
    }
    ExitCode::from(u8::from(failed))
}

fn run_all(args: &SimulationArgs) -> ExitCode {
    // A panic is reported as a violation, with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    let style = "{bar:30} {pos}/{len} worlds, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style).expect("a valid template");
    let progress = ProgressBar::new(args.seeds).with_style(style);
    #[expect(clippy::disallowed_methods, reason = "measures the run for its user")]
    let began = Instant::now();
    let total = run_worlds(args, &progress);
    progress.finish_and_clear();
    match total {
        Ok(total) => {
            print_totals(&total, args.seeds, began.elapsed());
            ExitCode::SUCCESS
        }
        Err(failed) => {
            let (plan, outcome) = *failed;
            println!("{}", outcome.report(&plan));
            println!("after {} worlds without a failure", plan.seed - args.from);
            if !args.no_shrink {
                println!("\nsearching for a smaller world that fails ...");
                let (plan, outcome) = shrink(&plan, &outcome);
                println!("{}", outcome.report(&plan));
            }
            ExitCode::FAILURE
        }
    }
}

/// Runs the worlds on several threads. Returns the first world that fails, whatever the number of
/// threads: seeds are taken in order, and those that were taken run to their end.
fn run_worlds(
    args: &SimulationArgs,
    progress: &ProgressBar,
) -> Result<WorldOutcome, Box<(WorldPlan, WorldOutcome)>> {
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok());
    let (next, has_failed) = (AtomicU64::new(args.from), AtomicBool::new(false));
    let (total, failed) = (Mutex::new(WorldOutcome::default()), Mutex::new(Vec::new()));
    let work = || {
        while !has_failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= args.from + args.seeds {
                return;
            }
            let plan = args.plan(seed);
            let outcome = run(&plan, false);
            if outcome.violations.is_empty() {
                total.lock().unwrap().add(outcome);
                progress.inc(1);
            } else {
                has_failed.store(true, Ordering::Relaxed);
                failed.lock().unwrap().push((plan, outcome));
            }
        }
    };
    thread::scope(|scope| {
        (0..jobs.map_or(1, NonZeroUsize::get)).for_each(|_| drop(scope.spawn(work)));
    });
    let failed = failed.into_inner().unwrap();
    match failed.into_iter().min_by_key(|(plan, _)| plan.seed) {
        Some(failed) => Err(Box::new(failed)),
        None => Ok(total.into_inner().unwrap()),
    }
}

fn print_totals(total: &WorldOutcome, worlds: u64, took: Duration) {
    let mut faults = table(["fault", "times", "description"]);
    for (fault, times) in &total.injected {
        faults.add_row([fault.word(), &HumanCount(*times).to_string(), fault.description()]);
    }
    let mut counts = table(["done and checked", "times", ""]);
    for (what, times) in &total.counts {
        counts.add_row([*what, &HumanCount(*times).to_string(), ""]);
    }
    println!("{faults}\n\n{counts}\n");
    let injected: u64 = total.injected.values().sum();
    let each = took.as_secs_f64() * 1000.0 / worlds.max(1) as f64;
    println!(
        "{} worlds, {} faults, no failure; {:.0} s, {each:.1} ms for a world",
        HumanCount(worlds),
        HumanCount(injected),
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
