//! Demand history: what an item's past days say of its usual day, and its past offers of how demand
//! answers to a price. A pure function of day rows, so it may be thrown away and made again.
//!
//! Expectations are floating-point numbers, rounded to [`DIGITS`] before they are kept; they are
//! added up in a fixed order, and exponentials and logarithms are those of the `libm` crate: the
//! same days give the same bytes on every machine.

mod category;
mod days;
mod profile;
mod response;

use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday};

pub use category::NAME_BYTES_MAX;

use crate::closed_day::{ClosedDay, SLOTS_PER_DAY};
use crate::demand::{Basis, Elasticity, Profile, ProfileSlot};
use crate::id::{Sku, StoreId};
use crate::limits::SLOT_MINUTES;
use crate::version::Version;

/// Stands in every version: a change of the rules is a new number, so that history is made again.
const RULES: u8 = 3;
/// How many dates history looks back: eight of every weekday.
pub const DATES: u64 = 56;
/// Of how many of the last dates a history tells whether they changed since; as many as a pass of
/// the close looks at.
pub const RECENT_DATES: u64 = 9;
/// How many digits are kept of an expectation: far more than are known.
pub const DIGITS: i32 = 4;
/// Decimal places beyond which nothing is kept.
const PLACES_MAX: i32 = 12;
/// With fewer days of its own an item is expected to sell as its category does.
const OWN_DAYS_MIN: f64 = 4.0;

/// Days that are alike.
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
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Weekday, Self::Saturday, Self::Sunday];

    /// The kind of a date.
    #[must_use]
    pub fn of(date: NaiveDate) -> Self {
        match date.weekday() {
            Weekday::Sat => Self::Saturday,
            Weekday::Sun => Self::Sunday,
            _ => Self::Weekday,
        }
    }

    /// Its name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weekday => "weekday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }
}

/// Whose history it is, in a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HistoryKey {
    /// The store.
    pub store_id: StoreId,
    /// The item or the category.
    pub of: Whose,
}

/// Whose history it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whose {
    /// An item's.
    Item(Sku),
    /// That of the items of a category.
    Category(String),
}

impl fmt::Display for HistoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Whose::Item(sku) => write!(f, "{}/{sku}", self.store_id),
            Whose::Category(name) => write!(f, "{}, category {name}", self.store_id),
        }
    }
}

/// The history of an item in a store, or the mean of its category's items.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Whose.
    pub key: HistoryKey,
    /// The last date it looks at; the first is [`DATES`] before.
    pub through: NaiveDate,
    /// The usual day of each kind, in their order.
    pub kinds: [UsualDay; 3],
    /// How many days are behind all kinds together.
    pub days: f64,
    /// How much a day's total varies around the usual day, chance taken off: standard deviation /
    /// mean. Of a category: around its mean item.
    pub day_cv: f64,
    /// What the item's own offers say of its elasticity, its category left out; of a category,
    /// what its items' offers say of their mean, and nothing else. `None` when no offer tells.
    pub elasticity: Option<Estimate>,
    /// Of a category with an elasticity: how much its items differ in it, as a standard deviation.
    pub items_sd: Option<f64>,
    /// Names the last [`RECENT_DATES`] days it was made of.
    pub recent: Version,
    /// Names everything it was made of.
    pub version: Version,
}

/// The usual day of one kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UsualDay {
    /// How many days are behind it; a part of one stands for what the other kinds tell.
    pub days: f64,
    /// Units at the regular price in each slot of the wall clock's day; `None` where nothing is
    /// known, because the store was closed or the shelf always empty. It ends with the last slot
    /// that is known.
    pub units: Vec<Option<f64>>,
}

/// An expected value with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The expected value.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
}

/// What is expected of an item before today.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// The usual day, in the item's unit; `None` when nothing is known.
    pub profile: Option<Profile>,
    /// How demand answers to a price. Past offers are in it and must not be counted again.
    pub elasticity: Elasticity,
}

impl History {
    /// An item's history from its day rows, which may be of any dates and in any order; those
    /// before the last [`DATES`] up to `through` and those after it are left out. `None` when there
    /// are none.
    #[must_use]
    pub fn of_item(
        store_id: &StoreId,
        sku: &Sku,
        through: NaiveDate,
        rows: &[ClosedDay],
    ) -> Option<Self> {
        days::item(store_id, sku, through, rows)
    }

    /// A category's history from those of its items, in any order. `None` without items.
    #[must_use]
    pub fn of_category(store_id: &StoreId, name: &str, items: &[&Self]) -> Option<Self> {
        category::history(store_id, name, items)
    }

    /// Names the rows of an item among the last dates that a pass looks at: the same as
    /// [`History::recent`] as long as none of them changed.
    #[must_use]
    pub fn recent_of<'a>(
        through: NaiveDate,
        rows: impl IntoIterator<Item = &'a ClosedDay>,
    ) -> Version {
        days::recent(through, rows)
    }

    /// Units of a whole usual day.
    #[must_use]
    pub fn units(&self, kind: DayKind) -> f64 {
        self.kinds[kind as usize].total()
    }
}

/// What is expected of an item on a day of this kind, from its own history and its category's.
/// `unknown` is what is believed of an elasticity of which nothing was measured: its variance
/// beyond that between items is that of the mean of a category, of which its other items tell.
#[must_use]
pub fn expected(
    item: Option<&History>,
    category: Option<&History>,
    kind: DayKind,
    unknown: Elasticity,
) -> Expected {
    let belief = category::believed(item.and_then(|item| item.elasticity), category, unknown);
    let elasticity = Elasticity { mean: belief.mean, sd: belief.sd, form: unknown.form };
    Expected { profile: usual_profile(item, category, kind), elasticity }
}

fn usual_profile(
    item: Option<&History>,
    category: Option<&History>,
    kind: DayKind,
) -> Option<Profile> {
    let has_days = |history: &&History| history.days > 0.0;
    let (item, category) = (item.filter(has_days), category.filter(has_days));
    let own = item.filter(|item| item.days >= OWN_DAYS_MIN || category.is_none());
    let (basis, history) = match (own, category) {
        (Some(item), _) => (Basis::Sku, item),
        (None, Some(category)) => (Basis::Category, category),
        (None, None) => return None,
    };
    let usual = &history.kinds[kind as usize];
    let borrowed = category.filter(|_| basis == Basis::Sku).map(|it| &it.kinds[kind as usize]);
    let units = borrowed.map_or_else(|| usual.units.clone(), |borrowed| usual.filled(borrowed));
    let slot = |(slot, units): (usize, Option<f64>)| {
        let start = u16::try_from(slot * SLOT_MINUTES as usize).ok()?;
        Some(ProfileSlot { start, end: start + SLOT_MINUTES as u16, units: units? })
    };
    let slots = units.into_iter().enumerate().filter_map(slot).collect();
    Some(Profile { basis, days: usual.days, day_cv: history.day_cv, slots })
}

impl UsualDay {
    /// Units of the whole day.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.units.iter().flatten().sum()
    }

    /// With what another day tells of the slots that this one does not know, at this one's scale:
    /// an item that is always sold out at noon is still asked for in the afternoon.
    fn filled(&self, other: &Self) -> Vec<Option<f64>> {
        let at = |day: &Self, slot: usize| day.units.get(slot).copied().flatten();
        let (mut own, mut others) = (0.0, 0.0);
        let slots = usize::from(SLOTS_PER_DAY);
        for slot in 0..slots {
            if let (Some(mine), Some(theirs)) = (at(self, slot), at(other, slot)) {
                own += mine;
                others += theirs;
            }
        }
        let scale = if others > 0.0 { own / others } else { 1.0 };
        let scaled = |slot| at(self, slot).or_else(|| at(other, slot).map(|units| units * scale));
        (0..slots).map(scaled).collect()
    }
}

/// As it is kept.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // A power of ten that is exact, so that the quotient is the number nearest to its digits.
    let places = DIGITS - 1 - libm::floor(libm::log10(value.abs())) as i32;
    let scale = |places: i32| (0..places).fold(1.0, |scale, _| scale * 10.0);
    match places {
        0..=PLACES_MAX => libm::round(value * scale(places)) / scale(places),
        ..0 => libm::round(value / scale(-places)) * scale(-places),
        _ => 0.0,
    }
}
