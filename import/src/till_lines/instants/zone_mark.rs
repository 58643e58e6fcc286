//! Marks of a zone behind a time: an offset, the name of a zone, or an abbreviation.

use chrono::FixedOffset;
use chrono_tz::Tz;

/// Largest offset of a zone from UTC, in minutes.
const OFFSET_MINUTES_MAX: i32 = 14 * 60;

/// Mark of a zone behind a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::till_lines) enum ZoneMark {
    None,
    Offset(FixedOffset),
    Zone(Tz),
    /// Letters like `CET`, whose meaning depends on the zone of the line.
    Abbreviation(String),
}

/// Splits a text into a time and the mark behind it. Returns `None` without a mark. The text before
/// a mark ends with a time of day, so the end of a date is none.
pub(super) fn split_mark(text: &str) -> Option<(&str, ZoneMark)> {
    let text = text.trim();
    if let Some((time, name)) = text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        // The offset in front of a name decides in the hour that comes twice.
        return split_mark(time)
            .or_else(|| Some((time.trim(), ZoneMark::Zone(name.parse().ok()?))));
    }
    if let Some((time, name)) = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        return split_mark(time).or_else(|| Some((time.trim(), named(name)?)));
    }
    if let Some(time) = text.strip_suffix(['Z', 'z']).filter(|time| is_time_of_day(time)) {
        return Some((time.trim(), ZoneMark::Offset(FixedOffset::east_opt(0)?)));
    }
    if let Some((time, last)) = text.rsplit_once(' ')
        && is_time_of_day(time)
        && let Some(mark) = offset(last).map(ZoneMark::Offset).or_else(|| named(last))
    {
        return Some((time, mark));
    }
    let sign = text.rfind(['+', '-', '\u{2212}'])?;
    let (time, last) = text.split_at(sign);
    Some((time.trim(), ZoneMark::Offset(offset(last)?))).filter(|(time, _)| is_time_of_day(time))
}

/// `true` if the last word of a text is a time of day.
fn is_time_of_day(text: &str) -> bool {
    let last = text.trim().rsplit(' ').next().unwrap_or_default();
    let last = last.to_ascii_lowercase().replace('.', "");
    last.contains(':') || matches!(&*last, "am" | "pm")
}

fn named(name: &str) -> Option<ZoneMark> {
    let is_word = (2..=5).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphabetic());
    let is_half_of_day = ["am", "pm"].iter().any(|half| half.eq_ignore_ascii_case(name));
    match name {
        _ if is_half_of_day => None,
        "UTC" | "GMT" | "utc" | "gmt" => Some(ZoneMark::Offset(FixedOffset::east_opt(0)?)),
        _ if name.contains('/') => name.parse().ok().map(ZoneMark::Zone),
        _ => is_word.then(|| ZoneMark::Abbreviation(name.to_owned())),
    }
}

/// Parses an offset: `+01:00`, `-0500`, `+1`, `UTC+2`, `Z`.
pub(super) fn offset(text: &str) -> Option<FixedOffset> {
    if text == "Z" {
        return FixedOffset::east_opt(0);
    }
    let text = ["UTC", "GMT"].iter().find_map(|name| text.strip_prefix(name)).unwrap_or(text);
    let (sign, digits) = match text.chars().next()? {
        '+' => (1, &text[1..]),
        '-' => (-1, &text[1..]),
        '\u{2212}' => (-1, &text['\u{2212}'.len_utf8()..]),
        _ => return None,
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), _) => parts,
        (None, 1 | 2) => (digits, "00"),
        (None, 4) if digits.is_ascii() => digits.split_at(2),
        _ => return None,
    };
    let number = |part: &str| {
        let is_number = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse::<i32>().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    let minutes = hours * 60 + minutes;
    (minutes <= OFFSET_MINUTES_MAX).then(|| FixedOffset::east_opt(sign * minutes * 60))?
}
