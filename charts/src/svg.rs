//! Chart as an SVG file: three panels over one axis of time, with labels at the ends of lines.

use crate::chart::StockLine;
use crate::scale::{clock, hours, marks, spread};
use crate::text::{number, wrapped};
use crate::{AfternoonChart, ForecastBand};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
/// Right end of the panels. Labels of lines are right of it.
const RIGHT: f64 = 800.0;
/// Maximum characters in a line of the heading.
const HEADING_CHARS: usize = 118;
const LINE: f64 = 20.0;
/// Height of the stock panel.
const STOCK: f64 = 250.0;
/// Height for each step in the price panel.
const PRICE_STEP: f64 = 22.0;
/// Height of the sales panel.
const SALES: f64 = 84.0;
/// Distance between panels.
const BETWEEN: f64 = 52.0;
/// Maximum number of hour labels.
const HOURS_MAX: usize = 12;
/// Minimum distance between two labels.
const LABEL: f64 = 18.0;

/// Style sheet for light and dark backgrounds. Colour-blind people can tell blue and orange apart.
/// Source: Okabe and Ito, "Color Universal Design".
const STYLE: &str = "
  text { font: 14px system-ui, -apple-system, 'Segoe UI', Roboto, Inter, Helvetica, Arial, \
sans-serif; fill: #333; }
  .ground { fill: #fff; }
  .title { font-size: 21px; font-weight: 650; fill: #111; }
  .reason { font-size: 14.5px; fill: #555; }
  .panel { font-size: 13px; font-weight: 600; fill: #444; }
  .mark { font-size: 12.5px; fill: #777; font-variant-numeric: tabular-nums; }
  .grid { stroke: #e6e6e6; stroke-width: 1; }
  .axis { stroke: #9a9a9a; stroke-width: 1; }
  .decision { stroke: #555; stroke-width: 1; stroke-dasharray: 2 4; }
  .day { fill: none; stroke: #0072b2; stroke-width: 2.6; stroke-linejoin: round; }
  .fan { fill: #0072b2; opacity: .17; }
  .middle { fill: none; stroke: #0072b2; stroke-width: 1.6; stroke-dasharray: 1 5; \
stroke-linecap: round; }
  .kept-fan { fill: #888; opacity: .13; }
  .kept { fill: none; stroke: #8a8a8a; stroke-width: 1.6; stroke-dasharray: 7 4; }
  .price { fill: none; stroke: #d55e00; stroke-width: 2.6; stroke-linejoin: round; }
  .sold { fill: #b9c3ca; }
  .sold-off { fill: #e69f66; }
  .day-label { font-weight: 650; fill: #0072b2; }
  .fan-label { fill: #0072b2; }
  .kept-label { fill: #6f6f6f; }
  .price-label { font-weight: 600; fill: #c25300; font-size: 13.5px; }
  .halo { stroke: #fff; stroke-width: 4; stroke-linejoin: round; paint-order: stroke; }
  @media (prefers-color-scheme: dark) {
    text { fill: #ccc; }
    .ground { fill: #15181b; }
    .title { fill: #f2f2f2; }
    .reason, .panel { fill: #b5b5b5; }
    .mark { fill: #8e8e8e; }
    .grid { stroke: #2a2f33; }
    .axis, .decision { stroke: #777; }
    .day, .middle { stroke: #56b4e9; }
    .fan { fill: #56b4e9; opacity: .22; }
    .kept-fan { fill: #999; opacity: .15; }
    .price { stroke: #f08a3c; }
    .sold { fill: #4a555c; }
    .sold-off { fill: #b8672b; }
    .day-label, .fan-label { fill: #6cc0ef; }
    .kept-label { fill: #a5a5a5; }
    .price-label { fill: #f49a55; }
    .halo { stroke: #15181b; }
  }
";

impl AfternoonChart {
    /// Draws the chart as an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let heading = self.heading();
        let lines = wrapped(&heading, HEADING_CHARS);
        let top = 64.0 + LINE * lines.len() as f64 + 34.0;
        let mut sheet = Sheet { chart: self, body: String::new() };
        sheet.text(24.0, 40.0, "title", "start", &self.title);
        for (line, index) in lines.iter().zip(0..) {
            sheet.text(24.0, 66.0 + LINE * f64::from(index), "reason", "start", line);
        }
        let price_top = top + STOCK + BETWEEN;
        let price = PRICE_STEP * (1.0 + self.visible_prices().len() as f64);
        let sales_top = price_top + price + BETWEEN;
        let bottom = sales_top + SALES;
        for (top, height) in [(top, STOCK), (price_top, price), (sales_top, SALES)] {
            sheet.hour_lines(top, top + height);
        }
        sheet.time_axis(top, bottom);
        sheet.stock(top);
        sheet.prices(price_top, price);
        sheet.sales(sales_top);
        let height = bottom + 66.0;
        sheet.text(24.0, height - 18.0, "mark", "start", &self.caption());
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<title>{}</title>\n\
             <desc>{}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n{}</svg>\n",
            escaped(&self.title),
            escaped(&heading),
            sheet.body,
        )
    }
}

/// SVG elements under construction.
struct Sheet<'a> {
    chart: &'a AfternoonChart,
    body: String,
}

impl Sheet<'_> {
    fn x(&self, minute: f64) -> f64 {
        let AfternoonChart { starts_at, ends_at, .. } = self.chart;
        LEFT + (RIGHT - LEFT) * ((minute - starts_at) / (ends_at - starts_at)).clamp(0.0, 1.0)
    }

    fn text(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
        let text = escaped(text);
        self.body += &format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" \
             text-anchor=\"{anchor}\">{text}</text>\n"
        );
    }

    fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        self.body += &format!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" \
             y2=\"{y2:.1}\"/>\n"
        );
    }

    fn path(&mut self, class: &str, points: &[(f64, f64)], is_closed: bool) {
        let Some(((x, y), rest)) = points.split_first() else { return };
        let mut path = format!("M{x:.1} {y:.1}");
        rest.iter().for_each(|(x, y)| path += &format!("L{x:.1} {y:.1}"));
        let end = if is_closed { "Z" } else { "" };
        self.body += &format!("<path class=\"{class}\" d=\"{path}{end}\"/>\n");
    }

    /// Draws a vertical line at each hour.
    fn hour_lines(&mut self, top: f64, bottom: f64) {
        for hour in hours(self.chart.starts_at, self.chart.ends_at, HOURS_MAX) {
            let x = self.x(hour);
            self.line("grid", (x, top), (x, bottom));
        }
    }

    /// Draws the labels of the hours, and the time of the decision through all panels.
    fn time_axis(&mut self, top: f64, bottom: f64) {
        let AfternoonChart { starts_at, ends_at, decided_at, .. } = *self.chart;
        for hour in hours(starts_at, ends_at, HOURS_MAX) {
            self.text(self.x(hour), bottom + 20.0, "mark", "middle", &clock(hour));
        }
        let x = self.x(decided_at);
        self.line("decision", (x, top - 6.0), (x, bottom));
        let words = format!("decided at {}", clock(decided_at));
        self.text(x, top - 12.0, "mark", "middle", &words);
    }

    fn panel_title(&mut self, top: f64, title: &str) {
        self.text(24.0, top - 14.0, "panel", "start", title);
    }

    fn stock(&mut self, top: f64) {
        let chart = self.chart;
        let marks = marks(chart.stock_max(), 5);
        let highest = marks.last().copied().unwrap_or(1.0);
        let y = |left: f64| top + STOCK * (1.0 - (left / highest).clamp(0.0, 1.0));
        self.panel_title(top, &format!("On the shelf, {}", chart.unit));
        self.value_axis(&marks, y);
        if let Some(band) = &chart.forecast_unchanged {
            self.forecast("kept-fan", "kept", band, y);
        }
        if let Some(band) = &chart.forecast {
            self.forecast("fan", "middle", band, y);
        }
        let steps = steps(&chart.stock, chart.starts_at, chart.drawn_until());
        let points: Vec<_> = steps.iter().map(|(at, left)| (self.x(*at), y(*left))).collect();
        self.path("day", &points, false);
        let labels = chart.end_labels();
        let heights: Vec<f64> = labels.iter().map(|label| y(label.left) + 4.5).collect();
        let heights = spread(&heights, LABEL, (top + 10.0, top + STOCK + 4.5));
        for (label, y) in labels.iter().zip(heights) {
            let class = match label.line {
                StockLine::Observed => "day-label",
                StockLine::Forecast => "fan-label",
                StockLine::ForecastUnchanged => "kept-label",
            };
            self.text(RIGHT + 10.0, y, class, "start", &label.text);
        }
    }

    /// Draws a horizontal line and a label at each mark.
    fn value_axis(&mut self, marks: &[f64], y: impl Fn(f64) -> f64) {
        for mark in marks {
            let class = if *mark == 0.0 { "axis" } else { "grid" };
            self.line(class, (LEFT, y(*mark)), (RIGHT, y(*mark)));
            self.text(LEFT - 8.0, y(*mark) + 4.5, "mark", "end", &number(*mark));
        }
    }

    /// Draws the band of a forecast as an area, and its median as a line.
    fn forecast(&mut self, area: &str, line: &str, band: &ForecastBand, y: impl Fn(f64) -> f64) {
        let position = |at: f64, left: f64| (self.x(at), y(left));
        let high = band.points.iter().map(|point| position(point.at, point.high));
        let low = band.points.iter().rev().map(|point| position(point.at, point.low));
        let outline: Vec<_> = high.chain(low).collect();
        let median = band.points.iter().map(|point| position(point.at, point.middle));
        let median: Vec<_> = median.collect();
        self.path(area, &outline, true);
        self.path(line, &median, false);
    }

    /// Draws the price. Every step is lower than the step before, so there is room for its label.
    fn prices(&mut self, top: f64, height: f64) {
        let chart = self.chart;
        let steps_shown = chart.visible_prices();
        let prices: Vec<_> = steps_shown.iter().map(|step| (step.at, step.price)).collect();
        let lowest = prices.iter().map(|(_, price)| *price).fold(f64::INFINITY, f64::min);
        let highest = prices.iter().map(|(_, price)| *price).fold(lowest, f64::max);
        let range = (highest - lowest).max(highest / 10.0).max(0.01);
        let y = |price: f64| top + PRICE_STEP + (height - PRICE_STEP) * (highest - price) / range;
        self.panel_title(top, &format!("Price, {}", chart.currency));
        let line = steps(&prices, chart.starts_at, chart.drawn_until());
        let points: Vec<_> = line.iter().map(|(at, price)| (self.x(*at), y(*price))).collect();
        self.path("price", &points, false);
        for step in steps_shown {
            let mut label = step.label.clone();
            if step.percent_off > 0 {
                label += &format!("  −{} %", step.percent_off);
            }
            let x = self.x(step.at) + 5.0;
            self.text(x, y(step.price) - 7.0, "price-label halo", "start", &label);
        }
    }

    fn sales(&mut self, top: f64) {
        let chart = self.chart;
        let sales = chart.visible_sales();
        let most = sales.iter().map(|bar| bar.units).fold(1.0, f64::max);
        let minutes = sales.first().map_or(15.0, |bar| bar.end - bar.start);
        let title = format!("Sold in {} minutes, {}", number(minutes), chart.unit);
        self.panel_title(top, &title);
        let marks = marks(most, 2);
        let highest = marks.last().copied().unwrap_or(most);
        let y = |units: f64| top + SALES * (1.0 - units.max(0.0) / highest);
        self.value_axis(&marks, y);
        for bar in sales.iter().filter(|bar| bar.units > 0.0) {
            let (start, end) = (self.x(bar.start) + 1.5, self.x(bar.end) - 1.5);
            let class = if chart.is_discounted(bar) { "sold-off" } else { "sold" };
            let (y, height) = (y(bar.units), top + SALES - y(bar.units));
            self.body += &format!(
                "<rect class=\"{class}\" x=\"{start:.1}\" y=\"{y:.1}\" width=\"{:.1}\" \
                 height=\"{height:.1}\" rx=\"1.5\"/>\n",
                (end - start).max(1.0)
            );
        }
    }
}

/// Returns the corners of a line of steps between two times.
fn steps(values: &[(f64, f64)], start: f64, end: f64) -> Vec<(f64, f64)> {
    let at_first = values.iter().rfind(|(at, _)| *at <= start).map(|(_, value)| (start, *value));
    let mut corners: Vec<(f64, f64)> = at_first.into_iter().collect();
    for (at, value) in values.iter().filter(|(at, _)| *at > start && *at <= end) {
        let before = corners.last().map(|(_, before)| (*at, *before));
        corners.extend(before);
        corners.push((*at, *value));
    }
    let last = corners.last().map(|(_, value)| (end, *value));
    corners.extend(last);
    corners
}

/// Own code for three characters; no XML crate is linked otherwise. XML forbids control characters,
/// and controls of direction would reorder the labels around a name.
pub(crate) fn escaped(text: &str) -> String {
    let is_direction = |char: char| {
        let marks = ['\u{61c}', '\u{200e}', '\u{200f}'];
        marks.contains(&char) || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let is_shown = |char: char| !char.is_control() && !is_direction(char);
    let text: String =
        text.chars().map(|char| if is_shown(char) { char } else { '\u{fffd}' }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_text_of_the_picture_and_nothing_else() {
        let name = "<script>&\u{1b}[2J\u{202e}rye";
        assert_eq!(escaped(name), "&lt;script&gt;&amp;\u{fffd}[2J\u{fffd}rye");
    }
}
