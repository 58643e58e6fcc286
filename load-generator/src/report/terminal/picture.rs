//! Picture of the response times over the seconds of a run, in characters.

use super::super::axis::Axis;
use super::super::series::{Point, Reduction, course, response};
use super::text::wrapped;
use crate::timings::Second;

/// Rows of the plot.
const ROWS: usize = 8;
/// Minimum number of columns of the labels of the axis of times, with the axis.
const LEFT_MIN: usize = 9;
/// Columns of a label of the axis of time, with the space around it.
const TICK_COLUMNS: usize = 12;
/// Columns of the labels at the ends of the lines.
const RIGHT: usize = 5;
/// Columns of the widest picture; a wider one shows no more.
const WIDTH_MAX: usize = 120;
/// Dots of a character: columns and rows.
const BRAILLE: (usize, usize) = (2, 4);
/// First character of the block of Braille patterns.
const BRAILLE_BLANK: u32 = 0x2800;
/// Bits of the dots of a character, by row and column. Source: Unicode, Braille Patterns.
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Lines of the picture, each with its label, its place in [`Second::response_ms`] and its ASCII
/// character. The last line is above the others.
const LINES: [(&str, usize, char); 2] = [("p99", 2, '*'), ("p50", 0, 'o')];

/// Draws the response times p50 and p99. Returns nothing without an answered request.
pub(super) fn latencies(seconds: &[Second], width: usize, is_ascii: bool) -> String {
    let times = |second: &Second| LINES.map(|(_, place, _)| response(second, place));
    let times: Vec<f64> = seconds.iter().flat_map(times).flatten().collect();
    if times.is_empty() {
        return String::new();
    }
    let y = Axis::log("ms", times.into_iter(), ROWS / 2);
    let label = y.ticks.iter().map(|tick| tick.label.len()).max().unwrap_or_default();
    let left = LEFT_MIN.max(label + 2);
    let columns = width.min(WIDTH_MAX).saturating_sub(left + RIGHT).max(1);
    let x = Axis::time(seconds.len() as f64, columns / TICK_COLUMNS);
    let mut picture = Picture { rows: vec![vec![' '; columns]; ROWS], left, is_ascii };
    let (wide, high) = if is_ascii { (1, 1) } else { BRAILLE };
    let row = |time: f64| ((1.0 - y.share(time)) * (ROWS * high - 1) as f64).round() as usize;
    let mut ends = Vec::new();
    for (label, place, sign) in LINES {
        let dots = columns * wide;
        let points = course(seconds, dots, Reduction::Highest, |second| response(second, place));
        let rows = dot_rows(&points, dots, seconds.len() as f64, row);
        picture.line(&rows, sign, place == 0);
        ends.extend(rows.iter().rev().find_map(|row| *row).map(|end| (end / high, label)));
    }
    let title = if is_ascii {
        "Response time in ms, logarithmic: * p99, o p50"
    } else {
        "Response time in ms, logarithmic: p99, and p50 dotted"
    };
    wrapped(title, width) + &picture.to_text(&y, &ends) + &picture.below(&x)
}

/// Returns the row of a line in each column of dots. A point is as wide as its seconds.
fn dot_rows(
    points: &[Point],
    columns: usize,
    end_s: f64,
    row: impl Fn(f64) -> usize,
) -> Vec<Option<usize>> {
    let width = 2.0 * points.first().map_or(0.5, |(middle, _)| *middle);
    let at = |column: usize| {
        let second = (column as f64 + 0.5) / columns as f64 * end_s;
        let (_, value) = points.get((second / width) as usize)?;
        value.map(&row)
    };
    (0..columns).map(at).collect()
}

/// Characters of the plot, by row.
struct Picture {
    rows: Vec<Vec<char>>,
    /// Columns left of the plot.
    left: usize,
    is_ascii: bool,
}

impl Picture {
    /// Draws a line through the rows of dots. A dotted line has every other dot.
    fn line(&mut self, rows: &[Option<usize>], sign: char, is_dotted: bool) {
        let mut before = None;
        for (column, row) in rows.iter().enumerate() {
            if let Some(row) = *row
                && (!is_dotted || self.is_ascii || column % 2 == 0)
            {
                self.dot(column, row, sign);
                // A steep line stays connected.
                let from = before.filter(|_| !is_dotted && !self.is_ascii).unwrap_or(row);
                (row.min(from)..row.max(from)).for_each(|row| self.dot(column, row, sign));
            }
            before = *row;
        }
    }

    fn dot(&mut self, column: usize, row: usize, sign: char) {
        if self.is_ascii {
            self.rows[row][column] = sign;
            return;
        }
        let (wide, high) = BRAILLE;
        let cell = &mut self.rows[row / high][column / wide];
        let bits = (*cell as u32).max(BRAILLE_BLANK) | DOTS[row % high][column % wide];
        *cell = char::from_u32(bits).unwrap_or(*cell);
    }

    /// Returns the rows with the labels of the axis on the left and those of the lines on the
    /// right.
    fn to_text(&self, y: &Axis, ends: &[(usize, &str)]) -> String {
        let row_of = |at: f64| ((1.0 - y.share(at)) * (ROWS - 1) as f64).round() as usize;
        let mut text = String::new();
        for (place, row) in self.rows.iter().enumerate() {
            let tick = y.ticks.iter().rev().find(|tick| row_of(tick.at) == place);
            let label = tick.map(|tick| tick.label.as_str()).unwrap_or_default();
            let axis = match (self.is_ascii, tick.is_some()) {
                (false, true) => '┤',
                (false, false) => '│',
                (true, true) => '+',
                (true, false) => '|',
            };
            let labels = ends.iter().filter(|(end, _)| *end == place).map(|(_, label)| *label);
            let labels: Vec<&str> = labels.collect();
            // Two labels on one row do not fit beside it.
            let end = labels.first().copied().unwrap_or_default();
            let plot: String = row.iter().collect();
            let line = format!("{label:>width$} {axis}{plot} {end}", width = self.left - 2);
            text += line.trim_end();
            text.push('\n');
        }
        text
    }

    /// Returns the axis of time with its labels and its unit.
    fn below(&self, x: &Axis) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let (corner, across, mark) =
            if self.is_ascii { ('+', '-', '+') } else { ('└', '─', '┴') };
        let mut line: Vec<char> = vec![across; columns];
        let mut labels: Vec<char> = vec![' '; self.left + columns + RIGHT];
        let mut free_from = 0;
        for tick in &x.ticks {
            let column = ((x.share(tick.at) * columns as f64) as usize).min(columns - 1);
            let from = (self.left + column).saturating_sub(tick.label.len() / 2);
            let until = from + tick.label.len();
            if from < free_from || until > labels.len() {
                continue;
            }
            line[column] = mark;
            labels.splice(from..until, tick.label.chars());
            free_from = until + 1;
        }
        let (line, labels): (String, String) = (line.iter().collect(), labels.iter().collect());
        let (before, unit) = (" ".repeat(self.left - 1), x.unit);
        format!("{before}{corner}{line}\n{}\n{before} {unit}\n", labels.trim_end())
    }
}
