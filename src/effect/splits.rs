//! Effect in each store or category.

use std::collections::BTreeMap;

use analytics::effect::ArmFigures;

use super::outcomes::EffectOutcomes;
use super::tables::{ARMS, arm_rows};
use crate::CommandError;
use crate::output::{self, Column, Format};

/// Figures of a table for people; the others are shares, which JSON and CSV have.
const FIGURES: [&str; 3] = ["waste_units", "revenue", "margin"];
/// Columns of a table for people.
const IN_TABLE: [&str; 8] = [
    "arm",
    "figure",
    "item_days",
    "total",
    "total_difference",
    "total_difference_low",
    "total_difference_high",
    "currency",
];

/// Prints the figures of each group.
pub(super) fn print(
    format: Format,
    group: &'static str,
    groups: &BTreeMap<String, Vec<ArmFigures>>,
    found: &EffectOutcomes,
) -> Result<(), CommandError> {
    let columns = [&[Column::Text(group)], ARMS].concat();
    let place =
        |name: &str| columns.iter().position(|column| column.name() == name).unwrap_or_default();
    let figure = place("figure");
    let mut rows = Vec::new();
    for (name, arms) in groups {
        let of_group = arm_rows(arms, found).into_iter();
        rows.extend(of_group.map(|row| [vec![name.clone()], row].concat()));
    }
    if format == Format::Table {
        rows.retain(|row| FIGURES.contains(&&*row[figure]));
    }
    let in_table: Vec<usize> =
        std::iter::once(0).chain(IN_TABLE.iter().map(|name| place(name))).collect();
    output::rows_in_order(format, &columns, &in_table, rows)
}
