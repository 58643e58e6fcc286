//! Gaps in the sequence numbers of tills: events that a till has sent and that never arrived.
//!
//! Numbers are compared only within one epoch of one till. Numbers missing after the last received
//! one are unknown, as are numbers missing before the first one of an epoch.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use domain::ports::{Failure, StockLog};
use domain::stock::StockWindow;
use domain::{DaySpan, Event, EventId, StoreId, TerminalId};
use stock_log::read_windows;

/// A query for the gaps of a store's tills.
#[derive(Debug, Clone)]
pub struct GapsQuery<'a> {
    /// Store of the tills.
    pub store_id: &'a StoreId,
    /// Till to query; `None` queries all tills.
    pub terminal_id: Option<&'a TerminalId>,
    /// Consecutive days. The first one is not reported: it only provides the numbers before
    /// midnight of an epoch that continues.
    pub days: &'a [DaySpan],
}

/// Sequence numbers of one till on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillDay {
    /// Till that numbered the events.
    pub terminal_id: TerminalId,
    /// Date in the calendar of the store.
    pub date: NaiveDate,
    /// Numbers by epoch.
    pub epochs: BTreeMap<EventId, EpochNumbers>,
    /// Number of events without a sequence number.
    pub uncounted: u64,
}

/// Sequence numbers of one epoch that occurred on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochNumbers {
    /// Lowest number received.
    pub first: u64,
    /// Highest number received.
    pub last: u64,
    /// Count of distinct numbers received.
    pub received: u64,
    /// Missing numbers as sorted ranges without overlap: the numbers between one that was first
    /// received on this day and the next lower one received on any day.
    pub missing: Vec<RangeInclusive<u64>>,
    /// Numbers received with a second event id, up to and including this day.
    pub doubled: Vec<u64>,
}

impl EpochNumbers {
    /// Count of missing numbers.
    #[must_use]
    pub fn missing_count(&self) -> u64 {
        // No overflow: the ranges do not overlap, and lie between two received numbers.
        self.missing.iter().map(|range| range.end() - range.start() + 1).sum()
    }
}

/// Returns the days of a store's tills from the stock log.
///
/// # Errors
/// Returns an error if the log cannot be read.
pub async fn gaps_in(log: &impl StockLog, query: &GapsQuery<'_>) -> Result<Vec<TillDay>, Failure> {
    let GapsQuery { store_id, terminal_id, days } = query;
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
    let read = read_windows(log, store_id, None, first.starts_at, last.ends_at).await?;
    let events = read.windows.iter().flat_map(StockWindow::events);
    let wanted = |event: &&Event| terminal_id.is_none_or(|id| event.terminal_id() == id);
    Ok(gaps(events.filter(wanted), days))
}

/// Returns the days of the tills of `events`, sorted by till and day, from the second of `days` on.
/// Events outside `days` are left out. The order of the events does not matter.
#[must_use]
pub fn gaps<'a>(events: impl IntoIterator<Item = &'a Event>, days: &[DaySpan]) -> Vec<TillDay> {
    let mut till_days = TillDays { days, tills: BTreeMap::new() };
    let mut epochs: BTreeMap<_, BTreeMap<u64, Arrivals<'a>>> = BTreeMap::new();
    for event in events {
        let at = event.occurred_at();
        let holds = |day: &DaySpan| (day.starts_at..day.ends_at).contains(&at);
        let Some(day) = days.iter().position(holds) else { continue };
        let Some(sequence) = &event.details().sequence else {
            till_days.day(event.terminal_id(), day).uncounted += 1;
            continue;
        };
        let epoch = epochs.entry((event.terminal_id(), &sequence.epoch)).or_default();
        epoch.entry(sequence.number).or_default().insert((day, event.event_id()));
    }
    for ((terminal_id, epoch), numbers) in &epochs {
        let mut before = None;
        for (number, arrivals) in numbers {
            till_days.number(terminal_id, epoch, *number, arrivals);
            let noticed = arrivals.first().map(|(day, _)| *day);
            if let (Some(before), Some(day)) = (before, noticed)
                && number - before > 1
            {
                let numbers = till_days.day(terminal_id, day).epochs.get_mut(*epoch);
                let missing = numbers.map(|numbers| &mut numbers.missing);
                missing.into_iter().for_each(|gaps| gaps.push(before + 1..=number - 1));
            }
            before = Some(*number);
        }
    }
    let reported = till_days.tills.into_iter().filter(|((_, day), _)| *day > 0);
    reported.map(|(_, till)| till).collect()
}

/// Occurrences of one number: index into the days of the query, and event id.
type Arrivals<'a> = BTreeSet<(usize, &'a EventId)>;

/// Result so far, by till and index of the day.
struct TillDays<'a> {
    days: &'a [DaySpan],
    tills: BTreeMap<(TerminalId, usize), TillDay>,
}

impl TillDays<'_> {
    fn day(&mut self, terminal_id: &TerminalId, day: usize) -> &mut TillDay {
        self.tills.entry((terminal_id.clone(), day)).or_insert_with(|| TillDay {
            terminal_id: terminal_id.clone(),
            date: self.days[day].date,
            epochs: BTreeMap::new(),
            uncounted: 0,
        })
    }

    /// Adds a number to each day with an arrival. Numbers of an epoch are added in ascending order.
    fn number(&mut self, terminal_id: &TerminalId, epoch: &EventId, number: u64, all: &Arrivals) {
        let mut ids = BTreeSet::new();
        let mut arrivals = all.iter().peekable();
        while let Some((day, id)) = arrivals.next() {
            ids.insert(*id);
            if arrivals.peek().is_some_and(|(next, _)| next == day) {
                continue;
            }
            let epochs = &mut self.day(terminal_id, *day).epochs;
            let numbers = epochs.entry(epoch.clone()).or_insert_with(|| EpochNumbers {
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
