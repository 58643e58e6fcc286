//! One pass over a store: stored windows -> decisions -> stored offers.
//!
//! A pass may be repeated, delayed and overlapped. What it reads is cut off at its slot, a slot
//! that has an offer is not decided again, and a revision is written only if it does not exist; so
//! a repeated pass changes nothing, and of two at once one wins. One that comes when its slot is
//! over, or the store closed, decides nothing: what was right then is stale.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, TimeDelta, Utc};
use domain::history::{HistoryKey, Whose};
use domain::limits::SLOT_MINUTES;
use domain::ports::{
    CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, Saved, StockTable,
};
use domain::{
    BusinessDay, ClosedDay, DayKey, Item, Money, Offer, OfferId, Store, StoreId, slot_of,
};
use metrics::counter;
use tracing::{Instrument, debug, info_span, warn};

use crate::afternoon::{Afternoon, Decided, HeldBack, Known};
use crate::draft::Draft;
use crate::metrics as names;

/// How far back the lowest price is looked for. Source: Directive 98/6/EC, article 6a (2).
const LOWEST_PRICE_DAYS: u64 = 30;

/// The pricing function with its tables.
#[derive(Debug, Clone)]
pub struct Pricing<T> {
    /// Catalogue, stock, days, histories and offers.
    pub tables: T,
}

/// What a pass did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pass {
    /// The revisions that were written and hold.
    pub published: Vec<Offer>,
    /// Revisions that were written as shadows.
    pub shadows: usize,
    /// Items whose price stays.
    pub kept: usize,
    /// Items that this slot or a later one had decided before.
    pub already_decided: usize,
    /// Items about which nothing was decided, and why.
    pub held_back: BTreeMap<HeldBack, usize>,
}

impl<T> Pricing<T>
where
    T: CatalogTable + StockTable + DaysTable + HistoryTable + OffersTable,
{
    /// A pass over one store for the slot that `due` lies in; nothing outside its afternoon, when
    /// pricing is switched off, or when by `now` the slot is over or the store closed. Its offers
    /// hold from `now` on.
    ///
    /// # Errors
    /// What the tables say. Offers written before the failure stay; a repeated pass goes on.
    pub async fn price_store(
        &self,
        store_id: &StoreId,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Pass, Failure> {
        let span = info_span!("price", store.id = store_id.as_str(), slot = %slot_of(due));
        let pass = async {
            let slot = slot_of(due);
            if now >= slot + TimeDelta::minutes(SLOT_MINUTES.into()) {
                return Ok(too_late("the slot is over"));
            }
            let Some(afternoon) = self.read(store_id, slot, now).await? else {
                return Ok(Pass::default());
            };
            if now >= afternoon.day.closes_at {
                return Ok(too_late("the store is closed"));
            }
            self.write(&afternoon, afternoon.decide(), slot.max(now)).await
        };
        let pass = pass.instrument(span).await;
        if pass.is_err() {
            counter!(names::FAILED_TOTAL).increment(1);
        }
        pass
    }

    /// Reads all that is known of a store at a slot: nothing of the slot itself or after it.
    /// `None` outside the store's afternoon, or when pricing is switched off.
    ///
    /// # Errors
    /// What the tables say.
    pub async fn read(
        &self,
        store_id: &StoreId,
        slot: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Afternoon>, Failure> {
        let Some(store) = self.tables.load_store(store_id).await? else { return Ok(None) };
        let Some(day) = store.afternoon_at(slot) else { return Ok(None) };
        let chain = self.tables.load_chain().await?;
        if !chain.enabled || !store.policy.enabled {
            debug!("switched off");
            return Ok(None);
        }
        let is_exempt = chain.exempts(store.country.as_deref());
        Ok(Some(Afternoon::of(self.know(store, day, is_exempt, slot, now).await?)))
    }

    /// Reads what is known of a store's business day at a slot, whether or not it is decided.
    ///
    /// # Errors
    /// What the tables say.
    pub async fn know(
        &self,
        store: Store,
        day: BusinessDay,
        is_exempt: bool,
        slot: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Known, Failure> {
        let store_id = &store.store_id;
        let items = self.tables.load_items(store_id).await?;
        let longest_life = items.iter().map(|item| item.shelf_life_days).max().unwrap_or(1);
        let since = store.shelf_since(&day, longest_life);
        let windows = self.tables.query_stock(store_id, None, since, slot, now).await?;
        let offers = self.tables.query_offers(store_id, day.date).await?;
        let keep = items.iter().filter(|item| item.shelf_life_days > 1);
        let yesterday = day.date - Days::new(1);
        let key = |item: &Item| DayKey {
            store_id: store_id.clone(),
            sku: item.sku.clone(),
            date: yesterday,
        };
        let before = self.tables.load_days(&keep.map(key).collect::<Vec<_>>()).await?;
        let histories = self.tables.load_histories(&history_keys(store_id, &items)).await?;
        Ok(Known { store, day, slot, items, is_exempt, windows, offers, before, histories })
    }

    /// Writes what was decided; `valid_from` is when it holds.
    ///
    /// # Errors
    /// What the tables say. Offers written before the failure stay.
    pub async fn write(
        &self,
        afternoon: &Afternoon,
        decided: Decided,
        valid_from: DateTime<Utc>,
    ) -> Result<Pass, Failure> {
        let Decided { drafts, kept, already_decided, held_back } = decided;
        let mut pass = Pass { kept, already_decided, held_back, ..Pass::default() };
        for draft in drafts {
            let offer = self.finish(draft, afternoon.is_exempt, valid_from).await?;
            match self.tables.publish_offer(&offer).await? {
                Saved::Done if offer.shadow => pass.shadows += 1,
                Saved::Done => pass.published.push(offer),
                // An overlapping pass was faster; the next slot sees what it wrote.
                Saved::Conflict(_) => pass.already_decided += 1,
            }
        }
        pass.count();
        Ok(pass)
    }

    /// The offer of a draft, with the price that a sign may name as the one before.
    async fn finish(
        &self,
        draft: Draft,
        is_exempt: bool,
        valid_from: DateTime<Utc>,
    ) -> Result<Offer, Failure> {
        let Draft { offer, is_first, .. } = draft;
        let offer = Offer { valid_from, ..offer };
        if !is_first {
            return Ok(offer);
        }
        let OfferId { date, store_id, sku, .. } = &offer.offer_id;
        let (first, last) = (*date - Days::new(LOWEST_PRICE_DAYS), *date - Days::new(1));
        let days = self.tables.query_days(store_id, sku, first, last).await?;
        let lowest_price = lowest(&days, offer.regular_price);
        let was_price = match lowest_price {
            Some(lowest) if !is_exempt && lowest.amount() < offer.regular_price.amount() => lowest,
            _ => offer.regular_price,
        };
        Ok(Offer { lowest_price, was_price, ..offer })
    }
}

fn too_late(why: &str) -> Pass {
    warn!("not priced, too late: {why}");
    counter!(names::LATE_TOTAL).increment(1);
    Pass::default()
}

/// The histories of the items and of their categories.
fn history_keys(store_id: &StoreId, items: &[Item]) -> Vec<HistoryKey> {
    let own = items.iter().map(|item| Whose::Item(item.sku.clone()));
    let categories = items.iter().filter_map(|item| item.category.clone()).map(Whose::Category);
    let whose: BTreeSet<Whose> = own.chain(categories).collect();
    whose.into_iter().map(|of| HistoryKey { store_id: store_id.clone(), of }).collect()
}

/// The lowest price at which anything was sold or offered on these days.
fn lowest(days: &[ClosedDay], like: Money) -> Option<Money> {
    let sold = days.iter().flat_map(|day| day.sold_at.keys().copied());
    let offered = days.iter().flat_map(|day| day.offers.values());
    let offered = offered.map(|offer| (offer.price.currency(), offer.price.amount()));
    let same = sold.chain(offered).filter(|(currency, _)| *currency == like.currency());
    let lowest = same.map(|(_, amount)| amount).filter(|amount| !amount.is_zero()).min()?;
    Money::price(lowest, like.currency()).ok()
}

impl Pass {
    /// Adds the results of another pass, for example over another store.
    pub fn add(&mut self, other: Self) {
        self.published.extend(other.published);
        self.shadows += other.shadows;
        self.kept += other.kept;
        self.already_decided += other.already_decided;
        for (why, items) in other.held_back {
            *self.held_back.entry(why).or_default() += items;
        }
    }

    fn count(&self) {
        let first = self.published.iter().filter(|offer| offer.offer_id.revision == 1).count();
        let outcomes = [
            ("published", first),
            ("deepened", self.published.len() - first),
            ("shadow", self.shadows),
            ("kept", self.kept),
            ("already_decided", self.already_decided),
        ];
        let held_back = self.held_back.iter().map(|(why, items)| (why.as_str(), *items));
        let all = outcomes.into_iter().chain(held_back);
        for (outcome, items) in all.filter(|(_, items)| *items > 0) {
            counter!(names::DECISIONS_TOTAL, "outcome" => outcome).increment(items as u64);
        }
        if let Some(items) = self.held_back.get(&HeldBack::NoCost) {
            warn!("{items} items have a least margin and no cost; they get no discount");
        }
    }
}
