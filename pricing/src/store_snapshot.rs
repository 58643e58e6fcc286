//! Snapshot of one store at one slot, and the decisions that follow from it. Equal snapshots give
//! equal decisions; nothing here does I/O.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::BusinessDay;
use domain::catalog::OnDoubt;
use domain::draw;
use domain::history::{History, HistorySubject};
use domain::limits::SLOT_MINUTES;
use domain::stock::StockWindow;
use domain::{Arm, ClosedDay, Inputs, Item, Money, Offer, Sku, Store, StoreId, Trust};
use rust_decimal::Decimal;
use stock_log::UnreadableSegment;

use crate::arm::choose;
use crate::contract;
use crate::decide::decide;
use crate::event_trust::EventTrust;
use crate::offer_draft::OfferDraft;
use crate::prior_price::label_prices;
pub use crate::skip_reason::SkipReason;

/// Rows of one store, as read from the tables, in any order.
#[derive(Debug, Clone)]
pub struct StoreRows {
    /// Store with its policy.
    pub store: Store,
    /// Business day of the slot.
    pub day: BusinessDay,
    /// Slot to be decided.
    pub slot: DateTime<Utc>,
    /// Items of the store.
    pub items: Vec<Item>,
    /// `true` if the country exempts perishables from naming the lowest price of 30 days.
    pub is_exempt: bool,
    /// Windows of the day before the slot. For items without a closed day in `before`, also those
    /// of earlier dates within their shelf life.
    pub windows: Vec<StockWindow>,
    /// All revisions of the day.
    pub offers: Vec<Offer>,
    /// Closed days of the date before, as stored or as its close will write them.
    pub before: Vec<ClosedDay>,
    /// Histories of the items and their categories.
    pub histories: Vec<History>,
    /// Segments of the stock log that were left out of `windows`.
    pub unreadable: Vec<UnreadableSegment>,
}

/// Snapshot of one store at one slot.
#[derive(Debug, Clone)]
pub struct StoreSnapshot {
    /// Store with its policy.
    pub store: Store,
    /// Business day of the slot.
    pub day: BusinessDay,
    /// Slot to be decided.
    pub slot: DateTime<Utc>,
    /// Items of the store.
    pub items: Vec<Item>,
    /// `true` if the country exempts perishables from naming the lowest price of 30 days.
    pub is_exempt: bool,
    /// Reliability of today's events.
    pub events: EventTrust,
    pub(crate) before: HashMap<Sku, ClosedDay>,
    histories: HashMap<HistorySubject, History>,
    windows: HashMap<Sku, Vec<StockWindow>>,
    revisions: HashMap<Sku, Vec<Offer>>,
}

/// Decision about one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemDecision {
    /// The price changes.
    Change(Box<OfferDraft>),
    /// The price stays, for this reason.
    Keep(String),
    /// Nothing is decided.
    Skip(SkipReason),
    /// This slot or a later one has a revision.
    AlreadyDecided,
}

/// Decisions about the items of a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreDecisions {
    /// Offers to be written: largest gain first, or in random order if the store's experiment
    /// compares arms.
    pub drafts: Vec<OfferDraft>,
    /// Items without a change. Never holds [`ItemDecision::Change`].
    pub unchanged: BTreeMap<Sku, ItemDecision>,
}

impl StoreSnapshot {
    /// Creates the snapshot from the rows of a store.
    #[must_use]
    pub fn new(rows: StoreRows) -> Self {
        let StoreRows { store, day, slot, items, is_exempt, windows: all, offers, .. } = rows;
        let silent_after = TimeDelta::minutes(store.policy.doubt_after_minutes.into());
        let events = all.iter().flat_map(StockWindow::events);
        let events = EventTrust::new(events, day.starts_at, day.opens_at, slot, silent_after);
        let mut windows: HashMap<Sku, Vec<StockWindow>> = HashMap::new();
        for window in all {
            windows.entry(window.key().sku.clone()).or_default().push(window);
        }
        windows.values_mut().for_each(|all| all.sort_by_key(|row| row.key().window));
        let before = rows.before.into_iter().map(|day| (day.key.sku.clone(), day));
        let before: HashMap<Sku, ClosedDay> = before.collect();
        for item in &items {
            let Some(all) = windows.get_mut(&item.sku) else { continue };
            let earlier = before.get(&item.sku).and_then(|day| day.unit);
            if let Cow::Owned(uniform) = item.units.uniform_after(earlier, all).windows {
                *all = uniform;
            }
        }
        let mut revisions: HashMap<Sku, Vec<Offer>> = HashMap::new();
        for offer in offers {
            revisions.entry(offer.offer_id.sku.clone()).or_default().push(offer);
        }
        revisions.values_mut().for_each(|all| all.sort_by_key(|offer| offer.offer_id.revision));
        let histories = rows.histories.into_iter();
        let histories = histories.map(|history| (history.key.subject.clone(), history)).collect();
        Self { store, day, slot, items, is_exempt, events, before, histories, windows, revisions }
    }

    /// Decides about every item, within the number of price changes per hour.
    ///
    /// The largest gains come first. An experiment that compares arms postpones items at random
    /// instead, because the optimiser's own choices gain most by its own estimate.
    #[must_use]
    pub fn decide(&self) -> StoreDecisions {
        let mut decisions = StoreDecisions::default();
        for item in &self.items {
            match self.decide_about(item) {
                ItemDecision::Change(draft) => decisions.drafts.push(*draft),
                unchanged => drop(decisions.unchanged.insert(item.sku.clone(), unchanged)),
            }
        }
        let is_compared = self.store.policy.experiment.compares();
        decisions.drafts.sort_by_cached_key(|OfferDraft { offer, gain, .. }| {
            let sku = offer.offer_id.sku.clone();
            if is_compared { (Err(self.random_rank(&sku)), sku) } else { (Ok(Reverse(*gain)), sku) }
        });
        if let Some(most) = self.store.policy.max_changes_per_hour.filter(|_| !self.is_shadow()) {
            let room = (most as usize).saturating_sub(self.changes_within_the_hour());
            for draft in decisions.drafts.drain(room.min(decisions.drafts.len())..) {
                let postponed = ItemDecision::Skip(SkipReason::Postponed);
                decisions.unchanged.insert(draft.offer.offer_id.sku, postponed);
            }
        }
        decisions
    }

    /// Decides about one item.
    #[must_use]
    pub fn decide_about(&self, item: &Item) -> ItemDecision {
        if self.decided_by(item).is_some() {
            return ItemDecision::AlreadyDecided;
        }
        self.decided(item).unwrap_or_else(ItemDecision::Skip)
    }

    fn decided(&self, item: &Item) -> Result<ItemDecision, SkipReason> {
        let is_trusted = self.events.trust == Trust::Full;
        if !is_trusted && self.store.policy.on_doubt == OnDoubt::Withhold {
            return Err(SkipReason::Withheld(self.events.trust));
        }
        let arm = self.arm_of(item);
        let prepared = self.prepare(item, arm)?;
        // The decision uses the request as read back from the public format, so that the stored
        // line gives the same decision again.
        let request = contract::write(&prepared.request);
        let line = contract::read(request.as_bytes()).map_err(|_| SkipReason::Undecidable)?;
        let decision = decide(&line.request);
        let at = (&self.store, &self.day, self.slot);
        let choice = choose(arm, at, &line.request, &decision);
        let is_change = choice.discount_percent != line.request.shelf.discount_percent;
        if !is_change && prepared.undercut.is_none() {
            let reason = if arm == Arm::Control { self.no_rule_step() } else { decision.reason };
            return Ok(ItemDecision::Keep(reason));
        }
        let inputs = Inputs { request, answer: contract::answer(&line, &decision) };
        let draft = OfferDraft::new(self, item, &prepared, arm, &decision, choice, inputs);
        // The control arm follows its rule, and exploration is paid for in gains.
        if arm == Arm::Policy && prepared.undercut.is_none() {
            self.check_gain(&draft)?;
        }
        Ok(ItemDecision::Change(Box::new(draft)))
    }

    /// Returns the reason for no step of the control group's rule now, with the next step.
    fn no_rule_step(&self) -> String {
        let reason = "Control group: the fixed rule takes no further step now";
        let mut rule = self.store.policy.experiment.rule.iter();
        match rule.find(|step| self.store.clock_on(&self.day, step.at) > self.slot) {
            Some(step) => {
                let (percent, at) = (step.discount_percent, step.at.format("%H:%M"));
                format!("{reason}; the next one takes {percent} % off from {at} on.")
            }
            None => format!("{reason}."),
        }
    }

    /// Checks that the gain reaches the least gain of the policy.
    fn check_gain(&self, draft: &OfferDraft) -> Result<(), SkipReason> {
        let policy = &self.store.policy;
        let percent = policy.min_gain_percent;
        if draft.gain < policy.min_gain {
            return Err(SkipReason::SmallGain(policy.min_gain));
        }
        if draft.gain < draft.value_of_waiting.abs() * Decimal::new(percent.into(), 2) {
            return Err(SkipReason::SmallShare(percent));
        }
        Ok(())
    }

    /// Returns the revision that decided this slot or a later one: a published one before a shadow.
    #[must_use]
    pub fn decided_by(&self, item: &Item) -> Option<&Offer> {
        let revisions = self.revisions.get(&item.sku)?.iter();
        let decided = revisions.filter(|offer| offer.slot >= self.slot);
        decided.max_by_key(|offer| (!offer.shadow, offer.slot))
    }

    /// Forgets the revisions that are valid from a later instant only, for a look back at `at`.
    #[must_use]
    pub fn as_known_at(mut self, at: DateTime<Utc>) -> Self {
        self.revisions.values_mut().for_each(|all| all.retain(|offer| offer.valid_from <= at));
        self
    }

    /// Returns the arm of an item on this day.
    #[must_use]
    pub fn arm_of(&self, item: &Item) -> Arm {
        let experiment = &self.store.policy.experiment;
        experiment.arm(&self.store.store_id, item.category.as_deref(), self.day.date)
    }

    /// Returns the price on the shelf: that of the current offer, or the catalogue price if it is
    /// lower or there is no offer.
    #[must_use]
    pub fn shelf_price(&self, item: &Item) -> Money {
        let latest = self.revisions_of(item, false).last().copied();
        latest.map_or(item.price, |offer| offer.label(Some(item.price)).price)
    }

    /// Returns the items with windows that the catalogue does not have, and which have no price.
    pub fn unpriced(&self) -> impl Iterator<Item = &Sku> {
        let known: HashSet<&Sku> = self.items.iter().map(|item| &item.sku).collect();
        let mut unpriced: Vec<&Sku> =
            self.windows.keys().filter(|sku| !known.contains(sku)).collect();
        unpriced.sort();
        unpriced.into_iter()
    }

    /// Returns the label prices at which an item was sold on the day, before the slot.
    pub(crate) fn prices_today(&self, sku: &Sku) -> Vec<Money> {
        let windows = self.windows.get(sku).into_iter().flatten();
        label_prices(windows, self.day.starts_at, self.slot)
    }

    /// Returns the windows of an item, in order.
    pub(crate) fn windows_of(&self, item: &Item) -> &[StockWindow] {
        self.windows.get(&item.sku).map_or(&[][..], Vec::as_slice)
    }

    /// Returns the history of an item and the history of its category.
    pub(crate) fn histories_of(&self, item: &Item) -> (Option<&History>, Option<&History>) {
        let category = item.category.clone().map(HistorySubject::Category);
        let own = self.histories.get(&HistorySubject::Item(item.sku.clone()));
        (own, category.and_then(|category| self.histories.get(&category)))
    }

    /// Returns the revisions of an item in order, with or without shadows.
    pub(crate) fn revisions_of(&self, item: &Item, with_shadows: bool) -> Vec<&Offer> {
        let all = self.revisions.get(&item.sku).into_iter().flatten();
        all.filter(|offer| with_shadows || !offer.shadow).collect()
    }

    /// `true` if the item may step in this slot. The slots of a category differ by store and date.
    pub(crate) fn is_turn_of(&self, item: &Item) -> bool {
        let every = 1 + u64::from(self.store.policy.step_jitter_minutes / SLOT_MINUTES);
        let number = self.slot.timestamp() / (60 * i64::from(SLOT_MINUTES));
        let category = item.category.as_deref().unwrap_or_default();
        let date = self.day.date.to_string();
        let shift = draw(&[self.store_id().as_str(), &date, category]) % every;
        number.unsigned_abs() % every == shift
    }

    /// Returns the rank of an item among the changes of this slot, independent of its arm.
    fn random_rank(&self, sku: &Sku) -> u64 {
        let salt = &self.store.policy.experiment.salt;
        draw(&["changes", salt, self.store_id().as_str(), sku.as_str(), &self.slot.to_string()])
    }

    /// `true` if the offers of this store are shadows.
    pub(crate) fn is_shadow(&self) -> bool {
        self.store.policy.shadow
    }

    pub(crate) fn store_id(&self) -> &StoreId {
        &self.store.store_id
    }

    /// Returns the number of price changes of the store in the last hour, including this slot.
    fn changes_within_the_hour(&self) -> usize {
        let since = self.slot - TimeDelta::hours(1);
        let changes = self.revisions.values().flatten();
        changes.filter(|offer| !offer.shadow && offer.slot > since).count()
    }
}
