//! Findings of `daymark check`.

use chrono::{NaiveDate, SecondsFormat};
use domain::stock::Figures;
use domain::{ClosedDay, OfferId, StoreId};
use processors::check::{
    DateCheck, DayCheck, DayDifference, DayRowsCheck, DifferenceKind, WindowDifference,
};

use crate::output::{Column, counted, revenue, wrapped};

pub(super) const COLUMNS: &[Column] = &[
    Column::Text("what"),
    Column::Text("place"),
    Column::Text("problem"),
    Column::Text("stored"),
    Column::Text("expected"),
];

/// Difference, or a segment that cannot be read.
#[derive(Debug)]
pub(super) struct Finding {
    what: &'static str,
    place: String,
    problem: String,
    stored: String,
    expected: String,
}

impl Finding {
    pub(super) fn row(&self) -> Vec<String> {
        let Self { what, place, problem, stored, expected } = self;
        let [place, problem, stored, expected] =
            [place, problem, stored, expected].map(String::clone);
        vec![(*what).to_owned(), place, problem, stored, expected]
    }

    /// Returns the finding for people. Keys and ids are too long for a column, and a reader copies
    /// them.
    pub(super) fn paragraph(&self) -> String {
        let Self { what, place, problem, stored, expected } = self;
        let mut lines = vec![place.clone(), wrapped(&format!("  {what}: {problem}"), 4)];
        if stored != expected {
            for (name, value) in [("stored", stored), ("expected", expected)] {
                let value = if value.is_empty() { "nothing" } else { value };
                lines.push(wrapped(&format!("  {name}: {value}"), 4));
            }
        }
        lines.join("\n")
    }

    fn new(what: &'static str, place: String, problem: String) -> Self {
        Self { what, place, problem, stored: String::new(), expected: String::new() }
    }

    /// Returns the finding of an offer, unless it was decided as before.
    pub(super) fn of_offer(offer_id: &OfferId, differences: &[String]) -> Option<Self> {
        let first = differences.first()?;
        let more = match differences.len() - 1 {
            0 => String::new(),
            count => format!("; and {count} more, see `daymark offers replay`"),
        };
        Some(Self::new("offer", offer_id.to_string(), format!("{first}{more}")))
    }
}

/// Returns the findings of a day, apart from its offers.
pub(super) fn of_day(store_id: &StoreId, date: NaiveDate, found: &DayCheck) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        found.dates.iter().flat_map(|date| of_date(store_id, date)).collect();
    if let DayRowsCheck::Compared { differences, .. } = &found.rows {
        findings.extend(differences.iter().map(|difference| of_day_row(date, difference)));
    }
    findings
}

fn of_date(store_id: &StoreId, found: &DateCheck) -> Vec<Finding> {
    let partition = format!("{store_id}#{}", found.date);
    let unreadable = found.unreadable.iter().map(|segment| {
        let place = format!("{partition}/{}", segment.sort_key);
        Finding::new("segment", place, format!("unreadable: {}", segment.error))
    });
    let lost = (found.lost > 0).then(|| {
        let problem =
            format!("{} that a rollup has counted are lost", counted(found.lost, "event"));
        Finding::new("log", partition.clone(), problem)
    });
    let windows = found.differences.iter().map(of_window);
    unreadable.chain(lost).chain(windows).collect()
}

fn of_window(difference: &WindowDifference) -> Finding {
    let WindowDifference { window, sku, kind, stored, expected } = difference;
    let problem = match kind {
        DifferenceKind::Missing => "missing",
        DifferenceKind::Stale => "stale: events came since",
        DifferenceKind::Other => "other figures",
        DifferenceKind::Superfluous => "superfluous",
        DifferenceKind::Count => "its n is larger than the log's, so it is never replaced",
    };
    let place = match sku {
        Some(sku) => format!("{window} {sku}"),
        None => window.to_string(),
    };
    Finding {
        stored: stored.as_ref().map(figures).unwrap_or_default(),
        expected: expected.as_ref().map(figures).unwrap_or_default(),
        ..Finding::new("window row", place, problem.to_owned())
    }
}

fn of_day_row(date: NaiveDate, difference: &DayDifference) -> Finding {
    let DayDifference { sku, stored, expected } = difference;
    let problem = match (stored, expected) {
        (None, _) => "missing",
        (_, None) => "superfluous",
        _ => "other figures",
    };
    let (mut before, mut after) = (texts(stored.as_ref()), texts(expected.as_ref()));
    if before == after {
        let version = |day: &Option<ClosedDay>| match day {
            Some(day) => format!("version {}", day.version),
            None => String::new(),
        };
        (before, after) = (version(stored), version(expected));
    }
    Finding {
        stored: before,
        expected: after,
        ..Finding::new("day row", format!("{date} {sku}"), problem.to_owned())
    }
}

fn texts(day: Option<&ClosedDay>) -> String {
    day.map_or_else(String::new, |day| {
        let moved = figures(&day.figures);
        format!("opening {}, {moved}, closing {}", day.opening, day.closing)
    })
}

/// Lists the figures that are not zero.
fn figures(figures: &Figures) -> String {
    let mut words: Vec<String> = [
        ("received", figures.received),
        ("sold", figures.sold),
        ("returned", figures.returned),
        ("wasted", figures.wasted),
        ("transferred in", figures.transferred_in),
        ("transferred out", figures.transferred_out),
    ]
    .into_iter()
    .filter(|(_, quantity)| !quantity.is_zero())
    .map(|(name, quantity)| format!("{name} {}", quantity.normalize()))
    .collect();
    if let Some(count) = figures.counted {
        let at = count.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        words.push(format!("counted {} at {at}", count.quantity.normalize()));
    }
    if !figures.revenue.is_empty() {
        words.push(revenue(&figures.revenue));
    }
    words.push(format!("{} events", figures.events + figures.voided));
    words.join(", ")
}
