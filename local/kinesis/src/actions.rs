//! Actions of the endpoint, grouped by subject.

mod get;
mod put;
mod reshard;
mod shards;
mod streams;

use super::error::{ApiError, ApiErrorCode};

/// Returns a required member, or an error that names the field.
fn required<T>(value: Option<T>, field: &str) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::missing(field))
}

/// Ends a dry run with its error. Callers validate everything else before.
fn unless_dry_run(dry_run: Option<bool>) -> Result<(), ApiError> {
    if dry_run == Some(true) {
        let message = "The request would have passed; it was rejected because DryRun was given";
        return Err(ApiError::new(ApiErrorCode::DryRun, message));
    }
    Ok(())
}

/// Returns a number within bounds, or the default if the member is missing.
fn bounded(
    value: Option<i64>,
    field: &str,
    default: usize,
    bounds: std::ops::RangeInclusive<usize>,
) -> Result<usize, ApiError> {
    let Some(value) = value else { return Ok(default) };
    usize::try_from(value).ok().filter(|value| bounds.contains(value)).ok_or_else(|| {
        let rule = format!("Member must be between {} and {}", bounds.start(), bounds.end());
        ApiError::constraint(field, value, rule)
    })
}

/// Parses a 128-bit hash key in decimal.
fn hash_key(text: &str, field: &str) -> Result<u128, ApiError> {
    let digits = !text.is_empty() && text.len() <= 39 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        let rule = "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})";
        return Err(ApiError::constraint(field, text, rule));
    }
    text.parse().map_err(|_| {
        ApiError::argument(format!("{field} {text} is above the largest hash key, {}", u128::MAX))
    })
}
