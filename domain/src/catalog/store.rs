//! A store.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;

use super::{CatalogError, Policy};
use crate::calendar::{BusinessDay, DaySpan, Hours, instant};
use crate::fields::Fields;
use crate::id::StoreId;

/// What is read of a store.
const FIELDS: &[&str] = &["store_id", "name", "zone", "hours", "policy"];

/// One store: where its clock is, when it is open, how it discounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// What it is called in events.
    pub store_id: StoreId,
    /// What people call it.
    pub name: Option<String>,
    /// Its time zone.
    pub zone: Tz,
    /// Its opening hours.
    pub hours: Hours,
    /// Its rules for discounts.
    pub policy: Policy,
}

impl Store {
    /// Reads `{"store_id", "zone", "hours", "name"?, "policy"?}`.
    ///
    /// # Errors
    /// All rules that the entry breaks.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let mut fields = Fields::of(json, FIELDS).map_err(|fault| CatalogError(vec![fault]))?;
        let policy = fields.raw("policy").map_or(Ok(Policy::default()), Policy::parse);
        let store = read(&mut fields);
        match (store, policy) {
            (Some((store_id, name, zone, hours)), Ok(policy)) if fields.faults.is_empty() => {
                Ok(Self { store_id, name, zone, hours, policy })
            }
            (_, policy) => {
                fields.faults.extend(policy.err().into_iter().flat_map(|error| error.0));
                Err(CatalogError(fields.faults))
            }
        }
    }

    /// The entry as [`Store::parse`] reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({
            "store_id": self.store_id.as_str(),
            "name": self.name,
            "zone": self.zone.name(),
            "hours": self.hours.to_string(),
            "policy": self.policy.to_value(),
        })
        .to_string()
    }

    /// Everything that counts for `date`, also where the store stays closed.
    #[must_use]
    pub fn span(&self, date: NaiveDate) -> DaySpan {
        self.hours.span(self.zone, date)
    }

    /// The business day called `date`, or `None` when the store stays closed.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> Option<BusinessDay> {
        self.hours.day(self.zone, date)
    }

    /// The business day that `now` belongs to: the one that is open, or else that of the date on
    /// the store's wall; `None` when the store stays closed on it.
    #[must_use]
    pub fn day_at(&self, now: DateTime<Utc>) -> Option<BusinessDay> {
        let open = self.hours.open_day_at(self.zone, now);
        open.or_else(|| self.day(now.with_timezone(&self.zone).date_naive()))
    }

    /// The business day whose afternoon `now` lies in. A start before the opening is that clock
    /// time of the next date, where the store is then still open, and else the opening.
    #[must_use]
    pub fn afternoon_at(&self, now: DateTime<Utc>) -> Option<BusinessDay> {
        let day = self.hours.open_day_at(self.zone, now)?;
        let starts_on = |date| instant(self.zone, date, self.policy.afternoon_starts);
        let (tonight, after_midnight) = (starts_on(day.date), starts_on(day.date.succ_opt()?));
        let starts_at = if tonight < day.opens_at && after_midnight < day.closes_at {
            after_midnight
        } else {
            tonight
        };
        (now >= starts_at).then_some(day)
    }

    /// From when on goods with `shelf_life_days` may still be for sale on `day`. What is on hand is
    /// added up from there; so of goods that keep for several days there has to be a count within
    /// that time, or what was left before it is missing.
    #[must_use]
    pub fn shelf_since(&self, day: &BusinessDay, shelf_life_days: u16) -> DateTime<Utc> {
        let earlier = TimeDelta::days(i64::from(shelf_life_days) - 1);
        let first = day.date - earlier;
        let midnight = || instant(self.zone, first, NaiveTime::MIN);
        self.day(first).map_or_else(midnight, |first| first.starts_at)
    }
}

fn read(fields: &mut Fields<'_>) -> Option<(StoreId, Option<String>, Tz, Hours)> {
    let store_id = fields.required("store_id");
    let name = fields.text("name");
    let zone = zone(fields);
    let hours = fields.required("hours");
    Some((store_id?, name, zone?, hours?))
}

fn zone(fields: &mut Fields<'_>) -> Option<Tz> {
    fields.present("zone")?;
    let name = fields.text("zone")?;
    let rule = "is not a time zone of the IANA database, like Europe/Berlin";
    fields.parsed("zone", name.parse().map_err(|_| rule))
}
