//! Store of a retailer.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::json;

use super::chain::is_country;
use super::{CatalogError, Nested, Policy, Shape};
use crate::calendar::{BusinessDay, DaySpan, Hours, clock_text, instant};
use crate::country::unassigned_country;
use crate::field_reader::FieldReader;
use crate::identifier::StoreId;
use crate::violation::{Violation, excerpt};

const FIELDS: &[&str] = &["store_id", "name", "country", "zone", "hours", "policy"];

/// Monday of a week without a clock change in almost all zones.
const ANY_WEEK: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 12).expect("a date");

/// Store with its time zone, opening hours and policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Name of the store in events.
    pub store_id: StoreId,
    /// Name for people.
    pub name: Option<String>,
    /// Country whose law applies (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// Time zone.
    pub zone: Tz,
    /// Opening hours.
    pub hours: Hours,
    /// Rules for discounts.
    pub policy: Policy,
}

impl Store {
    /// Names of the fields.
    pub const SHAPE: Shape =
        Shape { fields: FIELDS, nested: &[("policy", Nested::Object(&Policy::SHAPE))] };

    /// Parses `{"store_id", "zone", "hours", "name"?, "country"?, "policy"?}`.
    ///
    /// # Errors
    /// Returns all violations of the entry.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let mut fields = FieldReader::new(json, FIELDS).map_err(CatalogError)?;
        let policy =
            fields.object("policy").map_or(Ok(Policy::default()), |json| Policy::parse(&json));
        let store = read(&mut fields);
        let policy = policy.map_err(|error| fields.violations.extend(error.0)).unwrap_or_default();
        let store = store.map(|store| Self { policy, ..store });
        let store = fields.finish(store).map_err(CatalogError)?;
        let violations = store.reversed_times();
        if violations.is_empty() { Ok(store) } else { Err(CatalogError(violations)) }
    }

    /// Returns a violation for each latest time of a change that precedes the earliest one. No
    /// price would ever change. The order of two times depends on the opening hours, because a
    /// business day may end after midnight.
    fn reversed_times(&self) -> Vec<Violation> {
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
            Violation::new("latest_change", Some(&clock_text(latest)), rule)
        });
        let of_category = self.policy.categories.iter().filter_map(|(name, rules)| {
            let (earliest, name) = (rules.earliest?, excerpt(name));
            let (latest, earliest) =
                (clock_text(before(rules.latest, earliest)?), clock_text(earliest));
            let rule = format!("{name}: latest {latest} is before earliest {earliest}");
            Some(Violation::new("categories", None, rule))
        });
        latest.into_iter().chain(of_category).collect()
    }

    /// Returns the JSON that [`Store::parse`] accepts.
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

    /// Returns the span of `date`, also if the store is closed on it.
    #[must_use]
    pub fn span(&self, date: NaiveDate) -> DaySpan {
        self.hours.span(self.zone, date)
    }

    /// Returns the business day of `date`, or `None` if the store is closed on it.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> Option<BusinessDay> {
        self.hours.day(self.zone, date)
    }

    /// Returns the business day that is open at `now`, or else the business day of the local date;
    /// `None` if the store is closed on that date.
    #[must_use]
    pub fn day_at(&self, now: DateTime<Utc>) -> Option<BusinessDay> {
        let open = self.hours.open_day_at(self.zone, now);
        open.or_else(|| self.day(now.with_timezone(&self.zone).date_naive()))
    }

    /// Returns the business day whose afternoon contains `now`. A start of the afternoon before the
    /// opening counts for the next date if the store is still open then, and otherwise as the
    /// opening.
    #[must_use]
    pub fn afternoon_at(&self, now: DateTime<Utc>) -> Option<BusinessDay> {
        let day = self.hours.open_day_at(self.zone, now)?;
        let starts_at = self.clock_on(&day, self.policy.afternoon_starts);
        (now >= starts_at).then_some(day)
    }

    /// Returns the instant of a clock time on a business day. A time before the opening counts for
    /// the next date if the store is still open then.
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

    /// Returns the earliest instant at which goods that are for sale on `day` can have been
    /// delivered. Stock on hand is added up from this instant. Goods with a shelf life of several
    /// days need a count within that time; stock from before it is not included.
    #[must_use]
    pub fn shelf_since(&self, day: &BusinessDay, shelf_life_days: u16) -> DateTime<Utc> {
        let earlier = TimeDelta::days(i64::from(shelf_life_days) - 1);
        let first = day.date - earlier;
        let midnight = || instant(self.zone, first, NaiveTime::MIN);
        self.day(first).map_or_else(midnight, |first| first.starts_at)
    }

    /// Returns the starts of the days from an instant on, up to that of `day`, in order.
    #[must_use]
    pub fn day_starts(&self, since: DateTime<Utc>, day: &BusinessDay) -> Vec<DateTime<Utc>> {
        let days = (0..).map(|ago| self.span(day.date - TimeDelta::days(ago)).starts_at);
        let mut starts: Vec<_> = days.take_while(|start| *start >= since).collect();
        starts.reverse();
        starts
    }
}

/// Reads a store with the default policy.
fn read(fields: &mut FieldReader<'_>) -> Option<Store> {
    let store_id = fields.required("store_id");
    let name = fields.text("name");
    let country = country(fields);
    let (zone, hours) = (zone(fields), hours(fields));
    let (store_id, zone, hours) = (store_id?, zone?, hours?);
    Some(Store { store_id, name, country, zone, hours, policy: Policy::default() })
}

fn hours(fields: &mut FieldReader<'_>) -> Option<Hours> {
    fields.require("hours")?;
    let expected = "opening hours in quotes, like \"mon-sat 07:00-18:30\"";
    let text = fields.text_like("hours", expected)?;
    fields.check("hours", text.parse())
}

fn country(fields: &mut FieldReader<'_>) -> Option<String> {
    let country = fields.text_like("country", "a country in quotes, like \"DE\"")?;
    let rule = unassigned_country(&country).unwrap_or_default();
    // Stored entries may have a code that is not assigned; an import refuses it.
    fields.check("country", is_country(&country).then_some(country).ok_or(rule))
}

fn zone(fields: &mut FieldReader<'_>) -> Option<Tz> {
    fields.require("zone")?;
    let name = fields.text_like("zone", "a time zone in quotes, like \"Europe/Berlin\"")?;
    let rule = "is not a time zone of the IANA database, like Europe/Berlin";
    fields.check("zone", name.parse().map_err(|_| rule))
}
