//! Rows of a CSV text with the numbers of their lines. A row is one line: a cell with a line break
//! is far more often a quote that was not closed, and would take the lines below it. The reader of
//! the `csv` crate accepts such a quote up to the end of the file, and has no strict mode; its
//! writer serves the exports.

use crate::Numbered;

/// Cells of a line.
pub(crate) type Cells = Vec<String>;
/// Row of a CSV file below its header.
pub(crate) type Row = Numbered<Cells>;

/// Separators of other tables, which a spreadsheet writes where the comma is the decimal sign.
const OTHER_SEPARATORS: [(char, &str); 3] = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];

/// Returns the header and the rows below it. Blank lines are no rows.
///
/// # Errors
/// Returns an error if there is no header, or it cannot be read.
pub(crate) fn rows(text: &str) -> Result<(Cells, Vec<Row>), String> {
    let mut lines = lines(text).filter(|(_, line)| !line.trim().is_empty());
    let (number, header) = lines.next().ok_or_else(|| crate::EMPTY_FILE.to_owned())?;
    if let Some((_, found)) = OTHER_SEPARATORS.iter().find(|(other, _)| header.contains(*other))
        && !header.contains(',')
    {
        return Err(format!(
            "line {number}: {found} separate the columns; expected commas, and numbers with a \
             point like 3.90; save the file as CSV with commas"
        ));
    }
    let headers = cells(header).map_err(|reason| format!("line {number}: {reason}"))?;
    let width = headers.len();
    let row = |(number, line)| {
        let cells = cells(line).and_then(|cells| match cells.len() {
            given if given == width => Ok(cells),
            given => Err(format!("not a CSV line: it has {given} columns, and the header {width}")),
        });
        (number, cells)
    };
    Ok((headers, lines.map(row).collect()))
}

/// Returns all lines with their numbers. `\n`, `\r\n` and `\r` end a line.
fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let mut rest = Some(text);
    let lines = std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\r', '\n']) else {
            rest = None;
            return Some(text);
        };
        let after = &text[end..];
        rest = Some(after.strip_prefix("\r\n").unwrap_or(&after[1..]));
        Some(&text[..end])
    });
    (1..).zip(lines)
}

/// Returns the cells of a line. Blanks around the quotes of a cell do not belong to it.
///
/// # Errors
/// Returns an error if a quote is at a wrong place. It holds no line number, so that the same
/// mistake in several lines has the same text.
fn cells(line: &str) -> Result<Cells, String> {
    let mut cells = Cells::new();
    let mut rest = line;
    loop {
        let wrong = |rule: &str| format!("not a CSV line: column {} {rule}", cells.len() + 1);
        let (cell, after) = match rest.trim_start_matches(' ').strip_prefix('"') {
            Some(inner) => {
                let (cell, after) = quoted_cell(inner).ok_or_else(|| {
                    wrong(
                        "opens a quote that its line does not close; close it, and write the cell \
                         without a line break",
                    )
                })?;
                let after = after.trim_start_matches(' ');
                if !after.is_empty() && !after.starts_with(',') {
                    return Err(wrong(
                        "has text after its closing quote; double a quote inside a quoted cell, \
                         like \"12\"\" plate\"",
                    ));
                }
                (cell, after)
            }
            None => {
                let (cell, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                if cell.contains('"') {
                    return Err(wrong(
                        "has a quote inside and does not begin with one; quote the whole cell and \
                         double the quote inside, like \"12\"\" plate\"",
                    ));
                }
                (cell.to_owned(), after)
            }
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(cells),
        }
    }
}

/// Returns a cell and the text after its closing quote. `text` follows the opening quote.
fn quoted_cell(text: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => rest = next,
            None => return Some((cell, after)),
        }
        cell.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let picture = |(line, cells): Row| match cells {
            Ok(cells) => format!("{line} {}", cells.join("|")),
            Err(reason) => format!("{line} {reason}"),
        };
        rows(text).unwrap().1.into_iter().map(picture).collect()
    }

    #[test]
    fn a_row_has_the_line_it_stands_on_however_lines_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "1,2", "", "", "3,4", "5", "6,", ""].join(end);
            let short = "6 not a CSV line: it has 1 columns, and the header 2";
            assert_eq!(read(&text), ["2 1|2", "5 3|4", short, "7 6|"], "{text:?}");
        }
    }

    #[test]
    fn a_quoted_cell_holds_commas_and_doubled_quotes() {
        assert_eq!(read("a,b\n\"1,5\",\"12\"\" plate\"\n"), ["2 1,5|12\" plate"]);
        assert_eq!(read("a,b\n \"x\" , \"\"\n"), ["2 x|"]);
        assert_eq!(read("\"a\",b\n,\"\"\"\"\n"), ["2 |\""]);
    }

    #[test]
    fn a_wrong_quote_takes_its_own_line_and_no_other() {
        for (line, told) in [
            ("rye,\"Rye", "column 2 opens a quote that its line does not close"),
            ("\"rye,1", "column 1 opens a quote that its line does not close"),
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
