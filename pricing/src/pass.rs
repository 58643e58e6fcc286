//! One pass over a store: reads the tables, decides about every item, publishes the offers.
//!
//! Passes may be repeated, delayed and concurrent. A pass reads nothing from its slot on, does not
//! decide a slot that has an offer, and writes a revision only if it does not exist. A repeated
//! pass therefore changes nothing, and of two concurrent passes one wins. A pass after the end of
//! its slot, or after the close of the store, decides nothing, because its data are stale.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, TimeDelta, Utc};
use domain::history::{HistoryKey, HistorySubject};
use domain::limits::SLOT_MINUTES;
use domain::ports::{CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, Saved, StockLog};
use domain::{BusinessDay, Item, Offer, OfferId, Store, StoreId, slot_of};
use metrics::counter;
use tracing::{Instrument, debug, info_span, warn};

use crate::metrics as names;
use crate::offer_draft::OfferDraft;
use crate::prior_price::{LOWEST_PRICE_DAYS, lowest_price};
use crate::store_snapshot::{ItemDecision, SkipReason, StoreDecisions, StoreRows, StoreSnapshot};
use crate::store_stock::{StockReader, StoreStock};

/// Pricing of single stores.
#[derive(Debug, Clone)]
pub struct Pricing<T> {
    /// Catalogue, stock, closed days, histories and offers.
    pub tables: T,
}

/// Reason for pricing nothing in a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPriced {
    /// The store has no entry in the catalogue.
    #[error("store {0} is not in the catalogue; `daymark catalog import` puts it there")]
    UnknownStore(StoreId),
    /// The retailer's switch is off.
    #[error("offers are switched off for the whole chain (enabled of the chain)")]
    ChainDisabled,
    /// The store's switch is off.
    #[error("offers are switched off for this store (policy.enabled)")]
    StoreDisabled,
    /// The store is closed.
    #[error("the store is closed at {at}: {hours}")]
    Closed {
        /// Instant, by the store's clock.
        at: String,
        /// Opening hours of the store.
        hours: String,
    },
    /// The afternoon has not begun.
    #[error("the afternoon begins at {starts_at} (policy.afternoon_starts), and it is {at}")]
    BeforeAfternoon {
        /// Instant, by the store's clock.
        at: String,
        /// Start of the afternoon, by the store's clock.
        starts_at: String,
    },
}

/// Result of a pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PassReport {
    /// Published revisions.
    pub published: Vec<Offer>,
    /// Number of revisions written as shadows.
    pub shadows: usize,
    /// Number of items whose price stays.
    pub kept: usize,
    /// Number of items that this slot or a later one decided before.
    pub already_decided: usize,
    /// Number of skipped items by reason.
    pub skipped: BTreeMap<SkipReason, usize>,
}

impl<T> Pricing<T>
where
    T: CatalogTable + StockLog + DaysTable + HistoryTable + OffersTable,
{
    /// Prices one store for the slot of `due`. The offers are valid from `now`.
    ///
    /// Nothing is decided outside the store's afternoon, if pricing is switched off, or if the slot
    /// is over or the store closed at `now`.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read or written. Offers written before stay; a
    /// repeated pass completes the rest.
    pub async fn price_store(
        &self,
        store_id: &StoreId,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<PassReport, Failure> {
        let span = info_span!("price", store.id = store_id.as_str(), slot = %slot_of(due));
        let pass = async {
            let slot = slot_of(due);
            if now >= slot + TimeDelta::minutes(SLOT_MINUTES.into()) {
                return Ok(too_late("the slot is over"));
            }
            let snapshot = match self.read(store_id, slot).await? {
                Ok(snapshot) => snapshot,
                Err(reason) => {
                    debug!(%reason, "not priced");
                    return Ok(PassReport::default());
                }
            };
            if now >= snapshot.day.closes_at {
                return Ok(too_late("the store is closed"));
            }
            self.write(&snapshot, snapshot.decide(), slot.max(now)).await
        };
        let pass = pass.instrument(span).await;
        if pass.is_err() {
            counter!(names::FAILED_TOTAL).increment(1);
        }
        pass
    }

    /// Reads the snapshot of a store at a slot, without events from the slot on. Returns the reason
    /// if nothing is priced then.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read.
    pub async fn read(
        &self,
        store_id: &StoreId,
        slot: DateTime<Utc>,
    ) -> Result<Result<StoreSnapshot, NotPriced>, Failure> {
        let Some(store) = self.tables.load_store(store_id).await? else {
            return Ok(Err(NotPriced::UnknownStore(store_id.clone())));
        };
        let day = match afternoon(&store, slot) {
            Ok(day) => day,
            Err(reason) => return Ok(Err(reason)),
        };
        let chain = self.tables.load_chain().await?;
        if !chain.enabled {
            return Ok(Err(NotPriced::ChainDisabled));
        }
        if !store.policy.enabled {
            return Ok(Err(NotPriced::StoreDisabled));
        }
        let is_exempt = chain.exempts(store.country.as_deref());
        let rows = self.read_rows(store, day, is_exempt, slot).await?;
        Ok(Ok(StoreSnapshot::new(rows)))
    }

    /// Reads the rows of a store at a slot, also outside its afternoon. Windows of earlier dates
    /// are read only for items without a day row, and only if the close of day has not run.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read.
    pub async fn read_rows(
        &self,
        store: Store,
        day: BusinessDay,
        is_exempt: bool,
        slot: DateTime<Utc>,
    ) -> Result<StoreRows, Failure> {
        let store_id = &store.store_id;
        let items = self.tables.load_items(store_id).await?;
        let reader = StockReader { tables: &self.tables, store: &store, day: &day, items: &items };
        let StoreStock { windows, before, unreadable } = reader.read(slot).await?;
        counter!(names::UNREADABLE_SEGMENTS_TOTAL).increment(unreadable.len() as u64);
        let offers = self.tables.query_offers(store_id, day.date).await?;
        let histories = self.tables.load_histories(&history_keys(store_id, &items)).await?;
        Ok(StoreRows {
            store,
            day,
            slot,
            items,
            is_exempt,
            windows,
            offers,
            before,
            histories,
            unreadable,
        })
    }

    /// Publishes the offers of a store, valid from `valid_from`.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read or written. Offers written before stay.
    pub async fn write(
        &self,
        snapshot: &StoreSnapshot,
        decisions: StoreDecisions,
        valid_from: DateTime<Utc>,
    ) -> Result<PassReport, Failure> {
        let mut report = PassReport::default();
        decisions.unchanged.values().for_each(|decision| report.count_unchanged(decision));
        for draft in decisions.drafts {
            let offer = self.finish(draft, snapshot, valid_from).await?;
            match self.tables.publish_offer(&offer).await? {
                Saved::Done if offer.shadow => report.shadows += 1,
                Saved::Done => report.published.push(offer),
                // A concurrent pass was faster; the next slot sees its offer.
                Saved::Conflict(_) => report.already_decided += 1,
            }
        }
        report.count_metrics();
        Ok(report)
    }

    /// Completes a draft with the prior price that a sign may name.
    async fn finish(
        &self,
        draft: OfferDraft,
        snapshot: &StoreSnapshot,
        valid_from: DateTime<Utc>,
    ) -> Result<Offer, Failure> {
        let OfferDraft { offer, is_first, .. } = draft;
        let offer = Offer { valid_from, ..offer };
        if !is_first {
            return Ok(offer);
        }
        let OfferId { date, store_id, sku, .. } = &offer.offer_id;
        let (first, last) = (*date - Days::new(LOWEST_PRICE_DAYS), *date - Days::new(1));
        let days = self.tables.query_days(store_id, sku, first, last).await?;
        let today = snapshot.prices_today(sku);
        let lowest_price = lowest_price(&days, (*date, &today), offer.regular_price);
        let lowest_price = lowest_price.map(|lowest| lowest.price);
        let was_price = match lowest_price {
            Some(lowest)
                if !snapshot.is_exempt && lowest.amount() < offer.regular_price.amount() =>
            {
                lowest
            }
            _ => offer.regular_price,
        };
        Ok(Offer { lowest_price, was_price, ..offer })
    }
}

/// Returns the business day in whose afternoon `slot` is.
fn afternoon(store: &Store, slot: DateTime<Utc>) -> Result<BusinessDay, NotPriced> {
    if let Some(day) = store.afternoon_at(slot) {
        return Ok(day);
    }
    let clock = |at: DateTime<Utc>| at.with_timezone(&store.zone).format("%a %H:%M").to_string();
    let open = store.day_at(slot).filter(|day| (day.opens_at..day.closes_at).contains(&slot));
    Err(match open {
        Some(day) => NotPriced::BeforeAfternoon {
            at: clock(slot),
            starts_at: clock(store.clock_on(&day, store.policy.afternoon_starts)),
        },
        None => NotPriced::Closed { at: clock(slot), hours: store.hours.to_string() },
    })
}

fn too_late(why: &str) -> PassReport {
    warn!("not priced, too late: {why}");
    counter!(names::LATE_TOTAL).increment(1);
    PassReport::default()
}

/// Returns the keys of the histories of the items and their categories.
fn history_keys(store_id: &StoreId, items: &[Item]) -> Vec<HistoryKey> {
    let own = items.iter().map(|item| HistorySubject::Item(item.sku.clone()));
    let categories =
        items.iter().filter_map(|item| item.category.clone()).map(HistorySubject::Category);
    let subjects: BTreeSet<HistorySubject> = own.chain(categories).collect();
    subjects.into_iter().map(|subject| HistoryKey { store_id: store_id.clone(), subject }).collect()
}

impl PassReport {
    /// Adds the results of another pass, for example over another store.
    pub fn add(&mut self, other: Self) {
        self.published.extend(other.published);
        self.shadows += other.shadows;
        self.kept += other.kept;
        self.already_decided += other.already_decided;
        for (why, items) in other.skipped {
            *self.skipped.entry(why).or_default() += items;
        }
    }

    fn count_unchanged(&mut self, decision: &ItemDecision) {
        match decision {
            ItemDecision::Keep(_) => self.kept += 1,
            ItemDecision::Skip(why) => *self.skipped.entry(*why).or_default() += 1,
            ItemDecision::AlreadyDecided => self.already_decided += 1,
            ItemDecision::Change(_) => {}
        }
    }

    fn count_metrics(&self) {
        let first = self.published.iter().filter(|offer| offer.offer_id.revision == 1).count();
        let outcomes = [
            ("published", first),
            ("deepened", self.published.len() - first),
            ("shadow", self.shadows),
            ("kept", self.kept),
            ("already_decided", self.already_decided),
        ];
        let skipped = self.skipped.iter().map(|(why, items)| (why.as_str(), *items));
        let all = outcomes.into_iter().chain(skipped);
        for (outcome, items) in all.filter(|(_, items)| *items > 0) {
            counter!(names::DECISIONS_TOTAL, "outcome" => outcome).increment(items as u64);
        }
        if let Some(items) = self.skipped.get(&SkipReason::NoCost) {
            warn!("{items} items have a least margin and no cost; they get no discount");
        }
    }
}
