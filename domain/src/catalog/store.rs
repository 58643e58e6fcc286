//! A store.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;

use super::chain::is_country;
use super::policy::clock_text;
use super::{CatalogError, Policy};
use crate::calendar::{BusinessDay, DaySpan, Hours, instant};
use crate::fault::Fault;
use crate::fields::{Fields, shorten};
use crate::id::StoreId;

/// What is read of a store.
const FIELDS: &[&str] = &["store_id", "name", "country", "zone", "hours", "policy"];

/// A week without a change of the clock almost everywhere.
const ANY_WEEK: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 12).expect("a date");

/// One store: where its clock is, when it is open, how it discounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// What it is called in events.
    pub store_id: StoreId,
    /// What people call it.
    pub name: Option<String>,
    /// The country, by its two letters, whose law counts.
    pub country: Option<String>,
    /// Its time zone.
    pub zone: Tz,
    /// Its opening hours.
    pub hours: Hours,
    /// Its rules for discounts.
    pub policy: Policy,
}

impl Store {
    /// Reads `{"store_id", "zone", "hours", "name"?, "country"?, "policy"?}`.
    ///
    /// # Errors
    /// All rules that the entry breaks.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let mut fields = Fields::of(json, FIELDS).map_err(|fault| CatalogError(vec![fault]))?;
        let policy = fields.raw("policy").map_or(Ok(Policy::default()), Policy::parse);
        let store = read(&mut fields);
        match (store, policy) {
            (Some(store), Ok(policy)) if fields.faults.is_empty() => {
                let store = Self { policy, ..store };
                let faults = store.backward();
                if faults.is_empty() { Ok(store) } else { Err(CatalogError(faults)) }
            }
            (_, policy) => {
                fields.faults.extend(policy.err().into_iter().flat_map(|error| error.0));
                Err(CatalogError(fields.faults))
            }
        }
    }

    /// Ends before their beginnings, by which no price would ever change. Which of two times is
    /// the earlier one, depends on the opening hours: a night goes past midnight.
    fn backward(&self) -> Vec<Fault> {
        let days: Vec<BusinessDay> =
            ANY_WEEK.iter_days().take(7).filter_map(|date| self.day(date)).collect();
        let before = |end: Option<NaiveTime>, start: NaiveTime| {
            let is_before = |end: NaiveTime| {
                days.iter().all(|day| self.clock_on(day, end) < self.clock_on(day, start))
            };
            end.filter(|end| !days.is_empty() && is_before(*end))
        };
        let starts = self.policy.afternoon_starts;
        let latest = before(self.policy.latest_change, starts).map(|latest| {
            let rule = format!("is before afternoon_starts {}", clock_text(starts));
            Fault::new("latest_change", Some(&clock_text(latest)), rule)
        });
        let of_category = self.policy.categories.iter().filter_map(|(name, rules)| {
            let (earliest, name) = (rules.earliest?, shorten(name));
            let (latest, earliest) =
                (clock_text(before(rules.latest, earliest)?), clock_text(earliest));
            let rule = format!("{name}: latest {latest} is before earliest {earliest}");
            Some(Fault::new("categories", None, rule))
        });
        latest.into_iter().chain(of_category).collect()
    }

    /// The entry as [`Store::parse`] reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({
            "store_id": self.store_id.as_str(),
            "name": self.name,
            "country": self.country,
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
        let starts_at = self.clock_on(&day, self.policy.afternoon_starts);
        (now >= starts_at).then_some(day)
    }

    /// The instant of a clock time on a business day: that of the next date, if it is before the
    /// opening and the store is then still open.
    #[must_use]
    pub fn clock_on(&self, day: &BusinessDay, time: NaiveTime) -> DateTime<Utc> {
        let tonight = instant(self.zone, day.date, time);
        let after_midnight = instant(self.zone, day.date + Days::new(1), time);
        if tonight < day.opens_at && after_midnight < day.closes_at {
            after_midnight
        } else {
            tonight
        }
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

/// The store, as yet without its own policy.
fn read(fields: &mut Fields<'_>) -> Option<Store> {
    let store_id = fields.required("store_id");
    let name = fields.text("name");
    let country = country(fields);
    let (zone, hours) = (zone(fields), fields.required("hours"));
    let (store_id, zone, hours) = (store_id?, zone?, hours?);
    Some(Store { store_id, name, country, zone, hours, policy: Policy::default() })
}

fn country(fields: &mut Fields<'_>) -> Option<String> {
    let country = fields.text("country")?;
    let rule = "is not a country of ISO 3166, like DE";
    fields.parsed("country", is_country(&country).then_some(country).ok_or(rule))
}

fn zone(fields: &mut Fields<'_>) -> Option<Tz> {
    fields.present("zone")?;
    let name = fields.text("zone")?;
    let rule = "is not a time zone of the IANA database, like Europe/Berlin";
    fields.parsed("zone", name.parse().map_err(|_| rule))
}
