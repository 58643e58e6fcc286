//! What must hold of offers.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::catalog::{CategoryRules, OnDoubt};
use domain::{Arm, Offer, Outlook, Sku, StoreId, Trust};
use in_memory::{Offers, Tables};
use load_generator::shops::Shop;
use pricing::{Pricing, contract};
use rust_decimal::Decimal;
use serde_json::Value;

use super::Auditor;
use crate::fan_out::price_due;
use crate::traffic::{Afternoon, Scene};

const SLOT: TimeDelta = TimeDelta::minutes(15);

/// Every promise about every offer.
pub(super) fn within_the_rules(auditor: &Auditor, scene: &Scene, offers: &Offers) {
    let all = offers.all();
    auditor.weather.count("offers checked", all.len());
    let mut items: BTreeMap<(StoreId, NaiveDate, Sku), Vec<Offer>> = BTreeMap::new();
    for offer in all {
        let id = offer.offer_id.clone();
        items.entry((id.store_id, id.date, id.sku)).or_default().push(offer);
    }
    for ((store_id, ..), mut revisions) in items {
        let shop = scene.shops.iter().position(|shop| shop.store.store_id == store_id);
        let Some((shop, afternoon)) = shop.map(|at| (&scene.shops[at], scene.afternoons[at]))
        else {
            auditor.object("offers", format!("{store_id} is no store"));
            continue;
        };
        revisions.sort_by_key(|offer| offer.offer_id.revision);
        for (number, offer) in revisions.iter().enumerate() {
            let before = number.checked_sub(1).map(|before| &revisions[before]);
            if let Some(broken) = broken_rule((shop, afternoon), number as u32 + 1, offer, before) {
                auditor.object("offers", format!("{}: {broken}: {offer:?}", offer.offer_id));
            }
        }
    }
}

/// The first rule that an offer breaks.
fn broken_rule(
    (shop, afternoon): (&Shop, Afternoon),
    number: u32,
    offer: &Offer,
    before: Option<&Offer>,
) -> Option<&'static str> {
    let store = &shop.store;
    let policy = &store.policy;
    let line = shop.items.iter().find(|line| line.item.sku == offer.offer_id.sku)?;
    let (price, regular) = (offer.price.amount(), offer.regular_price.amount());
    let percent = offer.discount_percent;
    let promised = regular * Decimal::from(100 - percent) / Decimal::from(100);
    let in_afternoon = |(begins, closes): (DateTime<Utc>, DateTime<Utc>)| {
        begins <= offer.slot && offer.slot < closes && offer.valid_until == closes
    };
    let endings = &policy.price_endings;
    let minor = (price * Decimal::from(100)).normalize().to_string();
    let ends_well = endings.iter().any(|ending| minor.ends_with(ending.as_str()));
    let later = |before: &Offer| {
        offer.slot - before.slot
            >= TimeDelta::minutes(policy.min_minutes_between_changes.into()).max(SLOT)
    };
    let none = CategoryRules::default();
    let category = line.item.category.as_ref().and_then(|name| policy.categories.get(name));
    let rules_of_category = category.unwrap_or(&none);
    let ladder = rules_of_category.ladder.as_ref().unwrap_or(&policy.ladder);
    let clock = |time| store.clock_on(&store.day(offer.offer_id.date).expect("open"), time);
    let arm =
        policy.experiment.arm(&store.store_id, line.item.category.as_deref(), offer.offer_id.date);
    let rule = policy.experiment.rule.iter().filter(|step| clock(step.at) <= offer.slot);
    let by_rule = rule.map(|step| step.discount_percent).max().unwrap_or(0);
    let as_filtered = contract::answer_line(offer.inputs.request.as_bytes(), 1);
    let answer: Value = serde_json::from_str(&offer.inputs.answer).expect("JSON");
    let adds_up = |outlook: &Outlook| {
        let pieces = (offer.on_hand / offer.piece).floor() * offer.piece;
        let between = |units: Decimal| Decimal::ZERO <= units && units <= pieces;
        between(outlook.units) && between(outlook.waste) && outlook.units + outlook.waste == pieces
    };
    let rules = [
        (!rules_of_category.exclude, "of an excluded category"),
        (rules_of_category.earliest.is_none_or(|at| clock(at) <= offer.slot), "too early"),
        (rules_of_category.latest.is_none_or(|at| offer.slot <= clock(at)), "too late"),
        (rules_of_category.min_price.is_none_or(|least| price >= least), "below the least price"),
        (offer.shadow == policy.shadow, "a shadow, or none"),
        (offer.arm == arm, "of another arm"),
        (arm != Arm::Control || percent <= by_rule, "deeper than the rule of the control group"),
        (arm != Arm::Policy || answer["price"] == offer.price.to_string(), "not what was decided"),
        (as_filtered.as_ref() == Some(&offer.inputs.answer), "not what the filter decides"),
        (offer.policy_version == policy.version(), "under other rules"),
        (policy.on_doubt == OnDoubt::Mark || offer.trust == Trust::Full, "decided in doubt"),
        (adds_up(&offer.expected) && adds_up(&offer.if_unchanged), "expectations do not add up"),
        (offer.was_price.amount() <= regular, "was dearer than it ever is"),
        (offer.offer_id.revision == number, "its number is not the next"),
        (price < regular, "not below the regular price"),
        (price <= promised, "above what the sign promises"),
        (price > Decimal::ZERO, "for nothing"),
        (line.item.floor.is_none_or(|floor| price >= floor.amount()), "below the floor"),
        (ladder.steps().contains(&percent) && percent > 0, "no step of the ladder"),
        (percent <= policy.max_discount_percent, "deeper than allowed"),
        (endings.is_empty() || ends_well, "no allowed ending"),
        (policy.max_changes.is_none_or(|most| number <= most), "more changes than allowed"),
        (before.is_none_or(|before| price < before.price.amount()), "not cheaper than before"),
        (before.is_none_or(|before| percent > before.discount_percent), "not deeper than before"),
        (before.is_none_or(later), "too soon after the one before"),
        (offer.slot.timestamp() % SLOT.num_seconds() == 0, "off the grid"),
        (afternoon.is_none_or(in_afternoon), "outside the afternoon"),
        (offer.valid_until > offer.slot, "over before it begins"),
        (offer.slot <= offer.valid_from, "holds before it was decided"),
        (offer.valid_from < offer.slot + SLOT, "decided when its slot was over"),
        (offer.valid_from < offer.valid_until, "decided when the store was closed"),
        (offer.on_hand > Decimal::ZERO, "nothing is left to offer"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
}

/// The afternoon once more, over what is stored now: passes that come late, twice and at once
/// decide as passes do that come on time.
pub(crate) async fn recomputed(auditor: &Auditor, scene: &Scene, tables: &Tables) {
    let mut draw = auditor.weather.draw("recomputed");
    let undecided =
        || Pricing { tables: Tables { offers: Offers::default(), ..tables.snapshot() } };
    let (on_time, disturbed) = (&undecided(), &undecided());
    let mut slot = pricing::slot_of(scene.starts_at);
    let until = scene.ends_at + TimeDelta::hours(1);
    while slot < until {
        price_due(on_time, slot, slot).await.expect("a calm table answers");
        let now = slot + TimeDelta::seconds(draw.below(900) as i64);
        match draw.below(3) {
            0 => drop(price_due(disturbed, slot, now).await),
            1 => {
                drop(price_due(disturbed, slot, now).await);
                drop(price_due(disturbed, slot, now).await);
            }
            _ => {
                drop(tokio::join!(price_due(disturbed, slot, now), price_due(disturbed, slot, now)))
            }
        }
        slot += SLOT;
    }
    let decided = |offers: &Offers| -> Vec<Offer> {
        offers.all().into_iter().map(|offer| Offer { valid_from: offer.slot, ..offer }).collect()
    };
    let (on_time, disturbed) = (decided(&on_time.tables.offers), decided(&disturbed.tables.offers));
    auditor.weather.count("offers decided again", on_time.len());
    if on_time != disturbed {
        let what = format!("{} on time, {} disturbed", on_time.len(), disturbed.len());
        auditor.object("same offers", format!("late and doubled passes decide else: {what}"));
    }
}
