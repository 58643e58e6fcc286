//! Dates and instants of plain events.

use chrono::NaiveDate;

use crate::window::DATE_MILLIS;

const MINUTE_MILLIS: i64 = 60 * 1000;

/// Reads two digits at `place`.
fn two(text: &[u8], place: usize) -> Option<u32> {
    let digit = |place: usize| text.get(place).filter(|byte| byte.is_ascii_digit());
    Some(u32::from(digit(place)? - b'0') * 10 + u32::from(digit(place + 1)? - b'0'))
}

/// Reads year, month and day of a date such as `2026-03-12` of the years 2000 to 2099. The year is
/// from 2000, the month from 0.
fn date_parts(bytes: &[u8]) -> Option<(u32, usize, u32)> {
    let is_plain = bytes.len() >= 10 && bytes.starts_with(b"20") && bytes[4] == b'-';
    if !is_plain || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (two(bytes, 2)?, two(bytes, 5)?, two(bytes, 8)?);
    let month = usize::try_from(month).ok()?.checked_sub(1)?;
    let is_leap = month == 1 && year.is_multiple_of(4);
    let days = DAYS_OF_MONTHS.get(month)? + u32::from(is_leap);
    (1..=days).contains(&day).then_some((year, month, day))
}

const DAYS_OF_MONTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Days of a year before each month.
const DAYS_BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
/// Days from 1970-01-01 to 2000-01-01.
const DAYS_TO_2000: u32 = 10_957;

/// Reads a date such as `2026-03-12` of the years 2000 to 2099.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let (year, month, day) = date_parts(text.as_bytes()).filter(|_| text.len() == 10)?;
    let month = u32::try_from(month).ok()? + 1;
    NaiveDate::from_ymd_opt(i32::try_from(2000 + year).ok()?, month, day)
}

/// Reads an instant of the years 2000 to 2099 such as `2026-03-12T15:15:00.123+01:00`, in whole
/// milliseconds since 1970.
pub(super) fn instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let is_plain = bytes.len() >= 20 && bytes[10] == b'T' && bytes[13] == b':' && bytes[16] == b':';
    if !is_plain {
        return None;
    }
    let days = i64::from(days_since_1970(date_parts(bytes)?));
    let (hour, minute, second) = (two(bytes, 11)?, two(bytes, 14)?, two(bytes, 17)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (millis, offset) = fraction(&bytes[19..])?;
    let seconds = i64::from((hour * 60 + minute) * 60 + second);
    Some(days * DATE_MILLIS + seconds * 1_000 + millis - offset_minutes(offset)? * MINUTE_MILLIS)
}

/// Returns the days from 1970-01-01 to a date of the years 2000 to 2099, each fourth of which is a
/// leap year.
fn days_since_1970((year, month, day): (u32, usize, u32)) -> u32 {
    let is_after_leap_day = month > 1 && year.is_multiple_of(4);
    let leap_days = year.div_ceil(4) + u32::from(is_after_leap_day);
    DAYS_TO_2000 + year * 365 + leap_days + DAYS_BEFORE[month] + day - 1
}

/// Reads the fraction of a second, in milliseconds, and returns the rest.
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', digits @ ..] = bytes else { return Some((0, bytes)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let millis = (0..3).fold(0, |millis, place| {
        let digit = digits[..count].get(place).map_or(0, |byte| i64::from(byte - b'0'));
        millis * 10 + digit
    });
    Some((millis, &digits[count..]))
}

fn offset_minutes(bytes: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match bytes {
        b"Z" => return Some(0),
        [b'+', _, _, b':', _, _] => (1, two(bytes, 1)?, two(bytes, 4)?),
        [b'-', _, _, b':', _, _] => (-1, two(bytes, 1)?, two(bytes, 4)?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * i64::from(hours * 60 + minutes))
}
