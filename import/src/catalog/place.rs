//! Place of an entry in a catalogue file.

use std::fmt;

/// Place of an entry in a file: its line, and its position if other entries stand on that line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the line, counted from 1.
    pub line: u64,
    /// Position in the JSON array, counted from 1, if its line holds other elements.
    pub element: Option<u64>,
}

impl From<u64> for Place {
    fn from(line: u64) -> Self {
        Self { line, element: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.line)?;
        self.element.map_or(Ok(()), |element| write!(f, ": element {element} of the array"))
    }
}

impl Place {
    /// Returns the places of the elements of an array with these lines, in order.
    pub(super) fn of_elements(lines: &[u64]) -> impl Iterator<Item = Self> {
        let shares = |index: usize| {
            let line = Some(&lines[index]);
            lines.get(index + 1) == line || index > 0 && lines.get(index - 1) == line
        };
        lines.iter().zip(1..).enumerate().map(move |(index, (line, element))| Self {
            line: *line,
            element: shares(index).then_some(element),
        })
    }

    /// Returns the place with a preposition, for a sentence.
    pub(super) fn in_words(&self) -> String {
        match self.element {
            Some(element) => format!("as element {element} of the array"),
            None => format!("on line {}", self.line),
        }
    }
}
