//! One way in which the stored rows are not what they must be.

use std::collections::BTreeSet;
use std::fmt;

use domain::event::Kind;
use domain::stock::{Figures, WindowKey};
use rust_decimal::Decimal;

use super::Expected;

/// One difference between the ledger and the stored rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The row.
    pub row: WindowKey,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Its events were acknowledged, and it is not there.
    Missing {
        /// How many events.
        events: u64,
    },
    /// It is there, and none of its events was acknowledged.
    Unexpected {
        /// How many events.
        events: u64,
    },
    /// It is there more than once.
    Repeated,
    /// One of its figures is another.
    Figure {
        /// Which.
        name: String,
        /// What it must be.
        expected: Decimal,
        /// What it is.
        found: Decimal,
    },
}

/// Every figure that differs.
pub(super) fn figures(expected: &Expected, found: &Figures) -> Vec<What> {
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
    // A currency without an entry came to nothing.
    let currencies: BTreeSet<_> = expected.revenue.keys().chain(found.revenue.keys()).collect();
    let revenue = currencies.into_iter().map(|currency| {
        let expected = expected.revenue.get(currency).copied().unwrap_or_default();
        let found = found.revenue.get(currency).copied().unwrap_or_default();
        (format!("revenue in {currency}"), expected, found)
    });
    (by_kind.into_iter().chain(counts).chain(revenue))
        .filter(|(_, expected, found)| expected != found)
        .map(|(name, expected, found)| What::Figure { name, expected, found })
        .collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.row)?;
        match &self.what {
            What::Missing { events } => write!(f, "the row of {events} events is missing"),
            What::Unexpected { events } => {
                write!(f, "a row of {events} events that were never acknowledged")
            }
            What::Repeated => write!(f, "the row came more than once"),
            What::Figure { name, expected, found } => {
                write!(f, "{name} must be {} and is {}", expected.normalize(), found.normalize())
            }
        }
    }
}
