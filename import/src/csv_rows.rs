//! Rows of a CSV text with the numbers of their lines.

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use crate::Numbered;

/// Row of a CSV file below its header.
pub(crate) type Row = Numbered<StringRecord>;

/// Returns the header and the rows below it.
///
/// # Errors
/// Returns an error if the header cannot be read.
pub(crate) fn rows(text: &str, trim: Trim) -> Result<(StringRecord, Vec<Row>), String> {
    let mut reader = ReaderBuilder::new().trim(trim).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut lines = Lines { text: text.as_bytes(), seen: 0, line: 1 };
    let row = |record: csv::Result<StringRecord>| {
        let position = match &record {
            Ok(record) => record.position(),
            Err(error) => error.position(),
        };
        let byte = position.map_or(0, csv::Position::byte);
        (lines.at(byte as usize), record.map_err(|error| not_csv(&error)))
    };
    let rows = reader.records().map(row).collect();
    Ok((headers, rows))
}

/// Returns the reason for refusing a line. The text holds no line number, so that the same mistake
/// in several lines has the same text.
fn not_csv(error: &csv::Error) -> String {
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("not a CSV line: it has {len} columns, and the header {expected_len}")
        }
        _ => format!("not a CSV line: {error}"),
    }
}

/// Line counter for ascending byte offsets.
///
/// The line count of the `csv` crate has two defects: it knows only `\n`, so that all rows of a
/// file with `\r` line ends are on line 1, and it counts the blank lines before a row as part of
/// the row.
struct Lines<'a> {
    text: &'a [u8],
    seen: usize,
    line: u64,
}

impl Lines<'_> {
    /// Returns the line of the first character at or after `byte` that is not a line end.
    fn at(&mut self, byte: usize) -> u64 {
        let ends = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let blank = self.text.get(byte..).unwrap_or_default().iter().take_while(ends).count();
        while self.seen < byte + blank {
            let next = self.text.get(self.seen + 1);
            match self.text.get(self.seen) {
                Some(b'\n') => self.line += 1,
                Some(b'\r') if next != Some(&b'\n') => self.line += 1,
                _ => {}
            }
            self.seen += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<u64> {
        rows(text, Trim::None).unwrap().1.into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn a_row_has_the_line_it_stands_on_however_lines_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "1,2", "", "", "3,4", "5", "6,7", ""].join(end);
            assert_eq!(lines(&text), [2, 5, 6, 7], "{text:?}");
        }
    }

    #[test]
    fn a_row_of_several_lines_has_its_first() {
        assert_eq!(lines("a,b\r\n1,\"x\r\ny\"\r\n2,z\r\n"), [2, 4]);
        assert_eq!(lines("\u{feff}a\n\n1\n"), [3]);
    }
}
