//! Proposal of a mapping for a file, with its first lines as events.

use import::{StoreZones, TillLine, TillMapping, file_text, propose_mapping};

use super::input_file;
use crate::output;

/// Number of lines that are shown as events.
const LINES_SHOWN: usize = 10;

/// Prints a mapping file for the first of the files: the proposal with its reasons, and the first
/// lines as comments, each as the event or the refusal that the proposal gives.
///
/// # Errors
/// Returns an error if the file cannot be read, or no mapping can be proposed.
pub(super) fn print(path: &std::path::Path, flags: TillMapping) -> Result<(), String> {
    let named = |message: String| format!("{}: {message}", path.display());
    let bytes = input_file::read(path).map_err(named)?;
    let text = file_text(&bytes, flags.encoding()).map_err(named)?;
    text.note.iter().for_each(|note| output::note(named(note.clone())));
    let proposal = propose_mapping(&text.text).map_err(named)?;
    output::line(proposal.trim_end());
    let mapping = flags.with_file(&proposal).map_err(named)?;
    let file = mapping.read(&text.text, &StoreZones::default()).map_err(named)?;
    for note in &file.notes {
        output::note(named(note.clone()));
    }
    for line in file.lines.iter().take(LINES_SHOWN) {
        let shown = match line {
            TillLine::Event { event, .. } => event.event().canonical(),
            TillLine::Json { json, .. } => json.clone(),
            TillLine::Skipped { reason, .. } => format!("skipped, {reason}"),
            TillLine::Invalid { problem, .. } => {
                let given = problem.given.as_ref().map(|given| format!(" ({given})"));
                format!("refused: {}{}", problem.rule, given.unwrap_or_default())
            }
        };
        output::line(format!("# line {}: {shown}", line.number()));
    }
    Ok(())
}
