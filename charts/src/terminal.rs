//! Chart in characters, for a terminal of any width, with or without colour.

use std::ops::RangeInclusive;

use unicode_width::UnicodeWidthStr;

use crate::canvas::{Canvas, Ink};
use crate::chart::{EndLabel, StockLine};
use crate::scale::{clock, hours, marks, spread};
use crate::text::{number, wrapped};
use crate::{AfternoonChart, ForecastBand, PriceStep, SalesBar};

/// Properties of the terminal.
#[derive(Debug, Clone, Copy)]
pub struct TerminalStyle {
    /// Width in columns. The chart takes 48 to 110 of them.
    pub width: usize,
    /// `true` if lines and shades are ASCII characters. Texts of the caller stay as they are.
    pub is_ascii: bool,
    /// `true` if the text contains escape sequences for colours.
    pub is_coloured: bool,
}

/// Range of the width in columns. A narrower chart is illegible, a wider one shows no more.
const WIDTH: RangeInclusive<usize> = 48..=110;
/// Minimum number of columns of a number left of the axis.
const NUMBER_COLUMNS: usize = 6;
/// Minimum number of columns between the axis and the labels on its right.
const PLOT_COLUMNS: usize = 16;
/// Columns of the widest percentage with the space before it.
const PERCENT_COLUMNS: usize = 8;
/// Rows between the lowest and the highest mark of the stock panel.
const STOCK_ROWS: usize = 12;
/// Rows of the bars in the sales panel.
const BAR_ROWS: usize = 2;
/// Columns of an hour label.
const HOUR_COLUMNS: usize = 8;

impl AfternoonChart {
    /// Draws the chart in characters.
    #[must_use]
    pub fn to_terminal(&self, style: TerminalStyle) -> String {
        let width = style.width.clamp(*WIDTH.start(), *WIDTH.end());
        let left = 1 + self.number_columns();
        let room = width.saturating_sub(left + 1 + PLOT_COLUMNS);
        // A label that does not fit beside the plot is whole below it.
        let columns_of = |label: &EndLabel| label.text.width() + 2;
        let (labels, below): (Vec<_>, Vec<_>) =
            self.end_labels().into_iter().partition(|label| columns_of(label) <= room);
        let is_reduced = self.visible_prices().iter().any(|step| step.percent_off > 0);
        let least = if is_reduced { PERCENT_COLUMNS } else { 2 };
        let right = labels.iter().map(columns_of).fold(least, usize::max);
        let columns = width.saturating_sub(left + 1 + right).max(PLOT_COLUMNS);
        let plot = Plot { chart: self, left, columns, width: left + 1 + columns + right, style };
        let text = |canvas: &Canvas| canvas.to_text(style.is_ascii, style.is_coloured);
        let words = |words: &str, ink| text(&paragraph(words, width, ink));
        let heading = words(&self.title, Ink::Title) + &words(&self.heading(), Ink::Text);
        let below: String = below.iter().map(|label| words(&label.text, ink_of(label))).collect();
        let stock = text(&plot.stock(&labels)) + &below;
        let sales = words(&self.sales_title(), Ink::Faint) + &text(&plot.sales());
        let panels = [stock, text(&plot.prices()), sales].map(|panel| format!("\n{panel}"));
        let caption = words(&self.caption(), Ink::Faint);
        format!("{heading}{}\n{caption}", panels.concat())
    }

    /// Returns the columns of the widest number left of the axis.
    fn number_columns(&self) -> usize {
        let marks = marks(self.stock_max(), 4).into_iter().map(|mark| number(mark).width());
        let prices = self.visible_prices().into_iter().map(|step| step.label.width());
        marks.chain(prices).fold(NUMBER_COLUMNS, usize::max)
    }

    fn sales_title(&self) -> String {
        let sales = self.visible_sales();
        let minutes = sales.first().map_or(15.0, |bar| bar.end - bar.start);
        format!(
            "Sold in {} minutes, {}; the tallest bar is {}",
            number(minutes),
            self.unit,
            number(tallest(&sales))
        )
    }
}

fn tallest(sales: &[SalesBar]) -> f64 {
    sales.iter().map(|bar| bar.units).fold(0.0, f64::max)
}

fn ink_of(label: &EndLabel) -> Ink {
    match label.line {
        StockLine::Observed => Ink::Stock,
        StockLine::Forecast => Ink::Forecast,
        StockLine::ForecastUnchanged => Ink::Faint,
    }
}

fn paragraph(text: &str, width: usize, ink: Ink) -> Canvas {
    let lines = wrapped(text, width);
    let widest = lines.iter().map(|line| line.width()).max().unwrap_or_default();
    let mut canvas = Canvas::new(widest, lines.len());
    lines.iter().zip(0..).for_each(|(line, row)| canvas.write(0, row, line, ink));
    canvas
}

struct Plot<'a> {
    chart: &'a AfternoonChart,
    /// Columns left of the axis.
    left: usize,
    /// Columns between the axis and the labels on its right.
    columns: usize,
    width: usize,
    style: TerminalStyle,
}

impl Plot<'_> {
    /// Returns the end of the time that a column stands for.
    fn minute(&self, column: usize) -> f64 {
        let AfternoonChart { starts_at, ends_at, .. } = self.chart;
        starts_at + (ends_at - starts_at) * (column + 1) as f64 / self.columns as f64
    }

    /// Returns the column of a time.
    fn column(&self, minute: f64) -> usize {
        let AfternoonChart { starts_at, ends_at, .. } = self.chart;
        let share = ((minute - starts_at) / (ends_at - starts_at)).clamp(0.0, 1.0);
        self.left + 1 + ((share * self.columns as f64).floor() as usize).min(self.columns - 1)
    }

    fn stock(&self, labels: &[EndLabel]) -> Canvas {
        let chart = self.chart;
        let marks = marks(chart.stock_max(), 4);
        let top = marks.last().copied().unwrap_or(1.0);
        let row = |left: f64| {
            let share = (left / top).clamp(0.0, 1.0);
            2 + STOCK_ROWS - (share * STOCK_ROWS as f64).round() as usize
        };
        let mut canvas = Canvas::new(self.width, 2 + STOCK_ROWS + 2);
        canvas.write(0, 0, &format!("On the shelf, {}", chart.unit), Ink::Faint);
        self.axis(&mut canvas, 2..=row(0.0));
        for mark in marks {
            canvas.write(0, row(mark), &self.left_of_axis(&number(mark)), Ink::Faint);
        }
        self.hours(&mut canvas, row(0.0));
        let column = self.column(chart.decided_at);
        (2..row(0.0)).for_each(|row| canvas.put(column, row, '┊', Ink::Faint));
        let words = format!("decided at {}", clock(chart.decided_at));
        canvas.write(self.centred(column, &words), 1, &words, Ink::Faint);
        if let Some(band) = &chart.forecast {
            self.band(&mut canvas, band, row);
        }
        if let Some(band) = &chart.forecast_unchanged {
            self.median(&mut canvas, band, row, '╌', Ink::Faint);
        }
        if let Some(band) = &chart.forecast {
            self.median(&mut canvas, band, row, '•', Ink::Forecast);
        }
        let observed: Vec<_> =
            (0..self.columns).map(|at| chart.stock_at(self.minute(at)).map(row)).collect();
        canvas.steps(self.left + 1, &observed, Ink::Stock);
        let rows: Vec<f64> = labels.iter().map(|label| row(label.left) as f64).collect();
        let rows = spread(&rows, 1.0, (2.0, row(0.0) as f64));
        for (label, row) in labels.iter().zip(rows) {
            canvas.write(self.left + self.columns + 2, row as usize, &label.text, ink_of(label));
        }
        canvas
    }

    /// Returns a number with its mark on the axis.
    fn left_of_axis(&self, number: &str) -> String {
        format!("{number:>width$} ┤", width = self.left - 1)
    }

    fn axis(&self, canvas: &mut Canvas, rows: RangeInclusive<usize>) {
        rows.for_each(|row| canvas.put(self.left, row, '│', Ink::Faint));
    }

    /// Draws the axis of time, with the hours below it.
    fn hours(&self, canvas: &mut Canvas, row: usize) {
        let AfternoonChart { starts_at, ends_at, .. } = self.chart;
        canvas.put(self.left, row, '┼', Ink::Faint);
        (0..self.columns).for_each(|at| canvas.put(self.left + 1 + at, row, '─', Ink::Faint));
        for hour in hours(*starts_at, *ends_at, self.columns / HOUR_COLUMNS) {
            let column = self.column(hour);
            canvas.put(column, row, '┬', Ink::Faint);
            let words = clock(hour);
            canvas.write(self.centred(column, &words), row + 1, &words, Ink::Faint);
        }
    }

    fn centred(&self, column: usize, words: &str) -> usize {
        let length = words.width();
        column.saturating_sub(length / 2).min(self.width.saturating_sub(length))
    }

    /// Shades the band of a forecast.
    fn band(&self, canvas: &mut Canvas, band: &ForecastBand, row: impl Fn(f64) -> usize) {
        for at in 0..self.columns {
            let Some((low, _, high)) = interpolate(band, self.minute(at)) else { continue };
            let (top, bottom) = (row(high), row(low));
            (top..=bottom).for_each(|row| canvas.put(self.left + 1 + at, row, '░', Ink::Forecast));
        }
    }

    /// Draws the median of a forecast.
    fn median(
        &self,
        canvas: &mut Canvas,
        band: &ForecastBand,
        row: impl Fn(f64) -> usize,
        dot: char,
        ink: Ink,
    ) {
        for at in (0..self.columns).filter(|at| dot != '•' || at % 2 == 0) {
            let Some((_, middle, _)) = interpolate(band, self.minute(at)) else { continue };
            canvas.put(self.left + 1 + at, row(middle), dot, ink);
        }
    }

    /// Draws one row for each price, the highest price on top.
    fn prices(&self) -> Canvas {
        let chart = self.chart;
        let mut steps: Vec<&PriceStep> = chart.visible_prices();
        steps.sort_by(|a, b| b.price.total_cmp(&a.price));
        steps.dedup_by(|a, b| a.label == b.label);
        let mut canvas = Canvas::new(self.width, 1 + steps.len());
        canvas.write(0, 0, &format!("Price, {}", chart.currency), Ink::Faint);
        self.axis(&mut canvas, 1..=steps.len());
        let row = |label: &str| steps.iter().position(|step| step.label == label).map(|at| at + 1);
        let price = |at| chart.price_at(self.minute(at)).and_then(|step| row(&step.label));
        let line: Vec<_> = (0..self.columns)
            .map(|at| price(at).filter(|_| self.minute(at) <= chart.known_until))
            .collect();
        canvas.steps(self.left + 1, &line, Ink::Price);
        for (step, row) in steps.iter().zip(1..) {
            canvas.write(0, row, &self.left_of_axis(&step.label), Ink::Faint);
            let last = line.iter().rposition(|at| *at == Some(row));
            if step.percent_off > 0
                && let Some(last) = last
            {
                let words = format!("−{} %", step.percent_off);
                canvas.write(self.left + 1 + last + 3, row, &words, Ink::Price);
            }
        }
        canvas
    }

    /// Draws the bars.
    fn sales(&self) -> Canvas {
        let chart = self.chart;
        let sales = chart.visible_sales();
        let most = tallest(&sales);
        let mut canvas = Canvas::new(self.width, BAR_ROWS + 2);
        self.axis(&mut canvas, 0..=BAR_ROWS - 1);
        self.hours(&mut canvas, BAR_ROWS);
        for bar in sales {
            let eighths = bar.units.max(0.0) / most.max(1e-9) * (8 * BAR_ROWS) as f64;
            let eighths = if bar.units > 0.0 { (eighths.round() as usize).max(1) } else { 0 };
            let ink = if chart.is_discounted(&bar) { Ink::Price } else { Ink::Faint };
            let (start, end) = (self.column(bar.start), self.column(bar.end - 0.01));
            // One column between two bars stays empty if there is room.
            let last = if end > start { end - 1 } else { end };
            for row in 0..BAR_ROWS {
                let level = eighths.saturating_sub(8 * row).min(8);
                let block = self.block(level);
                (start..=last).for_each(|at| canvas.put(at, BAR_ROWS - 1 - row, block, ink));
            }
        }
        canvas
    }

    /// Returns a block with a height of `eighths` eighths of a row.
    fn block(&self, eighths: usize) -> char {
        let blocks = if self.style.is_ascii { "    .:###" } else { " ▁▂▃▄▅▆▇█" };
        blocks.chars().nth(eighths).unwrap_or(' ')
    }
}

/// Returns the quantiles of a forecast at a time, interpolated between its points.
fn interpolate(band: &ForecastBand, minute: f64) -> Option<(f64, f64, f64)> {
    let next = band.points.iter().position(|point| point.at >= minute)?;
    let (before, after) = (band.points[next.checked_sub(1)?], band.points[next]);
    let share = (minute - before.at) / (after.at - before.at);
    let between = |a: f64, b: f64| a + (b - a) * share;
    Some((
        between(before.low, after.low),
        between(before.middle, after.middle),
        between(before.high, after.high),
    ))
}
