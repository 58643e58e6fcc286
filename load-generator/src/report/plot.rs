//! Chart in SVG: lines, areas and marks over two axes, with a legend and labels at the ends.
//!
//! The chart takes the width of its column while its texts keep their size: lines are in an inner
//! SVG that is stretched, texts and marks are placed in percent of the width.

use super::axis::Axis;
use super::html::escaped;
use super::series::Point;

/// Height of the plot, in CSS pixels.
const HEIGHT: f64 = 208.0;
/// Width of the plot in the units of its inner SVG.
const WIDTH: f64 = 1_000.0;
/// Minimum distance between two labels at the ends of lines, in CSS pixels.
const LABEL_GAP: f64 = 16.0;
/// Half the size of a cross, in CSS pixels.
const CROSS: f64 = 4.5;

/// Chart of some series over two axes.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) title: &'static str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    /// Formats a value of y for the description.
    pub(super) words: fn(f64) -> String,
}

/// Series with its label and its class in the style sheet, which gives the colour.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) label: String,
    pub(super) class: &'static str,
    pub(super) shape: Shape,
}

/// Shape of a series.
#[derive(Debug)]
pub(super) enum Shape {
    /// Line, interrupted where nothing was measured.
    Line(Vec<Point>),
    /// Area between two lines: x, low and high.
    Area(Vec<(f64, f64, f64)>),
    /// Circles.
    Circles(Vec<(f64, f64)>),
    /// Crosses.
    Crosses(Vec<(f64, f64)>),
    /// Vertical line at an x.
    Vertical(f64),
}

impl Plot {
    /// Draws the chart as a figure.
    pub(super) fn to_html(&self) -> String {
        let title = escaped(self.title);
        let unit = escaped(self.y.unit);
        let x_unit = escaped(self.x.unit);
        // The title names a single series.
        let named = if self.series.len() > 1 { self.series.as_slice() } else { &[] };
        let items: String = named.iter().map(Series::legend).collect();
        let legend = format!("<ul class=\"legend\">{items}</ul>");
        let legend = if named.is_empty() { "" } else { &legend };
        let ends: Vec<(&Series, f64)> =
            named.iter().filter_map(|series| Some((series, series.end()?))).collect();
        let lengths = ends.iter().map(|(series, _)| series.label.chars().count());
        let label = lengths.max().unwrap_or_default();
        let lines: String = self.series.iter().map(|series| self.stretched(series)).collect();
        let marks: String = self.series.iter().map(|series| self.marks(series)).collect();
        format!(
            "<figure>\n<figcaption><h3>{title}</h3>{legend}</figcaption>\n\
             <div class=\"plot\" style=\"--label:{label}\"><p class=\"unit\">{unit}</p>\n\
             <svg role=\"img\" width=\"100%\" height=\"{HEIGHT}\">\n<title>{}</title>\n{}\
             <svg width=\"100%\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             preserveAspectRatio=\"none\">{lines}</svg>\n{marks}{}</svg>\n\
             <p class=\"unit below\">{x_unit}</p></div>\n</figure>\n",
            escaped(&self.description()),
            self.axes(),
            self.end_labels(ends),
        )
    }

    /// Returns the chart in words: the highest value of each series.
    fn description(&self) -> String {
        let highest = self.series.iter().filter_map(|series| {
            let (highest, unit) = (series.highest()?, self.y.unit);
            let words = (self.words)(highest);
            let unit = if words.ends_with(|c: char| c.is_ascii_digit()) { unit } else { "" };
            Some(format!("{} at most {words} {unit}", series.label).trim_end().to_owned())
        });
        let highest: Vec<String> = highest.collect();
        let highest = if highest.is_empty() { "no values".to_owned() } else { highest.join(", ") };
        format!("{}: {highest}", self.title)
    }

    fn axes(&self) -> String {
        let mut svg = String::new();
        for tick in &self.y.ticks {
            let y = self.y_px(tick.at);
            svg += &format!(
                "<line class=\"grid\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" dx=\"-8\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                y + 4.0,
                escaped(&tick.label)
            );
        }
        let bottom = HEIGHT;
        svg += &format!("<line class=\"axis\" x2=\"100%\" y1=\"{bottom}\" y2=\"{bottom}\"/>\n");
        for tick in &self.x.ticks {
            let x = 100.0 * self.x.share(tick.at);
            svg += &format!(
                "<line class=\"axis\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{bottom}\" y2=\"{}\"/>\
                 <text class=\"tick\" x=\"{x:.2}%\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                bottom + 4.0,
                bottom + 18.0,
                escaped(&tick.label)
            );
        }
        svg
    }

    /// Draws the part of a series that is stretched to the width.
    fn stretched(&self, series: &Series) -> String {
        let class = series.class;
        match &series.shape {
            Shape::Line(points) => {
                let path = self.line(points);
                format!("<path class=\"line {class}\" d=\"{path}\"/>")
            }
            Shape::Area(points) if !points.is_empty() => {
                let place = |x: f64, y: f64| format!("{:.1} {:.1}", self.x_units(x), self.y_px(y));
                let high = points.iter().map(|(x, _, high)| place(*x, *high));
                let low = points.iter().rev().map(|(x, low, _)| place(*x, *low));
                let outline: Vec<String> = high.chain(low).collect();
                format!("<path class=\"area {class}\" d=\"M{}Z\"/>", outline.join("L"))
            }
            Shape::Vertical(at) => {
                let x = self.x_units(*at);
                format!("<path class=\"line {class}\" d=\"M{x:.1} 0V{HEIGHT}\"/>")
            }
            Shape::Area(_) | Shape::Circles(_) | Shape::Crosses(_) => String::new(),
        }
    }

    /// Returns the path of a line. A point between two gaps becomes a dot.
    fn line(&self, points: &[Point]) -> String {
        let mut path = String::new();
        for run in points.split(|(_, value)| value.is_none()) {
            let mut places = run.iter().filter_map(|(x, y)| {
                Some(format!("{:.1} {:.1}", self.x_units(*x), self.y_px((*y)?)))
            });
            let Some(first) = places.next() else { continue };
            let rest: Vec<String> = places.collect();
            path += &format!("M{first}");
            path += &if rest.is_empty() { "h0".to_owned() } else { format!("L{}", rest.join("L")) };
        }
        path
    }

    /// Draws the marks of a series, which keep their shape.
    fn marks(&self, series: &Series) -> String {
        let class = series.class;
        let place = |(x, y): &(f64, f64)| (100.0 * self.x.share(*x), self.y_px(*y));
        match &series.shape {
            Shape::Circles(points) => points
                .iter()
                .map(place)
                .map(|(x, y)| {
                    format!("<circle class=\"{class}\" cx=\"{x:.2}%\" cy=\"{y:.1}\" r=\"4.5\"/>\n")
                })
                .collect(),
            Shape::Crosses(points) => points
                .iter()
                .map(place)
                .map(|(x, y)| {
                    format!(
                        "<svg x=\"{x:.2}%\" y=\"{y:.1}\" overflow=\"visible\">\
                         <path class=\"line {class}\" d=\"M-{CROSS} -{CROSS}L{CROSS} {CROSS}\
                         M-{CROSS} {CROSS}L{CROSS} -{CROSS}\"/></svg>\n"
                    )
                })
                .collect(),
            _ => String::new(),
        }
    }

    /// Writes the label of each line and area right of its end.
    fn end_labels(&self, ends: Vec<(&Series, f64)>) -> String {
        let mut ends: Vec<(&Series, f64)> =
            ends.into_iter().map(|(series, end)| (series, self.y_px(end))).collect();
        ends.sort_by(|a, b| b.1.total_cmp(&a.1));
        // From the lowest label upwards, each at least a gap above the one before.
        let mut lowest = HEIGHT;
        for (_, y) in &mut ends {
            *y = y.min(lowest);
            lowest = *y - LABEL_GAP;
        }
        // Labels above the plot move down again.
        let mut highest = 4.0;
        for (_, y) in ends.iter_mut().rev() {
            *y = y.max(highest);
            highest = *y + LABEL_GAP;
        }
        let label = |(series, y): &(&Series, f64)| {
            let (class, y, label) = (series.class, y + 4.0, escaped(&series.label));
            format!("<text class=\"end {class}\" x=\"100%\" dx=\"8\" y=\"{y:.1}\">{label}</text>\n")
        };
        ends.iter().map(label).collect()
    }

    fn x_units(&self, value: f64) -> f64 {
        WIDTH * self.x.share(value)
    }

    fn y_px(&self, value: f64) -> f64 {
        HEIGHT * (1.0 - self.y.share(value))
    }
}

impl Series {
    /// Creates a series with a line.
    pub(super) fn line(label: &str, class: &'static str, points: Vec<Point>) -> Self {
        Self { label: label.to_owned(), class, shape: Shape::Line(points) }
    }

    /// Returns the entry of the legend.
    fn legend(&self) -> String {
        let key = match self.shape {
            Shape::Line(_) | Shape::Vertical(_) => "<path class=\"line KEY\" d=\"M1 6H23\"/>",
            Shape::Area(_) => "<path class=\"area KEY\" d=\"M2 0H22V12H2Z\"/>",
            Shape::Circles(_) => "<circle class=\"KEY\" cx=\"12\" cy=\"6\" r=\"4.5\"/>",
            Shape::Crosses(_) => "<path class=\"line KEY\" d=\"M8 2L16 10M8 10L16 2\"/>",
        };
        let key = key.replace("KEY", self.class);
        format!(
            "<li><svg width=\"24\" height=\"12\" aria-hidden=\"true\">{key}</svg>{}</li>",
            escaped(&self.label)
        )
    }

    /// Returns the values of y; the heights of an area.
    pub(super) fn values(&self) -> Vec<f64> {
        match &self.shape {
            Shape::Line(points) => points.iter().filter_map(|(_, value)| *value).collect(),
            Shape::Area(points) => points.iter().map(|(_, low, high)| high - low).collect(),
            Shape::Circles(points) | Shape::Crosses(points) => {
                points.iter().map(|(_, value)| *value).collect()
            }
            Shape::Vertical(_) => Vec::new(),
        }
    }

    /// Returns the highest value of y; `None` without values.
    pub(super) fn highest(&self) -> Option<f64> {
        self.values().into_iter().reduce(f64::max)
    }

    /// Returns the y of the label.
    fn end(&self) -> Option<f64> {
        match &self.shape {
            Shape::Line(points) => points.iter().rev().find_map(|(_, y)| *y),
            Shape::Area(points) => points.last().map(|(_, low, high)| (low + high) / 2.0),
            Shape::Circles(_) | Shape::Crosses(_) | Shape::Vertical(_) => None,
        }
    }
}
