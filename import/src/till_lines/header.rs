//! Header of a till export: its line, its delimiter, and the columns of the mapping.

use domain::excerpt;

use crate::csv_rows::Lines;
use crate::delimiter::Delimiter;
use crate::nearest;

/// Maximum number of lines in which the header is looked for. Titles of a report stand above it.
const LINES_SEARCHED: usize = 30;

/// Header of a file: the names of its columns, without blanks at their ends.
#[derive(Debug)]
pub(super) struct Header(Vec<String>);

/// Table of a file: its header, and the lines below it.
pub(super) struct Table<'a> {
    pub(super) header: Header,
    pub(super) delimiter: Delimiter,
    pub(super) lines: Lines<'a>,
    /// Facts about the form of the file that a person should know.
    pub(super) notes: Vec<String>,
}

/// Reason why a file has no table with some delimiter, and the width of its first line.
type NoTable = (usize, String);

impl<'a> Table<'a> {
    /// Finds the first line with all columns of a mapping. `check` looks the columns up. Without a
    /// delimiter, the usual ones are tried.
    ///
    /// # Errors
    /// Returns an error if no line has the columns: the reason for the first line, with the
    /// delimiter that gives it the most columns.
    pub(super) fn find(
        text: &'a str,
        delimiter: Option<Delimiter>,
        check: impl Fn(&Header) -> Result<(), String>,
    ) -> Result<Self, String> {
        if let Some(delimiter) = delimiter {
            return Self::with(delimiter, text, &check).map_err(|(_, reason)| reason);
        }
        let mut first: Option<NoTable> = None;
        for delimiter in Delimiter::ALL {
            match Self::with(delimiter, text, &check) {
                Ok(mut table) => {
                    if delimiter != Delimiter::COMMA {
                        table.notes.push(format!("{delimiter} separate the columns"));
                    }
                    return Ok(table);
                }
                Err(next) if first.as_ref().is_none_or(|(width, _)| *width < next.0) => {
                    first = Some(next);
                }
                Err(_) => {}
            }
        }
        Err(first.map_or_else(|| crate::EMPTY_FILE.to_owned(), |(_, reason)| reason))
    }

    fn with(
        delimiter: Delimiter,
        text: &'a str,
        check: &impl Fn(&Header) -> Result<(), String>,
    ) -> Result<Self, NoTable> {
        let mut lines = Lines::of(text);
        let mut first: Option<NoTable> = None;
        for position in 0..LINES_SEARCHED {
            let Some((number, cells)) = lines.next_header(delimiter) else { break };
            let header = cells
                .map(|cells| Header(cells.iter().map(|cell| cell.trim().to_owned()).collect()))
                .map_err(|reason| (0, format!("line {number}: {reason}")));
            let checked = header.and_then(|header| {
                let checked = check(&header).map_err(|reason| (header.0.len(), reason));
                checked.map(|()| header)
            });
            match checked {
                Ok(header) => {
                    let mut notes = Vec::new();
                    if position > 0 {
                        notes.push(format!(
                            "the header is on line {number}; the lines above it are left out"
                        ));
                    }
                    return Ok(Self { header, delimiter, lines, notes });
                }
                Err(reason) => drop(first.get_or_insert(reason)),
            }
        }
        Err(first.unwrap_or_else(|| (0, crate::EMPTY_FILE.to_owned())))
    }
}

impl Header {
    /// Returns the name of a column.
    pub(super) fn name(&self, place: usize) -> &str {
        self.0.get(place).map_or("", String::as_str)
    }

    /// Returns the number of columns.
    pub(super) fn width(&self) -> usize {
        self.0.len()
    }

    /// Returns the places of the columns of a field. `Date+Time` is the column of that name, or
    /// else two columns.
    ///
    /// # Errors
    /// Returns an error if a column is missing, or stands twice.
    pub(super) fn places(&self, columns: &str) -> Result<Vec<usize>, String> {
        match self.place(columns) {
            Ok(place) => Ok(vec![place]),
            Err(error) if columns.contains('+') => {
                columns.split('+').map(|name| self.place(name)).collect::<Result<_, _>>().map_err(
                    |part| if error.is_twice { error.message.clone() } else { part.message },
                )
            }
            Err(error) => Err(error.message),
        }
    }

    /// Splits `COLUMN=VALUE` behind the name of a column, which may contain the sign itself.
    pub(super) fn place_and_value<'b>(
        &self,
        rule: &'b str,
    ) -> Result<(usize, &'b str, &'b str), String> {
        let splits =
            rule.match_indices('=').map(|(at, _)| (rule[..at].trim(), rule[at + 1..].trim()));
        let mut first = None;
        for (name, value) in splits {
            match self.place(name) {
                Ok(place) => return Ok((place, name, value)),
                Err(error) => drop(first.get_or_insert(error.message)),
            }
        }
        Err(first.unwrap_or_else(|| format!("{rule:?} is not like COLUMN=VALUE")))
    }

    /// Returns the place of a column: of the same name, or else of a name that differs only in
    /// letter case and blanks.
    fn place(&self, name: &str) -> Result<usize, NoColumn> {
        let exact = |known: &str| known == name.trim();
        let alike = |known: &str| folded(known) == folded(name);
        self.only(name, exact)
            .unwrap_or_else(|| self.only(name, alike).unwrap_or_else(|| Err(self.unknown(name))))
    }

    /// Returns the only column that is like the name; `None` if there is none.
    fn only(&self, name: &str, is_like: impl Fn(&str) -> bool) -> Option<Result<usize, NoColumn>> {
        let mut places = (0..).zip(&self.0).filter(|(_, known)| is_like(known));
        let (place, _) = places.next()?;
        let message = || format!("the file has more than one column {name:?}; keep one");
        Some(match places.next() {
            None => Ok(place),
            Some(_) => Err(NoColumn { message: message(), is_twice: true }),
        })
    }

    fn unknown(&self, name: &str) -> NoColumn {
        let near = nearest(name, self.0.iter().map(String::as_str));
        let advice = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        let known = excerpt(&self.0.join(", "));
        let message = format!("the file has no column {name:?}; it has {known}{advice}");
        NoColumn { message, is_twice: false }
    }
}

struct NoColumn {
    message: String,
    /// `true` if there is more than one.
    is_twice: bool,
}

/// Returns a text in lower case, with one blank for each run of blanks.
pub(crate) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
