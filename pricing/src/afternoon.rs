//! One pass over a store: stored windows -> decisions -> stored offers.
//!
//! A pass may be repeated, delayed and overlapped. What it reads is cut off at its slot, a slot
//! that has an offer is not decided again, and a revision is written only if it does not exist; so
//! a repeated pass changes nothing, and of two at once one wins.

use std::collections::HashMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::calendar::BusinessDay;
use domain::limits::SLOT_MINUTES;
use domain::ports::{CatalogTable, Failure, OffersTable, Saved, StockTable};
use domain::stock::{Figures, StockWindow, level_at};
use domain::{Item, Offer, OfferId, Sku, Store, StoreId};
use metrics::counter;
use tracing::{Instrument, info_span, warn};

use crate::fluid::{Change, Decision, Shelf, Situation, decide};
use crate::metrics as names;
use crate::pace::Sales;

/// The pricing function with its tables.
#[derive(Debug, Clone)]
pub struct Pricing<C, S, O> {
    /// Items and stores.
    pub catalog: C,
    /// Stock by window.
    pub stock: S,
    /// Where offers go.
    pub offers: O,
}

/// What a pass did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pass {
    /// The revisions that were written.
    pub published: Vec<Offer>,
    /// Items whose price stays.
    pub kept: usize,
    /// Items that this slot or a later one had decided before.
    pub already_decided: usize,
}

/// The slot of the pricing grid that `now` lies in.
#[must_use]
pub fn slot_of(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(TimeDelta::minutes(SLOT_MINUTES.into())).unwrap_or(now)
}

impl<C: CatalogTable, S: StockTable, O: OffersTable> Pricing<C, S, O> {
    /// One tick of the schedule: a pass over every store that is in its afternoon. A store whose
    /// pass fails is logged and counted, and the others go on; its next slot tries again.
    ///
    /// # Errors
    /// When the stores cannot be listed.
    pub async fn tick(&self, now: DateTime<Utc>) -> Result<Pass, Failure> {
        let mut all = Pass::default();
        for store_id in self.catalog.stores().await? {
            match self.price_store(&store_id, now).await {
                Ok(pass) => {
                    all.published.extend(pass.published);
                    all.kept += pass.kept;
                    all.already_decided += pass.already_decided;
                }
                Err(failure) => {
                    counter!(names::FAILED_TOTAL).increment(1);
                    warn!(store.id = store_id.as_str(), "store not priced: {failure}");
                }
            }
        }
        Ok(all)
    }

    /// A pass over one store for the slot that `now` lies in; nothing outside its afternoon.
    ///
    /// # Errors
    /// What the tables say. Offers written before the failure stay; a repeated pass goes on.
    pub async fn price_store(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<Pass, Failure> {
        let span = info_span!("price", store.id = store_id.as_str(), slot = %slot_of(now));
        self.pass(store_id, now).instrument(span).await
    }

    async fn pass(&self, store_id: &StoreId, now: DateTime<Utc>) -> Result<Pass, Failure> {
        let slot = slot_of(now);
        let mut pass = Pass::default();
        let Some(store) = self.catalog.store(store_id).await? else { return Ok(pass) };
        let Some(day) = store.afternoon_at(slot) else { return Ok(pass) };
        let items = self.catalog.items(store_id).await?;
        let longest_life = items.iter().map(|item| item.shelf_life_days).max().unwrap_or(1);
        let since = store.shelf_since(&day, longest_life);
        let windows = by_item(self.stock.query(store_id, None, since, slot, now).await?);
        let offers = revisions(self.offers.of_day(store_id, day.date).await?);
        for item in &items {
            let revisions = offers.get(&item.sku).map_or(&[][..], Vec::as_slice);
            if revisions.last().is_some_and(|latest| latest.slot >= slot) {
                pass.already_decided += 1;
                counter!(names::DECISIONS_TOTAL, "outcome" => "already_decided").increment(1);
                continue;
            }
            let windows = windows.get(&item.sku).map_or(&[][..], Vec::as_slice);
            let situation = situation(item, &store, &day, slot, windows, revisions);
            let Decision::Change(change) = decide(&situation) else {
                pass.kept += 1;
                counter!(names::DECISIONS_TOTAL, "outcome" => "kept").increment(1);
                continue;
            };
            let offer = offer(&situation, store_id, &day, revisions, change, slot.max(now));
            match self.offers.publish(&offer).await? {
                Saved::Done => {
                    counter!(names::DECISIONS_TOTAL, "outcome" => "published").increment(1);
                    pass.published.push(offer);
                }
                // An overlapping pass was faster; the next slot sees what it wrote.
                Saved::Conflict(_) => {
                    pass.already_decided += 1;
                    counter!(names::DECISIONS_TOTAL, "outcome" => "already_decided").increment(1);
                }
            }
        }
        Ok(pass)
    }
}

fn by_item(windows: Vec<StockWindow>) -> HashMap<Sku, Vec<StockWindow>> {
    let mut items: HashMap<Sku, Vec<StockWindow>> = HashMap::new();
    for window in windows {
        items.entry(window.key().sku.clone()).or_default().push(window);
    }
    items
}

/// The revisions of each item, in order.
fn revisions(offers: Vec<Offer>) -> HashMap<Sku, Vec<Offer>> {
    let mut items: HashMap<Sku, Vec<Offer>> = HashMap::new();
    for offer in offers {
        items.entry(offer.offer_id.sku.clone()).or_default().push(offer);
    }
    items.values_mut().for_each(|revisions| revisions.sort_by_key(|offer| offer.offer_id.revision));
    items
}

fn situation<'a>(
    item: &'a Item,
    store: &'a Store,
    day: &BusinessDay,
    slot: DateTime<Utc>,
    windows: &[StockWindow],
    revisions: &[Offer],
) -> Situation<'a> {
    let shelf_since = store.shelf_since(day, item.shelf_life_days);
    let on_shelf = windows.iter().filter(|window| window.key().window.start() >= shelf_since);
    let latest = revisions.last();
    Situation {
        item,
        policy: &store.policy,
        now: slot,
        closes_at: day.closes_at,
        on_hand: level_at(on_shelf, slot).on_hand,
        shelf: Shelf {
            percent: latest.map_or(0, |offer| offer.discount_percent),
            price: latest.map(|offer| offer.price),
            changed_at: latest.map(|offer| offer.slot),
            changes: latest.map_or(0, |offer| offer.offer_id.revision),
        },
        sales: sales(day, slot, windows, revisions),
    }
}

/// What was sold since opening, slot by slot. A slot without a row sold nothing. A discount counts
/// from its slot on, not from the seconds later at which the pass came to write it: so a delayed
/// pass leads to the same decisions.
fn sales(
    day: &BusinessDay,
    until: DateTime<Utc>,
    windows: &[StockWindow],
    revisions: &[Offer],
) -> Vec<Sales> {
    let mut sales = Vec::new();
    let mut start = slot_of(day.opens_at);
    while start < until {
        let end = start + TimeDelta::minutes(SLOT_MINUTES.into());
        let inside = windows.iter().filter(|row| (start..end).contains(&row.key().window.start()));
        let figures = Figures::of(inside.flat_map(StockWindow::events));
        let on_shelf = revisions.iter().rfind(|offer| offer.slot <= start);
        sales.push(Sales {
            start: start.max(day.opens_at),
            end: end.min(until),
            units: figures.sold,
            percent: on_shelf.map_or(0, |offer| offer.discount_percent),
        });
        start = end;
    }
    sales
}

fn offer(
    situation: &Situation<'_>,
    store_id: &StoreId,
    day: &BusinessDay,
    revisions: &[Offer],
    change: Change,
    valid_from: DateTime<Utc>,
) -> Offer {
    let revision = revisions.last().map_or(1, |latest| latest.offer_id.revision + 1);
    Offer {
        offer_id: OfferId {
            date: day.date,
            store_id: store_id.clone(),
            sku: situation.item.sku.clone(),
            revision,
        },
        slot: situation.now,
        valid_from,
        valid_until: day.closes_at,
        regular_price: situation.item.price,
        price: change.step.price,
        discount_percent: change.step.percent,
        on_hand: situation.on_hand,
        expected_left_unchanged: change.expected_left_unchanged,
        expected_left: change.expected_left,
        reason: change.reason,
    }
}
