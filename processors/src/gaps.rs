//! Gaps in the tills' own count of their events: what a till has sent, and nobody received.
//!
//! Numbers are compared within one epoch of one till only. What is missing after the last number
//! cannot be known, nor what is missing before the first one of an epoch.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{Failure, StockTable};
use domain::stock::StockWindow;
use domain::{DaySpan, Event, EventId, StoreId, TerminalId};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The store.
    pub store_id: &'a StoreId,
    /// One till, or all.
    pub terminal_id: Option<&'a TerminalId>,
    /// The days in order, after one that is only looked back at: an epoch may go on over midnight.
    pub days: &'a [DaySpan],
}

/// One till's day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillDay {
    /// The till.
    pub terminal_id: TerminalId,
    /// The store's day.
    pub date: NaiveDate,
    /// Its epochs, by name.
    pub epochs: BTreeMap<EventId, Numbers>,
    /// Events without a number.
    pub uncounted: u64,
}

/// The numbers of one epoch that came on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// The lowest one.
    pub first: u64,
    /// The highest one.
    pub last: u64,
    /// How many different ones.
    pub received: u64,
    /// What is missing, in order and apart from one another: all between a number that came for
    /// the first time on this day and the next lower one that came at all.
    pub missing: Vec<RangeInclusive<u64>>,
    /// Numbers that came under a second event id, on this day or on the day before.
    pub doubled: Vec<u64>,
}

impl Numbers {
    /// How many numbers are missing.
    #[must_use]
    pub fn missing_count(&self) -> u64 {
        // They lie apart between two numbers, so there are fewer than u64 has.
        self.missing.iter().map(|range| range.end() - range.start() + 1).sum()
    }
}

/// The days of a store's tills as the stock table knows them; `now` is for what is expired.
///
/// # Errors
/// What the table says.
pub async fn gaps_in(
    table: &impl StockTable,
    question: &Question<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<TillDay>, Failure> {
    let Question { store_id, terminal_id, days } = question;
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
    let rows = table.query_stock(store_id, None, first.starts_at, last.ends_at, now).await?;
    let events = rows.iter().flat_map(StockWindow::events);
    let wanted = |event: &&Event| terminal_id.is_none_or(|id| event.terminal_id() == id);
    Ok(gaps(events.filter(wanted), days))
}

/// The days of the tills behind `events`, by till and day, from the second of `days` on; events of
/// no day are left out. The events may come in any order.
#[must_use]
pub fn gaps<'a>(events: impl IntoIterator<Item = &'a Event>, days: &[DaySpan]) -> Vec<TillDay> {
    let mut found = Found { days, tills: BTreeMap::new() };
    let mut epochs: BTreeMap<_, BTreeMap<u64, Arrivals<'a>>> = BTreeMap::new();
    for event in events {
        let at = event.occurred_at();
        let holds = |day: &DaySpan| (day.starts_at..day.ends_at).contains(&at);
        let Some(day) = days.iter().position(holds) else { continue };
        let Some(sequence) = &event.details().sequence else {
            found.day(event.terminal_id(), day).uncounted += 1;
            continue;
        };
        let epoch = epochs.entry((event.terminal_id(), &sequence.epoch)).or_default();
        epoch.entry(sequence.number).or_default().insert((day, event.event_id()));
    }
    for ((terminal_id, epoch), numbers) in &epochs {
        let mut before = None;
        for (number, arrivals) in numbers {
            found.number(terminal_id, epoch, *number, arrivals);
            let noticed = arrivals.first().map(|(day, _)| *day);
            if let (Some(before), Some(day)) = (before, noticed)
                && number - before > 1
            {
                let numbers = found.day(terminal_id, day).epochs.get_mut(*epoch);
                let missing = numbers.map(|numbers| &mut numbers.missing);
                missing.into_iter().for_each(|gaps| gaps.push(before + 1..=number - 1));
            }
            before = Some(*number);
        }
    }
    let asked = found.tills.into_iter().filter(|((_, day), _)| *day > 0);
    asked.map(|(_, till)| till).collect()
}

/// The days, by their place in the question, on which a number came, each with the event's id.
type Arrivals<'a> = BTreeSet<(usize, &'a EventId)>;

/// What is found so far, by till and the day's place.
struct Found<'a> {
    days: &'a [DaySpan],
    tills: BTreeMap<(TerminalId, usize), TillDay>,
}

impl Found<'_> {
    fn day(&mut self, terminal_id: &TerminalId, day: usize) -> &mut TillDay {
        self.tills.entry((terminal_id.clone(), day)).or_insert_with(|| TillDay {
            terminal_id: terminal_id.clone(),
            date: self.days[day].date,
            epochs: BTreeMap::new(),
            uncounted: 0,
        })
    }

    /// Notes a number, which is higher than those before, on each day on which it came.
    fn number(&mut self, terminal_id: &TerminalId, epoch: &EventId, number: u64, all: &Arrivals) {
        let mut ids = BTreeSet::new();
        let mut arrivals = all.iter().peekable();
        while let Some((day, id)) = arrivals.next() {
            ids.insert(*id);
            if arrivals.peek().is_some_and(|(next, _)| next == day) {
                continue;
            }
            let epochs = &mut self.day(terminal_id, *day).epochs;
            let numbers = epochs.entry(epoch.clone()).or_insert_with(|| Numbers {
                first: number,
                last: number,
                received: 0,
                missing: Vec::new(),
                doubled: Vec::new(),
            });
            numbers.last = number;
            numbers.received += 1;
            if ids.len() > 1 {
                numbers.doubled.push(number);
            }
        }
    }
}
