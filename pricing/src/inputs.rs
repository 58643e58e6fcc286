//! Stored windows, offers and the catalogue -> the situation of one item.

use std::collections::BTreeSet;
use std::iter::successors;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta, Timelike, Utc};
use demand::{Expectation, expectation, prior_elasticity};
use domain::catalog::ItemRules;
use domain::event::Unit;
use domain::history::DayKind;
use domain::limits::SLOT_MINUTES;
use domain::stock::{self, Figures, StockWindow, level_at, past_its_date};
use domain::{Arm, BusinessDay, ClosedDay, Item, Offer, Store};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::afternoon::{Afternoon, HeldBack};
use crate::day::to_f64;
use crate::situation::{Rules, Sales, Shelf, Situation};
use domain::slot_of;

/// The situation of one item, and what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// What is decided about.
    pub situation: Situation,
    /// On hand, in the item's unit.
    pub on_hand: Decimal,
    /// The piece in which the situation counts, in the item's unit.
    pub piece: Decimal,
    /// The item's unit.
    pub unit: Unit,
}

impl Afternoon {
    /// The situation of an item, or why nothing is decided about it.
    ///
    /// # Errors
    /// The rule that holds it back.
    pub fn prepare(&self, item: &Item, arm: Arm) -> Result<Prepared, HeldBack> {
        let rules = self.store.policy.rules_of(item);
        self.may_act(item, &rules, arm)?;
        let windows = self.windows_of(item);
        let before = self.before.get(&item.sku);
        let (opening, since) = opening(&self.store, &self.day, item.shelf_life_days, before);
        let on_shelf = || windows.iter().filter(|row| row.key().window.start() >= since);
        let level = level_at(on_shelf(), self.slot);
        let before = if level.counted.is_some() { Decimal::ZERO } else { opening };
        let level = before + level.on_hand;
        let past = past_its_date(self.delivered(item), level, self.day.date);
        let on_hand = (level - past).normalize();
        if on_hand <= Decimal::ZERO && past > Decimal::ZERO {
            return Err(HeldBack::PastItsDate);
        }
        let unit = unit_of(windows);
        let piece = item.piece(unit);
        let pieces = (on_hand / piece).floor().to_u64().unwrap_or_default();
        if on_hand < self.store.policy.min_on_hand || pieces == 0 {
            return Err(HeldBack::TooFew);
        }
        let starts_at = self.day.starts_at;
        let level = stock::Availability::of_windows(opening, on_shelf(), starts_at, self.slot);
        let chain = self.revisions_of(item, self.store.policy.shadow);
        let shown = self.revisions_of(item, false);
        if chain.first().is_some_and(|first| first.price.currency() != item.price.currency()) {
            return Err(HeldBack::Undecidable);
        }
        // A sign that says "was 2.40" stays true: another regular price counts from tomorrow on.
        let regular_price = chain.first().map_or(item.price, |first| first.regular_price);
        let Expectation { profile, elasticity } = self.expected(item, &rules);
        let situation = Situation {
            store_id: self.store.store_id.to_string(),
            sku: item.sku.to_string(),
            as_of: self.wall(self.slot),
            closes_at: self.wall(self.day.closes_at),
            currency: item.price.currency(),
            on_hand: pieces,
            regular_price: regular_price.amount(),
            unit_cost: item.cost.map_or(Decimal::ZERO, |cost| cost.amount()),
            salvage_value: item.salvage_value.map_or(Decimal::ZERO, |value| value.amount()),
            shelf: self.shelf(regular_price.amount(), &chain),
            sales_today: self.sales(regular_price.amount(), windows, piece, &level, &shown),
            profile: profile.map(|profile| profile.in_portions(to_f64(piece))),
            elasticity: Some(elasticity),
            // What they tell is in the elasticity.
            offer_history: Vec::new(),
            rules: self.rules(item, &rules, arm),
        };
        Ok(Prepared { situation, on_hand, piece, unit })
    }

    /// The rules that forbid any decision.
    fn may_act(&self, item: &Item, rules: &ItemRules<'_>, arm: Arm) -> Result<(), HeldBack> {
        if rules.is_excluded {
            return Err(HeldBack::Excluded);
        }
        let clock_on = |time| self.store.clock_on(&self.day, time);
        let is_early = rules.earliest.is_some_and(|earliest| self.slot < clock_on(earliest));
        if is_early || rules.latest.is_some_and(|latest| self.slot > clock_on(latest)) {
            return Err(HeldBack::OutOfHours);
        }
        if arm != Arm::Control && !self.is_turn_of(item) {
            return Err(HeldBack::NotItsTurn);
        }
        if rules.min_margin_percent.is_some() && item.cost.is_none() {
            return Err(HeldBack::NoCost);
        }
        Ok(())
    }

    /// What is believed of an item before today.
    fn expected(&self, item: &Item, rules: &ItemRules<'_>) -> Expectation {
        let (own, category) = self.histories_of(item);
        let Expectation { profile, elasticity } =
            expectation(own, category, DayKind::of(self.day.date), prior_elasticity(rules));
        let profile = profile.and_then(|profile| profile.filled(&self.opening_slots()));
        Expectation { profile, elasticity }
    }

    /// The first minutes of the slots in which the store is open, by its clock.
    fn opening_slots(&self) -> BTreeSet<u16> {
        let slot = TimeDelta::minutes(SLOT_MINUTES.into());
        let open = |start: &DateTime<Utc>| *start < self.day.closes_at;
        let slots = successors(Some(slot_of(self.day.opens_at)), |start| Some(*start + slot));
        let minute = |start| self.wall(start).num_seconds_from_midnight() / 60;
        slots.take_while(open).filter_map(|start| u16::try_from(minute(start)).ok()).collect()
    }

    /// The windows in which what is on the shelf came.
    fn delivered(&self, item: &Item) -> impl Iterator<Item = &StockWindow> {
        let since = self.store.shelf_since(&self.day, item.shelf_life_days);
        self.windows_of(item).iter().filter(move |row| row.key().window.start() >= since)
    }

    fn shelf(&self, regular_price: Decimal, chain: &[&Offer]) -> Shelf {
        let latest = chain.last();
        Shelf {
            price: latest.map_or(regular_price, |offer| offer.price.amount()),
            discount_percent: latest.map_or(0, |offer| offer.discount_percent),
            since: latest.map(|offer| self.wall(offer.slot)),
            changes_today: u32::try_from(chain.len()).unwrap_or(u32::MAX),
        }
    }

    /// What was sold since opening, slot by slot. A slot without a row sold nothing, unless the
    /// tills are in doubt. A discount counts from its slot on, not from the seconds later at which
    /// the pass came to write it: so a delayed pass leads to the same decisions.
    fn sales(
        &self,
        regular_price: Decimal,
        windows: &[StockWindow],
        piece: Decimal,
        level: &stock::Availability,
        shown: &[&Offer],
    ) -> Vec<Sales> {
        let mut sales = Vec::new();
        let (mut sold, mut pieces) = (Decimal::ZERO, 0);
        let mut rows = windows.iter().peekable();
        let mut start = slot_of(self.day.opens_at);
        while start < self.slot {
            let end = start + TimeDelta::minutes(SLOT_MINUTES.into());
            let mut inside = Vec::new();
            while let Some(row) = rows.next_if(|row| row.key().window.start() < end) {
                inside.extend((row.key().window.start() >= start).then_some(row));
            }
            let figures = Figures::of(inside.into_iter().flat_map(StockWindow::events));
            // Rounded in sum, so that slices of weighed goods do not get lost between slots.
            sold += figures.sold;
            let whole = whole(sold / piece);
            let units = whole - pieces;
            pieces = whole;
            let from = start.max(self.day.opens_at);
            if !self.tills.doubt(from, end) {
                let price = shown.iter().rfind(|offer| offer.slot <= start);
                sales.push(Sales {
                    start: self.wall(from),
                    end: self.wall(end),
                    units,
                    price: price.map_or(regular_price, |offer| offer.price.amount()),
                    sold_out: level.is_empty_within(from, end),
                });
            }
            start = end;
        }
        sales
    }

    fn rules(&self, item: &Item, rules: &ItemRules<'_>, arm: Arm) -> Rules {
        let policy = &self.store.policy;
        let mut interval = match arm {
            Arm::Control => SLOT_MINUTES,
            Arm::Policy | Arm::Exploration => SLOT_MINUTES + policy.step_jitter_minutes,
        };
        // The last decision that may change a price is one without a next.
        let next = self.slot + TimeDelta::minutes(interval.into());
        if rules.latest.is_some_and(|latest| next > self.store.clock_on(&self.day, latest)) {
            let left = (self.day.closes_at - self.slot).num_minutes();
            interval = u32::try_from(left).unwrap_or(interval).max(interval);
        }
        let places = item.price.currency().minor_digits();
        // Up, so that a floor between two prices is kept.
        let up = RoundingStrategy::ToPositiveInfinity;
        Rules {
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

/// What was on an item's shelf at the start of the windows that count on a day, and when they
/// start. What the day before left is known once it was closed; until then everything within the
/// shelf life is added up.
#[must_use]
pub fn opening(
    store: &Store,
    day: &BusinessDay,
    shelf_life_days: u16,
    before: Option<&ClosedDay>,
) -> (Decimal, DateTime<Utc>) {
    match before.filter(|_| shelf_life_days > 1) {
        Some(before) => {
            let lives = |came: &NaiveDate| *came + Days::new(shelf_life_days.into()) > day.date;
            let carried = before.carried.iter().filter(|(came, _)| lives(came));
            (carried.map(|(_, quantity)| *quantity).sum(), day.starts_at)
        }
        None => (Decimal::ZERO, store.shelf_since(day, shelf_life_days)),
    }
}

/// An instant by the store's wall clock.
pub(crate) fn wall(store: &Store, at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&store.zone).fixed_offset()
}

/// The unit in which an item's events count.
fn unit_of(windows: &[StockWindow]) -> Unit {
    let latest = windows.iter().rev().find_map(|row| row.events().last());
    latest.map_or(Unit::Each, |event| event.unit())
}

fn whole(pieces: Decimal) -> u64 {
    let rounded = pieces.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    rounded.to_u64().unwrap_or_default()
}
