//! `daymark quarantine replay`: processes refused events and records again.

use std::process::ExitCode;

use clap::Args;
use domain::quarantine::{QuarantineReason, Quarantined};
use processors::replay::ReplayOutcome;

use super::QuarantineSelection;
use crate::output::counted;
use crate::{CommandError, clock, connect, output};

/// Process entries again as they arrived, after the program was fixed or a limit was raised
///
/// Events are validated as of their arrival, or as of now if the clock was ahead then. An event
/// counts once however often it is processed: a replay may be repeated and interrupted. A record
/// leaves the quarantine when every event is stored or has its own entry: a record that can be
/// opened now but holds an invalid event leaves an entry for that event only. Events that are still
/// refused stay.
///
/// A conflicting duplicate is refused again by design: its event id counts already, with different
/// content.
///
/// After a replay of events more than eight days old, run `daymark days --from DATE --to DATE
/// --close`.
///
/// Fails if an entry could not be stored, replayed or found. An entry that is refused again is no
/// failure.
#[derive(Debug, Args)]
pub(super) struct QuarantineReplayArgs {
    #[command(flatten)]
    selection: QuarantineSelection,

    #[command(flatten)]
    age: connect::AgeArgs,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(super) async fn run(args: QuarantineReplayArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let (entries, mut code) = args.selection.load(&tables).await?;
    let processor = tables.processor(&args.age);
    let (mut written, mut left, mut stay) = (0, 0, 0);
    for original in &entries {
        let replayed = match args.age.too_long_ago(original.at) {
            Some(reason) => Err(reason),
            None => {
                processor.replay(&arrived_by_now(original)).await.map_err(|error| error.to_string())
            }
        };
        match replayed {
            Ok(replayed) => {
                written += replayed.written;
                *(if replayed.stays { &mut stay } else { &mut left }) += 1;
                output::line(summary(original, &replayed));
            }
            Err(error) => {
                stay += 1;
                output::error(format!("{}: {error}", original.id));
                code = ExitCode::FAILURE;
            }
        }
    }
    output::line(format!(
        "{written} events written to the log; {left} left the quarantine, {stay} stay"
    ));
    Ok(code)
}

/// Returns the entry, as arrived now if a wrong clock stamped it later than that.
fn arrived_by_now(original: &Quarantined) -> Quarantined {
    Quarantined { at: original.at.min(clock::now()), ..original.clone() }
}

fn summary(original: &Quarantined, replayed: &ReplayOutcome) -> String {
    let events = |number| counted(number, "event");
    let mut text = format!("{}: wrote {}", original.id, events(replayed.written));
    for refused in &replayed.refused {
        let kept = if refused.id == original.id {
            "still refused".to_owned()
        } else {
            format!("refused and kept as {}", refused.id)
        };
        text.push_str(&format!("\n  {kept}: {}", refused.message));
    }
    if replayed.stays && replayed.refused.is_empty() {
        text.push_str(match original.reason {
            QuarantineReason::ConflictingDuplicate => {
                "; another content of its id counts, and a replay cannot change that: drop it when \
                 it has been looked into"
            }
            _ => "; it still voids nothing",
        });
    }
    text
}
