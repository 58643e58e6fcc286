//! Order of day and month in dates like 11/20/2026.

use chrono::NaiveDate;

/// Order of day and month in dates with three numbers, of which the last is the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::till_lines) enum DateOrder {
    MonthFirst,
    DayFirst,
}

impl DateOrder {
    /// Returns the order that dates show, and the first date that shows it. A day above 12 shows
    /// it. `None` if no date does, or dates show both orders.
    pub(in crate::till_lines) fn shown<'a>(
        dates: impl Iterator<Item = (u64, &'a str)>,
    ) -> Option<(Self, u64, String)> {
        let mut shown: [Option<(u64, String)>; 2] = [None, None];
        for (line, text) in dates {
            let Some(([first, second], _, rest)) = numbers(text) else { continue };
            let place = match (first, second) {
                (1..=12, 13..=31) => 0,
                (13..=31, 1..=12) => 1,
                _ => continue,
            };
            let date = &text[..text.len() - rest.len()];
            shown[place].get_or_insert_with(|| (line, date.to_owned()));
        }
        match shown {
            [Some((line, date)), None] => Some((Self::MonthFirst, line, date)),
            [None, Some((line, date))] => Some((Self::DayFirst, line, date)),
            _ => None,
        }
    }

    /// Returns the date at the beginning of a text, and the text behind it.
    pub(super) fn date(self, text: &str) -> Option<(NaiveDate, &str)> {
        let ([first, second], year, rest) = numbers(text)?;
        let (month, day) = match self {
            Self::MonthFirst => (first, second),
            Self::DayFirst => (second, first),
        };
        Some((NaiveDate::from_ymd_opt(year, month, day)?, rest))
    }

    /// Returns the order in words.
    pub(in crate::till_lines) fn words(self) -> &'static str {
        match self {
            Self::MonthFirst => "the month first",
            Self::DayFirst => "the day first",
        }
    }
}

/// Splits two numbers and a year of four digits, with the same slash or hyphen between them, from
/// the text behind them.
fn numbers(text: &str) -> Option<([u32; 2], i32, &str)> {
    let separator =
        text.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '/' | '-'))?;
    let (first, rest) = text.split_once(separator)?;
    let (second, rest) = rest.split_once(separator)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (year, rest) = rest.split_at(end);
    let number = |part: &str| part.parse().ok().filter(|_| (1..=2).contains(&part.len()));
    let year = year.parse().ok().filter(|_| year.len() == 4)?;
    Some(([number(first)?, number(second)?], year, rest))
}
