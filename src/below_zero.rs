//! Stock below zero, which tells of missing events.

use std::fmt::Display;

use domain::Sku;
use rust_decimal::Decimal;

use crate::output;

/// Maximum number of items in the note.
const SHOWN_MAX: usize = 5;

/// Stock below zero of several items.
#[derive(Debug, Default)]
pub(crate) struct BelowZero(Vec<String>);

impl BelowZero {
    /// Adds the stock of an item at a place, such as a store and date, if it is below zero.
    pub(crate) fn add(&mut self, place: impl Display, sku: &Sku, stock: Decimal) {
        if stock < Decimal::ZERO {
            self.0.push(format!("{sku} {stock} ({place})"));
        }
    }

    /// Tells the items, and what cures them.
    pub(crate) fn note(&self) {
        let shown = self.0.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>().join(", ");
        let more = match self.0.len() - self.0.len().min(SHOWN_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !shown.is_empty() {
            output::note(format!(
                "stock below zero: {shown}{more}: more went out than came in, so receipts or \
                 counts are missing; send them, or count the shelf. The next day begins with none"
            ));
        }
    }
}
