//! Outcome of one item in one store on one date, from the first decision of the afternoon.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::limits::SLOT_MINUTES;
use domain::stock::{Figures, StockWindow, counting_events};
use domain::{
    Action, Arm, BusinessDay, ClosedDay, Currency, Event, Item, Offer, Sku, Store, StoreId,
};
use rust_decimal::Decimal;

use domain::slot_of;

/// Inputs of an outcome.
#[derive(Debug, Clone, Copy)]
pub struct ItemDay<'a> {
    /// The item.
    pub item: &'a Item,
    /// Arm of the item on that day.
    pub arm: Arm,
    /// Instant of the first decision of the store.
    pub decides_from: DateTime<Utc>,
    /// The day.
    pub day: &'a ClosedDay,
    /// The day's windows of this item.
    pub windows: &'a [StockWindow],
    /// The day's offers of this item.
    pub offers: &'a [Offer],
}

/// Outcome of an item-day. Quantities are in the item's unit, amounts in the currency of its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemDayOutcome {
    /// The store.
    pub store_id: StoreId,
    /// The date.
    pub date: NaiveDate,
    /// The item.
    pub sku: Sku,
    /// Category of the item.
    pub category: Option<String>,
    /// Currency of the amounts.
    pub currency: Currency,
    /// Arm of the experiment.
    pub arm: Arm,
    /// On hand at the first decision.
    pub on_hand: Decimal,
    /// Value of `on_hand` at the regular price.
    pub stock_value: Decimal,
    /// On hand plus later deliveries.
    pub to_sell: Decimal,
    /// Sold minus returned.
    pub sold: Decimal,
    /// Sales minus returns.
    pub revenue: Decimal,
    /// Thrown away, or past its life at the end of the day.
    pub wasted: Decimal,
    /// Cost of the waste minus its salvage value; `None` if the cost is unknown.
    pub waste_cost: Option<Decimal>,
    /// Revenue less the cost of what was sold and of the waste; `None` when the cost is unknown.
    pub margin: Option<Decimal>,
    /// Rung up, returns not taken off.
    pub rung_up: Decimal,
    /// Of this, below the regular price.
    pub discounted: Decimal,
    /// Units rung up, each multiplied by its discount as a share of the regular price.
    pub given_away: Decimal,
    /// `true` if a sale emptied the shelf before the close.
    pub is_sold_out: bool,
    /// Outcome of each offer that was shown.
    pub offers: Vec<OfferOutcome>,
}

/// Outcome of one offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferOutcome {
    /// Discount in percent of the regular price.
    pub discount_percent: u8,
    /// Sold with its id.
    pub sold: Decimal,
    /// Expected stock at the close, as `expected_waste` of the `decide` format.
    pub expected_waste: Decimal,
    /// Actual stock at the close.
    pub left: Decimal,
}

/// Returns the instant of the first decision of a day: the first slot of the afternoon.
#[must_use]
pub fn decides_from(store: &Store, day: &BusinessDay) -> DateTime<Utc> {
    let starts = store.clock_on(day, store.policy.afternoon_starts).max(day.opens_at);
    let slot = slot_of(starts);
    if slot < starts { slot + TimeDelta::minutes(SLOT_MINUTES.into()) } else { slot }
}

impl ItemDayOutcome {
    /// The outcome; `None` when nothing was on hand at the first decision, so that nothing could
    /// be decided.
    #[must_use]
    pub fn of(item_day: &ItemDay<'_>) -> Option<Self> {
        let ItemDay { item, arm, decides_from, day, windows, offers } = *item_day;
        let events = || windows.iter().flat_map(StockWindow::events);
        let before = Figures::of(events().filter(|event| event.occurred_at() < decides_from));
        let start = before.counted.map_or(day.opening, |count| count.quantity);
        let on_hand = start + before.moved;
        if on_hand <= Decimal::ZERO {
            return None;
        }
        let after = Figures::of(events().filter(|event| event.occurred_at() >= decides_from));
        let sales = sales(windows);
        let paid = day.regular_price.filter(|price| price.amount() > Decimal::ZERO);
        let regular = paid.unwrap_or(item.price).amount();
        let of_one = |sale: &Sale<'_>| {
            let share = (regular - sale.price) / regular;
            (sale.quantity, share.max(Decimal::ZERO))
        };
        let later = sales.iter().filter(|sale| sale.event.occurred_at() >= decides_from);
        let later: Vec<(Decimal, Decimal)> = later.map(of_one).collect();
        let shown = offers.iter().filter(|offer| !offer.shadow);
        // Shops that throw away before they close empty their shelves as well.
        let emptied_at = day.sold_out_at;
        let came = after.received + after.transferred_in - after.transferred_out;
        let sold = after.sold - after.returned;
        let wasted = after.wasted + day.expired();
        let left = after.wasted + day.closing.max(Decimal::ZERO);
        let revenue = after.revenue.get(&item.price.currency()).copied().unwrap_or_default();
        let cost = item.cost.map(|cost| cost.amount());
        let salvage = item.salvage_value.map_or(Decimal::ZERO, |value| value.amount());
        let waste_cost = cost.map(|cost| wasted * (cost - salvage));
        Some(Self {
            store_id: day.key.store_id.clone(),
            date: day.key.date,
            sku: day.key.sku.clone(),
            category: item.category.clone(),
            currency: item.price.currency(),
            arm,
            on_hand,
            stock_value: on_hand * regular,
            to_sell: (on_hand + came).max(Decimal::ZERO),
            sold,
            revenue,
            wasted,
            waste_cost,
            margin: cost.zip(waste_cost).map(|(cost, waste)| revenue - cost * sold - waste),
            rung_up: later.iter().map(|(quantity, _)| quantity).sum(),
            discounted: later
                .iter()
                .filter(|(_, share)| *share > Decimal::ZERO)
                .map(|(quantity, _)| quantity)
                .sum(),
            given_away: later.iter().map(|(quantity, share)| quantity * share).sum(),
            is_sold_out: sales.iter().any(|sale| Some(sale.event.occurred_at()) == emptied_at),
            offers: shown.map(|offer| of_offer(offer, &sales, left)).collect(),
        })
    }
}

struct Sale<'a> {
    event: &'a Event,
    quantity: Decimal,
    price: Decimal,
}

fn sales(windows: &[StockWindow]) -> Vec<Sale<'_>> {
    let mut sales = Vec::new();
    for event in counting_events(windows) {
        if let Action::Sale(charge) = event.action() {
            let price = charge.label_price(event.quantity()).amount();
            sales.push(Sale { event, quantity: event.quantity().get(), price });
        }
    }
    sales
}

fn of_offer(offer: &Offer, sales: &[Sale<'_>], left: Decimal) -> OfferOutcome {
    let its = |sale: &&Sale<'_>| sale.event.details().offer_id.as_ref() == Some(&offer.offer_id);
    OfferOutcome {
        discount_percent: offer.discount_percent,
        sold: sales.iter().filter(its).map(|sale| sale.quantity).sum(),
        expected_waste: offer.expected.waste,
        left,
    }
}
