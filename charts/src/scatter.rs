//! Chart of alternatives by two figures on logarithmic axes, of which smaller is better.

use crate::canvas::{Canvas, Ink};
use crate::svg::escaped;
use crate::{TerminalStyle, text};

/// Rows of the plot in a terminal.
const ROWS: usize = 16;
/// Columns left of the axis.
const LEFT: usize = 9;
/// Size of the SVG, and the place of its plot.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 560.0;
const PLOT: (f64, f64, f64, f64) = (80.0, 110.0, 920.0, 490.0);

/// Alternatives by two figures.
#[derive(Debug, Clone, Default)]
pub struct ScatterChart {
    /// Title.
    pub title: String,
    /// Name of the horizontal figure, with its unit.
    pub horizontal: String,
    /// Name of the vertical figure, with its unit.
    pub vertical: String,
    /// Points. Those with a figure that is not positive and finite are left out.
    pub points: Vec<ScatterPoint>,
}

/// One alternative.
#[derive(Debug, Clone)]
pub struct ScatterPoint {
    /// Horizontal figure.
    pub x: f64,
    /// Vertical figure.
    pub y: f64,
    /// Name, shown for every point but [`PointKind::Other`].
    pub label: String,
    /// Role of the point.
    pub kind: PointKind,
}

/// Role of a point; later ones are drawn over earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PointKind {
    /// Alternative that another one beats in both figures.
    Other,
    /// Alternative that no other one beats in both figures.
    Best,
    /// Alternative in force.
    Current,
    /// Alternative that was chosen.
    Chosen,
}

impl PointKind {
    fn sign(self) -> (char, char, Ink) {
        match self {
            Self::Other => ('·', '.', Ink::Faint),
            Self::Best => ('○', 'o', Ink::Stock),
            Self::Current => ('■', '#', Ink::Text),
            Self::Chosen => ('●', '@', Ink::Price),
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Best => "best",
            Self::Current => "current",
            Self::Chosen => "chosen",
        }
    }
}

/// Logarithmic axis.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        // Equal values lie in the middle.
        Self { low: low / 1.15, high: high * 1.15 }
    }

    fn share(&self, value: f64) -> f64 {
        (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
    }

    /// Returns round values: 1, 2 and 5 of each power of ten.
    fn marks(&self) -> Vec<f64> {
        let powers = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let round = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
        let marks: Vec<f64> = round.filter(|mark| (self.low..=self.high).contains(mark)).collect();
        // A wide axis has only powers of ten.
        match marks.len() {
            0..8 => marks,
            _ => marks.into_iter().step_by(3).collect(),
        }
    }
}

impl ScatterChart {
    fn drawn(&self) -> Vec<&ScatterPoint> {
        let is_drawn = |value: f64| value.is_finite() && value > 0.0;
        let mut points: Vec<&ScatterPoint> =
            self.points.iter().filter(|point| is_drawn(point.x) && is_drawn(point.y)).collect();
        points.sort_by_key(|point| point.kind);
        points
    }

    fn axes(points: &[&ScatterPoint]) -> (Axis, Axis) {
        (Axis::new(points.iter().map(|point| point.x)), Axis::new(points.iter().map(|p| p.y)))
    }

    /// Draws the chart in characters. Without points, it says so.
    #[must_use]
    pub fn to_terminal(&self, style: TerminalStyle) -> String {
        let points = self.drawn();
        if points.is_empty() {
            return format!("{}: no points\n", self.title);
        }
        let width = style.width.clamp(48, 110);
        let columns = width - LEFT - 1;
        let (across, up) = Self::axes(&points);
        let mut canvas = Canvas::new(width, ROWS + 2);
        let column = |x: f64| LEFT + 1 + (across.share(x) * (columns - 1) as f64).round() as usize;
        let row = |y: f64| ((1.0 - up.share(y)) * (ROWS - 1) as f64).round() as usize;
        for at in 0..ROWS {
            canvas.put(LEFT, at, if style.is_ascii { '|' } else { '│' }, Ink::Faint);
        }
        for at in LEFT..width {
            canvas.put(at, ROWS, if style.is_ascii { '-' } else { '─' }, Ink::Faint);
        }
        for mark in up.marks() {
            let text = number(mark);
            canvas.write(LEFT.saturating_sub(text.len() + 1), row(mark), &text, Ink::Faint);
        }
        let mut free_from = 0;
        for mark in across.marks() {
            let text = number(mark);
            let at = column(mark).saturating_sub(text.len() / 2).min(width - text.len());
            if at >= free_from {
                canvas.write(at, ROWS + 1, &text, Ink::Faint);
                free_from = at + text.len() + 2;
            }
        }
        for point in &points {
            let (sign, ascii, ink) = point.kind.sign();
            let sign = if style.is_ascii { ascii } else { sign };
            canvas.put(column(point.x), row(point.y), sign, ink);
        }
        let named = points.iter().filter(|point| point.kind > PointKind::Best);
        let named = named.map(|point| {
            let (sign, ascii, _) = point.kind.sign();
            let sign = if style.is_ascii { ascii } else { sign };
            format!("{sign} {}: {}", point.kind.class(), point.label)
        });
        let best = if style.is_ascii { "o" } else { "○" };
        let legend = named.chain([format!("{best} no other is better in both")]);
        let legend: Vec<String> = legend.collect();
        let caption = format!("{} over {}; {}", self.vertical, self.horizontal, legend.join("; "));
        let caption = text::wrapped(&caption, width).join("\n");
        format!("{}\n{}{caption}\n", self.title, canvas.to_text(style.is_ascii, style.is_coloured))
    }

    /// Draws the chart as an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let points = self.drawn();
        let (left, top, right, bottom) = PLOT;
        let mut body = String::new();
        let text = |x: f64, y: f64, class: &str, anchor: &str, words: &str| {
            format!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{}\
                 </text>\n",
                escaped(words)
            )
        };
        body += &text(24.0, 40.0, "title", "start", &self.title);
        let axes = format!("{} over {}", self.vertical, self.horizontal);
        body += &text(24.0, 66.0, "reason", "start", &axes);
        if !points.is_empty() {
            let (across, up) = Self::axes(&points);
            let place = |x: f64, y: f64| {
                (left + across.share(x) * (right - left), bottom - up.share(y) * (bottom - top))
            };
            for mark in up.marks() {
                let (_, y) = place(across.low, mark);
                body += &format!("<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>\n");
                body += &text(left - 8.0, y + 4.0, "mark", "end", &number(mark));
            }
            for mark in across.marks() {
                let (x, _) = place(mark, up.low);
                body += &format!("<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/>\n");
                body += &text(x, bottom + 20.0, "mark", "middle", &number(mark));
            }
            for point in &points {
                let (x, y) = place(point.x, point.y);
                let (class, label) = (point.kind.class(), escaped(&point.label));
                body += &format!(
                    "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"><title>{label}\
                     </title></circle>\n"
                );
                if point.kind > PointKind::Best {
                    let words = format!("{class}: {}", point.label);
                    let anchor = if x > (left + right) / 2.0 { "end" } else { "start" };
                    let beside = if anchor == "end" { -10.0 } else { 10.0 };
                    body += &text(x + beside, y - 8.0, class, anchor, &words);
                }
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\">\n<title>{}</title>\n\
             <desc>{}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n{body}</svg>\n",
            escaped(&self.title),
            escaped(&axes),
        )
    }
}

/// Style sheet for light and dark backgrounds.
const STYLE: &str = "
  text { font: 13px system-ui, sans-serif; fill: #444; }
  .ground { fill: #fff; }
  .title { font-size: 21px; font-weight: 650; fill: #111; }
  .grid { stroke: #e6e6e6; }
  circle.other { fill: #b9c3ca; }
  circle.best { fill: #0072b2; }
  circle.current { fill: #444; }
  circle.chosen { fill: #d55e00; }
  text.chosen { fill: #c25300; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    text { fill: #ccc; }
    .ground { fill: #15181b; }
    .title { fill: #f2f2f2; }
    .grid { stroke: #2a2f33; }
    circle.other { fill: #4a555c; }
    circle.current { fill: #ccc; }
    text.chosen { fill: #f49a55; }
  }
";

fn number(value: f64) -> String {
    let places = (1.0 - value.log10().floor()).clamp(0.0, 6.0) as usize;
    let text = format!("{value:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
