//! Rows of the effect: figures of each arm, and offers by discount.

use std::collections::BTreeMap;

use analytics::effect::statistics::Interval;
use analytics::effect::{ArmFigure, ArmFigures, StepOutcome};
use analytics::table::ColumnType::{Integer, Quantity, Share, Text};
use analytics::table::{Cell, Field};
use domain::{Arm, Currency};
use rust_decimal::Decimal;

/// A figure of an arm.
#[derive(Debug, Clone)]
pub struct ArmRow {
    arm: Arm,
    store_days: usize,
    item_days: usize,
    on_hand: Decimal,
    measured: ArmFigure,
    currency: Option<Currency>,
}

/// Columns of a figure of an arm. Figures are statistics, so amounts are numbers here.
pub const ARM_FIELDS: &[Field<ArmRow>] = &[
    Field::new("arm", Text, "Arm of the experiment.", |row| Cell::text(row.arm.as_str())),
    Field::new("figure", Text, "Name of the figure.", |row| Cell::text(row.measured.figure.name())),
    Field::new("value", Share, "Value in the arm: a share, or the mean of an item-day.", |row| {
        statistic(row.measured.value)
    }),
    Field::new("difference", Share, "Adjusted difference from the control.", |row| {
        absolute(row, |interval| interval.estimate)
    }),
    Field::new("difference_low", Share, "Lower end of its 95 % interval.", |row| {
        absolute(row, |interval| interval.low)
    }),
    Field::new("difference_high", Share, "Upper end of its 95 % interval.", |row| {
        absolute(row, |interval| interval.high)
    }),
    Field::new("uplift", Share, "Difference as a share of the control's value.", |row| {
        relative(row, |interval| interval.estimate)
    }),
    Field::new("uplift_low", Share, "Lower end of its 95 % interval.", |row| {
        relative(row, |interval| interval.low)
    }),
    Field::new("uplift_high", Share, "Upper end of its 95 % interval.", |row| {
        relative(row, |interval| interval.high)
    }),
    Field::new("store_days", Integer, "Store-days of the arm, the clusters.", |row| {
        Cell::count(row.store_days)
    }),
    Field::new("item_days", Integer, "Item-days of the arm.", |row| Cell::count(row.item_days)),
    Field::new("on_hand", Quantity, "Units on hand at the first decisions.", |row| {
        Cell::Number(row.on_hand)
    }),
    Field::new("total", Share, "Sum over the arm; null for shares.", |row| {
        row.measured.total.map_or(Cell::Absent, Cell::Number)
    }),
    Field::new("total_difference", Share, "More than the control would have had.", |row| {
        total(row, |interval| interval.estimate)
    }),
    Field::new("total_difference_low", Share, "Lower end of its 95 % interval.", |row| {
        total(row, |interval| interval.low)
    }),
    Field::new("total_difference_high", Share, "Upper end of its 95 % interval.", |row| {
        total(row, |interval| interval.high)
    }),
    Field::new("currency", Text, "Currency of a figure that is an amount.", |row| {
        let currency = row.currency.filter(|_| row.measured.figure.is_amount());
        currency.map_or(Cell::Absent, |currency| Cell::text(currency.code()))
    }),
];

/// Returns a statistic with six decimal places.
fn statistic(value: Option<f64>) -> Cell {
    let number = value.and_then(|value| format!("{value:.6}").parse().ok());
    number.map_or(Cell::Absent, Cell::Number)
}

fn absolute(row: &ArmRow, part: fn(Interval) -> f64) -> Cell {
    statistic(row.measured.uplift.map(|uplift| part(uplift.absolute)))
}

fn relative(row: &ArmRow, part: fn(Interval) -> f64) -> Cell {
    statistic(row.measured.uplift.and_then(|uplift| uplift.relative).map(part))
}

fn total(row: &ArmRow, part: fn(Interval) -> f64) -> Cell {
    statistic(row.measured.total_difference.map(part))
}

/// Returns a row for each arm and figure.
#[must_use]
pub fn arm_rows(arms: &[ArmFigures], currency: Option<Currency>) -> Vec<ArmRow> {
    let of_arm = |arm: &ArmFigures| {
        let (store_days, item_days, on_hand) = (arm.store_days, arm.item_days, arm.on_hand);
        let arm_of = arm.arm;
        let row = move |measured: &ArmFigure| ArmRow {
            arm: arm_of,
            store_days,
            item_days,
            on_hand,
            measured: *measured,
            currency,
        };
        arm.figures.iter().map(row).collect::<Vec<_>>()
    };
    arms.iter().flat_map(of_arm).collect()
}

/// Offers with one discount.
#[derive(Debug, Clone)]
pub struct StepRow {
    percent: u8,
    step: StepOutcome,
}

/// Columns of the offers with one discount.
pub const STEP_FIELDS: &[Field<StepRow>] = &[
    Field::new("discount_percent", Integer, "Step of the ladder.", |row| Cell::count(row.percent)),
    Field::new("offers", Integer, "Number of offers.", |row| Cell::count(row.step.offers)),
    Field::new("sold_with_offer_id", Quantity, "Sold with their ids.", |row| {
        rounded(row.step.sold)
    }),
    Field::new("expected_waste", Quantity, "Expected to be left at the close.", |row| {
        rounded(row.step.expected_waste)
    }),
    Field::new("left", Quantity, "Left at the close.", |row| rounded(row.step.left)),
    Field::new("difference", Quantity, "Left less expected.", |row| {
        rounded(row.step.left - row.step.expected_waste)
    }),
];

fn rounded(quantity: Decimal) -> Cell {
    Cell::number(quantity.round_dp(2))
}

/// Returns a row for each discount.
#[must_use]
pub fn step_rows(steps: &BTreeMap<u8, StepOutcome>) -> Vec<StepRow> {
    let row =
        |(percent, step): (&u8, &StepOutcome)| StepRow { percent: *percent, step: step.clone() };
    steps.iter().map(row).collect()
}
