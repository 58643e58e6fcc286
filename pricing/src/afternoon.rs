//! What is known of one store at one slot of its afternoon, and what follows from it. No I/O: the
//! same knowledge always leads to the same drafts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::BusinessDay;
use domain::catalog::OnDoubt;
use domain::draw;
use domain::history::{History, Whose};
use domain::limits::SLOT_MINUTES;
use domain::stock::StockWindow;
use domain::{Arm, ClosedDay, Inputs, Item, Offer, Sku, Store, StoreId, Trust};
use rust_decimal::Decimal;

use crate::arm::choose;
use crate::contract;
use crate::decide::decide;
use crate::draft::{Draft, draft};
use crate::tills::Tills;

/// What is known of one store at one slot.
#[derive(Debug, Clone)]
pub struct Afternoon {
    /// The store with its policy.
    pub store: Store,
    /// The business day whose afternoon it is.
    pub day: BusinessDay,
    /// The slot that is decided.
    pub slot: DateTime<Utc>,
    /// What it sells, by sku.
    pub items: Vec<Item>,
    /// Whether the country spares perishables from naming the lowest price of 30 days.
    pub is_exempt: bool,
    /// How far today's events can be relied on.
    pub tills: Tills,
    pub(crate) before: HashMap<Sku, ClosedDay>,
    histories: HashMap<Whose, History>,
    windows: HashMap<Sku, Vec<StockWindow>>,
    revisions: HashMap<Sku, Vec<Offer>>,
}

/// What was read of a store, in any order.
#[derive(Debug, Clone)]
pub struct Known {
    /// The store.
    pub store: Store,
    /// The business day.
    pub day: BusinessDay,
    /// The slot.
    pub slot: DateTime<Utc>,
    /// The items.
    pub items: Vec<Item>,
    /// Whether its country exempts perishables.
    pub is_exempt: bool,
    /// All windows within the longest shelf life, before the slot.
    pub windows: Vec<StockWindow>,
    /// All revisions of the day.
    pub offers: Vec<Offer>,
    /// The rows of the day before.
    pub before: Vec<ClosedDay>,
    /// The histories of the items and their categories.
    pub histories: Vec<History>,
}

/// Why nothing is decided about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeldBack {
    /// It, or its category, is never discounted.
    Excluded,
    /// Too early or too late for its category.
    OutOfHours,
    /// Its steps come in another quarter of an hour.
    NotItsTurn,
    /// A least margin is asked for, and nobody says what it costs.
    NoCost,
    /// Everything that is left is past its date.
    PastItsDate,
    /// Fewer on hand than the policy acts on.
    TooFew,
    /// The tills are in doubt, and the policy says that nothing is decided then.
    Withheld,
    /// The store's people have enough to do this hour.
    Postponed,
    /// The catalogue has changed since the price on the shelf was set, so that it is no step any
    /// more; or a figure is out of any range. The price stays.
    Undecidable,
}

impl HeldBack {
    /// Its name in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::OutOfHours => "out_of_hours",
            Self::NotItsTurn => "not_its_turn",
            Self::NoCost => "no_cost",
            Self::PastItsDate => "past_its_date",
            Self::TooFew => "too_few",
            Self::Withheld => "withheld",
            Self::Postponed => "postponed",
            Self::Undecidable => "undecidable",
        }
    }
}

/// What follows for a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    /// What is to be written: the best gains first, or in an order of chance where the store's
    /// experiment compares arms.
    pub drafts: Vec<Draft>,
    /// Items whose price stays.
    pub kept: usize,
    /// Items that this slot or a later one had decided before.
    pub already_decided: usize,
    /// Items about which nothing was decided, and why.
    pub held_back: BTreeMap<HeldBack, usize>,
}

impl Afternoon {
    /// Puts together what was read.
    #[must_use]
    pub fn of(known: Known) -> Self {
        let Known { store, day, slot, items, is_exempt, windows, offers, .. } = known;
        let silent_after = TimeDelta::minutes(store.policy.doubt_after_minutes.into());
        let events = windows.iter().flat_map(StockWindow::events);
        let tills = Tills::of(events, day.starts_at, day.opens_at, slot, silent_after);
        let mut rows: HashMap<Sku, Vec<StockWindow>> = HashMap::new();
        for window in windows {
            rows.entry(window.key().sku.clone()).or_default().push(window);
        }
        rows.values_mut().for_each(|rows| rows.sort_by_key(|row| row.key().window));
        let mut revisions: HashMap<Sku, Vec<Offer>> = HashMap::new();
        for offer in offers {
            revisions.entry(offer.offer_id.sku.clone()).or_default().push(offer);
        }
        revisions.values_mut().for_each(|all| all.sort_by_key(|offer| offer.offer_id.revision));
        let histories = known.histories.into_iter();
        let histories = histories.map(|history| (history.key.of.clone(), history)).collect();
        let before = known.before.into_iter().map(|day| (day.key.sku.clone(), day)).collect();
        Self {
            store,
            day,
            slot,
            items,
            is_exempt,
            tills,
            before,
            histories,
            windows: rows,
            revisions,
        }
    }

    /// Decides about every item, as far as the store's people can print stickers within the hour.
    /// The best gains come first; but the optimiser's choices gain most by its own reckoning, so
    /// an experiment, whose arms are to be compared, leaves to chance what has to wait.
    #[must_use]
    pub fn decide(&self) -> Decided {
        let mut decided = Decided::default();
        let hold = |held: &mut BTreeMap<_, usize>, why| *held.entry(why).or_default() += 1;
        for item in &self.items {
            if self.last_slot(item).is_some_and(|decided_for| decided_for >= self.slot) {
                decided.already_decided += 1;
                continue;
            }
            match self.decide_about(item) {
                Ok(Some(draft)) => decided.drafts.push(draft),
                Ok(None) => decided.kept += 1,
                Err(why) => hold(&mut decided.held_back, why),
            }
        }
        let is_compared = self.store.policy.experiment.compares();
        decided.drafts.sort_by_cached_key(|Draft { offer, gain, .. }| {
            let sku = offer.offer_id.sku.clone();
            if is_compared { (Err(self.chance_of(&sku)), sku) } else { (Ok(Reverse(*gain)), sku) }
        });
        if let Some(most) = self.store.policy.max_changes_per_hour.filter(|_| !self.is_shadow()) {
            let room = (most as usize).saturating_sub(self.changes_within_the_hour());
            for _ in decided.drafts.drain(room.min(decided.drafts.len())..) {
                hold(&mut decided.held_back, HeldBack::Postponed);
            }
        }
        decided
    }

    /// The draft of one item; `None` when its price stays.
    ///
    /// # Errors
    /// Why nothing is decided.
    pub fn decide_about(&self, item: &Item) -> Result<Option<Draft>, HeldBack> {
        if self.tills.trust != Trust::Full && self.store.policy.on_doubt == OnDoubt::Withhold {
            return Err(HeldBack::Withheld);
        }
        let arm = self.arm_of(item);
        let prepared = self.prepare(item, arm)?;
        // Decided is what the public format says, so that the stored line decides the same again.
        let request = contract::write(&prepared.situation);
        let read = contract::read(request.as_bytes()).map_err(|_| HeldBack::Undecidable)?;
        let decision = decide(&read.situation);
        let at = (&self.store, &self.day, self.slot);
        let choice = choose(arm, at, &read.situation, &decision);
        if choice.discount_percent == read.situation.shelf.discount_percent {
            return Ok(None);
        }
        let answer = contract::answer(&read, &decision);
        Ok(Some(draft(self, item, &prepared, arm, &decision, choice, Inputs { request, answer })))
    }

    /// Who decides about an item today.
    #[must_use]
    pub fn arm_of(&self, item: &Item) -> Arm {
        let experiment = &self.store.policy.experiment;
        experiment.arm(&self.store.store_id, item.category.as_deref(), self.day.date)
    }

    /// The windows of an item, in order.
    pub(crate) fn windows_of(&self, item: &Item) -> &[StockWindow] {
        self.windows.get(&item.sku).map_or(&[][..], Vec::as_slice)
    }

    /// The history of an item, and that of its category.
    pub(crate) fn histories_of(&self, item: &Item) -> (Option<&History>, Option<&History>) {
        let category = item.category.clone().map(Whose::Category);
        let own = self.histories.get(&Whose::Item(item.sku.clone()));
        (own, category.and_then(|category| self.histories.get(&category)))
    }

    /// The revisions of an item in order, with those that are shadows or without.
    pub(crate) fn revisions_of(&self, item: &Item, with_shadows: bool) -> Vec<&Offer> {
        let all = self.revisions.get(&item.sku).into_iter().flatten();
        all.filter(|offer| with_shadows || !offer.shadow).collect()
    }

    /// Whether an item may step in this slot: which quarter of an hour its category has differs by
    /// store and date.
    pub(crate) fn is_turn_of(&self, item: &Item) -> bool {
        let every = 1 + u64::from(self.store.policy.step_jitter_minutes / SLOT_MINUTES);
        let number = self.slot.timestamp() / (60 * i64::from(SLOT_MINUTES));
        let category = item.category.as_deref().unwrap_or_default();
        let date = self.day.date.to_string();
        let shift = draw(&[self.store_id().as_str(), &date, category]) % every;
        number.unsigned_abs() % every == shift
    }

    /// An item's place among the changes of this slot, whatever its arm.
    fn chance_of(&self, sku: &Sku) -> u64 {
        let salt = &self.store.policy.experiment.salt;
        draw(&["changes", salt, self.store_id().as_str(), sku.as_str(), &self.slot.to_string()])
    }

    /// Whether what is decided is only looked at.
    pub(crate) fn is_shadow(&self) -> bool {
        self.store.policy.shadow
    }

    pub(crate) fn store_id(&self) -> &StoreId {
        &self.store.store_id
    }

    fn last_slot(&self, item: &Item) -> Option<DateTime<Utc>> {
        self.revisions.get(&item.sku)?.iter().map(|offer| offer.slot).max()
    }

    /// How many prices of the store changed in the last hour, this slot included.
    fn changes_within_the_hour(&self) -> usize {
        let since = self.slot - TimeDelta::hours(1);
        let changes = self.revisions.values().flatten();
        changes.filter(|offer| !offer.shadow && offer.slot > since).count()
    }
}

/// What a change earns over leaving the price for now.
pub(crate) fn gain(decision: &crate::decision::Decision, shelf: u8, value: Decimal) -> Decimal {
    let unchanged = decision.alternatives.iter().find(|it| it.discount_percent == shelf);
    let unchanged = unchanged.and_then(|it| it.outcome.as_ref().ok());
    value - unchanged.map_or(decision.if_unchanged.value, |unchanged| unchanged.value)
}
