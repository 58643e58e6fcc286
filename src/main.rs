//! The `daymark` program: one file per verb.

#![recursion_limit = "256"]

mod catalog;
mod clients;
mod clock;
mod connect;
mod cost;
mod dates;
mod days;
mod decide;
mod demo;
mod effect;
mod gaps;
mod history;
mod machine;
mod offers;
mod output;
mod picture;
mod quarantine;
mod rebuild;
mod redrive;
mod rows;
mod send;
mod simulate_pricing;
mod stock;
mod telemetry;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Till events in, stock by time window, afternoon discount offers out.
///
/// Daymark streams the inventory events of every till through Kinesis, keeps stock by five-minute
/// windows in DynamoDB, and writes afternoon discount offers, each with its reason. It runs whole
/// on this machine, or deployed on AWS.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Start with `daymark demo`: a day of three shops in about a minute.")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    telemetry: telemetry::Flags,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Demo(demo::Flags),
    Up(up::Flags),
    Send(send::Flags),
    Stock(stock::Flags),
    Offers(offers::Flags),
    Days(days::Flags),
    History(history::Flags),
    Effect(effect::Flags),
    Decide(decide::Flags),
    Catalog(catalog::Flags),
    Clients(clients::Flags),
    Gaps(gaps::Flags),
    Quarantine(quarantine::Flags),
    Rebuild(rebuild::Flags),
    Redrive(redrive::Flags),
    SimulatePricing(simulate_pricing::Flags),
    Cost(Box<cost::Flags>),
}

/// What a verb may fail with: printed once, here.
type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::start_logs(&arguments.telemetry);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.map_err(Failed::from).and_then(|runtime| {
        runtime.block_on(async {
            match arguments.verb {
                Verb::Demo(flags) => demo::run(flags).await,
                Verb::Up(flags) => up::run(flags).await,
                Verb::Send(flags) => send::run(flags).await,
                Verb::Stock(flags) => stock::run(flags).await,
                Verb::Offers(flags) => offers::run(flags).await,
                Verb::Days(flags) => days::run(flags).await,
                Verb::History(flags) => history::run(flags).await,
                Verb::Effect(flags) => effect::run(flags).await,
                Verb::Decide(flags) => decide::run(&flags),
                Verb::Catalog(flags) => catalog::run(flags).await,
                Verb::Clients(flags) => clients::run(flags).await,
                Verb::Gaps(flags) => gaps::run(flags).await,
                Verb::Quarantine(flags) => quarantine::run(flags).await,
                Verb::Rebuild(flags) => rebuild::run(flags).await,
                Verb::Redrive(flags) => redrive::run(flags).await,
                Verb::SimulatePricing(flags) => simulate_pricing::run(&flags),
                Verb::Cost(flags) => cost::run(&flags),
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
