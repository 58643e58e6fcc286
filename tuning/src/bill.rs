//! Bill of one month: its lines, and their sums by part of the system.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::Traffic;

/// Cost of one month for a retailer.
#[derive(Debug, Clone)]
pub struct MonthlyBill {
    /// Traffic that the bill is computed from.
    pub traffic: Traffic,
    /// Lines, grouped by part.
    pub lines: Vec<BillLine>,
    /// Number of invocations of each function.
    pub invocations: BTreeMap<&'static str, Decimal>,
}

/// Quantity of one priced unit that one part of the system uses.
#[derive(Debug, Clone)]
pub struct BillLine {
    /// Part of the system, named as in `cdk/`.
    pub part: &'static str,
    /// Key of the price in the price list.
    pub price: &'static str,
    /// Quantity, in the unit of the price.
    pub quantity: Decimal,
    /// Cost of the quantity.
    pub dollars: Decimal,
    /// Arithmetic that led to the quantity, for people.
    pub derivation: String,
}

/// Cost of one part of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartCost {
    /// Part of the system, named as in `cdk/`.
    pub part: &'static str,
    /// Sum of the lines of the part.
    pub dollars: Decimal,
    /// Key of the price with the most expensive line of the part.
    pub largest: &'static str,
}

impl MonthlyBill {
    /// Returns the sum of all lines.
    #[must_use]
    pub fn dollars(&self) -> Decimal {
        self.lines.iter().map(|line| line.dollars).sum()
    }

    /// Returns the cost of each part, the most expensive part first.
    #[must_use]
    pub fn parts(&self) -> Vec<PartCost> {
        let mut names: Vec<&str> = self.lines.iter().map(|line| line.part).collect();
        names.dedup();
        let cost = |part| {
            let lines = self.lines.iter().filter(move |line| line.part == part);
            let dollars = lines.clone().map(|line| line.dollars).sum();
            let largest = lines.max_by_key(|line| line.dollars).map_or("", |line| line.price);
            PartCost { part, dollars, largest }
        };
        let mut parts: Vec<PartCost> = names.into_iter().map(cost).collect();
        parts.sort_by_key(|part| Reverse(part.dollars));
        parts
    }
}
