//! Rows of windows for people and other programs. Daymark's own programs read the log.

use std::collections::BTreeMap;

use super::{Figures, StockWindow};
use crate::digest::Version;
use crate::identifier::{Sku, StoreId};
use crate::limits::{WINDOW_ITEM_BYTES_MAX, WINDOW_REVENUE_BYTES_MAX, WINDOW_ROW_BYTES_MAX};
use crate::window::Window;

/// Row of one store and one window, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRow {
    /// Store.
    pub store_id: StoreId,
    /// Window.
    pub window: Window,
    /// Number of the row among the rows of the window, from 0.
    pub part: usize,
    /// Number of rows of the window. A stored row with a higher number is out of date.
    pub parts: usize,
    /// [`super::StoreDay::count`] of the set from which the row was made. A row is only replaced
    /// by one of an equal or larger count.
    pub count: u64,
    /// Figures by item.
    pub items: BTreeMap<Sku, Figures>,
}

impl WindowRow {
    /// Returns the version of the figures. `count` is no part of it: the windows of a date do not
    /// change with one another. Zeros at the end of a number are no part of it, because a table
    /// does not keep them.
    #[must_use]
    pub fn version(&self) -> Version {
        let Self { part, parts, items, .. } = self;
        let items =
            items.iter().map(|(sku, figures)| format!("\n{sku} {:?}", figures.normalized()));
        Version::of(format!("{part} {parts}{}", items.collect::<String>()).as_bytes())
    }

    /// Keeps the rows that belong to the current rows of their window: a window whose rows have
    /// become fewer leaves rows with a higher number. `rows` are sorted by window and part.
    #[must_use]
    pub fn current(mut rows: Vec<Self>) -> Vec<Self> {
        // Window and number of its rows. Without its first row, none of a window is current.
        let mut current = None;
        rows.retain(|row| {
            if row.part == 0 {
                current = Some((row.window, row.parts));
            }
            current.is_some_and(|(window, parts)| window == row.window && row.part < parts)
        });
        rows
    }
}

/// Returns the rows of windows of one store, by window. `count` is that of their date.
#[must_use]
pub fn window_rows(
    store_id: &StoreId,
    count: u64,
    windows: &[StockWindow],
) -> BTreeMap<Window, Vec<WindowRow>> {
    let mut items: BTreeMap<Window, BTreeMap<Sku, Figures>> = BTreeMap::new();
    for window in windows {
        let figures = window.figures();
        items.entry(window.key().window).or_default().insert(window.key().sku.clone(), figures);
    }
    let rows = items.into_iter().map(|(window, items)| {
        let parts = parts_of(items);
        let count_of_parts = parts.len();
        let row = |(part, items)| WindowRow {
            store_id: store_id.clone(),
            window,
            part,
            parts: count_of_parts,
            count,
            items,
        };
        (window, parts.into_iter().enumerate().map(row).collect())
    });
    rows.collect()
}

/// Divides the items of a window into rows of at most [`WINDOW_ROW_BYTES_MAX`] bytes.
fn parts_of(items: BTreeMap<Sku, Figures>) -> Vec<BTreeMap<Sku, Figures>> {
    let mut parts: Vec<BTreeMap<Sku, Figures>> = Vec::new();
    let mut bytes = usize::MAX;
    for (sku, figures) in items {
        let size = WINDOW_ITEM_BYTES_MAX + figures.revenue.len() * WINDOW_REVENUE_BYTES_MAX;
        if bytes.saturating_add(size) > WINDOW_ROW_BYTES_MAX {
            parts.push(BTreeMap::new());
            bytes = 0;
        }
        bytes += size;
        parts.last_mut().expect("a part was added").insert(sku, figures);
    }
    parts
}
