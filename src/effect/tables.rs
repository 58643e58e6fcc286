//! Tables of the arms, and of the offers by discount.

use std::collections::BTreeMap;

use analytics::effect::statistics::Interval;
use analytics::effect::{ArmFigure, ArmFigures, EffectFigure, StepOutcome};
use analytics::table::{Field, cells, columns};
use domain::Arm;
use reader::effect::{ARM_FIELDS, EffectOutcomes, STEP_FIELDS, arm_rows, step_rows};

use crate::CommandError;
use crate::output::{self, Column, Format};

const TOTALS: &[Column] = &[
    Column::Text("figure"),
    Column::Number("total"),
    Column::Number("against_control"),
    Column::Number("low"),
    Column::Number("high"),
];

/// Prints a table with a column for each arm, and a table of the offers.
pub(super) fn print(
    arms: &[ArmFigures],
    steps_of: &BTreeMap<u8, StepOutcome>,
    found: &EffectOutcomes,
) -> Result<(), CommandError> {
    let currency = found.currencies.first().map_or("", |currency| currency.code());
    // The control arm is first: the others are compared with it.
    let mut shown: Vec<&ArmFigures> = arms.iter().collect();
    shown.sort_by_key(|arm| arm.arm != Arm::Control);
    let mut columns = vec![Column::Text("afternoons")];
    for arm in &shown {
        columns.push(Column::Number(arm.arm.as_str()));
        if arm.arm != Arm::Control {
            columns.push(Column::Number("against_control"));
        }
    }
    let mut rows = vec![
        count_row("store-days", &shown, |arm| arm.store_days.to_string()),
        count_row("item-days", &shown, |arm| arm.item_days.to_string()),
        count_row("on hand at the first decision", &shown, |arm| arm.on_hand.to_string()),
    ];
    for (figure, index) in EffectFigure::ALL.into_iter().zip(0..) {
        let mut row = vec![label(figure, currency)];
        for arm in &shown {
            let measured = &arm.figures[index];
            row.push(measured.value.map(|value| value_text(figure, value)).unwrap_or_default());
            if arm.arm != Arm::Control {
                row.push(difference_text(measured));
            }
        }
        rows.push(row);
    }
    output::line(output::table(&columns, rows));
    if arms.iter().any(|arm| arm.figures.iter().any(|measured| measured.uplift.is_some())) {
        output::line(output::wrapped(
            "In brackets: the interval that holds the truth in 95 of 100 such experiments, with \
             store-days as clusters. Differences of waste, revenue and margin are adjusted for the \
             value of the stock at the first decision.",
            0,
        ));
    }
    let totals = totals(arms, currency);
    if !totals.is_empty() {
        let title = "Totals of the policy, and what it has more than the control would have had";
        output::line(format!("\n{}\n", output::wrapped(title, 0)));
        output::line(output::table(TOTALS, totals));
    }
    if !steps_of.is_empty() {
        let title = "The offers: what was expected to be left at the close, and what was";
        output::line(format!("\n{}\n", output::wrapped(title, 0)));
        print_steps(Format::Table, steps_of)?;
    }
    Ok(())
}

/// Returns a row for each figure of the policy that has a total.
fn totals(arms: &[ArmFigures], currency: &str) -> Vec<Vec<String>> {
    let policy = arms.iter().filter(|arm| arm.arm == Arm::Policy);
    let row = |measured: &ArmFigure| {
        let total = measured.total?;
        let text = |value: f64| format!("{value:+.2}");
        let of = |part: fn(Interval) -> f64| {
            measured.total_difference.map(|interval| text(part(interval))).unwrap_or_default()
        };
        let name = measured.figure.name().replace('_', " ");
        let is_amount = measured.figure.is_amount();
        Some(vec![
            if is_amount { format!("{name}, {currency}") } else { name },
            if is_amount { format!("{total:.2}") } else { total.to_string() },
            of(|interval| interval.estimate),
            of(|interval| interval.low),
            of(|interval| interval.high),
        ])
    };
    policy.flat_map(|arm| arm.figures.iter().filter_map(row)).collect()
}

/// Returns a row of counts, without comparisons.
fn count_row(
    label: &str,
    arms: &[&ArmFigures],
    count: impl Fn(&ArmFigures) -> String,
) -> Vec<String> {
    let mut row = vec![label.to_owned()];
    for arm in arms {
        row.push(count(arm));
        if arm.arm != Arm::Control {
            row.push(String::new());
        }
    }
    row
}

fn label(figure: EffectFigure, currency: &str) -> String {
    match figure {
        EffectFigure::SellThrough => "sold of what there was".to_owned(),
        EffectFigure::WasteUnits => "waste of an item-day, units".to_owned(),
        EffectFigure::WasteCost => format!("cost of that, {currency}"),
        EffectFigure::Revenue => format!("revenue of an item-day, {currency}"),
        EffectFigure::Margin => format!("margin of an item-day, {currency}"),
        EffectFigure::AverageDiscount => "average discount on what was sold".to_owned(),
        EffectFigure::SoldDiscounted => "sold below the regular price".to_owned(),
        EffectFigure::SoldOut => "sold out before the close".to_owned(),
    }
}

fn value_text(figure: EffectFigure, value: f64) -> String {
    if figure.is_share() { format!("{:.1} %", value * 100.0) } else { format!("{value:.2}") }
}

/// Formats the difference from the control with its interval: shares in points, means in percent of
/// the control's mean, or in their unit if that mean is not clearly above 0.
fn difference_text(measured: &ArmFigure) -> String {
    let Some(uplift) = measured.uplift else { return String::new() };
    let text = |interval: Interval, scale: f64, places: usize, unit: &str| {
        let Interval { estimate, low, high } = interval;
        let [estimate, low, high] = [estimate, low, high].map(|value| value * scale);
        format!("{estimate:+.places$}{unit} ({low:+.places$} to {high:+.places$})")
    };
    match uplift.relative {
        _ if measured.figure.is_share() => text(uplift.absolute, 100.0, 1, " points"),
        Some(relative) => text(relative, 100.0, 1, " %"),
        None => text(uplift.absolute, 1.0, 2, ""),
    }
}

/// Prints a row for each arm and figure.
pub(super) fn print_arms(
    format: Format,
    arms: &[ArmFigures],
    found: &EffectOutcomes,
) -> Result<(), CommandError> {
    let rows = arm_rows(arms, found.currencies.first().copied());
    print_all(format, ARM_FIELDS, &rows)
}

/// Prints a row for each discount.
pub(super) fn print_steps(
    format: Format,
    steps: &BTreeMap<u8, StepOutcome>,
) -> Result<(), CommandError> {
    print_all(format, STEP_FIELDS, &step_rows(steps))
}

fn print_all<R>(format: Format, fields: &[Field<R>], rows: &[R]) -> Result<(), CommandError> {
    let columns = columns(fields);
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    output::records(format, &columns, &names, rows.iter().map(|row| cells(fields, row)))
}
