//! Reader of the rows of a till export.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use domain::money::parse_decimal;
use domain::{Acceptance, Currency, Event, Violation};
use rust_decimal::Decimal;

use super::amounts::{Extras, TaxPlace};
use super::columns::{FieldColumns, NUMBERS, Skip, choose_numbers, columns};
use super::fields::{
    DISCOUNT, Fields, Names, OF_RECEIPT, PAYMENT, RECEIPT_AMOUNT, RECEIPT_REFUND, RECEIPT_TAX, TAX,
    ZONE,
};
use super::filled_rows::fill;
use super::header::{Header, Table, folded};
use super::instants::{DateOrder, LineZone, TimeForm};
use super::numbers::CurrencyMark;
use super::receipts::{LineShare, ReceiptLine, divide};
use super::store_zones::{StoreZones, ZoneChoice};
use super::{LineProblem, TillFile, TillLine, TillWords};
use crate::csv_rows::{Cells, Row};
use crate::imported_event::ImportedEvent;
use crate::till_mapping::TillMapping;

/// Id of an event until it has one.
const NO_ID: &str = "-";
/// Word of a value rule that stands for every word without a rule.
const ANY_WORD: &str = "*";
/// Way out of a word that is no kind.
const KIND_ADVICE: &str = "; --value \"kind:CELL=KIND\" gives a word of the till a kind, and \
                           --skip COLUMN=VALUE leaves its lines out";

/// Reads a file with columns.
pub(super) fn read(
    mapping: &TillMapping,
    text: &str,
    zones: &StoreZones,
) -> Result<TillFile, String> {
    let check = |header: &Header| columns(mapping, header).map(drop);
    let table = Table::find(text, mapping.delimiter, check)?;
    let (mut columns, skips) = columns(mapping, &table.header)?;
    let mut rows: Vec<Row<'_>> = table.lines.rows(table.delimiter, table.header.width()).collect();
    fill(&mut rows, mapping, &table.header)?;
    choose_numbers(&mut columns, &rows, mapping, table.delimiter)?;
    let order = if mapping.time_format.is_none() { date_order(&columns, &rows) } else { None };
    let mut reader = LineReader {
        mapping,
        columns,
        skips,
        time_form: TimeForm::new(
            mapping.time_format.as_deref(),
            mapping.time_of_day,
            order.as_ref().map(|(order, ..)| *order),
        ),
        zones: ZoneChoice::new(mapping.zone, zones),
        values_met: BTreeSet::new(),
        signs: BTreeMap::new(),
        without_tax: 0,
        names: Names::default(),
        shares: BTreeMap::new(),
    };
    reader.divide_receipts(&rows);
    let (mut events, mut tills) = (Vec::new(), Vec::new());
    let mut lines: Vec<TillLine> = Vec::new();
    for (number, cells) in rows {
        match cells.map_err(|rule| LineProblem { rule, given: None }) {
            Ok(cells) => match reader.skipped(&cells) {
                Some(reason) => lines.push(TillLine::Skipped { number, reason }),
                None => match reader.event(number, &cells) {
                    Ok((event, till)) => {
                        events.push(event);
                        tills.push((number, till));
                    }
                    Err(problem) => lines.push(TillLine::Invalid { number, problem }),
                },
            },
            Err(problem) => lines.push(TillLine::Invalid { number, problem }),
        }
    }
    let named = ImportedEvent::name_all(events).into_iter().map(Box::new).zip(tills);
    lines.extend(named.map(|(event, (number, till))| TillLine::Event { number, event, till }));
    lines.sort_by_key(TillLine::number);
    let order = order.map(|(order, line, date)| {
        let words = order.words();
        format!("dates have {words}, as {date} on line {line} shows; --time-format names a form")
    });
    let notes = table.notes.into_iter().chain(order).chain(reader.notes()).collect();
    Ok(TillFile { lines, notes, names: reader.names.told })
}

/// Returns the order of day and month that the times of a file show.
fn date_order(columns: &[FieldColumns<'_>], rows: &[Row<'_>]) -> Option<(DateOrder, u64, String)> {
    let place = columns.iter().find(|column| column.field == "occurred_at")?.places.first()?;
    let dates = rows.iter().filter_map(|(line, cells)| {
        let cells = cells.as_ref().ok()?;
        Some((*line, cells[*place].trim()))
    });
    DateOrder::shown(dates)
}

struct LineReader<'a> {
    mapping: &'a TillMapping,
    columns: Vec<FieldColumns<'a>>,
    skips: Vec<Skip<'a>>,
    time_form: TimeForm,
    zones: ZoneChoice<'a>,
    /// Places of the value rules that a line has met.
    values_met: BTreeSet<usize>,
    /// Signs of amounts, with a currency of their lines that has another sign.
    signs: BTreeMap<&'static str, Currency>,
    /// Number of lines without a tax to add.
    without_tax: u64,
    names: Names,
    /// Shares of the amounts of receipts, by line.
    shares: BTreeMap<u64, Result<LineShare, String>>,
}

impl LineReader<'_> {
    /// Returns the reason for skipping a row, if there is one.
    fn skipped(&mut self, cells: &Cells<'_>) -> Option<String> {
        let is_met = |skip: &&mut Skip<'_>| {
            let cell = cells[skip.place].trim();
            cell == skip.value || folded(cell) == skip.folded
        };
        let skip = self.skips.iter_mut().find(is_met)?;
        skip.is_met = true;
        Some(format!("{} is {}", skip.column, skip.value))
    }

    /// Divides the amounts of receipts among their lines, if the mapping has such amounts.
    fn divide_receipts(&mut self, rows: &[Row<'_>]) {
        if !self.columns.iter().any(|column| column.field == RECEIPT_AMOUNT) {
            return;
        }
        let mut lines = Vec::new();
        for (number, cells) in rows {
            let Ok(cells) = cells else { continue };
            if self.skipped(cells).is_none() {
                lines.push(self.receipt_line(*number, cells));
            }
        }
        self.shares = divide(&lines);
    }

    /// Returns what a row says of its receipt. A number that is none is refused with its line.
    fn receipt_line(&mut self, number: u64, cells: &Cells<'_>) -> ReceiptLine {
        let mut text = |field: &str| {
            let index = self.columns.iter().position(|column| column.field == field);
            let given = index.and_then(|index| Some((index, self.value(index, cells)?)));
            let defaults = &self.mapping.default;
            let default = || defaults.iter().find(|(known, _)| known == field);
            let default = || default().map(|(_, value)| value.clone());
            match given {
                Some((index, value)) => match self.columns[index].numbers.read(&value) {
                    Ok((number, _)) if NUMBERS.contains(&field) => Some(number.into_owned()),
                    _ => Some(value),
                },
                None => default(),
            }
        };
        let currency = text("currency").and_then(|code| code.parse::<Currency>().ok());
        let mut decimal = |field| text(field).and_then(|text| parse_decimal(&text).ok());
        let [amount, tax, refund] = OF_RECEIPT.map(&mut decimal);
        let quantity = decimal("quantity").unwrap_or(Decimal::ONE);
        let unit_price = decimal("unit_price").unwrap_or_default();
        ReceiptLine {
            number,
            receipt: text("receipt").unwrap_or_default(),
            digits: currency.map_or(2, Currency::minor_digits),
            quantity,
            unit_price,
            amount,
            tax: tax.filter(|_| self.mapping.tax == Some(TaxPlace::Added)),
            refund: refund.map(|refund| refund.abs()),
        }
    }

    /// Returns the event of a row, and `true` if the row gives its id.
    fn event(
        &mut self,
        line: u64,
        cells: &Cells<'_>,
    ) -> Result<((Event, bool), TillWords), LineProblem> {
        let mut fields = Fields::new();
        let mut till = TillWords::default();
        for (field, value) in &self.mapping.default {
            fields.set(field, value, &mut self.names);
        }
        if let Some(store) = &self.mapping.store {
            fields.set("store_id", store, &mut self.names);
        }
        let (mut time, mut zone, mut marks) = (None, None, Vec::new());
        let mut extras = Extras::default();
        let has_added_tax = self.mapping.tax == Some(TaxPlace::Added);
        for index in 0..self.columns.len() {
            let Some(value) = self.value(index, cells) else { continue };
            let column = &self.columns[index];
            let problem = |rule: String| column.problem(&rule, &value);
            match column.field {
                "occurred_at" => {
                    time = Some((index, self.time_form.read(&value).map_err(problem)?));
                }
                ZONE => {
                    let rule = "is no time zone like Europe/London and no offset like -05:00; \
                                --value \"zone:CELL=ZONE\" gives it one";
                    let read = LineZone::parse(&value);
                    zone = Some(read.ok_or_else(|| problem(rule.to_owned()))?);
                }
                PAYMENT => till.payment = Some(value),
                DISCOUNT | TAX | RECEIPT_AMOUNT | RECEIPT_TAX | RECEIPT_REFUND => {
                    let (number, mark) = column.numbers.read(&value).map_err(problem)?;
                    marks.extend(mark);
                    let number = Extras::number(&number).map_err(problem)?;
                    match column.field {
                        DISCOUNT => extras.discount = Some(number),
                        TAX => extras.tax = Some(number).filter(|_| has_added_tax),
                        _ => {}
                    }
                }
                field if NUMBERS.contains(&field) => {
                    let (number, mark) = column.numbers.read(&value).map_err(problem)?;
                    marks.extend(mark.filter(|_| field != "quantity"));
                    fields.set(field, &number, &mut self.names);
                }
                field => fields.set(field, &value, &mut self.names),
            }
        }
        self.check_currency(&mut fields, &marks)?;
        let applied = match self.shares.get(&line) {
            Some(share) => share.clone().map(|share| {
                fields.set("amount", &share.amount.to_string(), &mut self.names);
                match share.unit_price {
                    Some(price) => fields.set("unit_price", &price.to_string(), &mut self.names),
                    None => fields.remove("unit_price"),
                }
            }),
            None => {
                self.without_tax += u64::from(has_added_tax && extras.tax.is_none());
                extras.apply(&mut fields, &mut self.names)
            }
        };
        applied.map_err(|rule| LineProblem { rule, given: None })?;
        if let Some((index, time)) = time {
            let store = fields.text("store_id").unwrap_or_default();
            let known = self.zones.known(zone, store);
            let zone = match time.needs_zone() {
                true => self.zones.zone(zone, store),
                false => LineZone::UTC,
            };
            let instant = time.instant(zone).map_err(|rule| {
                let given = self.value(index, cells).unwrap_or_default();
                self.columns[index].problem(&rule, &given)
            })?;
            till.date = time.date(instant, known);
            let text = instant.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            fields.set("occurred_at", &text, &mut self.names);
        }
        let has_id = fields.has("event_id");
        if !has_id {
            fields.set("event_id", NO_ID, &mut self.names);
        }
        // The receiver judges the age.
        let anytime = Acceptance {
            received_at: DateTime::UNIX_EPOCH,
            age_max: None,
            ahead_max: Duration::MAX,
        };
        let event = Event::parse(&fields.into_json(), &anytime);
        let event = event.map_err(|rejection| self.refusal(&rejection.violations, cells))?;
        Ok(((event, has_id), till))
    }

    /// Returns the text of a field in a row, with the word that a value rule gives it; `None` if it
    /// is empty.
    fn value(&mut self, index: usize, cells: &Cells<'_>) -> Option<String> {
        let column = &self.columns[index];
        let value = match column.places[..] {
            [place] => cells[place].trim().to_owned(),
            _ => {
                let parts = column.places.iter().map(|place| cells[*place].trim());
                parts.collect::<Vec<_>>().join(" ").trim().to_owned()
            }
        };
        let mut rules = self.mapping.value.iter().enumerate();
        let own = rules
            .clone()
            .find(|(_, (field, cell, _))| field == column.field && folded(cell) == folded(&value));
        let rule = own.or_else(|| {
            let is_any = |cell: &str| cell == ANY_WORD && !value.is_empty();
            rules.find(|(_, (field, cell, _))| field == column.field && is_any(cell))
        });
        let value = match rule {
            Some((place, (_, _, replacement))) => {
                self.values_met.insert(place);
                replacement.clone()
            }
            None => value,
        };
        (!value.is_empty()).then_some(value)
    }

    /// Compares the currencies beside the numbers of a line with the currency of the line, and sets
    /// that currency if the line has none.
    fn check_currency(
        &mut self,
        fields: &mut Fields,
        marks: &[CurrencyMark],
    ) -> Result<(), LineProblem> {
        for mark in marks {
            let currency = fields.text("currency").and_then(|code| code.parse::<Currency>().ok());
            match (*mark, currency) {
                (CurrencyMark::One(shown), None) if !fields.has("currency") => {
                    fields.set("currency", shown.code(), &mut self.names);
                }
                (CurrencyMark::One(shown), Some(currency)) if shown != currency => {
                    let rule = format!(
                        "amounts are in {shown}, and the currency of the line is {currency}; \
                         --default currency={shown} or a column for currency names it"
                    );
                    return Err(LineProblem { rule, given: None });
                }
                (CurrencyMark::Shared(sign, usual), Some(currency))
                    if !usual.contains(&currency.code()) =>
                {
                    self.signs.insert(sign, currency);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the facts that a person should check.
    fn notes(&self) -> Vec<String> {
        let mut notes = self.zones.notes();
        notes.extend(self.signs.iter().map(|(sign, currency)| {
            format!("amounts have the sign {sign}, and are read as {currency}")
        }));
        if self.without_tax > 0 {
            notes.push(format!("{} lines have no tax to add", self.without_tax));
        }
        let [values, skips] = self.mapping.of_layout;
        for skip in self.skips.iter().skip(skips).filter(|skip| !skip.is_met) {
            notes.push(format!(
                "--skip {:?} meets no line",
                format!("{}={}", skip.column, skip.value)
            ));
        }
        for (place, (field, cell, value)) in self.mapping.value.iter().enumerate().skip(values) {
            if !self.values_met.contains(&place) {
                notes.push(format!("--value \"{field}:{cell}={value}\" meets no line"));
            }
        }
        notes
    }

    /// Returns the reason for refusing a row, in the words of the ingest API, with the columns.
    fn refusal(&mut self, violations: &[Violation], cells: &Cells<'_>) -> LineProblem {
        let (mut rules, mut given) = (Vec::new(), None);
        for Violation { field, rule, .. } in violations {
            let index = self.columns.iter().position(|column| column.field == *field);
            let problem = match index {
                Some(index) => {
                    let value = self.value(index, cells).unwrap_or_default();
                    let advice = if *field == "kind" { KIND_ADVICE } else { "" };
                    self.columns[index].problem(&format!("{rule}{advice}"), &value)
                }
                None => LineProblem { rule: format!("{field} {rule}"), given: None },
            };
            rules.push(problem.rule.trim_start().to_owned());
            given = given.or(problem.given.filter(|given| !given.is_empty()));
        }
        LineProblem { rule: rules.join("; "), given }
    }
}
