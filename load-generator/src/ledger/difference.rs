//! Differences between the ledger and stored windows.

use std::collections::BTreeSet;
use std::fmt;

use domain::event::Kind;
use domain::stock::{Figures, WindowKey};
use rust_decimal::Decimal;

use super::ExpectedWindow;

/// Difference between the ledger and a stored window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerDifference {
    /// Key of the window.
    pub key: WindowKey,
    /// Kind of the difference.
    pub mismatch: WindowMismatch,
}

/// Mismatch of a stored window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowMismatch {
    /// The window has acknowledged events and is not stored.
    Missing {
        /// Number of events.
        events: u64,
    },
    /// The window is stored and has no acknowledged event.
    Unexpected {
        /// Number of events.
        events: u64,
    },
    /// The window is stored more than once.
    Repeated,
    /// One figure of the window is wrong.
    Figure {
        /// Name of the figure.
        name: String,
        /// Value in the ledger.
        expected: Decimal,
        /// Stored value.
        found: Decimal,
    },
}

/// Returns every wrong figure.
pub(super) fn figures(expected: &ExpectedWindow, found: &Figures) -> Vec<WindowMismatch> {
    let by_kind = [
        ("sold", Kind::Sale, found.sold),
        ("returned", Kind::Return, found.returned),
        ("received", Kind::Receipt, found.received),
        ("wasted", Kind::Waste, found.wasted),
        ("transferred in", Kind::TransferIn, found.transferred_in),
        ("transferred out", Kind::TransferOut, found.transferred_out),
    ]
    .map(|(name, kind, found)| (name.to_owned(), expected.quantity(kind), found));
    let counts = [
        ("events", expected.events, found.events),
        ("voided events", expected.voided, found.voided),
    ]
    .map(|(name, expected, found)| (name.to_owned(), expected.into(), found.into()));
    // A currency without an entry has a revenue of zero.
    let currencies: BTreeSet<_> = expected.revenue.keys().chain(found.revenue.keys()).collect();
    let revenue = currencies.into_iter().map(|currency| {
        let expected = expected.revenue.get(currency).copied().unwrap_or_default();
        let found = found.revenue.get(currency).copied().unwrap_or_default();
        (format!("revenue in {currency}"), expected, found)
    });
    (by_kind.into_iter().chain(counts).chain(revenue))
        .filter(|(_, expected, found)| expected != found)
        .map(|(name, expected, found)| WindowMismatch::Figure { name, expected, found })
        .collect()
}

impl fmt::Display for LedgerDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.key)?;
        match &self.mismatch {
            WindowMismatch::Missing { events } => {
                write!(f, "the row of {events} events is missing")
            }
            WindowMismatch::Unexpected { events } => {
                write!(f, "a row of {events} events that were never acknowledged")
            }
            WindowMismatch::Repeated => write!(f, "the row came more than once"),
            WindowMismatch::Figure { name, expected, found } => {
                write!(f, "{name} must be {} and is {}", expected.normalize(), found.normalize())
            }
        }
    }
}
