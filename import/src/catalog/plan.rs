//! Plan of an import: the changes of all files, the refused lines and the warnings.

use std::fmt;

use super::currencies::{LeftOutCurrencies, kept_amounts};
use super::stored::{Catalogue, Change};
use super::warnings::Warnings;
use super::{EntryKey, EntryPatch, Place, Placed};

/// Name and entries of a catalogue file.
#[derive(Debug)]
pub struct CatalogFile {
    /// Name for messages.
    pub name: String,
    /// Entries, as [`catalog_entries`](super::catalog_entries) returns them.
    pub entries: Vec<Placed>,
}

/// Message about an entry of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Name of the file.
    pub file: String,
    /// Place in the file.
    pub place: Place,
    /// Message without the place.
    pub message: String,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.place, self.message)
    }
}

/// Result of an import before it is written.
#[derive(Debug, Default)]
pub struct Plan {
    /// Changes of the accepted entries, in the order of the files. An entry may change nothing.
    pub changes: Vec<Change>,
    /// Refused lines, in the order of the files.
    pub refused: Vec<Located>,
    /// Accepted lines that probably do not what they should, in the order of the files.
    pub warnings: Vec<Located>,
}

/// Applies the entries of files to `catalogue`: the chain and the stores first, because the rules
/// for items depend on them. Of several files that change one entry, the last one counts.
///
/// ```
/// use std::path::Path;
///
/// use import::{CatalogFile, Catalogue, catalog_entries, plan};
///
/// let mut catalogue = Catalogue::default();
/// let mut import = |text: &str| {
///     let entries = catalog_entries(Path::new("items.csv"), text)?;
///     Ok::<_, String>(plan(&mut catalogue, &[CatalogFile { name: "items.csv".into(), entries }]))
/// };
/// import("sku,price,floor\nrye,3.90,2.50\n")?;
/// let plan = import("sku,price\nrye,3.80\n")?;
/// let changes: Vec<String> = plan.changes[0].rules.iter().map(ToString::to_string).collect();
/// assert_eq!(changes, ["price 3.90 -> 3.80"]);
/// # Ok::<(), String>(())
/// ```
#[must_use]
pub fn plan(catalogue: &mut Catalogue, files: &[CatalogFile]) -> Plan {
    let lines: Vec<Line<'_>> = files.iter().flat_map(lines).collect();
    let mut results: Vec<Option<Result<Planned, String>>> = lines.iter().map(|_| None).collect();
    let is_item =
        |line: &Line<'_>| matches!(line.patch, Ok(EntryPatch { key: EntryKey::Item(..), .. }));
    for items in [false, true] {
        let currencies = LeftOutCurrencies::new(catalogue, lines.iter().filter_map(Line::patch));
        for (line, result) in
            lines.iter().zip(&mut results).filter(|(line, _)| is_item(line) == items)
        {
            *result = Some(line.patch.clone().and_then(|patch| {
                let warning = currencies.check(catalogue, patch)?;
                Ok((catalogue.apply(patch)?, warning))
            }));
        }
    }
    let mut plan = Plan::default();
    let warnings = Warnings::new(catalogue);
    for (line, result) in lines.iter().zip(results.into_iter().flatten()) {
        match result {
            Ok((change, currency)) => {
                let kept = line.patch().and_then(|patch| kept_amounts(&change, patch));
                let found = warnings.of(&change.key).into_iter().chain(kept).chain(currency);
                plan.warnings.extend(found.map(|message| line.located(message)));
                plan.changes.push(change);
            }
            Err(message) => plan.refused.push(line.located(message)),
        }
    }
    plan
}

/// Change, and a warning about a currency that is left out.
type Planned = (Change, Option<String>);

/// Entry of a file with its place.
struct Line<'a> {
    file: &'a str,
    place: Place,
    patch: Result<&'a EntryPatch, String>,
}

fn lines(file: &CatalogFile) -> impl Iterator<Item = Line<'_>> {
    file.entries.iter().map(|(place, entry)| Line {
        file: &file.name,
        place: *place,
        patch: entry.as_ref().map_err(Clone::clone),
    })
}

impl<'a> Line<'a> {
    fn patch(&self) -> Option<&'a EntryPatch> {
        self.patch.as_ref().ok().copied()
    }

    fn located(&self, message: String) -> Located {
        Located { file: self.file.to_owned(), place: self.place, message }
    }
}
