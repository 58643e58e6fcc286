//! `daymark tune`: memory and batches of the functions, from traces of the deployed binaries.

mod cases;
mod choose;
mod compare;
mod corpus;
mod endpoint;
mod function;
mod host;
mod measure;
mod payload;
mod probe;
mod record;
mod report;
mod runtime_api;
mod stores;
mod verify;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::CommandError;

/// Choose memory and batches of the functions from traces of the deployed binaries
///
///   ./lambdas --arch x86_64
///   daymark tune record traces.json     run the binaries on this machine, some minutes
///   daymark tune choose traces.json     durations, costs and a choice for every function
///   daymark tune choose traces.json --write cdk/settings/tuned.json
///   daymark tune compare traces.json    has the work moved since the choice?
///   daymark tune verify                 simulation beside the quota of this kernel
///   daymark tune measure billed.json --stage dev --traces traces.json   copies in a stage
///
/// docs/tuning.md explains every figure.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct TuneArgs {
    #[command(subcommand)]
    command: TuneCommand,
}

#[derive(Debug, Subcommand)]
enum TuneCommand {
    Record(record::RecordArgs),
    Choose(Box<choose::ChooseArgs>),
    Compare(compare::CompareArgs),
    Verify(verify::VerifyArgs),
    Measure(measure::MeasureArgs),
}

pub(crate) async fn run(args: TuneArgs) -> Result<ExitCode, CommandError> {
    match args.command {
        TuneCommand::Record(args) => record::run(args).await,
        TuneCommand::Choose(args) => choose::run(*args),
        TuneCommand::Compare(args) => compare::run(&args),
        TuneCommand::Verify(args) => verify::run(&args),
        TuneCommand::Measure(args) => measure::run(args).await,
    }
}
