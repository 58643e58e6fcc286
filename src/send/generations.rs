//! Generations of the events of an import, from the stock windows.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::StoreId;
use import::{LineProblem, StoredDay, TillLine};

use crate::connect::ConnectedTables;
use crate::{CommandError, output};

/// Chooses the generation of each event, and returns the number of events that are stored already.
/// Asks once for each store and date of the file, and keeps the windows of one date at a time. A
/// line whose own id was voided by an undo becomes invalid.
///
/// # Errors
/// Returns an error if the tables cannot be read.
pub(super) async fn choose_generations(
    lines: &mut [TillLine],
    tables: &ConnectedTables,
) -> Result<usize, CommandError> {
    let mut days: BTreeMap<(StoreId, NaiveDate), Vec<usize>> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        if let TillLine::Event { event, .. } = line {
            let event = event.event();
            let day = (event.store_id().clone(), event.occurred_at().date_naive());
            days.entry(day).or_default().push(index);
        }
    }
    let progress = output::progress("dates compared with the tables", days.len());
    let mut known = 0;
    for ((store_id, date), indices) in days {
        let windows = tables.windows_on(&store_id, date).await?;
        let stored = StoredDay::of(&windows);
        for index in indices {
            let TillLine::Event { number, event } = &mut lines[index] else { continue };
            match event.choose_generation(&stored) {
                Ok(()) => known += usize::from(stored.has(event.event())),
                Err(rule) => {
                    let given = Some(event.event().event_id().to_string());
                    let problem = LineProblem { rule, given };
                    lines[index] = TillLine::Invalid { number: *number, problem };
                }
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(known)
}
