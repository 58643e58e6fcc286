//! Grid of characters with colours, and its text for a terminal.

use unicode_width::UnicodeWidthChar;

/// Element of the chart that a character belongs to, which determines its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Text,
    Faint,
    Stock,
    Forecast,
    Price,
    Title,
}

impl Ink {
    /// Returns the parameters of the escape sequence. The colours are legible on light and on dark
    /// backgrounds; colour-blind people can tell blue and orange apart.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Text => None,
            Self::Faint => Some("38;5;245"),
            Self::Stock => Some("1;38;5;32"),
            Self::Forecast => Some("38;5;74"),
            Self::Price => Some("38;5;166"),
            Self::Title => Some("1"),
        }
    }
}

/// Rows of columns, from top to bottom. A column holds a character with its combining marks; the
/// second column of a wide character is empty.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    rows: Vec<Vec<(String, Ink)>>,
}

impl Canvas {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { rows: vec![vec![(" ".to_owned(), Ink::Text); width]; height] }
    }

    /// Puts a character. Positions outside the canvas are ignored.
    pub(crate) fn put(&mut self, column: usize, row: usize, character: char, ink: Ink) {
        self.cell(column, row, |cell| *cell = (character.to_string(), ink));
    }

    fn cell(&mut self, column: usize, row: usize, change: impl FnOnce(&mut (String, Ink))) {
        if let Some(cell) = self.rows.get_mut(row).and_then(|row| row.get_mut(column)) {
            change(cell);
        }
    }

    /// Writes text from a column to the right.
    pub(crate) fn write(&mut self, column: usize, row: usize, text: &str, ink: Ink) {
        let mut at = column;
        for character in text.chars() {
            let width = character.width().unwrap_or(1);
            if width == 0 && at > column {
                self.cell(at - 1, row, |(cell, _)| cell.push(character));
                continue;
            }
            self.put(at, row, character, ink);
            if width == 2 {
                self.cell(at + 1, row, |cell| *cell = (String::new(), ink));
            }
            at += width;
        }
    }

    /// Draws a line of steps through the given rows, one for each column from `column` on.
    pub(crate) fn steps(&mut self, column: usize, rows: &[Option<usize>], ink: Ink) {
        let mut before = None;
        for (row, at) in rows.iter().zip(column..) {
            match (before, *row) {
                (Some(from), Some(to)) if from != to => {
                    let corners = if from < to { ['┓', '┗'] } else { ['┛', '┏'] };
                    self.put(at, from, corners[0], ink);
                    (from.min(to) + 1..from.max(to)).for_each(|row| self.put(at, row, '┃', ink));
                    self.put(at, to, corners[1], ink);
                }
                (_, Some(to)) => self.put(at, to, '━', ink),
                (_, None) => {}
            }
            before = *row;
        }
    }

    /// Returns the canvas as text, without trailing spaces.
    pub(crate) fn to_text(&self, is_ascii: bool, is_coloured: bool) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let end = row.iter().rposition(|(cell, _)| cell != " ").map_or(0, |at| at + 1);
            let mut current = None;
            for (cell, ink) in &row[..end] {
                let code = ink.code().filter(|_| is_coloured);
                if code != current && cell != " " {
                    if current.is_some() {
                        text.push_str("\x1b[0m");
                    }
                    if let Some(code) = code {
                        text.push_str(&format!("\x1b[{code}m"));
                    }
                    current = code;
                }
                text.extend(cell.chars().map(|shown| if is_ascii { ascii(shown) } else { shown }));
            }
            if current.is_some() {
                text.push_str("\x1b[0m");
            }
            text.push('\n');
        }
        text
    }
}

/// Returns the most similar ASCII character of a drawing character.
fn ascii(character: char) -> char {
    match character {
        '━' | '─' | '−' => '-',
        '╌' => '~',
        '→' => '>',
        '┃' | '│' | '┤' => '|',
        '┓' | '┗' | '┛' | '┏' | '┼' | '┬' | '┴' => '+',
        '░' => ':',
        '┊' => '!',
        '•' | '·' => '.',
        other => other,
    }
}
