//! Reader of the rows of a till export.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use domain::{Acceptance, Currency, Event, Violation, excerpt};

use super::fields::{Fields, Names, ZONE};
use super::header::{Header, Table, folded};
use super::instants::{LineZone, TimeForm};
use super::numbers::{CurrencyMark, DecimalSign, NumberColumn, NumberForm};
use super::store_zones::{StoreZones, ZoneChoice};
use super::{LineProblem, TillFile, TillLine};
use crate::csv_rows::{Cells, Row};
use crate::delimiter::Delimiter;
use crate::imported_event::ImportedEvent;
use crate::till_mapping::TillMapping;

/// Id of an event until it has one.
const NO_ID: &str = "-";
/// Way out of a word that is no kind.
const KIND_ADVICE: &str = "; --value \"kind:CELL=KIND\" gives a word of the till a kind, and \
                           --skip COLUMN=VALUE leaves its lines out";
/// Fields with numbers that a back office prints.
const NUMBERS: [&str; 3] = ["quantity", "unit_price", "amount"];

/// Columns of a field.
struct FieldColumns<'a> {
    field: &'a str,
    /// Names of the columns, as the mapping has them.
    names: &'a str,
    places: Vec<usize>,
    numbers: NumberForm,
}

/// Rule that skips lines.
struct Skip<'a> {
    place: usize,
    column: &'a str,
    value: &'a str,
    folded: String,
    is_met: bool,
}

/// Reads a file with columns.
pub(super) fn read(
    mapping: &TillMapping,
    text: &str,
    zones: &StoreZones,
) -> Result<TillFile, String> {
    let check = |header: &Header| columns(mapping, header).map(drop);
    let table = Table::find(text, mapping.delimiter, check)?;
    let (mut columns, skips) = columns(mapping, &table.header)?;
    let rows: Vec<Row<'_>> = table.lines.rows(table.delimiter, table.header.width()).collect();
    choose_numbers(&mut columns, &rows, mapping.decimal, table.delimiter)?;
    let mut reader = LineReader {
        mapping,
        columns,
        skips,
        time_form: TimeForm::new(mapping.time_format.as_deref(), mapping.time_of_day),
        zones: ZoneChoice::new(mapping.zone, zones),
        values_met: BTreeSet::new(),
        signs: BTreeMap::new(),
        names: Names::default(),
    };
    let mut events = Vec::new();
    let mut lines: Vec<TillLine> = Vec::new();
    for (number, cells) in rows {
        match cells.map_err(|rule| LineProblem { rule, given: None }) {
            Ok(cells) => match reader.skipped(&cells) {
                Some(reason) => lines.push(TillLine::Skipped { number, reason }),
                None => match reader.event(&cells) {
                    Ok(event) => events.push((number, event)),
                    Err(problem) => lines.push(TillLine::Invalid { number, problem }),
                },
            },
            Err(problem) => lines.push(TillLine::Invalid { number, problem }),
        }
    }
    let (numbers, events): (Vec<u64>, Vec<(Event, bool)>) = events.into_iter().unzip();
    let named = numbers.into_iter().zip(ImportedEvent::name_all(events));
    lines.extend(named.map(|(number, event)| TillLine::Event { number, event: Box::new(event) }));
    lines.sort_by_key(TillLine::number);
    let notes = table.notes.into_iter().chain(reader.notes()).collect();
    Ok(TillFile { lines, notes, names: reader.names.told })
}

/// Looks the columns of a mapping up.
fn columns<'a>(
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
    let columns: Result<Vec<_>, String> = mapping.map.iter().map(column).collect();
    let skips: Result<Vec<_>, String> = mapping.skip.iter().map(skip).collect();
    Ok((columns?, skips?))
}

/// Finds the decimal sign of each column of numbers.
fn choose_numbers(
    columns: &mut [FieldColumns<'_>],
    rows: &[Row<'_>],
    decimal: Option<DecimalSign>,
    delimiter: Delimiter,
) -> Result<(), String> {
    let is_number = |column: &&mut FieldColumns<'_>| {
        NUMBERS.contains(&column.field) && column.places.len() == 1
    };
    let mut shown_by_file = BTreeSet::new();
    for column in columns.iter_mut().filter(is_number) {
        column.numbers = NumberForm {
            own: decimal,
            of_file: None,
            is_point_common: delimiter != Delimiter::SEMICOLON,
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
    names: Names,
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

    /// Returns the event of a row, and `true` if the row gives its id.
    fn event(&mut self, cells: &Cells<'_>) -> Result<(Event, bool), LineProblem> {
        let mut fields = Fields::new();
        for (field, value) in &self.mapping.default {
            fields.set(field, value, &mut self.names);
        }
        if let Some(store) = &self.mapping.store {
            fields.set("store_id", store, &mut self.names);
        }
        let (mut time, mut zone, mut marks) = (None, None, Vec::new());
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
                field if NUMBERS.contains(&field) => {
                    let (number, mark) = column.numbers.read(&value).map_err(problem)?;
                    marks.extend(mark.filter(|_| field != "quantity"));
                    fields.set(field, &number, &mut self.names);
                }
                field => fields.set(field, &value, &mut self.names),
            }
        }
        self.check_currency(&mut fields, &marks)?;
        if let Some((index, time)) = time {
            let zone = match time.needs_zone() {
                true => self.zones.zone(zone, fields.text("store_id").unwrap_or_default()),
                false => LineZone::UTC,
            };
            let instant = time.instant(zone).map_err(|rule| {
                let given = self.value(index, cells).unwrap_or_default();
                self.columns[index].problem(&rule, &given)
            })?;
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
        Ok((event, has_id))
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
        let rule = rules
            .find(|(_, (field, cell, _))| field == column.field && folded(cell) == folded(&value));
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
        for skip in self.skips.iter().filter(|skip| !skip.is_met) {
            notes.push(format!(
                "--skip {:?} meets no line",
                format!("{}={}", skip.column, skip.value)
            ));
        }
        for (place, (field, cell, value)) in self.mapping.value.iter().enumerate() {
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

impl FieldColumns<'_> {
    fn problem(&self, rule: &str, given: &str) -> LineProblem {
        let named = if self.field == self.names {
            String::new()
        } else {
            format!(" (column {})", self.names)
        };
        LineProblem { rule: format!("{}{named} {rule}", self.field), given: Some(excerpt(given)) }
    }
}
