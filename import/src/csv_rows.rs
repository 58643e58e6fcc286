//! Rows of a CSV text with the numbers of their lines. A quote that is not closed takes its own
//! line and no other: the reader of the `csv` crate accepts such a quote up to the end of the file,
//! and has no strict mode; its writer serves the exports.

use std::borrow::Cow;

use crate::Numbered;
use crate::delimiter::Delimiter;
use crate::file_text::unreadable;

/// Cells of a row.
pub(crate) type Cells<'a> = Vec<Cow<'a, str>>;
/// Row of a CSV file below its header, with the number of its first line.
pub(crate) type Row<'a> = Numbered<Cells<'a>>;

/// Maximum number of lines of a row with line breaks in its quoted cells.
const LINES_MAX: usize = 50;

/// Line of a text with its place.
#[derive(Debug, Clone, Copy)]
struct Line {
    number: u64,
    start: usize,
    end: usize,
}

/// Lines of a text from a place on. `\n`, `\r\n` and `\r` end a line.
#[derive(Debug, Clone)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    /// Start of the next line; `None` after the last one.
    start: Option<usize>,
    number: u64,
}

impl<'a> Lines<'a> {
    /// Returns the lines of a whole text.
    pub(crate) fn of(text: &'a str) -> Self {
        Self { text, start: Some(0), number: 1 }
    }

    fn next_line(&mut self) -> Option<Line> {
        let start = self.start?;
        let rest = &self.text[start..];
        let length = rest.find(['\r', '\n']);
        let end = start + length.unwrap_or(rest.len());
        self.start = length.map(|_| end + if self.text[end..].starts_with("\r\n") { 2 } else { 1 });
        let number = self.number;
        self.number += 1;
        Some(Line { number, start, end })
    }

    /// Returns the cells of the next line that is not blank, whatever their number.
    pub(crate) fn next_header(&mut self, delimiter: Delimiter) -> Option<Row<'a>> {
        self.next_row(delimiter, None)
    }

    /// Returns the next row. With a width, a row of another number of cells is an error, unless the
    /// cells beyond are empty.
    fn next_row(&mut self, delimiter: Delimiter, width: Option<usize>) -> Option<Row<'a>> {
        let line = loop {
            let line = self.next_line()?;
            if !self.text[line.start..line.end].trim().is_empty() {
                break line;
            }
        };
        let text = &self.text[line.start..line.end];
        if let Some(reason) = unreadable(text) {
            return Some((line.number, Err(format!("not a CSV line: it {reason}"))));
        }
        let cells = match cells(text, delimiter) {
            Err(wrong) if wrong.is_open => match self.over_several_lines(line, delimiter, width) {
                Some(cells) => Ok(cells),
                None => Err(wrong.message()),
            },
            cells => cells.map_err(|wrong| wrong.message()).and_then(|cells| fit(cells, width)),
        };
        Some((line.number, cells))
    }

    /// Reads a row whose quoted cell goes on in the lines below, and goes behind them. Returns
    /// `None`, and takes no line, unless the quote is closed within [`LINES_MAX`] lines, the row
    /// has the given width, and none of the lines below is such a row by itself.
    fn over_several_lines(
        &mut self,
        first: Line,
        delimiter: Delimiter,
        width: Option<usize>,
    ) -> Option<Cells<'a>> {
        let mut after = self.clone();
        for _ in 1..LINES_MAX {
            let line = after.next_line()?;
            let is_row =
                |text| cells(text, delimiter).is_ok_and(|cells| width == Some(cells.len()));
            if is_row(&self.text[line.start..line.end]) {
                return None;
            }
            match cells(&self.text[first.start..line.end], delimiter) {
                Ok(cells) => {
                    *self = after;
                    return fit(cells, width).ok();
                }
                Err(wrong) if wrong.is_open => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Returns the rows below a header of the given width.
    pub(crate) fn rows(
        mut self,
        delimiter: Delimiter,
        width: usize,
    ) -> impl Iterator<Item = Row<'a>> {
        std::iter::from_fn(move || self.next_row(delimiter, Some(width)))
    }
}

/// Returns the header and the rows of a file of commas. Blank lines are no rows.
///
/// # Errors
/// Returns an error if there is no header, or it cannot be read.
pub(crate) fn rows(text: &str) -> Result<(Cells<'_>, Vec<Row<'_>>), String> {
    let mut lines = Lines::of(text);
    let (number, header) =
        lines.next_header(Delimiter::COMMA).ok_or_else(|| crate::EMPTY_FILE.to_owned())?;
    let first = text.split(['\r', '\n']).find(|line| !line.trim().is_empty()).unwrap_or_default();
    if let Some(other) = Delimiter::ALL.into_iter().find(|other| first.contains(other.as_char()))
        && other != Delimiter::COMMA
    {
        return Err(format!(
            "line {number}: {other} separate the columns; expected commas, and numbers with a \
             point like 3.90; save the file as CSV with commas"
        ));
    }
    let header = header.map_err(|reason| format!("line {number}: {reason}"))?;
    let width = header.len();
    Ok((header, lines.rows(Delimiter::COMMA, width).collect()))
}

/// Cuts off empty cells beyond the width.
fn fit(mut cells: Cells<'_>, width: Option<usize>) -> Result<Cells<'_>, String> {
    let Some(width) = width else { return Ok(cells) };
    let given = cells.len();
    if given > width && cells[width..].iter().all(|cell| cell.trim().is_empty()) {
        cells.truncate(width);
    }
    if cells.len() == width {
        return Ok(cells);
    }
    Err(format!("not a CSV line: it has {given} columns, and the header {width}"))
}

/// Wrong quote of a line. It holds no line number, so that the same mistake in several lines has
/// the same text.
struct WrongQuote {
    column: usize,
    rule: &'static str,
    /// `true` if the quote is not closed.
    is_open: bool,
}

impl WrongQuote {
    fn message(&self) -> String {
        format!("not a CSV line: column {} {}", self.column, self.rule)
    }
}

/// Returns the cells of a line. Blanks around the quotes of a cell do not belong to it.
fn cells(line: &str, delimiter: Delimiter) -> Result<Cells<'_>, WrongQuote> {
    let delimiter = delimiter.as_char();
    if !line.contains('"') {
        return Ok(line.split(delimiter).map(Cow::Borrowed).collect());
    }
    let mut cells = Cells::new();
    let mut rest = line;
    loop {
        let wrong = |rule, is_open| WrongQuote { column: cells.len() + 1, rule, is_open };
        let (cell, after) = match rest.trim_start_matches(' ').strip_prefix('"') {
            Some(inner) => {
                let rule = "opens a quote that is not closed; close it";
                let (cell, after) = quoted_cell(inner).ok_or_else(|| wrong(rule, true))?;
                let after = after.trim_start_matches(' ');
                if !after.is_empty() && !after.starts_with(delimiter) {
                    let rule = "has text after its closing quote; double a quote inside a quoted \
                                cell, like \"12\"\" plate\"";
                    return Err(wrong(rule, false));
                }
                (cell, after)
            }
            None => {
                let (cell, after) = rest.split_at(rest.find(delimiter).unwrap_or(rest.len()));
                if cell.contains('"') {
                    let rule = "has a quote inside and does not begin with one; quote the whole \
                                cell and double the quote inside, like \"12\"\" plate\"";
                    return Err(wrong(rule, false));
                }
                (Cow::Borrowed(cell), after)
            }
        };
        cells.push(cell);
        match after.strip_prefix(delimiter) {
            Some(next) => rest = next,
            None => return Ok(cells),
        }
    }
}

/// Returns a cell and the text after its closing quote. `text` follows the opening quote.
fn quoted_cell(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (part, after) = text.split_once('"')?;
    if !after.starts_with('"') {
        return Some((Cow::Borrowed(part), after));
    }
    let mut cell = part.to_owned();
    let mut rest = after;
    while let Some(next) = rest.strip_prefix('"') {
        cell.push('"');
        let (part, after) = next.split_once('"')?;
        cell.push_str(part);
        rest = after;
    }
    Some((Cow::Owned(cell), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let picture = |(line, cells): Row<'_>| match cells {
            Ok(cells) => format!("{line} {}", cells.join("|")),
            Err(reason) => format!("{line} {reason}"),
        };
        rows(text).unwrap().1.into_iter().map(picture).collect()
    }

    #[test]
    fn a_row_has_the_line_it_stands_on_however_lines_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "1,2", "", "", "3,4", "5", "6,", "7,8, ,", "9,0,,1", ""].join(end);
            let short = "6 not a CSV line: it has 1 columns, and the header 2";
            let long = "9 not a CSV line: it has 4 columns, and the header 2";
            assert_eq!(read(&text), ["2 1|2", "5 3|4", short, "7 6|", "8 7|8", long], "{text:?}");
        }
    }

    #[test]
    fn a_quoted_cell_holds_commas_and_doubled_quotes() {
        assert_eq!(read("a,b\n\"1,5\",\"12\"\" plate\"\n"), ["2 1,5|12\" plate"]);
        assert_eq!(read("a,b\n \"x\" , \"\"\n"), ["2 x|"]);
        assert_eq!(read("\"a\",b\n,\"\"\"\"\n"), ["2 |\""]);
    }

    #[test]
    fn a_quoted_cell_holds_line_breaks_if_the_row_is_whole() {
        let text = "sku,name\nbun,\"Bun\r\nwith \"\"seeds\"\"\n\nlarge\"\nrye,Rye\n";
        assert_eq!(read(text), ["2 bun|Bun\r\nwith \"seeds\"\n\nlarge", "6 rye|Rye"]);
        let open = "not a CSV line: column 2 opens a quote that is not closed; close it";
        // A line that is a row by itself is no part of a cell.
        let text = "sku,name\nbun,\"Bun\nseed,Seed\nrye,\"Rye\"\nrye,\"\n";
        let broken = format!("2 {open}");
        assert_eq!(read(text), [&*broken, "3 seed|Seed", "4 rye|Rye", &format!("5 {open}")]);
    }

    #[test]
    fn a_wrong_quote_takes_its_own_line_and_no_other() {
        for (line, told) in [
            ("rye,\"Rye", "column 2 opens a quote that is not closed"),
            ("\"rye,1", "column 1 opens a quote that is not closed"),
            ("rye,\"Rye\" dark", "column 2 has text after its closing quote"),
            ("rye,12\" plate", "column 2 has a quote inside and does not begin with one"),
        ] {
            let read = read(&format!("sku,name\nbun,Bun\n{line}\nseed,\"Seed\"\n"));
            assert_eq!((&*read[0], &*read[2]), ("2 bun|Bun", "4 seed|Seed"));
            assert!(read[1].starts_with(&format!("3 not a CSV line: {told}")), "{read:?}");
        }
        let header = rows("sku,\"name\nrye,Rye\n").unwrap_err();
        assert!(header.starts_with("line 1: not a CSV line: column 2 opens a quote"), "{header}");
    }

    #[test]
    fn other_separators_are_named() {
        for (header, found) in [("a;b", "semicolons"), ("\"a\"\tb", "tabs"), ("a|b", "bars")] {
            let message = rows(&format!("\n{header}\n")).unwrap_err();
            let told = format!("line 2: {found} separate the columns; expected commas");
            assert!(message.starts_with(&told), "{message}");
        }
        assert_eq!(rows("\n \n").unwrap_err(), crate::EMPTY_FILE);
    }
}
