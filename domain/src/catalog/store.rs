//! A store.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;

use super::{CatalogError, Policy};
use crate::calendar::{BusinessDay, Hours, instant};
use crate::fields::Fields;
use crate::id::StoreId;

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
        let mut fields = Fields::of(json).map_err(|fault| CatalogError(vec![fault]))?;
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

    /// The business day called `date`, or `None` when the store stays closed.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> Option<BusinessDay> {
        self.hours.day(self.zone, date)
    }

    /// The business day whose afternoon `now` lies in.
    #[must_use]
    pub fn afternoon_at(&self, now: DateTime<Utc>) -> Option<BusinessDay> {
        let day = self.hours.open_day_at(self.zone, now)?;
        let starts_at = instant(self.zone, day.date, self.policy.afternoon_starts);
        (now >= starts_at).then_some(day)
    }

    /// The date on the store's calendar at `now`.
    #[must_use]
    pub fn date_at(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.zone).date_naive()
    }

    /// From when on goods with `shelf_life_days` may still be for sale on `day`.
    #[must_use]
    pub fn shelf_since(&self, day: &BusinessDay, shelf_life_days: u16) -> DateTime<Utc> {
        let earlier = TimeDelta::days(i64::from(shelf_life_days) - 1);
        if earlier.is_zero() {
            return day.starts_at;
        }
        instant(self.zone, day.date - earlier, chrono::NaiveTime::MIN)
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
