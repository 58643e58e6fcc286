//! A sheet of characters that lines, shades and words are put on.

/// What a character belongs to, which is its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Words,
    Faint,
    Stock,
    Fan,
    Price,
    Bold,
}

impl Ink {
    /// Colours of the 256 that read on light and on dark ground, and apart for the colour-blind:
    /// blue and orange.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Words => None,
            Self::Faint => Some("38;5;245"),
            Self::Stock => Some("1;38;5;32"),
            Self::Fan => Some("38;5;74"),
            Self::Price => Some("38;5;166"),
            Self::Bold => Some("1"),
        }
    }
}

/// Rows of characters, the first one on top.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    rows: Vec<Vec<(char, Ink)>>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { rows: vec![vec![(' ', Ink::Words); width]; height] }
    }

    /// Puts a character; what is outside is cut off.
    pub(super) fn put(&mut self, column: usize, row: usize, character: char, ink: Ink) {
        if let Some(place) = self.rows.get_mut(row).and_then(|row| row.get_mut(column)) {
            *place = (character, ink);
        }
    }

    /// Puts words, from a column to the right.
    pub(super) fn write(&mut self, column: usize, row: usize, words: &str, ink: Ink) {
        for (character, at) in words.chars().zip(column..) {
            self.put(at, row, character, ink);
        }
    }

    /// A line of steps: the row for each column, from `column` on.
    pub(super) fn steps(&mut self, column: usize, rows: &[Option<usize>], ink: Ink) {
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

    /// The sheet as text, without the empty ends of its lines.
    pub(super) fn text(&self, is_ascii: bool, is_coloured: bool) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let end =
                row.iter().rposition(|(character, _)| *character != ' ').map_or(0, |at| at + 1);
            let mut current = None;
            for (character, ink) in &row[..end] {
                let code = ink.code().filter(|_| is_coloured);
                if code != current && *character != ' ' {
                    if current.is_some() {
                        text.push_str("\x1b[0m");
                    }
                    if let Some(code) = code {
                        text.push_str(&format!("\x1b[{code}m"));
                    }
                    current = code;
                }
                text.push(if is_ascii { plain(*character) } else { *character });
            }
            if current.is_some() {
                text.push_str("\x1b[0m");
            }
            text.push('\n');
        }
        text
    }
}

/// The nearest character of ASCII to one that is drawn with.
fn plain(character: char) -> char {
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
