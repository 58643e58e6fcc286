//! Sums of a file that is not sent, to be held against the till's own report.

use std::collections::{BTreeMap, HashSet};

use domain::Event;
use domain::stock::Figures;
use import::{StoredAs, TillLine};

use super::ReadFile;
use crate::output::{Column, Format, revenue};
use crate::{CommandError, output};

const COLUMNS: &[Column] = &[
    Column::Text("by"),
    Column::Text("key"),
    Column::Text("name"),
    Column::Number("lines"),
    Column::Number("sold"),
    Column::Number("returned"),
    Column::Number("received"),
    Column::Number("wasted"),
    Column::Text("revenue"),
    Column::Number("new"),
    Column::Number("known"),
    Column::Number("conflict"),
];

/// Subject of a sum, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    All,
    Store,
    Day,
    Item,
    Payment,
}

impl Subject {
    fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Store => "store",
            Self::Day => "day",
            Self::Item => "item",
            Self::Payment => "payment",
        }
    }
}

/// Events of a sum, with their relations to the stored ones.
#[derive(Default)]
struct Group<'a>(Vec<(&'a Event, StoredAs)>);

impl Group<'_> {
    fn count(&self, relation: StoredAs) -> String {
        self.0.iter().filter(|(_, known)| *known == relation).count().to_string()
    }
}

/// Prints the sums of the events by store, day, item and payment. A line that an earlier file of the
/// run has as well counts once.
pub(super) fn print(files: &[ReadFile], format: Format) -> Result<(), CommandError> {
    let mut groups: BTreeMap<(Subject, String), Group<'_>> = BTreeMap::new();
    let mut counted = HashSet::new();
    for ReadFile { file, relations, .. } in files {
        for line in &file.lines {
            let TillLine::Event { number, event, till } = line else { continue };
            let event = event.event();
            if !counted.insert((event.store_id(), event.event_id())) {
                continue;
            }
            let mut keys = vec![
                (Subject::All, String::new()),
                (Subject::Store, event.store_id().to_string()),
                (Subject::Day, till.date.to_string()),
                (Subject::Item, event.sku().to_string()),
            ];
            keys.extend(till.payment.clone().map(|payment| (Subject::Payment, payment)));
            for key in keys {
                groups.entry(key).or_default().0.push((event, relations.of(*number)));
            }
        }
    }
    let names = files.iter().flat_map(|read| &read.file.names);
    let names: BTreeMap<&String, &String> = names.map(|(name, id)| (id, name)).collect();
    let row = |((subject, key), group): (&(Subject, String), &Group<'_>)| {
        let figures = Figures::of(group.0.iter().map(|(event, _)| *event));
        vec![
            subject.word().to_owned(),
            key.clone(),
            names.get(key).map(|name| domain::excerpt(name)).unwrap_or_default(),
            group.0.len().to_string(),
            figures.sold.normalize().to_string(),
            figures.returned.normalize().to_string(),
            figures.received.normalize().to_string(),
            figures.wasted.normalize().to_string(),
            revenue(&figures.revenue),
            group.count(StoredAs::New),
            group.count(StoredAs::Known),
            group.count(StoredAs::Conflict),
        ]
    };
    output::rows(format, COLUMNS, groups.iter().map(row))
}
