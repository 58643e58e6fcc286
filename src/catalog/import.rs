//! `daymark catalog import`: changes of the catalogue from files.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use domain::ports::{CatalogTable, Failure};
use import::{
    CatalogEntry, CatalogFile, Change, EntryKey, FileEncoding, Origin, catalog_entries, file_text,
    plan,
};

use super::own_entries::{add_own_items, note_kept};
use super::running_offers::note_replaced;
use super::stored::load;
use crate::connect::ConnectedTables;
use crate::{CommandError, clock, connect, output};

/// Number of new entries that the answer names one by one.
const NEW_SHOWN_MAX: usize = 20;

/// Import items, stores and the chain from CSV or JSON: a file changes what it names, and nothing
/// else
///
/// A sku or store_id that is a name, with blanks or letters of any script, becomes the id that
/// `daymark send --csv` makes of the same name.
///
/// An entry that is stored keeps every field that the file leaves out. A column that is missing
/// keeps what is stored; an empty cell, or null in JSON, clears the field, which returns to its
/// default. So a price list may have the columns sku,price alone. The answer lists each changed
/// rule with its old and new value. --check answers the same and changes nothing. `daymark catalog
/// show` prints the rules in force; `daymark catalog export` writes files for import.
///
/// Fields of an item: sku, price; optional: currency (EUR), cost, name, category, shelf_life_days
/// (1), ladder_percent ("0 10 20 30"), floor (minimum price), no_discount (true), salvage_value
/// (value of a unit left at the close, -0.05 if disposal costs money), portion (0.25: counting unit
/// of a weighed item), elasticity, unit (EA, KGM or LTR), conversions ({"EA": 0.75}: a piece is
/// 0.75 of the unit), store_id (for one store only: the entry then counts instead of the chain's,
/// with whose rules it starts).
///
/// Fields of a store: store_id, zone (Europe/Berlin), hours ("mon-sat 07:00-18:30, sun
/// 08:00-12:00", one opening a day); optional: name, country (DE), policy.
///
/// Fields of a chain: chain (its name); optional: enabled (false stops all pricing),
/// perishables_exempt ("DE IE": countries in which an offer need not state the lowest price of 30
/// days).
///
/// Fields of a policy, each with a default: enabled, shadow (decides, but publishes no offer),
/// afternoon_starts (14:00), latest_change, ladder_percent (0 10 … 70), max_discount_percent,
/// min_price, min_margin_percent, price_endings ("0 5"), min_minutes_between_changes (30, at most
/// 10080), max_changes (6, at most 1000, or "unlimited"), max_changes_per_hour (of the whole
/// store), step_jitter_minutes (0), min_on_hand (1), min_gain (0: least gain of a change in the
/// currency of the item), min_gain_percent (0: the same in percent of the value of waiting),
/// elasticity (2.2), on_doubt (mark or withhold), doubt_after_minutes (60),
/// experiment {salt, control_percent, exploration_percent, rule [{at, discount_percent}]},
/// categories {name: {exclude, earliest, latest, ladder_percent, max_discount_percent, min_price,
/// min_margin_percent, elasticity}}.
///
/// In CSV the name of a column is the path of its field: policy.afternoon_starts,
/// policy.experiment.control_percent, policy.categories.bread.max_discount_percent. JSON is an
/// array of objects, or one object on each line. In both, a category set to null is removed, and
/// the categories that the file does not name stay. Commas separate the columns of CSV, the decimal
/// separator of a number is the point.
///
/// A file with an unknown column is refused, with the nearest name, and then none of the files is
/// imported. Entries that break a rule are refused with the number of their line, or of the element
/// in a JSON array on one line, and the others are imported. Refused as well: one entry twice in a
/// file, and a new item without a currency where the country or the other items of the store have
/// another one than EUR. Warnings: rules that bind nothing, categories that differ only by letter
/// case, and currencies that the country of a store does not have. The answer also names entries of
/// stores that keep other values than the chain's item, and offers that do not fit the new price.
/// Offers take a change at the next quarter of an hour of a store's afternoon.
#[derive(Debug, Args)]
pub(super) struct CatalogImportArgs {
    /// Files with the extension .csv, .json or .ndjson
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Show what an import would change, and change nothing
    #[arg(long)]
    check: bool,

    /// Encoding of the files, like windows-1252 [default: UTF-8 or UTF-16 if the bytes are such, or
    /// else a guess that is told]
    #[arg(long, value_name = "NAME")]
    encoding: Option<FileEncoding>,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(super) async fn run(args: CatalogImportArgs) -> Result<ExitCode, CommandError> {
    let mut files = Vec::new();
    for file in &args.files {
        let name = file.display().to_string();
        let named = |message| format!("{name}: {message}");
        let bytes = std::fs::read(file).map_err(|error| named(error.to_string()))?;
        let text = file_text(&bytes, args.encoding).map_err(named)?;
        if let Some(note) = text.note {
            output::note(format_args!("{name}: {note}"));
        }
        let entries = catalog_entries(file, &text.text).map_err(named)?;
        if entries.is_empty() {
            output::note(format_args!("{name}: warning: the file has no entry"));
        }
        files.push(CatalogFile { name, entries });
    }
    let entries = files.iter().flat_map(|file| &file.entries);
    let named = entries.clone().flat_map(|(_, entry)| entry.iter().flat_map(|entry| &entry.names));
    output::note_names(&named.cloned().collect());
    let store_ids: BTreeSet<_> = entries
        .filter_map(|(_, entry)| match &entry.as_ref().ok()?.key {
            EntryKey::Chain => None,
            EntryKey::Store(store_id) => Some(store_id.clone()),
            EntryKey::Item(store_id, _) => store_id.clone(),
        })
        .collect();
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let mut loaded = load(&tables, &Vec::from_iter(store_ids.clone())).await?;
    let plan = plan(&mut loaded.catalogue, &files);
    for refused in &plan.refused {
        output::error(refused);
    }
    for warning in &plan.warnings {
        let (file, place, message) = (&warning.file, warning.place, &warning.message);
        output::note(format_args!("{file}:{place}: warning: {message}"));
    }
    let written = write(&tables, &plan.changes, args.check).await;
    if !args.check && names_items_of_chain(&files) {
        // Also after a failure, and if nothing changed: an earlier import may have stopped before.
        let ended = tables.end_bulk().await;
        written.as_ref().map_err(Clone::clone).and(ended).map_err(explain)?;
    }
    let Counts { items, stores, chains } = written.map_err(explain)?;
    add_own_items(&tables, &mut loaded, &store_ids, &plan.changes).await?;
    note_kept(&loaded.catalogue, &plan.changes);
    note_replaced(&tables, &loaded.catalogue, &plan.changes, clock::now()).await?;
    let what = if args.check { "checked" } else { "loaded" };
    let chain = if chains > 0 { ", the chain" } else { "" };
    let wrong = plan.refused.len();
    output::line(format_args!("{what}: {items} items, {stores} stores{chain}; {wrong} refused"));
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Numbers of entries that an import names.
#[derive(Default)]
struct Counts {
    items: usize,
    stores: usize,
    chains: usize,
}

/// Writes the changed entries, unless they are only checked, and prints each.
async fn write(
    tables: &ConnectedTables,
    changes: &[Change],
    is_check: bool,
) -> Result<Counts, Failure> {
    let (mut counts, mut new) = (Counts::default(), 0);
    for change in changes {
        match &change.entry {
            _ if is_check || change.is_none() => {}
            CatalogEntry::Item(item) => tables.put_item_in_bulk(item).await?,
            CatalogEntry::Store(store) => tables.put_store(store).await?,
            CatalogEntry::Chain(chain) => tables.put_chain(chain).await?,
        }
        match change.entry {
            CatalogEntry::Item(_) => counts.items += 1,
            CatalogEntry::Store(_) => counts.stores += 1,
            CatalogEntry::Chain(_) => counts.chains += 1,
        }
        new += usize::from(change.origin == Origin::New);
        if new <= NEW_SHOWN_MAX || change.origin != Origin::New {
            print(change);
        }
    }
    if new > NEW_SHOWN_MAX {
        output::line(format_args!("and {} more new entries", new - NEW_SHOWN_MAX));
    }
    Ok(counts)
}

fn names_items_of_chain(files: &[CatalogFile]) -> bool {
    let mut entries = files.iter().flat_map(|file| &file.entries);
    entries.any(|(_, entry)| {
        entry.as_ref().is_ok_and(|entry| matches!(entry.key, EntryKey::Item(None, _)))
    })
}

/// Prints the rules that a change changes.
fn print(change: &Change) {
    let key = &change.key;
    let line = |text: String| output::line(output::wrapped(&text, 4));
    match change.origin {
        Origin::New => line(format!("{key}: new")),
        Origin::Chain => line(format!("{key}: new, with the rules of the chain's item")),
        Origin::Stored => {}
    }
    for rule in &change.rules {
        line(format!("{key}: {rule}"));
    }
}
