//! Effect in each store or category.

use std::collections::BTreeMap;

use analytics::effect::ArmFigures;
use analytics::table::{Cell, Column, ColumnType, cells, columns};
use reader::effect::{ARM_FIELDS, EffectOutcomes, arm_rows};

use crate::CommandError;
use crate::output::{self, Format};

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
    let text = Column { name: group, kind: ColumnType::Text, meaning: "Group." };
    let columns = [vec![text], columns(ARM_FIELDS)].concat();
    let figure = columns.iter().position(|column| column.name == "figure").unwrap_or_default();
    let mut rows = Vec::new();
    for (name, arms) in groups {
        for row in arm_rows(arms, found.currencies.first().copied()) {
            rows.push([vec![Cell::text(name)], cells(ARM_FIELDS, &row)].concat());
        }
    }
    if format == Format::Table {
        let is_shown = |cell: &Cell| FIGURES.iter().any(|name| *cell == Cell::text(*name));
        rows.retain(|row: &Vec<Cell>| is_shown(&row[figure]));
    }
    let in_table: Vec<&str> = std::iter::once(group).chain(IN_TABLE).collect();
    output::records(format, &columns, &in_table, rows)
}
