//! Relations of the events of an import to those in the stock windows.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::StoreId;
use import::{LineProblem, StoredAs, StoredDay, TillLine};

use crate::connect::ConnectedTables;
use crate::{CommandError, output};

/// Relations by number of the line.
#[derive(Debug, Default)]
pub(super) struct Relations(BTreeMap<u64, StoredAs>);

impl Relations {
    /// Returns the relation of the event of a line.
    pub(super) fn of(&self, number: u64) -> StoredAs {
        self.0.get(&number).copied().unwrap_or(StoredAs::New)
    }

    /// Returns the number of events with a relation.
    pub(super) fn count(&self, relation: StoredAs) -> usize {
        self.0.values().filter(|known| **known == relation).count()
    }

    /// Returns the lines of the events with a relation, in order.
    pub(super) fn lines(&self, relation: StoredAs) -> Vec<u64> {
        let lines = self.0.iter().filter(|(_, known)| **known == relation);
        lines.map(|(number, _)| *number).collect()
    }
}

/// Chooses the generation of each event, and compares it with the stored ones. Asks once for each
/// store and date of the file, and keeps the windows of one date at a time. A line whose own id was
/// voided by an undo becomes invalid.
///
/// # Errors
/// Returns an error if the tables cannot be read.
pub(super) async fn compare(
    lines: &mut [TillLine],
    tables: &ConnectedTables,
) -> Result<Relations, CommandError> {
    let mut days: BTreeMap<(StoreId, NaiveDate), Vec<usize>> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        if let TillLine::Event { event, .. } = line {
            let event = event.event();
            let day = (event.store_id().clone(), event.occurred_at().date_naive());
            days.entry(day).or_default().push(index);
        }
    }
    let progress = output::progress("dates compared with the tables", days.len());
    let mut relations = Relations::default();
    for ((store_id, date), indices) in days {
        let windows = tables.windows_on(&store_id, date).await?;
        let stored = StoredDay::of(&windows);
        for index in indices {
            let TillLine::Event { number, event, .. } = &mut lines[index] else { continue };
            match event.choose_generation(&stored) {
                Ok(()) => drop(relations.0.insert(*number, stored.relation(event.event()))),
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
    Ok(relations)
}
