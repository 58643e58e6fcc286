//! The picture in characters, for a terminal of any width, with or without colour.

use super::canvas::{Canvas, Ink};
use super::scale::{apart, clock, hours, marks};
use super::{Afternoon, End, Fan, Minute, PriceStep, SoldIn, What, number, wrapped};

/// How the terminal wants it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Columns.
    pub(crate) width: usize,
    /// Whether only ASCII may be drawn with; names stay as they are.
    pub(crate) is_ascii: bool,
    /// Whether to colour.
    pub(crate) is_coloured: bool,
}

/// Narrower, nothing can be seen; wider, nothing more.
const WIDTH: (usize, usize) = (48, 110);
/// For the figures left of the axis.
const LEFT: usize = 7;
/// Rows of the shelf, between its lowest and its highest mark.
const SHELF_ROWS: usize = 12;
/// Rows of the bars.
const BAR_ROWS: usize = 2;
/// Columns that a label of the hours needs.
const HOUR: usize = 8;

/// Draws.
pub(crate) fn terminal(afternoon: &Afternoon, style: Style) -> String {
    let width = style.width.clamp(WIDTH.0, WIDTH.1);
    let ends = afternoon.ends();
    let right = ends.iter().map(|end| end.words.chars().count() + 2).max().unwrap_or(2);
    let plot = Plot { afternoon, columns: width - LEFT - 1 - right.min(width / 3), width, style };
    let heading = [(&afternoon.title, Ink::Bold), (&afternoon.heading(), Ink::Words)];
    let panels = [plot.shelf(&ends), plot.prices(), plot.sales()];
    let mut text = String::new();
    for (words, ink) in heading {
        text += &paragraph(words, width, ink).text(style.is_ascii, style.is_coloured);
    }
    for panel in panels {
        text.push('\n');
        text += &panel.text(style.is_ascii, style.is_coloured);
    }
    text.push('\n');
    let caption = paragraph(&afternoon.caption(), width, Ink::Faint);
    text + &caption.text(style.is_ascii, style.is_coloured)
}

fn paragraph(words: &str, width: usize, ink: Ink) -> Canvas {
    let lines = wrapped(words, width);
    let mut canvas = Canvas::new(width, lines.len());
    lines.iter().zip(0..).for_each(|(line, row)| canvas.write(0, row, line, ink));
    canvas
}

struct Plot<'a> {
    afternoon: &'a Afternoon,
    /// Columns between the axis and the words on its right.
    columns: usize,
    width: usize,
    style: Style,
}

impl Plot<'_> {
    /// The last minute that a column stands for.
    fn minute(&self, column: usize) -> Minute {
        let Afternoon { from, closes_at, .. } = self.afternoon;
        from + (closes_at - from) * (column + 1) as f64 / self.columns as f64
    }

    /// The column that a minute lies in.
    fn column(&self, minute: Minute) -> usize {
        let Afternoon { from, closes_at, .. } = self.afternoon;
        let share = ((minute - from) / (closes_at - from)).clamp(0.0, 1.0);
        LEFT + 1 + ((share * self.columns as f64).floor() as usize).min(self.columns - 1)
    }

    fn shelf(&self, ends: &[End]) -> Canvas {
        let afternoon = self.afternoon;
        let marks = marks(afternoon.highest(), 4);
        let top = marks.last().copied().unwrap_or(1.0);
        let row = |left: f64| {
            let share = (left / top).clamp(0.0, 1.0);
            2 + SHELF_ROWS - (share * SHELF_ROWS as f64).round() as usize
        };
        let mut canvas = Canvas::new(self.width, 2 + SHELF_ROWS + 2);
        canvas.write(0, 0, &format!("On the shelf, {}", afternoon.unit), Ink::Faint);
        self.axis(&mut canvas, 2..=row(0.0));
        for mark in marks {
            canvas.write(0, row(mark), &format!("{:>6} ┤", number(mark)), Ink::Faint);
        }
        self.hours(&mut canvas, row(0.0));
        let column = self.column(afternoon.decided_at);
        (2..row(0.0)).for_each(|row| canvas.put(column, row, '┊', Ink::Faint));
        let words = format!("decided at {}", clock(afternoon.decided_at));
        canvas.write(self.centred(column, &words), 1, &words, Ink::Faint);
        if let Some(fan) = &afternoon.fan {
            self.shade(&mut canvas, fan, row);
        }
        if let Some(fan) = &afternoon.unchanged {
            self.middle(&mut canvas, fan, row, '╌', Ink::Faint);
        }
        if let Some(fan) = &afternoon.fan {
            self.middle(&mut canvas, fan, row, '•', Ink::Fan);
        }
        let day: Vec<_> =
            (0..self.columns).map(|at| afternoon.left_at(self.minute(at)).map(row)).collect();
        canvas.steps(LEFT + 1, &day, Ink::Stock);
        let places: Vec<f64> = ends.iter().map(|end| row(end.left) as f64).collect();
        let places = apart(&places, 1.0, (2.0, row(0.0) as f64));
        for (end, row) in ends.iter().zip(places) {
            let ink = match end.what {
                What::Day => Ink::Stock,
                What::Fan => Ink::Fan,
                What::Unchanged => Ink::Faint,
            };
            canvas.write(LEFT + self.columns + 2, row as usize, &end.words, ink);
        }
        canvas
    }

    fn axis(&self, canvas: &mut Canvas, rows: std::ops::RangeInclusive<usize>) {
        rows.for_each(|row| canvas.put(LEFT, row, '│', Ink::Faint));
    }

    /// The line of time with its hours, and their names below it.
    fn hours(&self, canvas: &mut Canvas, row: usize) {
        let Afternoon { from, closes_at, .. } = self.afternoon;
        canvas.put(LEFT, row, '┼', Ink::Faint);
        (0..self.columns).for_each(|at| canvas.put(LEFT + 1 + at, row, '─', Ink::Faint));
        for hour in hours(*from, *closes_at, self.columns / HOUR) {
            let column = self.column(hour);
            canvas.put(column, row, '┬', Ink::Faint);
            let words = clock(hour);
            canvas.write(self.centred(column, &words), row + 1, &words, Ink::Faint);
        }
    }

    fn centred(&self, column: usize, words: &str) -> usize {
        let length = words.chars().count();
        column.saturating_sub(length / 2).min(self.width - length)
    }

    fn shade(&self, canvas: &mut Canvas, fan: &Fan, row: impl Fn(f64) -> usize) {
        for at in 0..self.columns {
            let Some((low, _, high)) = inside(fan, self.minute(at)) else { continue };
            let (top, bottom) = (row(high), row(low));
            (top..=bottom).for_each(|row| canvas.put(LEFT + 1 + at, row, '░', Ink::Fan));
        }
    }

    fn middle(
        &self,
        canvas: &mut Canvas,
        fan: &Fan,
        row: impl Fn(f64) -> usize,
        dot: char,
        ink: Ink,
    ) {
        for at in (0..self.columns).filter(|at| dot != '•' || at % 2 == 0) {
            let Some((_, middle, _)) = inside(fan, self.minute(at)) else { continue };
            canvas.put(LEFT + 1 + at, row(middle), dot, ink);
        }
    }

    /// A row for each price, the highest one on top.
    fn prices(&self) -> Canvas {
        let afternoon = self.afternoon;
        let mut steps: Vec<&PriceStep> = afternoon.shown_prices();
        steps.sort_by(|a, b| b.price.total_cmp(&a.price));
        steps.dedup_by(|a, b| a.label == b.label);
        let mut canvas = Canvas::new(self.width, 1 + steps.len());
        canvas.write(0, 0, &format!("Price, {}", afternoon.currency), Ink::Faint);
        self.axis(&mut canvas, 1..=steps.len());
        let row = |label: &str| steps.iter().position(|step| step.label == label).map(|at| at + 1);
        let price = |at| afternoon.price_at(self.minute(at)).and_then(|step| row(&step.label));
        let line: Vec<_> = (0..self.columns)
            .map(|at| price(at).filter(|_| self.minute(at) <= afternoon.known_until))
            .collect();
        canvas.steps(LEFT + 1, &line, Ink::Price);
        for (step, row) in steps.iter().zip(1..) {
            canvas.write(0, row, &format!("{:>6} ┤", step.label), Ink::Faint);
            let last = line.iter().rposition(|place| *place == Some(row));
            if step.discount_percent > 0
                && let Some(last) = last
            {
                let words = format!("−{} %", step.discount_percent);
                canvas.write(LEFT + 1 + last + 3, row, &words, Ink::Price);
            }
        }
        canvas
    }

    /// A bar for each slot.
    fn sales(&self) -> Canvas {
        let afternoon = self.afternoon;
        let visible = |sold: &&SoldIn| sold.end > afternoon.from;
        let sales: Vec<_> = afternoon.sales.iter().filter(visible).collect();
        let most = sales.iter().map(|sold| sold.units).fold(0.0, f64::max);
        let minutes = sales.first().map_or(15.0, |sold| sold.end - sold.start);
        let mut canvas = Canvas::new(self.width, 1 + BAR_ROWS + 2);
        let title = format!(
            "Sold in {} minutes, {}; the tallest bar is {}",
            number(minutes),
            afternoon.unit,
            number(most)
        );
        canvas.write(0, 0, &title, Ink::Faint);
        self.axis(&mut canvas, 1..=BAR_ROWS);
        self.hours(&mut canvas, 1 + BAR_ROWS);
        for sold in sales {
            let eighths = sold.units.max(0.0) / most.max(1e-9) * (8 * BAR_ROWS) as f64;
            let eighths = if sold.units > 0.0 { (eighths.round() as usize).max(1) } else { 0 };
            let discounted = afternoon.price_at(sold.start).is_some_and(|p| p.discount_percent > 0);
            let ink = if discounted { Ink::Price } else { Ink::Faint };
            let (start, end) = (self.column(sold.start), self.column(sold.end - 0.01));
            // A column stays free between bars where there is room.
            let last = if end > start { end - 1 } else { end };
            for row in 0..BAR_ROWS {
                let level = eighths.saturating_sub(8 * row).min(8);
                let block = self.block(level);
                (start..=last).for_each(|at| canvas.put(at, BAR_ROWS - row, block, ink));
            }
        }
        canvas
    }

    /// A block of so many eighths.
    fn block(&self, eighths: usize) -> char {
        let blocks = if self.style.is_ascii { "    .:###" } else { " ▁▂▃▄▅▆▇█" };
        blocks.chars().nth(eighths).unwrap_or(' ')
    }
}

/// The fan at a minute, between its points.
fn inside(fan: &Fan, minute: Minute) -> Option<(f64, f64, f64)> {
    let next = fan.points.iter().position(|point| point.at >= minute)?;
    let (before, after) = (fan.points[next.checked_sub(1)?], fan.points[next]);
    let share = (minute - before.at) / (after.at - before.at);
    let between = |a: f64, b: f64| a + (b - a) * share;
    Some((
        between(before.low, after.low),
        between(before.middle, after.middle),
        between(before.high, after.high),
    ))
}
