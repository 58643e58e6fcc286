//! `daymark quarantine replay`: what was refused, processed again as it arrived.

use std::process::ExitCode;

use clap::Args;
use domain::quarantine::{QuarantineReason, Quarantined};
use processors::replay::Replayed;

use super::Choice;
use crate::{Failed, connect, output};

/// Process things again as they arrived, after the program was fixed or a limit lifted
///
/// Events are judged by the time they arrived, and an event counts once however often it is
/// processed: a replay may be repeated and interrupted. A record leaves the quarantine when all of
/// it is stored, or kept on its own: one that opens now but holds a bad event leaves a row for just
/// that event. What is still refused stays.
///
/// A conflicting duplicate is refused again by design: its event id counts already, with another
/// content.
///
/// A replay that stores events of a day more than eight days back is followed by `daymark days
/// --from DATE --to DATE --close`.
///
/// Fails when something could not be stored, replayed or found; that something is still refused is
/// no failure.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    choice: Choice,

    #[command(flatten)]
    age: connect::AgeFlags,

    #[command(flatten)]
    tables: connect::TableFlags,
}

pub(super) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    let tables = flags.tables.connect().await?;
    let (chosen, mut code) = flags.choice.find(&tables).await?;
    let processor = tables.processor(flags.age.max());
    let (mut stored, mut left, mut stay) = (0, 0, 0);
    for original in &chosen {
        let replayed = match flags.age.too_long_ago(original.at) {
            Some(reason) => Err(reason),
            None => processor.replay(original).await.map_err(|error| error.to_string()),
        };
        match replayed {
            Ok(replayed) => {
                stored += replayed.stored;
                *(if replayed.stays { &mut stay } else { &mut left }) += 1;
                output::line(told(original, &replayed));
            }
            Err(error) => {
                stay += 1;
                output::error(format!("{}: {error}", original.id));
                code = ExitCode::FAILURE;
            }
        }
    }
    output::line(format!("{stored} events stored; {left} left the quarantine, {stay} stay"));
    Ok(code)
}

fn told(original: &Quarantined, replayed: &Replayed) -> String {
    let events =
        |count: u64| if count == 1 { "1 event".to_owned() } else { format!("{count} events") };
    let mut told = format!("{}: stored {}", original.id, events(replayed.stored));
    if replayed.duplicate > 0 {
        told.push_str(&format!(", {} stored before", events(replayed.duplicate)));
    }
    for refused in &replayed.refused {
        let kept = if refused.id == original.id {
            "still refused".to_owned()
        } else {
            format!("refused and kept as {}", refused.id)
        };
        told.push_str(&format!("\n  {kept}: {}", refused.message));
        if refused.reason == QuarantineReason::ConflictingDuplicate {
            told.push_str("; a replay cannot change that, drop it when it has been looked into");
        }
    }
    if replayed.stays && replayed.refused.is_empty() {
        told.push_str("; it counts now, and stays here until it is dropped");
    }
    told
}
