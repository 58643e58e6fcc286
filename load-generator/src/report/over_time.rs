//! Sections of the page that show figures over the seconds of the run.

use std::collections::BTreeMap;

use super::axis::Axis;
use super::html::{paragraph, section};
use super::numbers::{count, number, time};
use super::plot::{Plot, Series, Shape};
use super::series::{POINTS_MAX, Point, Reduction, course, highest, response};
use crate::run_record::RunRecord;
use crate::timings::Second;

/// Ticks of the axis of time, about.
const TIME_TICKS: usize = 6;
/// Ticks of the other axis, about.
const TICKS: usize = 5;
/// Parts of the system with an area of their own. All others are one area.
const PARTS_MAX: usize = 5;
/// Classes of the areas, from the lowest one up.
const PART_CLASSES: [&str; PARTS_MAX] = ["tone-1", "tone-2", "tone-3", "tone-4", "tone-5"];

/// Returns the section of the rates.
pub(super) fn rates(record: &RunRecord) -> String {
    let mean = |figure: fn(&Second) -> u64| {
        course(&record.seconds, POINTS_MAX, Reduction::Mean, |second| Some(figure(second) as f64))
    };
    let series = vec![
        Series::line("planned", "tone-6 dashed", mean(|second| second.planned)),
        Series::line("sent", "tone-2", mean(|second| second.sent)),
        Series::line("stored", "tone-1", mean(|second| second.stored)),
    ];
    let plot = linear(record, "Events a second", "events/s", number, series);
    section("rates", "Rates", &(reduced(record, "the mean") + &charts(record, &[plot])))
}

/// Returns the section of the response times.
pub(super) fn latencies(record: &RunRecord) -> String {
    let band = |place| {
        course(&record.seconds, POINTS_MAX, Reduction::Highest, |second| response(second, place))
    };
    let series = vec![
        Series::line("max", "ramp-1", band(3)),
        Series::line("p99", "ramp-2", band(2)),
        Series::line("p90", "ramp-3", band(1)),
        Series::line("p50", "ramp-4", band(0)),
    ];
    let plot = logarithmic(record, "Response time of the requests planned for each second", series);
    let html = reduced(record, "the highest value") + &charts(record, &[plot]);
    section("latencies", "Response time over time", &html)
}

/// Returns the section of freshness, backlog and open requests.
pub(super) fn freshness(record: &RunRecord) -> String {
    let high = |figure: fn(&Second) -> Option<f64>| {
        course(&record.seconds, POINTS_MAX, Reduction::Highest, figure)
    };
    // A second has a value only if a probe was planned for it: the line connects these.
    let mut fresh = high(|second| second.freshness_ms);
    fresh.retain(|(_, value)| value.is_some());
    let backlog = high(|second| Some(second.backlog_ms).filter(|age| *age > 0.0));
    let mut html = reduced(record, "the highest value");
    let mut plots = Vec::new();
    if fresh.is_empty() && backlog.iter().all(|(_, value)| value.is_none()) {
        html += &paragraph("Freshness was not measured.");
    } else {
        let series = vec![
            Series::line("backlog", "tone-2", backlog),
            Series::line("freshness", "tone-1", fresh),
        ];
        let title = "Freshness of the probes, and age of the oldest probe that was not yet seen";
        plots.push(logarithmic(record, title, series));
    }
    let open = high(|second| Some(second.open as f64));
    let open = vec![Series::line("open", "tone-1", open)];
    plots.push(linear(record, "Requests sent and not answered", "requests", number, open));
    section("freshness", "Freshness and backlog", &(html + &charts(record, &plots)))
}

/// Returns the section of the throttled requests; nothing without any.
pub(super) fn throttles(record: &RunRecord) -> String {
    let throttled = course(&record.seconds, POINTS_MAX, Reduction::Mean, |second| {
        Some(second.throttled as f64)
    });
    if record.totals.throttled == 0 && highest(&throttled).is_none_or(|most| most == 0.0) {
        return String::new();
    }
    let words = format!(
        "{} answers with status 429 or 503. A request is sent again after such an answer.",
        count(record.totals.throttled)
    );
    let series = vec![Series::line("throttled", "tone-2", throttled)];
    let title = "Answers with status 429 or 503, each second";
    let plot = linear(record, title, "answers/s", number, series);
    section("throttles", "Throttled requests", &(paragraph(&words) + &charts(record, &[plot])))
}

/// Returns the section of processor time, memory and descriptors.
pub(super) fn resources(record: &RunRecord) -> String {
    let mut plots = Vec::new();
    let areas = areas(&record.seconds);
    if !areas.is_empty() {
        plots.push(stack(record, areas));
    }
    let high = |figure: fn(&Second) -> f64| {
        course(&record.seconds, POINTS_MAX, Reduction::Highest, |second| {
            Some(figure(second)).filter(|value| *value > 0.0)
        })
    };
    let (memory, descriptors) =
        (high(|second| second.memory_mb), high(|second| second.descriptors as f64));
    if highest(&memory).is_some() {
        let series = vec![Series::line("memory", "tone-1", memory)];
        plots.push(linear(record, "Resident memory of the process", "MB", number, series));
    }
    if highest(&descriptors).is_some() {
        let series = vec![Series::line("descriptors", "tone-1", descriptors)];
        plots.push(linear(record, "Open file descriptors", "descriptors", number, series));
    }
    let html = if plots.is_empty() {
        paragraph("Processor time and memory were not measured.")
    } else {
        charts(record, &plots)
    };
    section("resources", "Processor, memory and descriptors", &html)
}

/// Returns the shares of a core by part. The parts with the least processor time are one part, the
/// last.
fn areas(seconds: &[Second]) -> Vec<(String, Vec<Point>)> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (part, share) in seconds.iter().flat_map(|second| &second.cores) {
        *sums.entry(part).or_default() += share;
    }
    let mut parts: Vec<&str> = sums.keys().copied().collect();
    parts.sort_by(|a, b| sums[b].total_cmp(&sums[a]).then(a.cmp(b)));
    let least = parts.split_off(parts.len().min(PARTS_MAX));
    // The order of the names is the same in each renewal of the page.
    parts.sort_unstable();
    let course_of = |parts: &[&str]| {
        course(seconds, POINTS_MAX, Reduction::Mean, |second| {
            Some(parts.iter().filter_map(|part| second.cores.get(*part)).sum())
        })
    };
    let mut areas: Vec<(String, Vec<Point>)> =
        parts.iter().map(|part| ((*part).to_owned(), course_of(&[*part]))).collect();
    if !least.is_empty() {
        areas.push(("other parts".to_owned(), course_of(&least)));
    }
    areas
}

/// Stacks areas, the first one at the bottom. The legend has the order of the picture.
fn stack(record: &RunRecord, areas: Vec<(String, Vec<Point>)>) -> Plot {
    let mut tops = vec![0.0; areas.first().map_or(0, |(_, points)| points.len())];
    let classes = PART_CLASSES.into_iter().chain(["tone-6"]);
    let mut series = Vec::new();
    for ((label, points), class) in areas.into_iter().zip(classes) {
        let area = points.iter().zip(&mut tops).map(|((x, value), top)| {
            let low = *top;
            *top += value.unwrap_or_default().max(0.0);
            (*x, low, *top)
        });
        series.push(Series { label, class, shape: Shape::Area(area.collect()) });
    }
    series.reverse();
    let most = tops.into_iter().fold(0.0, f64::max);
    Plot {
        title: "Processor time by part of the system, stacked",
        x: Axis::time(record.seconds.len() as f64, TIME_TICKS),
        y: Axis::linear("cores", most, TICKS),
        series,
        words: number,
    }
}

fn linear(
    record: &RunRecord,
    title: &'static str,
    unit: &'static str,
    words: fn(f64) -> String,
    series: Vec<Series>,
) -> Plot {
    let most = series.iter().filter_map(Series::highest).fold(0.0, f64::max);
    let x = Axis::time(record.seconds.len() as f64, TIME_TICKS);
    Plot { title, x, y: Axis::linear(unit, most, TICKS), series, words }
}

fn logarithmic(record: &RunRecord, title: &'static str, series: Vec<Series>) -> Plot {
    let values = series.iter().flat_map(Series::values);
    let y = Axis::log("ms, logarithmic", values, TICKS);
    Plot { title, x: Axis::time(record.seconds.len() as f64, TIME_TICKS), y, series, words: time }
}

/// Returns a sentence about the points of a long run.
fn reduced(record: &RunRecord, value: &str) -> String {
    let length = record.seconds.len().div_ceil(POINTS_MAX);
    if length < 2 {
        return String::new();
    }
    paragraph(&format!("Each point is {value} of {length} seconds."))
}

/// Returns charts side by side where there is room.
fn charts(record: &RunRecord, plots: &[Plot]) -> String {
    if record.seconds.is_empty() {
        return paragraph("No second of the run was measured.");
    }
    let figures: String = plots.iter().map(Plot::to_html).collect();
    format!("<div class=\"charts\">\n{figures}</div>\n")
}
