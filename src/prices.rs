//! `daymark prices`: prices of the past.

mod lowest;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::CommandError;

/// Show prices of the past, with their evidence
#[derive(Debug, Args)]
pub(crate) struct PricesArgs {
    #[command(subcommand)]
    command: PricesCommand,
}

#[derive(Debug, Subcommand)]
enum PricesCommand {
    Lowest(lowest::LowestPriceArgs),
}

pub(crate) async fn run(args: PricesArgs) -> Result<ExitCode, CommandError> {
    match args.command {
        PricesCommand::Lowest(args) => lowest::run(args).await,
    }
}
