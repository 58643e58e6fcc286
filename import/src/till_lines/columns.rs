//! Columns of a mapping in a file, and the decimal signs of its numbers.

use std::collections::BTreeSet;

use domain::{Currency, excerpt};

use super::LineProblem;
use super::fields::{DISCOUNT, RECEIPT_AMOUNT, RECEIPT_REFUND, RECEIPT_TAX, TAX};
use super::header::{Header, folded};
use super::numbers::{NumberColumn, NumberForm};
use crate::csv_rows::Row;
use crate::delimiter::Delimiter;
use crate::till_mapping::TillMapping;

/// Fields with numbers that a back office prints.
pub(super) const NUMBERS: [&str; 8] = [
    "quantity",
    "unit_price",
    "amount",
    DISCOUNT,
    TAX,
    RECEIPT_AMOUNT,
    RECEIPT_TAX,
    RECEIPT_REFUND,
];

/// Columns of a field.
pub(super) struct FieldColumns<'a> {
    pub(super) field: &'a str,
    /// Names of the columns, as the mapping has them.
    pub(super) names: &'a str,
    pub(super) places: Vec<usize>,
    pub(super) numbers: NumberForm,
}

/// Rule that skips lines.
pub(super) struct Skip<'a> {
    pub(super) place: usize,
    pub(super) column: &'a str,
    pub(super) value: &'a str,
    pub(super) folded: String,
    pub(super) is_met: bool,
}

/// Looks the columns of a mapping up.
pub(super) fn columns<'a>(
    mapping: &'a TillMapping,
    header: &Header,
) -> Result<(Vec<FieldColumns<'a>>, Vec<Skip<'a>>), String> {
    let column = |(field, names): &'a (String, String)| {
        let places = header.places(names)?;
        Ok(FieldColumns { field, names, places, numbers: NumberForm::default() })
    };
    let skip = |rule: &'a String| {
        let (place, column, value) = header.place_and_value(rule)?;
        Ok(Skip { place, column, value, folded: folded(value), is_met: false })
    };
    for (place, (field, _)) in mapping.map.iter().enumerate() {
        if mapping.map[..place].iter().any(|(known, _)| known == field) {
            return Err(format!("--map {field} is given twice; keep one"));
        }
    }
    let columns: Result<Vec<_>, String> = mapping.map.iter().map(column).collect();
    let skips: Result<Vec<_>, String> = mapping.skip.iter().map(skip).collect();
    let (columns, skips) = (columns?, skips?);
    let has = |field| columns.iter().any(|column| column.field == field);
    let has_tax = has(TAX) || has(RECEIPT_TAX);
    if has(RECEIPT_AMOUNT) && !["receipt", "unit_price"].into_iter().all(has) {
        return Err("receipt_amount is divided among the lines of a receipt by their prices; it \
                    needs columns for receipt and unit_price"
            .to_owned());
    }
    match mapping.tax {
        None if has_tax => Err("tax has a column, and the amounts may contain the tax or not; \
                                --tax included or --tax added says which"
            .to_owned()),
        Some(_) if !has_tax => Err("--tax needs a column for tax: --map tax=COLUMN".to_owned()),
        _ => Ok((columns, skips)),
    }
}

/// Finds the decimal sign of each column of numbers.
pub(super) fn choose_numbers(
    columns: &mut [FieldColumns<'_>],
    rows: &[Row<'_>],
    mapping: &TillMapping,
    delimiter: Delimiter,
) -> Result<(), String> {
    let is_number = |column: &&mut FieldColumns<'_>| {
        NUMBERS.contains(&column.field) && column.places.len() == 1
    };
    let decimal = mapping.decimal;
    let currency = mapping.default.iter().find(|(field, _)| field == "currency");
    let currency: Option<Currency> = currency.and_then(|(_, code)| code.parse().ok());
    let mut shown_by_file = BTreeSet::new();
    for column in columns.iter_mut().filter(is_number) {
        column.numbers = NumberForm {
            own: decimal,
            of_file: None,
            is_point_common: delimiter != Delimiter::SEMICOLON,
            is_whole: currency.is_some_and(|currency| currency.minor_digits() == 0)
                && column.field != "quantity",
            is_quantity: column.field == "quantity",
        };
        if decimal.is_some() {
            continue;
        }
        let mut numbers = NumberColumn::default();
        for (line, cells) in rows {
            let Ok(cells) = cells else { continue };
            numbers.add(*line, &cells[column.places[0]]);
        }
        column.numbers.own = numbers.sign(column.names)?;
        shown_by_file.extend(column.numbers.own);
    }
    if let [sign] = shown_by_file.into_iter().collect::<Vec<_>>()[..] {
        columns.iter_mut().for_each(|column| column.numbers.of_file = Some(sign));
    }
    Ok(())
}

impl FieldColumns<'_> {
    pub(super) fn problem(&self, rule: &str, given: &str) -> LineProblem {
        let named = if self.field == self.names {
            String::new()
        } else {
            format!(" (column {})", self.names)
        };
        LineProblem { rule: format!("{}{named} {rule}", self.field), given: Some(excerpt(given)) }
    }
}
