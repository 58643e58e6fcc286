//! The `daymark` program: one file for each command.
//!
//! A command has the name of its file: `stock.rs` is `daymark stock`, and `offers/explain.rs` is
//! `daymark offers explain`. Its `run` function takes the parsed arguments (`StockArgs`), connects
//! to the tables, calls the crate that does the work, and prints the result. The other files are
//! shared:
//!
//! - `machine/`: the whole system on one machine, for `daymark up` and `daymark demo`
//! - `connect/`: flags for the tables, on this machine or in a deployed stage
//! - `output.rs`: tables, JSON and CSV on standard output, notes and errors on standard error
//! - `dates.rs`, `stores.rs`: dates and stores that a question is about
//! - `clock.rs`: the system clock, read nowhere else in the program
//! - `telemetry.rs`: logs and metrics

#![recursion_limit = "256"]

mod backup;
mod below_zero;
mod catalog;
mod check;
mod clients;
mod clock;
mod connect;
mod cost;
mod dates;
mod days;
mod decide;
mod demo;
mod effect;
mod empty_history;
mod export;
mod gaps;
mod history;
mod imports;
mod load;
mod machine;
mod offers;
mod output;
mod price;
mod prices;
mod quarantine;
mod rebuild;
mod redrive;
mod replay;
mod retained;
mod sales;
mod send;
mod simulate_pricing;
mod sql;
mod stock;
mod stores;
mod telemetry;
mod transfers;
mod tune;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Till events in, stock by time window, afternoon discount offers out.
///
/// Daymark streams the inventory events of every till through Kinesis, keeps stock by five-minute
/// windows in DynamoDB, and publishes afternoon discount offers, each with its reason. The whole
/// system runs on this machine, or deployed on AWS.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Start with `daymark demo`: a day of three shops in about a minute.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    telemetry: telemetry::LogArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Up(up::UpArgs),
    Send(send::SendArgs),
    Imports(imports::ImportsArgs),
    Stock(stock::StockArgs),
    Offers(offers::OffersArgs),
    Price(price::PriceArgs),
    Prices(prices::PricesArgs),
    Days(days::DaysArgs),
    Sales(sales::SalesArgs),
    History(history::HistoryArgs),
    Effect(effect::EffectArgs),
    Export(export::ExportArgs),
    Sql(sql::SqlArgs),
    Decide(decide::DecideArgs),
    Catalog(catalog::CatalogArgs),
    Clients(clients::ClientsArgs),
    Check(check::CheckArgs),
    Backup(backup::BackupArgs),
    Gaps(gaps::GapsArgs),
    Transfers(transfers::TransfersArgs),
    Quarantine(quarantine::QuarantineArgs),
    Rebuild(rebuild::RebuildArgs),
    Redrive(redrive::RedriveArgs),
    Replay(replay::ReplayArgs),
    SimulatePricing(simulate_pricing::SimulatePricingArgs),
    Cost(Box<cost::CostArgs>),
    Load(Box<load::LoadArgs>),
    Tune(tune::TuneArgs),
}

/// Error of a command, printed by `main` alone.
type CommandError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let _logs = telemetry::start_logs(&arguments.telemetry);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.map_err(CommandError::from).and_then(|runtime| {
        runtime.block_on(async {
            match arguments.command {
                Command::Backup(args) => backup::run(&args),
                Command::Demo(args) => demo::run(args).await,
                Command::Up(args) => up::run(args).await,
                Command::Send(args) => send::run(args).await,
                Command::Imports(args) => imports::run(args).await,
                Command::Stock(args) => stock::run(args).await,
                Command::Offers(args) => offers::run(args).await,
                Command::Price(args) => price::run(args).await,
                Command::Prices(args) => prices::run(args).await,
                Command::Sales(args) => sales::run(args).await,
                Command::Days(args) => days::run(args).await,
                Command::History(args) => history::run(args).await,
                Command::Effect(args) => effect::run(args).await,
                Command::Export(args) => export::run(args).await,
                Command::Sql(args) => sql::run(&args),
                Command::Decide(args) => decide::run(&args),
                Command::Catalog(args) => catalog::run(args).await,
                Command::Clients(args) => clients::run(args).await,
                Command::Check(args) => check::run(args).await,
                Command::Gaps(args) => gaps::run(args).await,
                Command::Transfers(args) => transfers::run(args).await,
                Command::Quarantine(args) => quarantine::run(args).await,
                Command::Rebuild(args) => rebuild::run(args).await,
                Command::Redrive(args) => redrive::run(args).await,
                Command::Replay(args) => replay::run(&args),
                Command::SimulatePricing(args) => simulate_pricing::run(&args),
                Command::Cost(args) => cost::run(*args),
                Command::Load(args) => load::run(*args).await,
                Command::Tune(args) => tune::run(args).await,
            }
        })
    });
    match result {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}
