//! Decision request of one item, made of stored windows, offers and the catalogue.

use std::collections::BTreeSet;
use std::iter::successors;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta, Timelike, Utc};
use demand::{Expectation, expectation, prior_elasticity};
use domain::catalog::ItemRules;
use domain::event::Unit;
use domain::history::DayKind;
use domain::limits::SLOT_MINUTES;
use domain::stock::{Availability, Delivery, Figures, StockWindow, level_over_days, past_its_date};
use domain::{Arm, BusinessDay, ClosedDay, Event, Item, Money, Offer, Store, slot_of};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::decision_request::{DecisionRequest, PriceRules, SalesWindow, ShelfPrice};
use crate::demand_today::to_f64;
use crate::measure::Measure;
use crate::store_snapshot::{SkipReason, StoreSnapshot};

/// Decision request of one item, with the offer that it replaces.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedRequest {
    /// Request.
    pub request: DecisionRequest,
    /// Price of the current offer, if the catalogue price is below it. The request then starts from
    /// the catalogue price, and the decision becomes a revision even without a discount.
    pub undercut: Option<Money>,
}

impl StoreSnapshot {
    /// Returns the decision request of an item.
    ///
    /// # Errors
    /// Returns the reason if nothing may be decided about the item.
    pub fn prepare(&self, item: &Item, arm: Arm) -> Result<PreparedRequest, SkipReason> {
        let rules = self.store.policy.rules_of(item);
        self.may_act(item, &rules, arm)?;
        let windows = self.windows_of(item);
        let before = self.before.get(&item.sku);
        let (opening, since) = opening(&self.store, &self.day, item.shelf_life_days, before);
        let on_shelf = || windows.iter().filter(|row| row.key().window.start() >= since);
        let day_starts = self.store.day_starts(since, &self.day);
        let level = level_over_days(&day_starts, on_shelf(), self.slot);
        let opening_left = if level.counted.is_some() { Decimal::ZERO } else { opening };
        let level = opening_left + level.on_hand;
        let earlier = self.earlier_deliveries(item);
        let past = past_its_date(&earlier, on_shelf(), level, self.day.date);
        let on_hand = (level - past).normalize();
        if on_hand <= Decimal::ZERO && past > Decimal::ZERO {
            return Err(SkipReason::PastItsDate);
        }
        let unit = unit_of(windows).or_else(|| before?.unit).unwrap_or(Unit::Each);
        let portion = item.portion_of(unit);
        let measure = Measure { unit, portion, on_hand };
        let units = measure.portions().ok_or(SkipReason::Undecidable);
        let least = self.store.policy.min_on_hand;
        let units = match units {
            _ if on_hand <= Decimal::ZERO => return Err(SkipReason::NoStock(measure)),
            _ if on_hand < least => return Err(SkipReason::BelowMinOnHand { measure, least }),
            Ok(0) => return Err(SkipReason::BelowPortion(measure)),
            units => units?,
        };
        let starts_at = self.day.starts_at;
        let availability = Availability::of_windows(opening, on_shelf(), starts_at, self.slot);
        let revisions = self.revisions_of(item, self.is_shadow());
        let shown = self.revisions_of(item, false);
        let of_day = revisions.first().map(|first| first.price.currency());
        let catalogue = item.price.currency();
        if let Some(offer) = of_day.filter(|offer| *offer != catalogue) {
            return Err(SkipReason::OtherCurrency { offer, catalogue });
        }
        // A higher catalogue price counts from tomorrow. A price below the current offer counts at
        // once, because no customer pays more than the catalogue price.
        let undercut = revisions.last().map(|latest| latest.price);
        let undercut = undercut.filter(|shown| item.price.amount() < shown.amount());
        let regular_price = match revisions.last() {
            Some(latest) if undercut.is_none() => latest.regular_price,
            _ => item.price,
        };
        let Expectation { profile, elasticity } = self.expected(item, &rules);
        let request = DecisionRequest {
            store_id: self.store.store_id.to_string(),
            sku: item.sku.to_string(),
            as_of: self.wall(self.slot),
            closes_at: self.wall(self.day.closes_at),
            currency: item.price.currency(),
            on_hand: units,
            measure: (!measure.is_pieces()).then_some(measure),
            regular_price: regular_price.amount(),
            unit_cost: item.cost.map_or(Decimal::ZERO, |cost| cost.amount()),
            salvage_value: item.salvage_value.map_or(Decimal::ZERO, |value| value.amount()),
            shelf: self.shelf(regular_price.amount(), &revisions, undercut),
            sales_today: self.sales(
                regular_price.amount(),
                windows,
                portion,
                &availability,
                &shown,
            ),
            profile: profile.map(|profile| profile.in_portions(to_f64(portion))),
            elasticity: Some(elasticity),
            // Their information is in the elasticity.
            offer_history: Vec::new(),
            rules: self.rules(item, &rules, arm),
        };
        Ok(PreparedRequest { request, undercut })
    }

    /// Checks the rules that forbid any decision.
    fn may_act(&self, item: &Item, rules: &ItemRules<'_>, arm: Arm) -> Result<(), SkipReason> {
        if item.no_discount {
            return Err(SkipReason::ItemExcluded);
        }
        if rules.is_excluded {
            return Err(SkipReason::CategoryExcluded);
        }
        let clock_on = |time| self.store.clock_on(&self.day, time);
        if let Some(earliest) = rules.earliest.filter(|time| self.slot < clock_on(*time)) {
            return Err(SkipReason::TooEarly(earliest));
        }
        if let Some(latest) = rules.latest.filter(|time| self.slot > clock_on(*time)) {
            return Err(match rules.is_latest_of_category {
                true => SkipReason::TooLateForCategory(latest),
                false => SkipReason::TooLate(latest),
            });
        }
        if arm != Arm::Control && !self.is_turn_of(item) {
            return Err(SkipReason::NotItsTurn);
        }
        if rules.min_margin_percent.is_some() && item.cost.is_none() {
            return Err(SkipReason::NoCost);
        }
        Ok(())
    }

    /// Returns the expected demand of an item before today.
    fn expected(&self, item: &Item, rules: &ItemRules<'_>) -> Expectation {
        let (own, category) = self.histories_of(item);
        let Expectation { profile, elasticity } =
            expectation(own, category, DayKind::of(self.day.date), prior_elasticity(rules));
        let profile = profile.and_then(|profile| profile.filled(&self.opening_slots()));
        Expectation { profile, elasticity }
    }

    /// Returns the first minute of each slot in which the store is open, by its wall clock.
    fn opening_slots(&self) -> BTreeSet<u16> {
        let slot = TimeDelta::minutes(SLOT_MINUTES.into());
        let open = |start: &DateTime<Utc>| *start < self.day.closes_at;
        let slots = successors(Some(slot_of(self.day.opens_at)), |start| Some(*start + slot));
        let minute = |start| self.wall(start).num_seconds_from_midnight() / 60;
        slots.take_while(open).filter_map(|start| u16::try_from(minute(start)).ok()).collect()
    }

    /// Returns the deliveries before today of which the closed day tells, within the shelf life.
    fn earlier_deliveries(&self, item: &Item) -> Vec<Delivery> {
        deliveries_before(&self.day, item.shelf_life_days, self.before.get(&item.sku))
    }

    fn shelf(
        &self,
        regular_price: Decimal,
        revisions: &[&Offer],
        undercut: Option<Money>,
    ) -> ShelfPrice {
        let latest = revisions.last();
        let shown = latest.filter(|_| undercut.is_none());
        ShelfPrice {
            price: shown.map_or(regular_price, |offer| offer.price.amount()),
            discount_percent: shown.map_or(0, |offer| offer.discount_percent),
            since: latest.map(|offer| self.wall(offer.slot)),
            changes_today: u32::try_from(revisions.len()).unwrap_or(u32::MAX),
        }
    }

    /// Returns the sales since opening by slot. Slots with missing events are left out; other slots
    /// without a row sold nothing.
    ///
    /// A discount counts from the start of its slot and not from the time of its publication, so
    /// that a delayed pass leads to the same decisions.
    fn sales(
        &self,
        regular_price: Decimal,
        windows: &[StockWindow],
        portion: Decimal,
        availability: &Availability,
        shown: &[&Offer],
    ) -> Vec<SalesWindow> {
        let mut sales = Vec::new();
        let (mut sold, mut counted) = (Decimal::ZERO, 0);
        let mut rows = windows.iter().peekable();
        let mut start = slot_of(self.day.opens_at);
        while start < self.slot {
            let end = start + TimeDelta::minutes(SLOT_MINUTES.into());
            let mut inside = Vec::new();
            while let Some(row) = rows.next_if(|row| row.key().window.start() < end) {
                inside.extend((row.key().window.start() >= start).then_some(row));
            }
            let figures = Figures::of(inside.into_iter().flat_map(StockWindow::events));
            // The running total is rounded, so that small sales of weighed goods are not lost.
            sold += figures.sold;
            let total = whole(sold / portion);
            let units = total - counted;
            counted = total;
            let from = start.max(self.day.opens_at);
            if !self.events.is_doubtful(from, end) {
                let price = shown.iter().rfind(|offer| offer.slot <= start);
                sales.push(SalesWindow {
                    start: self.wall(from),
                    end: self.wall(end),
                    units,
                    price: price.map_or(regular_price, |offer| offer.price.amount()),
                    sold_out: availability.is_empty_within(from, end),
                });
            }
            start = end;
        }
        sales
    }

    fn rules(&self, item: &Item, rules: &ItemRules<'_>, arm: Arm) -> PriceRules {
        let policy = &self.store.policy;
        let mut interval = match arm {
            Arm::Control => SLOT_MINUTES,
            Arm::Policy | Arm::Exploration => SLOT_MINUTES + policy.step_jitter_minutes,
        };
        // The last decision that may change a price has no next one.
        let next = self.slot + TimeDelta::minutes(interval.into());
        if rules.latest.is_some_and(|latest| next > self.store.clock_on(&self.day, latest)) {
            let left = (self.day.closes_at - self.slot).num_minutes();
            interval = u32::try_from(left).unwrap_or(interval).max(interval);
        }
        let places = item.price.currency().minor_digits();
        // Rounded up, so that a floor between two prices is kept.
        let up = RoundingStrategy::ToPositiveInfinity;
        PriceRules {
            ladder: rules.ladder.clone(),
            max_discount_percent: rules.max_discount_percent.into(),
            min_price: rules.min_price.map(|least| least.round_dp_with_strategy(places, up)),
            min_margin_percent: rules.min_margin_percent.map(Decimal::from),
            price_endings: policy.price_endings.clone(),
            decision_interval_minutes: interval,
            min_minutes_between_changes: policy.min_minutes_between_changes,
            max_changes: policy.max_changes,
        }
    }

    fn wall(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        wall(&self.store, at)
    }
}

/// Returns the opening stock of an item, and the start of the windows that count in addition.
///
/// The closed day before gives the stock at the start of the day. Without one, all windows within
/// the shelf life count.
#[must_use]
pub fn opening(
    store: &Store,
    day: &BusinessDay,
    shelf_life_days: u16,
    before: Option<&ClosedDay>,
) -> (Decimal, DateTime<Utc>) {
    match before.filter(|_| shelf_life_days > 1) {
        Some(before) => {
            let is_sold = |came: NaiveDate| lives(came, shelf_life_days, day);
            let carried = before.carried.iter().filter(|(came, _)| is_sold(**came));
            (carried.map(|(_, quantity)| *quantity).sum(), day.starts_at)
        }
        None => (Decimal::ZERO, store.shelf_since(day, shelf_life_days)),
    }
}

/// Returns the deliveries of which the closed day before tells, within the shelf life, in order.
#[must_use]
pub fn deliveries_before(
    day: &BusinessDay,
    shelf_life_days: u16,
    before: Option<&ClosedDay>,
) -> Vec<Delivery> {
    let mut earlier = before.and_then(|day| day.deliveries.clone()).unwrap_or_default();
    earlier.retain(|delivery| lives(delivery.came, shelf_life_days, day));
    earlier
}

/// `true` if goods that came on a date can be sold on a day.
fn lives(came: NaiveDate, shelf_life_days: u16, day: &BusinessDay) -> bool {
    came + Days::new(shelf_life_days.into()) > day.date
}

/// Converts an instant to the store's wall clock.
pub(crate) fn wall(store: &Store, at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&store.zone).fixed_offset()
}

/// Returns the unit of the item's events, which all have the same; a correction has none.
fn unit_of(windows: &[StockWindow]) -> Option<Unit> {
    let mut events = windows.iter().rev().flat_map(StockWindow::events);
    events.find(|event| !event.quantity().get().is_zero()).map(Event::unit)
}

fn whole(units: Decimal) -> u64 {
    let rounded = units.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    rounded.to_u64().unwrap_or_default()
}
