//! `daymark imports`: imports of till lines in the stock windows.

mod import_dates;
mod list;
mod show;
mod undo;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::CommandError;

/// List or show imports of till lines, or undo one
///
/// Each run of `daymark send --csv` is an import. An event that several imports brought belongs to
/// the one whose id sorts first, which is the earliest unless --import-id says otherwise. An event
/// that a till sent itself belongs to none.
#[derive(Debug, Args)]
pub(crate) struct ImportsArgs {
    #[command(subcommand)]
    command: ImportsCommand,
}

#[derive(Debug, Subcommand)]
enum ImportsCommand {
    List(list::ImportListArgs),
    Show(show::ImportShowArgs),
    Undo(undo::UndoArgs),
}

pub(crate) async fn run(args: ImportsArgs) -> Result<ExitCode, CommandError> {
    match args.command {
        ImportsCommand::List(args) => list::run(args).await,
        ImportsCommand::Show(args) => show::run(args).await,
        ImportsCommand::Undo(args) => undo::run(args).await,
    }
}
