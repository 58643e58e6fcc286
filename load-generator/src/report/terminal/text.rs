//! Lines and tables of at most a number of columns. A control character of the record is shown as
//! `?`, so that it cannot change the terminal.

/// Spaces before the text of an entry.
const INDENT: usize = 2;
/// Minimum width of the last column of a table.
const LAST_MIN: usize = 12;

/// Breaks a text into lines. A word that is wider than a line is broken.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    lines(text, width).iter().map(|line| format!("{line}\n")).collect()
}

/// Returns texts as entries, each with a hyphen; later lines are indented.
pub(super) fn list<'a>(texts: impl Iterator<Item = &'a str>, width: usize) -> String {
    let entry = |text: &str| {
        let lines = lines(text, width.saturating_sub(INDENT));
        let entry: String = lines
            .iter()
            .enumerate()
            .map(|(place, line)| format!("{} {line}\n", if place == 0 { '-' } else { ' ' }))
            .collect();
        entry
    };
    texts.map(entry).collect()
}

fn lines(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let shown = |c: char| if c.is_control() { '?' } else { c };
        let characters: Vec<char> = word.chars().map(shown).collect();
        for (place, piece) in characters.chunks(width).enumerate() {
            match lines.last_mut() {
                Some(line) if place == 0 && length(line) + 1 + piece.len() <= width => {
                    line.push(' ');
                    line.extend(piece);
                }
                _ => lines.push(piece.iter().collect()),
            }
        }
    }
    lines
}

/// Number of characters, which is that of columns unless a character is wide or combines.
fn length(text: &str) -> usize {
    text.chars().count()
}

/// Table under construction. Its last column is wrapped within the width.
#[derive(Debug)]
pub(super) struct Columns {
    /// Rows of cells; the first one is the heading.
    rows: Vec<Vec<String>>,
    /// Alignment by column: `r` for right, all others left.
    alignment: &'static str,
}

impl Columns {
    /// Starts a table with headings and the alignment of its columns.
    pub(super) fn new(headings: &[&str], alignment: &'static str) -> Self {
        let mut columns = Self { rows: Vec::new(), alignment };
        columns.row(headings);
        columns
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: &[&str]) {
        self.rows.push(cells.iter().map(|cell| lines(cell, usize::MAX).concat()).collect());
    }

    /// Returns the lines of the table; nothing without rows. Empty headings have no line.
    pub(super) fn to_text(&self, width: usize) -> String {
        if self.rows.len() < 2 {
            return String::new();
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut widths: Vec<usize> = (0..columns)
            .map(|at| self.rows.iter().filter_map(|row| row.get(at)).map(|c| length(c)).max())
            .map(Option::unwrap_or_default)
            .collect();
        let Some(last) = columns.checked_sub(1) else { return String::new() };
        // Other columns are cut down evenly if the last one has no room at all.
        let is_wide = |widths: &[usize]| {
            let before: usize = widths[..last].iter().map(|width| width + INDENT).sum();
            before + LAST_MIN.min(widths[last]) > width
        };
        while is_wide(&widths) {
            let Some(widest) = widths[..last].iter_mut().max() else { break };
            *widest -= 1;
        }
        let before: usize = widths[..last].iter().map(|width| width + INDENT).sum();
        widths[last] = widths[last].min(width.saturating_sub(before)).max(1);
        self.rows.iter().map(|row| self.row_text(row, &widths)).collect()
    }

    fn row_text(&self, row: &[String], widths: &[usize]) -> String {
        let cells: Vec<Vec<String>> =
            row.iter().zip(widths).map(|(cell, width)| lines(cell, *width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();
        let line = |at: usize| {
            let aligned = cells.iter().zip(widths).zip(self.alignment.chars().chain(['l'; 9]));
            let texts = aligned.map(|((cell, width), alignment)| {
                let text = cell.get(at).map(String::as_str).unwrap_or_default();
                if alignment == 'r' { format!("{text:>width$}") } else { format!("{text:<width$}") }
            });
            let texts: Vec<String> = texts.collect();
            format!("{}\n", texts.join("  ").trim_end())
        };
        (0..height).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_control_characters_are_replaced() {
        assert_eq!(wrapped("one two three", 8), "one two\nthree\n");
        assert_eq!(wrapped("abcdefghij", 4), "abcd\nefgh\nij\n");
        assert_eq!(wrapped("a\u{1b}[2Jb\nc", 80), "a?[2Jb c\n");
        assert_eq!(list(["one two", "six"].into_iter(), 6), "- one\n  two\n- six\n");
    }

    #[test]
    fn the_last_column_is_wrapped() {
        let mut columns = Columns::new(&["n", "reason"], "r");
        columns.row(&["12", "a reason in many words"]);
        assert_eq!(columns.to_text(16), " n  reason\n12  a reason in\n    many words\n");
    }
}
