//! Reasons for deciding nothing about an item. Each names the rule that holds, with its figures.

use chrono::NaiveTime;
use domain::{Currency, Trust};
use rust_decimal::Decimal;

use crate::measure::Measure;

/// Reason for deciding nothing about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// The item is never discounted.
    ItemExcluded,
    /// The category of the item is never discounted.
    CategoryExcluded,
    /// Before this time, the earliest of the category.
    TooEarly(NaiveTime),
    /// After this time, the latest of the category.
    TooLateForCategory(NaiveTime),
    /// After this time, the latest of the policy.
    TooLate(NaiveTime),
    /// The category takes its steps in another slot.
    NotItsTurn,
    /// The policy has a least margin, and the item has no cost.
    NoCost,
    /// All units left are past their date.
    PastItsDate,
    /// Nothing is on hand, or less than nothing by the events.
    NoStock(Measure),
    /// Less is on hand than the policy acts on.
    BelowMinOnHand {
        /// Stock of the item.
        measure: Measure,
        /// Least stock of the policy, in the unit of the item.
        least: Decimal,
    },
    /// Less is on hand than one portion.
    BelowPortion(Measure),
    /// The events are unreliable, and the policy withholds decisions then.
    Withheld(Trust),
    /// The change gains less than this amount, the least gain of the policy.
    SmallGain(Decimal),
    /// The change gains less than this share of the value of waiting, in percent.
    SmallShare(u8),
    /// The store has reached its number of changes per hour.
    Postponed,
    /// The shelf price is no step of the catalogue's ladder any more, or a figure is out of range.
    /// The price stays.
    Undecidable,
    /// The catalogue has another currency than today's offer. The price of the offer stays.
    OtherCurrency {
        /// Currency of the offer.
        offer: Currency,
        /// Currency of the catalogue.
        catalogue: Currency,
    },
}

impl SkipReason {
    /// Returns the name in metrics, which several reasons share.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ItemExcluded | Self::CategoryExcluded => "excluded",
            Self::TooEarly(_) | Self::TooLateForCategory(_) | Self::TooLate(_) => "out_of_hours",
            Self::NotItsTurn => "not_its_turn",
            Self::NoCost => "no_cost",
            Self::PastItsDate => "past_its_date",
            Self::NoStock(_) | Self::BelowMinOnHand { .. } | Self::BelowPortion(_) => "too_few",
            Self::Withheld(_) => "withheld",
            Self::SmallGain(_) | Self::SmallShare(_) => "small_gain",
            Self::Postponed => "postponed",
            Self::Undecidable | Self::OtherCurrency { .. } => "undecidable",
        }
    }

    /// Returns the reason as a sentence for people.
    #[must_use]
    pub fn sentence(self) -> String {
        let clock = |time: NaiveTime| time.format("%H:%M");
        let stock = |measure: Measure| measure.quantity(measure.on_hand);
        let sentence = match self {
            Self::ItemExcluded => "Never discounted: no_discount of the item is set.",
            Self::CategoryExcluded => "Never discounted: exclude of its category is set.",
            Self::TooEarly(earliest) => {
                return format!("Before {}, earliest of its category.", clock(earliest));
            }
            Self::TooLateForCategory(latest) => {
                return format!("After {}, latest of its category.", clock(latest));
            }
            Self::TooLate(latest) => {
                return format!("After {}, latest_change of the policy.", clock(latest));
            }
            Self::NotItsTurn => {
                "Its category takes its steps in another slot (step_jitter_minutes)."
            }
            Self::NoCost => "The policy has min_margin_percent, and the item has no cost.",
            Self::PastItsDate => "All units left are past their date.",
            Self::NoStock(measure) => return format!("No stock: {} on hand.", stock(measure)),
            Self::BelowMinOnHand { measure, least } => {
                let least = measure.quantity(least);
                return format!("{} on hand, less than {least}, min_on_hand.", stock(measure));
            }
            Self::BelowPortion(measure) => {
                let portion = measure.quantity(measure.portion);
                return format!("{} on hand, less than one portion of {portion}.", stock(measure));
            }
            Self::Withheld(Trust::Silent) => {
                "No till has sent an event for doubt_after_minutes, and on_doubt is withhold."
            }
            Self::Withheld(_) => "Events of the tills are missing, and on_doubt is withhold.",
            Self::SmallGain(least) => {
                return format!("A change would gain less than min_gain, {}.", least.normalize());
            }
            Self::SmallShare(percent) => {
                return format!(
                    "A change would gain less than min_gain_percent, {percent} % of the value of \
                     waiting."
                );
            }
            Self::Postponed => "The store has used its max_changes_per_hour.",
            Self::Undecidable => {
                "The shelf price is not a step of the ladder any more, or a figure is out of range."
            }
            Self::OtherCurrency { offer, catalogue } => {
                return format!(
                    "Today's offer is in {offer}, and the catalogue's price is in {catalogue} now: \
                     the price of the offer stays until the close."
                );
            }
        };
        sentence.to_owned()
    }
}
