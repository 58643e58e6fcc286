//! The picture as an SVG file: three panels over one line of time, labelled where the eye is.

use super::scale::{apart, clock, hours, marks};
use super::{Afternoon, Fan, Minute, SoldIn, What, number};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
/// The labels of the lines' ends stand right of it.
const RIGHT: f64 = 800.0;
/// Characters of a line of the reason.
const REASON_CHARS: usize = 118;
const LINE: f64 = 20.0;
/// Heights of the panels and of what is between them.
const SHELF: f64 = 250.0;
const PRICE_STEP: f64 = 22.0;
const SOLD: f64 = 84.0;
const BETWEEN: f64 = 52.0;
/// Most hours that are named.
const HOURS_MAX: usize = 12;
/// Least distance between two labels.
const LABEL: f64 = 18.0;

/// Blue and orange stay apart for the colour-blind (Okabe & Ito), on white and on black.
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

/// Draws.
pub(crate) fn svg(afternoon: &Afternoon) -> String {
    let heading = afternoon.heading();
    let reason = super::wrapped(&heading, REASON_CHARS);
    let top = 64.0 + LINE * reason.len() as f64 + 34.0;
    let mut sheet = Sheet { afternoon, body: String::new() };
    sheet.text(24.0, 40.0, "title", "start", &afternoon.title);
    for (line, index) in reason.iter().zip(0..) {
        sheet.text(24.0, 66.0 + LINE * f64::from(index), "reason", "start", line);
    }
    let price_top = top + SHELF + BETWEEN;
    let price = PRICE_STEP * (1.0 + afternoon.shown_prices().len() as f64);
    let sold_top = price_top + price + BETWEEN;
    let bottom = sold_top + SOLD;
    for (top, height) in [(top, SHELF), (price_top, price), (sold_top, SOLD)] {
        sheet.hours(top, top + height);
    }
    sheet.times(top, bottom);
    sheet.shelf(top);
    sheet.prices(price_top, price);
    sheet.sales(sold_top);
    let height = bottom + 66.0;
    sheet.text(24.0, height - 18.0, "mark", "start", &afternoon.caption());
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n\
         <style>{STYLE}</style>\n<rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         {}</svg>\n",
        escaped(&afternoon.title),
        escaped(&heading),
        sheet.body,
    )
}

struct Sheet<'a> {
    afternoon: &'a Afternoon,
    body: String,
}

impl Sheet<'_> {
    fn x(&self, minute: Minute) -> f64 {
        let Afternoon { from, closes_at, .. } = self.afternoon;
        LEFT + (RIGHT - LEFT) * ((minute - from) / (closes_at - from)).clamp(0.0, 1.0)
    }

    fn text(&mut self, x: f64, y: f64, class: &str, anchor: &str, words: &str) {
        let words = escaped(words);
        self.body += &format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" \
             text-anchor=\"{anchor}\">{words}</text>\n"
        );
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
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

    fn hours(&mut self, top: f64, bottom: f64) {
        for hour in hours(self.afternoon.from, self.afternoon.closes_at, HOURS_MAX) {
            let x = self.x(hour);
            self.line("grid", (x, top), (x, bottom));
        }
    }

    /// What the line of time says, and the decision through all panels.
    fn times(&mut self, top: f64, bottom: f64) {
        let Afternoon { from, closes_at, decided_at, .. } = *self.afternoon;
        for hour in hours(from, closes_at, HOURS_MAX) {
            self.text(self.x(hour), bottom + 20.0, "mark", "middle", &clock(hour));
        }
        let x = self.x(decided_at);
        self.line("decision", (x, top - 6.0), (x, bottom));
        let words = format!("decided at {}", clock(decided_at));
        self.text(x, top - 12.0, "mark", "middle", &words);
    }

    fn panel(&mut self, top: f64, words: &str) {
        self.text(24.0, top - 14.0, "panel", "start", words);
    }

    fn shelf(&mut self, top: f64) {
        let afternoon = self.afternoon;
        let marks = marks(afternoon.highest(), 5);
        let highest = marks.last().copied().unwrap_or(1.0);
        let y = |left: f64| top + SHELF * (1.0 - (left / highest).clamp(0.0, 1.0));
        self.panel(top, &format!("On the shelf, {}", afternoon.unit));
        for mark in marks {
            let class = if mark == 0.0 { "axis" } else { "grid" };
            self.line(class, (LEFT, y(mark)), (RIGHT, y(mark)));
            self.text(LEFT - 8.0, y(mark) + 4.5, "mark", "end", &number(mark));
        }
        if let Some(fan) = &afternoon.unchanged {
            self.fan("kept-fan", "kept", fan, y);
        }
        if let Some(fan) = &afternoon.fan {
            self.fan("fan", "middle", fan, y);
        }
        let until = afternoon.known_until.min(afternoon.closes_at);
        let steps = steps(&afternoon.stock, afternoon.from, until);
        let points: Vec<_> = steps.iter().map(|(at, left)| (self.x(*at), y(*left))).collect();
        self.path("day", &points, false);
        let ends = afternoon.ends();
        let places: Vec<f64> = ends.iter().map(|end| y(end.left) + 4.5).collect();
        let places = apart(&places, LABEL, (top + 10.0, top + SHELF + 4.5));
        for (end, y) in ends.iter().zip(places) {
            let class = match end.what {
                What::Day => "day-label",
                What::Fan => "fan-label",
                What::Unchanged => "kept-label",
            };
            self.text(RIGHT + 10.0, y, class, "start", &end.words);
        }
    }

    fn fan(&mut self, area: &str, line: &str, fan: &Fan, y: impl Fn(f64) -> f64) {
        let place = |at: Minute, left: f64| (self.x(at), y(left));
        let high = fan.points.iter().map(|point| place(point.at, point.high));
        let low = fan.points.iter().rev().map(|point| place(point.at, point.low));
        let around: Vec<_> = high.chain(low).collect();
        let middle: Vec<_> = fan.points.iter().map(|point| place(point.at, point.middle)).collect();
        self.path(area, &around, true);
        self.path(line, &middle, false);
    }

    /// Each step below the one before, so that its label stands free above it.
    fn prices(&mut self, top: f64, height: f64) {
        let afternoon = self.afternoon;
        let shown = afternoon.shown_prices();
        let prices: Vec<_> = shown.iter().map(|step| (step.at, step.price)).collect();
        let lowest = prices.iter().map(|(_, price)| *price).fold(f64::INFINITY, f64::min);
        let highest = prices.iter().map(|(_, price)| *price).fold(lowest, f64::max);
        let range = (highest - lowest).max(highest / 10.0).max(0.01);
        let y = |price: f64| top + PRICE_STEP + (height - PRICE_STEP) * (highest - price) / range;
        self.panel(top, &format!("Price, {}", afternoon.currency));
        let until = afternoon.known_until.min(afternoon.closes_at);
        let line = steps(&prices, afternoon.from, until);
        let points: Vec<_> = line.iter().map(|(at, price)| (self.x(*at), y(*price))).collect();
        self.path("price", &points, false);
        for step in shown {
            let mut words = step.label.clone();
            if step.discount_percent > 0 {
                words += &format!("  −{} %", step.discount_percent);
            }
            let x = self.x(step.at) + 5.0;
            self.text(x, y(step.price) - 7.0, "price-label halo", "start", &words);
        }
    }

    fn sales(&mut self, top: f64) {
        let afternoon = self.afternoon;
        let sales: Vec<&SoldIn> =
            afternoon.sales.iter().filter(|sold| sold.end > afternoon.from).collect();
        let most = sales.iter().map(|sold| sold.units).fold(1.0, f64::max);
        let minutes = sales.first().map_or(15.0, |sold| sold.end - sold.start);
        let words = format!("Sold in {} minutes, {}", number(minutes), afternoon.unit);
        self.panel(top, &words);
        let marks = marks(most, 2);
        let highest = marks.last().copied().unwrap_or(most);
        let y = |units: f64| top + SOLD * (1.0 - units.max(0.0) / highest);
        for mark in marks {
            let class = if mark == 0.0 { "axis" } else { "grid" };
            self.line(class, (LEFT, y(mark)), (RIGHT, y(mark)));
            self.text(LEFT - 8.0, y(mark) + 4.5, "mark", "end", &number(mark));
        }
        for sold in sales.iter().filter(|sold| sold.units > 0.0) {
            let (start, end) = (self.x(sold.start) + 1.5, self.x(sold.end) - 1.5);
            let off = afternoon.price_at(sold.start).is_some_and(|step| step.discount_percent > 0);
            let class = if off { "sold-off" } else { "sold" };
            let (y, height) = (y(sold.units), top + SOLD - y(sold.units));
            self.body += &format!(
                "<rect class=\"{class}\" x=\"{start:.1}\" y=\"{y:.1}\" width=\"{:.1}\" \
                 height=\"{height:.1}\" rx=\"1.5\"/>\n",
                (end - start).max(1.0)
            );
        }
    }
}

/// The corners of a line of steps between two minutes.
fn steps(values: &[(Minute, f64)], from: Minute, until: Minute) -> Vec<(Minute, f64)> {
    let at_first = values.iter().rfind(|(at, _)| *at <= from).map(|(_, value)| (from, *value));
    let mut corners: Vec<(Minute, f64)> = at_first.into_iter().collect();
    for (at, value) in values.iter().filter(|(at, _)| *at > from && *at <= until) {
        let before = corners.last().map(|(_, before)| (*at, *before));
        corners.extend(before);
        corners.push((*at, *value));
    }
    let last = corners.last().map(|(_, value)| (until, *value));
    corners.extend(last);
    corners
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
