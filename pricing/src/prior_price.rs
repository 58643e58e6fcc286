//! Prior price of an item: the lowest price of 30 days, with its evidence.
//!
//! Source: Directive 98/6/EC, article 6a (2).

use chrono::{DateTime, NaiveDate, Utc};
use domain::stock::{StockWindow, counting_events};
use domain::{Action, ClosedDay, Currency, Event, Money};
use rust_decimal::Decimal;

/// Number of days before a reduction that the lowest price is taken from.
pub const LOWEST_PRICE_DAYS: u64 = 30;

/// Lowest price of a time, and the latest evidence of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LowestPrice {
    /// Price.
    pub price: Money,
    /// Latest date of the price.
    pub date: NaiveDate,
    /// Evidence on that date.
    pub evidence: PriceEvidence,
}

/// Evidence of a price on a date. An offer is stronger than a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceEvidence {
    /// A unit was sold at a label with the price.
    Sold,
    /// A revision of an offer had the price.
    Offered {
        /// Number of the revision.
        revision: u32,
    },
}

/// Returns the lowest price in the currency of `like` that was offered or paid on `days`, or paid
/// on the date of `today` before its first offer. Prices of 0 are gifts and no prices.
#[must_use]
pub fn lowest_price(
    days: &[ClosedDay],
    today: (NaiveDate, &[Money]),
    like: Money,
) -> Option<LowestPrice> {
    let of_today = today
        .1
        .iter()
        .map(|price| ((price.currency(), price.amount()), today.0, PriceEvidence::Sold));
    let of_day = |day: &'_ ClosedDay| -> Vec<((Currency, Decimal), NaiveDate, PriceEvidence)> {
        let date = day.key.date;
        let sold = day.sold_at.keys().map(|price| (*price, date, PriceEvidence::Sold));
        let offered = day.offers.iter().map(|(revision, offer)| {
            let price = (offer.price.currency(), offer.price.amount());
            (price, date, PriceEvidence::Offered { revision: *revision })
        });
        sold.chain(offered).collect()
    };
    let all = days.iter().flat_map(of_day).chain(of_today);
    let same =
        all.filter(|((currency, amount), ..)| *currency == like.currency() && !amount.is_zero());
    let rank = |((_, amount), date, evidence): &((Currency, Decimal), NaiveDate, PriceEvidence)| {
        (std::cmp::Reverse(*amount), *date, *evidence)
    };
    let ((currency, amount), date, evidence) = same.max_by_key(rank)?;
    Some(LowestPrice { price: Money::price(amount, currency).ok()?, date, evidence })
}

/// Returns the label prices of the sales from `since` to before `until`.
#[must_use]
pub fn label_prices<'a>(
    windows: impl IntoIterator<Item = &'a StockWindow>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<Money> {
    let span = since..until;
    let sales = counting_events(windows)
        .into_iter()
        .filter(|event| span.contains(&event.occurred_at()) && !event.quantity().get().is_zero());
    let price = |event: &Event| match event.action() {
        Action::Sale(charge) => Some(charge.label_price(event.quantity())),
        _ => None,
    };
    sales.filter_map(price).collect()
}
