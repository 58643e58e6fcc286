//! Ladder of allowed discounts.

use crate::field_reader::FieldReader;
use crate::limits::{DISCOUNT_PERCENT_MAX, LADDER_STEPS_MAX};

/// Allowed discounts, in percent: ascending, unique, starting with 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder(Vec<u8>);

/// Violation of the rules for a ladder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a ladder: 1 to {LADDER_STEPS_MAX} steps, starting with 0, each deeper than the one \
     before, none above {DISCOUNT_PERCENT_MAX}"
)]
pub struct LadderError;

impl Ladder {
    /// Creates a ladder.
    ///
    /// # Errors
    /// Returns an error if the steps break a rule.
    pub fn new(steps: Vec<u8>) -> Result<Self, LadderError> {
        let ascending = steps.is_sorted_by(|a, b| a < b);
        let starts_with_zero = steps.first() == Some(&0);
        let within = steps.last().is_some_and(|last| *last <= DISCOUNT_PERCENT_MAX);
        if ascending && starts_with_zero && within && steps.len() <= LADDER_STEPS_MAX {
            Ok(Self(steps))
        } else {
            Err(LadderError)
        }
    }

    /// Returns the steps, in percent.
    #[must_use]
    pub fn steps(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn read(fields: &mut FieldReader<'_>, field: &'static str) -> Option<Self> {
        let steps = fields.whole_numbers(field)?;
        fields.check(field, Self::new(steps))
    }
}
