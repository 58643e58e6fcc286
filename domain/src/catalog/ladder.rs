//! The discounts that are allowed.

use crate::fields::Fields;
use crate::limits::{DISCOUNT_PERCENT_MAX, LADDER_STEPS_MAX};

/// Allowed discounts in percent: ascending, unique, starting with 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder(Vec<u8>);

/// Why numbers are not a ladder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a ladder: 1 to {LADDER_STEPS_MAX} steps, starting with 0, each deeper than the one \
     before, none above {DISCOUNT_PERCENT_MAX}"
)]
pub struct LadderError;

impl Ladder {
    /// A checked ladder.
    ///
    /// # Errors
    /// [`LadderError`], which states the rule.
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

    /// The steps, in percent.
    #[must_use]
    pub fn steps(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn read(fields: &mut Fields<'_>, field: &'static str) -> Option<Self> {
        let steps = fields.numbers(field)?;
        fields.parsed(field, Self::new(steps))
    }
}
