//! Times that are read without a format, because they have one meaning.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::date_order::DateOrder;
use super::zone_mark::{ZoneMark, split_mark};
use super::{MarkedTime, NoTime, nanoseconds};

/// Forms of a date.
const DATES: [&str; 9] = [
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%B %d, %Y",
    "%d %B %Y",
    "%d-%B-%Y",
    "%a, %d %B %Y",
    "%a %B %d %Y",
];
/// Smallest number that is a year, and no day or month.
const YEAR_MIN: i32 = 1000;

/// Reads a time without a format. `order` is that of day and month, as other dates show it.
pub(super) fn read_known(text: &str, order: Option<DateOrder>) -> Result<MarkedTime, NoTime> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !is_dotted_date(text) {
        return read_number(text);
    }
    let parsed = DATES.iter().find_map(|form| {
        let (date, rest) = NaiveDate::parse_and_remainder(text, form).ok()?;
        (date.year() >= YEAR_MIN).then_some((date, rest))
    });
    let parsed = parsed.or_else(|| order?.date(text));
    let Some((date, rest)) = parsed else { return Err(NoTime::Rule(no_form(text))) };
    if rest.trim().is_empty() {
        return Err(NoTime::Date(date));
    }
    let rest = rest.trim_start_matches([' ', ',', 'T', 't', '_']);
    let (time, mark) = split_mark(rest).unwrap_or((rest, ZoneMark::None));
    let time = time_of_day(time).ok_or_else(|| NoTime::Rule(no_form(text)))?;
    Ok(MarkedTime { local: date.and_time(NaiveTime::MIN) + time, mark })
}

fn no_form(text: &str) -> String {
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).take(3).collect();
    let is_day_or_month =
        |part: &&str| part.parse::<u32>().is_ok_and(|number| (1..=31).contains(&number));
    if numbers.len() == 3 && numbers[..2].iter().all(is_day_or_month) {
        let [month_first, day_first] = ["%m/%d", "%d/%m"].map(|order| form(text, order));
        return format!(
            "has a date of which day and month cannot be told apart; --time-format {day_first:?} \
             or {month_first:?} says which, and names the form"
        );
    }
    "is not a time like 2026-03-12 15:15:00; --time-format names another form, like \
     \"%d.%m.%y %H:%M\""
        .to_owned()
}

/// Returns the format of a text with a date of three numbers, for a message. `order` has a slash
/// between day and month.
fn form(text: &str, order: &str) -> String {
    let (date, time) = text.split_once([' ', ',', 'T']).unwrap_or((text, ""));
    let separator = date.trim_start_matches(|c: char| c.is_ascii_digit()).get(..1).unwrap_or("/");
    let year = date.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    let year = if year.len() == 2 { "%y" } else { "%Y" };
    let date = format!("{order}/{year}").replace('/', separator);
    let is_half = time.trim().to_ascii_lowercase().trim_end_matches('.').ends_with('m');
    let time = match (time.trim(), is_half, time.matches(':').count()) {
        ("", ..) => "",
        (_, false, 2) => " %H:%M:%S",
        (_, false, _) => " %H:%M",
        (_, true, 2) => " %I:%M:%S %p",
        (_, true, _) => " %I:%M %p",
    };
    date + time
}

fn is_dotted_date(text: &str) -> bool {
    text.matches('.').count() == 2
}

/// Reads seconds, milliseconds or microseconds since 1970, or a date and time in digits alone.
fn read_number(text: &str) -> Result<MarkedTime, NoTime> {
    let wrong = || {
        NoTime::Rule(
            "is not a number of seconds since 1970 (10 digits), of milliseconds (13) or \
             microseconds (16), and no time like 20260312151500; --time-format names another form"
                .to_owned(),
        )
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let number = || whole.parse::<i64>().map_err(|_| wrong());
    let fraction = nanoseconds(&fraction[..fraction.len().min(9)]).ok_or_else(wrong)?;
    let instant = match whole.len() {
        10 => {
            DateTime::from_timestamp(number()?, 0).map(|at| at + TimeDelta::nanoseconds(fraction))
        }
        13 => DateTime::from_timestamp_millis(number()?),
        16 => DateTime::from_timestamp_micros(number()?),
        8 => {
            let date = NaiveDate::parse_from_str(whole, "%Y%m%d").map_err(|_| wrong())?;
            return Err(NoTime::Date(date));
        }
        14 => {
            let local =
                NaiveDateTime::parse_from_str(whole, "%Y%m%d%H%M%S").map_err(|_| wrong())?;
            return Ok(MarkedTime { local, mark: ZoneMark::None });
        }
        _ => None,
    };
    instant.map(|instant| MarkedTime::at(instant.fixed_offset())).ok_or_else(wrong)
}

/// Reads a time of day of 24 or 12 hours, with or without seconds and their fraction.
fn time_of_day(text: &str) -> Option<TimeDelta> {
    let lower = text.trim().to_ascii_lowercase();
    let halves = [("a.m.", 0), ("p.m.", 12), ("am", 0), ("pm", 12)];
    let half = halves.iter().find_map(|(word, hours)| Some((lower.strip_suffix(word)?, *hours)));
    let (clock, half) = half.map_or((&*lower, None), |(clock, hours)| (clock.trim(), Some(hours)));
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next().unwrap_or("0"));
    let (seconds, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, "0"));
    let number = |part: &str, max: i64| {
        let is_number = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i64>().ok().filter(|number| is_number && *number <= max)
    };
    let hours = match half {
        None => number(hours, 23)?,
        Some(half) => number(hours, 12).filter(|hours| *hours > 0)? % 12 + half,
    };
    let seconds_of_day = hours * 3600 + number(minutes, 59)? * 60 + number(seconds, 59)?;
    let fraction = nanoseconds(fraction.get(..fraction.len().min(9))?)?;
    let is_whole = parts.next().is_none();
    is_whole.then(|| TimeDelta::seconds(seconds_of_day) + TimeDelta::nanoseconds(fraction))
}
