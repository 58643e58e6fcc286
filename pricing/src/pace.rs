//! What an item sells: the pace of today, and how it answers to a discount. All in exact decimals.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::{Decimal, MathematicalOps};

/// How far back the pace looks. Long enough for some sales of a slow item, short enough to follow
/// the day.
const LOOK_BACK_HOURS: i64 = 2;

/// What one stretch of opening time sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sales {
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    /// Units sold.
    pub units: Decimal,
    /// The discount that was on the shelf.
    pub percent: u8,
}

/// How many times as much is sold at `percent` off than without discount: the exponential price
/// response `exp(elasticity * percent / 100)` (Gallego & van Ryzin 1994, section 2).
#[must_use]
pub fn uplift(elasticity: Decimal, percent: u8) -> Decimal {
    (elasticity * Decimal::new(i64::from(percent), 2)).exp()
}

/// Units an hour that would be sold at the regular price, from the last two hours of `sales`.
///
/// With `n` units in `t` hours, discounted hours counted as longer by their uplift, it is
/// `(n + 1/2) / t`: the mean of a Poisson rate under Jeffreys' prior (Jeffreys 1946), so that an
/// item without a sale is slow and not dead. `None` when the store just opened.
#[must_use]
pub fn pace_per_hour(sales: &[Sales], now: DateTime<Utc>, elasticity: Decimal) -> Option<Decimal> {
    let since = now - TimeDelta::hours(LOOK_BACK_HOURS);
    let recent = sales.iter().filter(|sales| sales.start >= since && sales.end <= now);
    let (units, exposure) =
        recent.fold((Decimal::ZERO, Decimal::ZERO), |(units, exposure), sales| {
            let hours = hours(sales.end - sales.start);
            (units + sales.units, exposure + hours * uplift(elasticity, sales.percent))
        });
    (exposure > Decimal::ZERO).then(|| (units + Decimal::new(5, 1)) / exposure)
}

/// A duration in hours.
#[must_use]
pub fn hours(duration: TimeDelta) -> Decimal {
    Decimal::from(duration.num_seconds()) / Decimal::from(3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sales(start: &str, units: i64, percent: u8) -> Sales {
        let start: DateTime<Utc> = format!("2026-03-12T{start}:00Z").parse().unwrap();
        Sales { start, end: start + TimeDelta::hours(1), units: units.into(), percent }
    }

    #[test]
    fn three_times_the_demand_at_half_the_price() {
        let response = uplift(Decimal::new(22, 1), 50).round_dp(2);
        assert_eq!(response.to_string(), "3.00");
        assert_eq!(uplift(Decimal::new(22, 1), 0), Decimal::ONE);
    }

    #[test]
    fn the_pace_is_that_of_the_last_two_hours_at_the_regular_price() {
        let now = "2026-03-12T16:00:00Z".parse().unwrap();
        let elasticity = Decimal::new(22, 1);
        let pace = |sales: &[Sales]| {
            pace_per_hour(sales, now, elasticity).map(|pace| pace.round_dp(2).normalize())
        };
        let text = |pace: Option<Decimal>| pace.map(|pace| pace.normalize().to_string());
        let earlier = sales("13:00", 40, 0);
        let last = [earlier, sales("14:00", 3, 0), sales("15:00", 4, 0)];
        assert_eq!(text(pace(&last)), Some("3.75".to_owned()));
        let discounted = [sales("14:00", 3, 50), sales("15:00", 3, 50)];
        assert_eq!(text(pace(&discounted)), Some("1.08".to_owned()));
        assert_eq!(text(pace(&[sales("15:00", 0, 0)])), Some("0.5".to_owned()));
        assert_eq!(pace(&[]), None);
    }
}
