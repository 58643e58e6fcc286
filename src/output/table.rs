//! Layout of tables for a width. Nothing is lost and no word is broken in a narrow terminal: what
//! does not fit beside the first columns is on lines of its own under its row.

use domain::one_line;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Column;

/// Indentation of the lines under a row.
const INDENT: usize = 4;
/// Minimum width of a text that leaves the table before the columns right of it.
const LONG_TEXT: usize = 24;
/// Separator of the values under a row.
const SEPARATOR: &str = " · ";

/// Formats a table of at most `width` columns of characters, or as wide as it is.
pub(super) fn table(columns: &[Column], rows: Vec<Vec<String>>, width: Option<usize>) -> String {
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    Layout::new(columns, &rows, width.unwrap_or(usize::MAX)).draw()
}

/// Wraps a text at spaces. Lines after the first are indented.
pub(super) fn wrapped(text: &str, width: usize, indent: usize) -> Vec<String> {
    let words = text.trim_start_matches(' ');
    let mut lines = vec![" ".repeat(text.len() - words.len())];
    let pieces = words.split(' ').flat_map(|word| pieces(word, width.saturating_sub(indent)));
    for (piece, is_start) in pieces {
        let line = lines.last_mut().expect("at least one");
        let gap = usize::from(is_start && !line.trim().is_empty());
        if line.trim().is_empty() || line.width() + gap + piece.width() <= width {
            line.push_str(&" ".repeat(gap));
            line.push_str(piece);
        } else {
            lines.push(" ".repeat(indent) + piece);
        }
    }
    lines
}

/// Splits a word that is wider than a line before its wide characters, as Chinese and Japanese are
/// broken, and between the objects of a JSON list. `true` is the start of a word.
fn pieces(word: &str, width: usize) -> Vec<(&str, bool)> {
    if word.width() <= width {
        return vec![(word, true)];
    }
    let may_start = |(at, char): &(usize, char)| {
        *at > 0 && (char.width() == Some(2) || *char == '{' && word[..*at].ends_with("},"))
    };
    let mut starts: Vec<usize> = word.char_indices().filter(may_start).map(|(at, _)| at).collect();
    starts.push(word.len());
    let mut from = 0;
    let split = starts.into_iter().map(|to| {
        let piece = (&word[from..to], from == 0);
        from = to;
        piece
    });
    split.collect()
}

/// Columns of a table that fit the width, and those under each row.
struct Layout<'a> {
    columns: &'a [Column],
    rows: &'a [Vec<String>],
    width: usize,
    /// Columns in the table, in order.
    shown: Vec<usize>,
    /// Columns without a value other than 0, named once below the table.
    omitted: Vec<usize>,
    /// Width of each column, also of those under a row.
    widths: Vec<usize>,
    /// `true` if names of columns are on several lines, with less space between columns.
    is_tight: bool,
}

impl<'a> Layout<'a> {
    fn new(columns: &'a [Column], rows: &'a [Vec<String>], width: usize) -> Self {
        let shown = (0..columns.len()).collect();
        let (omitted, widths) = (Vec::new(), Vec::new());
        let mut layout = Self { columns, rows, width, shown, omitted, widths, is_tight: false };
        layout.measure();
        if layout.total() > width {
            layout.is_tight = true;
            layout.measure();
        }
        if layout.total() > width && !rows.is_empty() {
            let is_blank =
                |column: &usize| rows.iter().all(|row| matches!(&*row[*column], "" | "0"));
            (layout.omitted, layout.shown) = layout.shown.into_iter().partition(is_blank);
        }
        while layout.total() > width && layout.shown.len() > 1 {
            let moved = layout.next_under_its_row();
            layout.shown.retain(|column| *column != moved);
        }
        // The name of a row takes the rest of the width. If it is longer, it has its own line.
        let first = layout.shown[0];
        let others = layout.total() - layout.widths[first];
        let longest = rows.iter().map(|row| row[first].width()).max().unwrap_or_default();
        let longest = longest.max(layout.widths[first]);
        layout.widths[first] = longest.min(width.saturating_sub(others));
        layout
    }

    fn measure(&mut self) {
        let width_of = |(index, column): (usize, &Column)| {
            let name = column.title();
            let name = match self.is_tight {
                true => name.split(' ').map(UnicodeWidthStr::width).max().unwrap_or_default(),
                false => name.width(),
            };
            let cells = self.rows.iter().map(|row| row[index].width());
            let cell = cells.max().unwrap_or_default();
            name.max(if index == 0 { cell.min(self.width / 2) } else { cell })
        };
        self.widths = self.columns.iter().enumerate().map(width_of).collect();
    }

    /// Space between two columns.
    fn gap(&self) -> &'static str {
        if self.is_tight { "  " } else { "   " }
    }

    /// Width with the frame and a space on both sides.
    fn total(&self) -> usize {
        let widths: usize = self.shown.iter().map(|column| self.widths[*column]).sum();
        4 + widths + self.gap().len() * (self.shown.len() - 1)
    }

    /// Returns the column that leaves the table next: the widest long text, except an item's name,
    /// or the last column.
    fn next_under_its_row(&self) -> usize {
        let others = &self.shown[1..];
        let is_long = |column: &&usize| match self.columns[**column] {
            Column::Text("sku") | Column::Number(_) | Column::Amount(_) => false,
            Column::Text(_) | Column::Truth(_) => self.widths[**column] >= LONG_TEXT,
        };
        let long = others.iter().filter(is_long).max_by_key(|column| self.widths[**column]);
        *long.or(others.last()).expect("two columns or more")
    }

    fn draw(&self) -> String {
        let header = self.header();
        let body: Vec<String> = self.rows.iter().flat_map(|row| self.row(row)).collect();
        let widths = header.iter().chain(&body).map(|line| line.width());
        let inner = widths.max().unwrap_or_default().min(self.width.saturating_sub(2));
        let framed = |line: &String| {
            // A name that is wider than the terminal runs over.
            format!("│{line}{}│", " ".repeat(inner.saturating_sub(line.width())))
        };
        let mut lines = vec![format!("┌{}┐", "─".repeat(inner))];
        lines.extend(header.iter().map(framed));
        lines.push(format!("╞{}╡", "═".repeat(inner)));
        lines.extend(body.iter().map(framed));
        lines.push(format!("└{}┘", "─".repeat(inner)));
        if !self.omitted.is_empty() {
            let names = self.omitted.iter().map(|column| self.columns[*column].title());
            let names = names.collect::<Vec<_>>().join(", ");
            lines.extend(wrapped(&format!("0 or empty in every row: {names}"), self.width, 2));
        }
        lines.join("\n")
    }

    /// Names of the columns, which end on the same line.
    fn header(&self) -> Vec<String> {
        let name = |column: usize| {
            let title = self.columns[column].title();
            let width = if self.is_tight { self.widths[column] } else { usize::MAX };
            wrapped(&title, width, 0)
        };
        let names: Vec<Vec<String>> = (0..self.columns.len()).map(name).collect();
        let height = self.shown.iter().map(|column| names[*column].len()).max().unwrap_or(1);
        let line = |number: usize| {
            self.line(|column| {
                let missing = height - names[column].len();
                number.checked_sub(missing).map_or("", |line| &names[column][line])
            })
        };
        (0..height).map(line).collect()
    }

    /// Lines of a row: one with the columns, and those below it.
    fn row(&self, row: &[String]) -> Vec<String> {
        let mut lines = Vec::new();
        let first = self.shown[0];
        let has_own_line = row[first].width() > self.widths[first];
        if has_own_line {
            lines.push(format!(" {} ", row[first]));
        }
        if !has_own_line || self.shown.len() > 1 {
            let is_blank = |column| has_own_line && column == first;
            lines.push(self.line(|column| if is_blank(column) { "" } else { &row[column] }));
        }
        let is_below =
            |column: &usize| !self.shown.contains(column) && !self.omitted.contains(column);
        let below = (0..self.columns.len()).filter(is_below);
        let width = self.width.saturating_sub(INDENT + 3);
        let mut values = String::new();
        let mut push = |values: &str| {
            for line in wrapped(values, width, 2) {
                // A long word takes the indentation as well.
                let line = if line.width() > width { line.trim_start() } else { &line };
                let indent = self.width.saturating_sub(line.width() + 4).min(INDENT - 1);
                lines.push(format!("{} {line} ", " ".repeat(indent)));
            }
        };
        for column in below.filter(|column| !row[*column].is_empty()) {
            let value = format!("{}: {}", self.columns[column].title(), row[column]);
            if values.is_empty() {
                values = value;
            } else if values.width() + SEPARATOR.width() + value.width() <= width {
                values = values + SEPARATOR + &value;
            } else {
                push(&values);
                values = value;
            }
        }
        if !values.is_empty() {
            push(&values);
        }
        lines
    }

    /// Draws a line of the table.
    fn line<'t>(&self, cell: impl Fn(usize) -> &'t str) -> String {
        let cells = self.shown.iter().map(|&column| {
            let text = cell(column);
            let gap = " ".repeat(self.widths[column].saturating_sub(text.width()));
            match self.columns[column] {
                Column::Number(_) | Column::Amount(_) => gap + text,
                Column::Text(_) | Column::Truth(_) => text.to_owned() + &gap,
            }
        });
        format!(" {} ", cells.collect::<Vec<_>>().join(self.gap()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 6] = [
        Column::Text("sku"),
        Column::Number("price"),
        Column::Number("on_hand"),
        Column::Text("sold_out_at"),
        Column::Text("reason"),
        Column::Number("transferred_out"),
    ];

    fn rows() -> Vec<Vec<String>> {
        let row = |cells: [&str; 6]| cells.map(str::to_owned).to_vec();
        vec![
            row([
                "rye-1kg",
                "123456.78",
                "12.5",
                "2026-03-12T15:15:00+01:00",
                "sells 3 more of 12 units by the close, 13.84 EUR more than at the full price",
                "0",
            ]),
            row([
                "ψωμί-ολικής-άλεσης-με-προζύμι-1000g",
                "3.90",
                "1",
                "",
                "全粒粉パンの在庫が多いため閉店までに値下げします。全粒粉パンの在庫が多いため値下げします",
                "7",
            ]),
        ]
    }

    #[test]
    fn a_wide_terminal_shows_all_columns_on_one_line_for_each_row() {
        let table = table(&COLUMNS, rows(), None);
        assert_eq!(table.lines().count(), 2 + rows().len() + 2, "{table}");
        assert!(table.contains("transferred out"), "{table}");
        let widths: Vec<usize> = table.lines().map(UnicodeWidthStr::width).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
    }

    #[test]
    fn every_cell_is_whole_on_one_line_at_any_width() {
        for width in 44..160 {
            let table = table(&COLUMNS, rows(), Some(width));
            for row in rows() {
                let parts = row.iter().flat_map(|cell| cell.split(' '));
                for part in parts.filter(|part| part.width() < 40) {
                    assert!(table.lines().any(|line| line.contains(part)), "{part} in\n{table}");
                }
            }
            for line in table.lines() {
                assert!(line.width() <= width, "{width}: {}\n{table}", line.width());
            }
        }
    }

    #[test]
    fn a_long_word_stays_in_the_frame_and_a_list_is_wrapped_between_its_objects() {
        let sku = "x".repeat(55);
        let step = r#"{"at":"17:00","discount_percent":30}"#;
        let rule = format!("[{step},{step},{step}]");
        let columns = ["rule", "value", "source"].map(Column::Text);
        let rows = [("sku", &sku), ("policy.experiment.rule", &rule)];
        let rows = rows.map(|(name, value)| vec![name.into(), value.clone(), "store".into()]);
        let table = table(&columns, rows.to_vec(), Some(60));
        let widths: Vec<usize> = table.lines().map(UnicodeWidthStr::width).collect();
        assert!(widths.iter().all(|width| *width == widths[0] && *width <= 60), "{table}");
        for whole in [&*sku, step] {
            assert!(table.lines().any(|line| line.contains(whole)), "{whole} in\n{table}");
        }
    }

    #[test]
    fn control_characters_reach_no_terminal() {
        let rows = vec![vec!["a\u{1b}[2J\nb".to_owned()]];
        let table = table(&[Column::Text("name")], rows, Some(60));
        assert!(table.contains("a\\u{1b}[2J\\nb"), "{table}");
    }

    #[test]
    fn a_text_is_wrapped_at_spaces_with_an_indentation() {
        assert_eq!(wrapped("one two three", 9, 2), ["one two", "  three"]);
        assert_eq!(wrapped("値下げしました", 6, 0), ["値下げ", "しまし", "た"]);
        assert_eq!(wrapped("2026-03-12T15:15:00Z", 6, 0), ["2026-03-12T15:15:00Z"]);
    }
}
