//! `daymark load`: a load run with its result, and what can be done with its record.

mod audit;
mod compare;
mod connection;
mod environment;
mod files;
mod kinesis;
mod live;
mod merge;
mod plan;
mod probes;
mod run;
mod settings;
mod stop;
mod usage;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use load_generator::limit_check::exit;

use crate::{CommandError, output};
use settings::{RunArgs, Usage};

/// Example of a scenario, for the help.
const SCENARIO: &str = r#"A scenario in TOML has stages, stores, traffic and limits:

  seed = 7
  shops = { count = 200, zipf = 1.0 }
  [[stage]]
  shape = "ramp"      # constant, ramp, steps, spike, soak, day or knee
  from = 100
  to = 2000
  for = "60s"
  [mix]
  events_per_request = 10
  repeat = 0.02
  [limit]
  "response p99" = "250ms"
  "ledger" = "equal""#;

/// Run a load test and prove its result
///
/// Without arguments, starts a machine of its own in memory, sends 200 events a second for 60 s,
/// and ends with its result, a picture and a report: one HTML file. The page is live meanwhile.
///
/// Requests are planned from the seed before the start, and each is sent at its planned instant,
/// whatever the answers do (an open loop). Three times are told apart: the send lag (planned until
/// sent), the service time (sent until answered) and the response time (planned until answered).
/// The freshness is the time from the planned instant of a probe event until a query of the stock
/// log answers with it. After the run, the stock log is compared with the record of all answers:
/// every acknowledged event must be there once, with its content, and no other.
///
/// Exit codes: 0 all limits kept, 3 a limit broken, 4 the ledger differs, 5 the generator was the
/// limit, 1 error, 2 wrong usage. docs/load.md explains every setting and figure.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_long_help = SCENARIO)]
pub(crate) struct LoadArgs {
    #[command(subcommand)]
    command: Option<LoadCommand>,

    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, Subcommand)]
enum LoadCommand {
    Plan(plan::PlanArgs),
    Audit(audit::AuditArgs),
    Merge(merge::MergeArgs),
    Compare(compare::CompareArgs),
}

pub(crate) async fn run(args: LoadArgs) -> Result<ExitCode, CommandError> {
    let result = match args.command {
        None => run::run(args.run).await,
        Some(LoadCommand::Plan(args)) => plan::run(args),
        Some(LoadCommand::Audit(args)) => audit::run(args).await,
        Some(LoadCommand::Merge(args)) => merge::run(args).await,
        Some(LoadCommand::Compare(args)) => compare::run(&args),
    };
    match result {
        Err(error) if error.is::<Usage>() => {
            output::error(&error);
            Ok(ExitCode::from(exit::USAGE))
        }
        result => result,
    }
}
