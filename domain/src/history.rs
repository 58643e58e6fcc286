//! Demand history: the stored expectation of an item or a category, folded from closed days.
//!
//! A history is a function of day rows, so it can be deleted and folded again. The `demand` crate
//! folds histories and reads them; here are the stored fields only. Expectations are floating-point
//! numbers with few significant digits.

use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday};

use crate::digest::Version;
use crate::identifier::{Sku, StoreId};

/// Number of dates in a history: eight of every weekday.
pub const DATES: u64 = 56;
/// Number of last dates covered by [`History::recent`]: those that a pass of the close looks at.
pub const RECENT_DATES: u64 = 9;
/// Maximum length of a category's name that is part of a table key as it is, in bytes. Source:
/// DynamoDB allows 2,048 bytes for a partition key and 1,024 for a sort key.
pub const NAME_BYTES_MAX: usize = 512;

/// Kind of day with its own usual day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayKind {
    /// Monday to Friday.
    Weekday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl DayKind {
    /// All kinds, in order.
    pub const ALL: [Self; 3] = [Self::Weekday, Self::Saturday, Self::Sunday];

    /// Returns the kind of a date.
    #[must_use]
    pub fn of(date: NaiveDate) -> Self {
        match date.weekday() {
            Weekday::Sat => Self::Saturday,
            Weekday::Sun => Self::Sunday,
            _ => Self::Weekday,
        }
    }

    /// Returns the name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weekday => "weekday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }
}

/// Key of a history.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HistoryKey {
    /// Store.
    pub store_id: StoreId,
    /// Item or category.
    pub subject: HistorySubject,
}

/// Subject of a history within a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HistorySubject {
    /// An item.
    Item(Sku),
    /// The items of a category.
    Category(String),
}

impl fmt::Display for HistoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            HistorySubject::Item(sku) => write!(f, "{}/{sku}", self.store_id),
            HistorySubject::Category(name) => write!(f, "{}, category {name}", self.store_id),
        }
    }
}

/// History of an item in a store, or the mean of a category's items.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Store and subject.
    pub key: HistoryKey,
    /// Last of the [`DATES`] dates that the history covers.
    pub through: NaiveDate,
    /// Usual day of each kind, in the order of [`DayKind::ALL`].
    pub kinds: [UsualDay; 3],
    /// Number of days of all kinds together.
    pub days: f64,
    /// Coefficient of variation of a day's total around the usual day, without chance. Of a
    /// category: around its mean item.
    pub day_cv: f64,
    /// Elasticity measured by the item's own offers, without its category. Of a category: mean of
    /// the measured items. `None` without a measurement.
    pub elasticity: Option<ElasticityEstimate>,
    /// Standard deviation of the elasticity between items, for a category with measured items.
    pub items_sd: Option<f64>,
    /// Version of the rows of the last [`RECENT_DATES`] dates.
    pub recent: Version,
    /// Version of everything that was folded.
    pub version: Version,
}

/// Usual day of one kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UsualDay {
    /// Number of days; a fraction stands for the information of the other kinds.
    pub days: f64,
    /// Units at the regular price in each slot of the wall clock's day, up to the last known slot.
    /// `None` if a slot is unknown: the store was closed or the item always sold out.
    pub units: Vec<Option<f64>>,
}

/// Elasticity with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ElasticityEstimate {
    /// Expected value.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}
