//! Differences that `daymark check` shows.

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
pub(super) struct Difference {
    what: &'static str,
    place: String,
    problem: String,
    stored: String,
    expected: String,
}

impl Difference {
    pub(super) fn row(&self) -> Vec<String> {
        let Self { what, place, problem, stored, expected } = self;
        let [place, problem, stored, expected] =
            [place, problem, stored, expected].map(String::clone);
        vec![(*what).to_owned(), place, problem, stored, expected]
    }

    /// Returns the difference for people. Keys and ids are too long for a column, and a reader
    /// copies them.
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

    /// Returns the difference of an offer, unless it was decided as before.
    pub(super) fn of_offer(offer_id: &OfferId, differences: &[String]) -> Option<Self> {
        let first = differences.first()?;
        let more = match differences.len() - 1 {
            0 => String::new(),
            count => format!("; and {count} more, see `daymark offers replay`"),
        };
        Some(Self::new("offer", offer_id.to_string(), format!("{first}{more}")))
    }
}

/// Returns the differences of a day, apart from its offers.
pub(super) fn of_day(store_id: &StoreId, date: NaiveDate, found: &DayCheck) -> Vec<Difference> {
    let dates = found.dates.iter().flat_map(|date| of_date(store_id, date));
    let rows = match &found.rows {
        DayRowsCheck::Compared { differences, .. } => &differences[..],
        DayRowsCheck::NotInCatalogue | DayRowsCheck::NotOver => &[],
    };
    dates.chain(rows.iter().map(|difference| of_day_row(date, difference))).collect()
}

fn of_date(store_id: &StoreId, found: &DateCheck) -> Vec<Difference> {
    let partition = format!("{store_id}#{}", found.date);
    let unreadable = found.unreadable.iter().map(|segment| {
        let place = format!("{partition}/{}", segment.sort_key);
        Difference::new("segment", place, format!("unreadable: {}", segment.error))
    });
    let lost = (found.lost > 0).then(|| {
        let problem =
            format!("{} that a rollup has counted are lost", counted(found.lost, "event"));
        Difference::new("log", partition.clone(), problem)
    });
    let windows = found.differences.iter().map(of_window);
    unreadable.chain(lost).chain(windows).collect()
}

fn of_window(difference: &WindowDifference) -> Difference {
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
    Difference {
        stored: stored.as_ref().map(figures).unwrap_or_default(),
        expected: expected.as_ref().map(figures).unwrap_or_default(),
        ..Difference::new("window row", place, problem.to_owned())
    }
}

fn of_day_row(date: NaiveDate, difference: &DayDifference) -> Difference {
    let DayDifference { sku, stored, expected } = difference;
    let problem = match (stored, expected) {
        (None, _) => "missing",
        (_, None) => "superfluous",
        _ => "other",
    };
    let others = stored.as_ref().zip(expected.as_ref()).map(|(one, other)| others(one, other));
    Difference {
        stored: stored.as_ref().map(text).unwrap_or_default(),
        expected: expected.as_ref().map(text).unwrap_or_default(),
        ..Difference::new(
            "day row",
            format!("{date} {sku}"),
            format!("{problem}{}", others.unwrap_or_default()),
        )
    }
}

/// Names the attributes that differ.
fn others(one: &ClosedDay, other: &ClosedDay) -> String {
    let names = [
        ("closes_at", one.closes_at == other.closes_at),
        ("opening", one.opening == other.opening),
        ("figures", one.figures == other.figures),
        ("sold_at", one.sold_at == other.sold_at),
        ("closing", one.closing == other.closing),
        ("carried", one.carried == other.carried),
        ("deliveries", one.deliveries == other.deliveries),
        ("unit", one.unit == other.unit),
        ("moved_on", one.moved_on == other.moved_on),
        ("sold_out_at", one.sold_out_at == other.sold_out_at),
        ("regular_price", one.regular_price == other.regular_price),
        ("offers", one.offers == other.offers),
        ("slots", one.slots == other.slots),
        ("sold_squares", one.squares == other.squares),
        ("version", one.version == other.version),
    ];
    let differ: Vec<&str> =
        names.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect();
    format!(" {}", differ.join(", "))
}

fn text(day: &ClosedDay) -> String {
    let moved = figures(&day.figures);
    format!("opening {}, {moved}, closing {}", day.opening.normalize(), day.closing.normalize())
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
        ("moved", figures.moved),
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
