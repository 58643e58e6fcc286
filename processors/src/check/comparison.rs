//! Comparison of window rows with the log.

use std::collections::{BTreeMap, BTreeSet};

use domain::stock::{Figures, Progress, StockWindow, WindowRow};
use domain::{Sku, Window};

use super::{DateCheck, DifferenceKind, WindowDifference};
use crate::rollup::digests;

/// Comparison of the window rows of a date with the log.
pub(super) struct Comparison<'a> {
    pub(super) progress: &'a Progress,
    /// `true` if a rollup will still read the date.
    pub(super) may_be_pending: bool,
    /// Number of contents in the log.
    pub(super) count: u64,
}

/// Figures of the items of each window.
type ItemFigures = BTreeMap<Window, BTreeMap<Sku, Figures>>;

impl Comparison<'_> {
    /// Adds the differences, and the number of pending windows.
    pub(super) fn compare<'a>(
        &self,
        expected: impl Iterator<Item = &'a StockWindow>,
        stored: &[WindowRow],
        check: &mut DateCheck,
    ) {
        let mut by_log = ItemFigures::new();
        for window in expected {
            let key = window.key();
            by_log.entry(key.window).or_default().insert(key.sku.clone(), window.figures());
        }
        let mut by_rows = ItemFigures::new();
        for row in stored {
            by_rows.entry(row.window).or_default().extend(row.items.clone());
        }
        let written = self.progress.rolled.get(&check.date).map(|state| &state.windows);
        let found = digests(stored);
        let windows: BTreeSet<&Window> = by_log.keys().chain(by_rows.keys()).collect();
        let none = BTreeMap::new();
        for window in windows {
            let of_log = by_log.get(window).unwrap_or(&none);
            let of_rows = by_rows.get(window).unwrap_or(&none);
            let rows = stored.iter().filter(|row| row.window == *window);
            let claimed = rows.clone().map(|row| row.count).max().unwrap_or_default();
            if check.is_complete() && claimed > self.count {
                let kind = DifferenceKind::Count;
                let (window, sku, stored, expected) = (*window, None, None, None);
                check.differences.push(WindowDifference { window, sku, kind, stored, expected });
            }
            if of_log == of_rows {
                continue;
            }
            let is_as_written =
                written.and_then(|written| written.get(window)) == found.get(window);
            if self.may_be_pending && is_as_written {
                check.pending += 1;
                continue;
            }
            let has_row = rows.clone().next().is_some();
            let skus: BTreeSet<&Sku> = of_log.keys().chain(of_rows.keys()).collect();
            for sku in skus {
                let (stored, expected) = (of_rows.get(sku), of_log.get(sku));
                if stored == expected {
                    continue;
                }
                let kind = match (stored, expected) {
                    (_, None) => DifferenceKind::Superfluous,
                    (None, _) if !has_row => DifferenceKind::Missing,
                    _ if is_as_written => DifferenceKind::Stale,
                    _ => DifferenceKind::Other,
                };
                check.differences.push(WindowDifference {
                    window: *window,
                    sku: Some(sku.clone()),
                    kind,
                    stored: stored.cloned(),
                    expected: expected.cloned(),
                });
            }
        }
    }
}
