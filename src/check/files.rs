//! `daymark check --data`: every byte of the files of a stopped machine.

use std::path::Path;
use std::process::ExitCode;

use local::dynamodb::check_tables;

use crate::output::counted;
use crate::{CommandError, output};

/// Verifies every segment of the stream, and the tables.
pub(super) fn check(data: &Path) -> Result<ExitCode, CommandError> {
    let stream = data.join("kinesis");
    if !stream.is_dir() {
        let data = data.display();
        return Err(format!(
            "{data} is no data folder; --data names that of `daymark up`, by default ./daymark-data"
        )
        .into());
    }
    let mut damage = Vec::new();
    match local_kinesis::verify(stream) {
        Ok(figures) => output::note(format_args!(
            "stream: {} with {}",
            counted(figures.segments, "segment"),
            counted(figures.records, "record"),
        )),
        Err(found) => damage.extend(found.iter().map(ToString::to_string)),
    }
    let tables = data.join("dynamodb").join("tables.sqlite");
    match check_tables(&tables) {
        Ok(()) => output::note(format_args!("tables: {}", tables.display())),
        Err(found) => damage.push(found.to_string()),
    }
    damage.iter().for_each(output::line);
    if damage.is_empty() {
        output::line("every file is as it was written");
    }
    Ok(if damage.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
