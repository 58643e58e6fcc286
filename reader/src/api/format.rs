//! Format of an answer, chosen by `Accept`.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use super::problem::ReadProblem;

/// Format of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerFormat {
    /// One object with the rows and the cursor.
    Json,
    /// One object a line for each row.
    Ndjson,
    /// CSV of RFC 4180 with a header line.
    Csv,
}

impl AnswerFormat {
    /// Chooses the format with the highest weight, or JSON among equal ones.
    ///
    /// # Errors
    /// Returns an error if none is accepted.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ReadProblem> {
        let given: Vec<&str> =
            headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        let given = given.join(",");
        if given.trim().is_empty() {
            return Ok(Self::Json);
        }
        let weight = |format: Self| {
            let ranges = given.split(',').filter_map(media_range);
            let fitting = ranges.filter(|(range, _)| format.precedence(range) > 0);
            // The most specific range decides. Source: RFC 9110, section 12.5.1.
            fitting
                .max_by_key(|(range, _)| format.precedence(range))
                .map_or(0, |(_, weight)| weight)
        };
        let formats = [Self::Csv, Self::Ndjson, Self::Json];
        let best = formats.into_iter().max_by_key(|format| weight(*format));
        let accepted = best.filter(|format| weight(*format) > 0);
        accepted.ok_or(ReadProblem::NotAcceptable(given))
    }

    /// Returns how specifically a media range names the format; 0 if it does not.
    fn precedence(self, range: &str) -> u8 {
        let names: &[&str] = match self {
            Self::Json => &["application/json"],
            Self::Ndjson => &["application/x-ndjson", "application/ndjson", "application/jsonl"],
            Self::Csv => &["text/csv"],
        };
        let class = if self == Self::Csv { "text/*" } else { "application/*" };
        match range {
            "*/*" => 1,
            range if range == class => 2,
            range if names.contains(&range) => 3,
            _ => 0,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

/// Returns a media range in lower case, and its weight in thousandths.
fn media_range(given: &str) -> Option<(String, u16)> {
    let mut parts = given.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    Some((range, weight.map_or(1000, thousandths)))
}

/// Returns a weight like `0.25` in thousandths; 0 if it is none.
fn thousandths(weight: &str) -> u16 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = format!("{whole}{fraction:0<3}");
    let is_weight = fraction.len() <= 3 && digits.len() == 4;
    digits.parse().ok().filter(|weight| is_weight && *weight <= 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &str) -> Option<AnswerFormat> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().expect("a header"));
        AnswerFormat::of(&headers).ok()
    }

    #[test]
    fn the_accepted_format_with_the_highest_weight_is_chosen() {
        use AnswerFormat::{Csv, Json, Ndjson};
        assert_eq!(AnswerFormat::of(&HeaderMap::new()).ok(), Some(Json));
        for (accept, format) in [
            ("", Some(Json)),
            ("*/*", Some(Json)),
            ("text/csv", Some(Csv)),
            ("Text/CSV, */*;q=0.1", Some(Csv)),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(Json)),
            ("application/x-ndjson", Some(Ndjson)),
            ("application/json;q=0.5, application/ndjson", Some(Ndjson)),
            ("application/json;q=0, */*", Some(Ndjson)),
            ("text/*", Some(Csv)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=much", None),
        ] {
            assert_eq!(chosen(accept), format, "{accept}");
        }
    }
}
