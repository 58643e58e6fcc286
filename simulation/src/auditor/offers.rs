//! Checks of the published offers.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::catalog::{CategoryRules, OnDoubt};
use domain::{Arm, Offer, Outlook, Sku, StoreId, Trust};
use in_memory::{Offers, Tables};
use load_generator::shops::ShopModel;
use pricing::{Pricing, contract};
use rust_decimal::Decimal;
use serde_json::Value;

use super::Auditor;
use crate::fan_out::price_due;
use crate::scenario::{AfternoonHours, Scenario};

const SLOT: TimeDelta = TimeDelta::minutes(15);

/// Checks every rule for every offer.
pub(super) fn within_the_rules(auditor: &Auditor, scenario: &Scenario, offers: &Offers) {
    let all = offers.all();
    auditor.sim.count("offers checked", all.len());
    let mut items: BTreeMap<(StoreId, NaiveDate, Sku), Vec<Offer>> = BTreeMap::new();
    for offer in all {
        let id = offer.offer_id.clone();
        items.entry((id.store_id, id.date, id.sku)).or_default().push(offer);
    }
    for ((store_id, ..), mut revisions) in items {
        let shop = scenario.shops.iter().position(|shop| shop.store.store_id == store_id);
        let shop = shop.filter(|_| scenario.lists(&store_id));
        let Some((shop, afternoon)) = shop.map(|at| (&scenario.shops[at], scenario.afternoons[at]))
        else {
            auditor.report("offers", format!("{store_id} is not a store of the catalogue"));
            continue;
        };
        revisions.sort_by_key(|offer| offer.offer_id.revision);
        for (number, offer) in revisions.iter().enumerate() {
            let before = number.checked_sub(1).map(|before| &revisions[before]);
            if let Some(broken) = broken_rule((shop, afternoon), number as u32 + 1, offer, before) {
                auditor.report("offers", format!("{}: {broken}: {offer:?}", offer.offer_id));
            }
        }
    }
}

/// Returns the first rule that an offer breaks. `number` is its expected revision.
fn broken_rule(
    (shop, afternoon): (&ShopModel, AfternoonHours),
    number: u32,
    offer: &Offer,
    before: Option<&Offer>,
) -> Option<&'static str> {
    let store = &shop.store;
    let policy = &store.policy;
    let line = shop.items.iter().find(|line| line.item.sku == offer.offer_id.sku)?;
    let (price, regular) = (offer.price.amount(), offer.regular_price.amount());
    let percent = offer.discount_percent;
    // A catalogue price below the offer becomes a revision, whatever the rules for discounts.
    let is_undercut = before.is_some() && percent == 0;
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
        let pieces = (offer.on_hand / offer.portion).floor() * offer.portion;
        let between = |units: Decimal| Decimal::ZERO <= units && units <= pieces;
        between(outlook.units) && outlook.units + outlook.waste == offer.on_hand
    };
    let rules = [
        (!rules_of_category.exclude, "the category is excluded"),
        (
            rules_of_category.earliest.is_none_or(|at| clock(at) <= offer.slot),
            "earlier than its category allows",
        ),
        (
            rules_of_category.latest.is_none_or(|at| offer.slot <= clock(at)),
            "later than its category allows",
        ),
        (
            is_undercut || rules_of_category.min_price.is_none_or(|least| price >= least),
            "below the minimum price of its category",
        ),
        (offer.shadow == policy.shadow, "shadow differs from the policy"),
        (offer.arm == arm, "another arm than the experiment assigns"),
        (arm != Arm::Control || percent <= by_rule, "deeper than the rule of the control arm"),
        (
            arm != Arm::Policy || answer["price"] == offer.price.to_string(),
            "price differs from the stored decision",
        ),
        (
            as_filtered.as_ref() == Some(&offer.inputs.answer),
            "stored answer differs from that of `decide`",
        ),
        (offer.policy_version == policy.version(), "another policy version"),
        (
            policy.on_doubt == OnDoubt::Mark || offer.trust == Trust::Full,
            "decided on untrusted till data",
        ),
        (adds_up(&offer.expected) && adds_up(&offer.if_unchanged), "expectations do not add up"),
        (
            before.map_or(offer.was_price.amount() <= regular, |b| offer.was_price == b.was_price),
            "previous price above the regular price, or not that of the day",
        ),
        (offer.offer_id.revision == number, "revision is not the next number"),
        (price < regular || is_undercut && price == regular, "not below the regular price"),
        (price <= promised, "above the discounted price on the label"),
        (price > Decimal::ZERO, "price is zero"),
        (
            is_undercut || line.item.floor.is_none_or(|floor| price >= floor.amount()),
            "below the floor of the item",
        ),
        (
            ladder.steps().contains(&percent) && (percent > 0 || is_undercut),
            "not a step of the ladder",
        ),
        (percent <= policy.max_discount_percent, "deeper than the maximum discount"),
        (is_undercut || endings.is_empty() || ends_well, "price ending not allowed"),
        (
            is_undercut || policy.max_changes.is_none_or(|most| number <= most),
            "more changes than the maximum",
        ),
        (
            before.is_none_or(|before| price < before.price.amount()),
            "not below the previous revision",
        ),
        (
            before.is_none_or(|before| {
                percent > before.discount_percent || regular < before.regular_price.amount()
            }),
            "not deeper than the previous revision",
        ),
        (is_undercut || before.is_none_or(later), "too soon after the previous revision"),
        (label_is_true(offer), "label that is not true"),
        (offer.slot.timestamp() % SLOT.num_seconds() == 0, "not at the start of a slot"),
        (afternoon.is_none_or(in_afternoon), "outside the afternoon"),
        (offer.valid_until > offer.slot, "ends before its slot"),
        (offer.slot <= offer.valid_from, "valid before its slot"),
        (offer.valid_from < offer.slot + SLOT, "decided after the end of its slot"),
        (offer.valid_from < offer.valid_until, "valid only after the close"),
        (offer.on_hand > Decimal::ZERO, "no stock on hand"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
}

/// `true` if the label names a previous price only above the price, and the percentage between.
fn label_is_true(offer: &Offer) -> bool {
    let (price, prior) = (offer.price.amount(), offer.was_price.amount());
    let label = offer.label(None);
    if prior <= price {
        return label.was_price.is_none() && label.percent_off.is_none();
    }
    let percent = Decimal::from(label.percent_off.unwrap_or(0));
    let (paid, hundred) = (price * Decimal::ONE_HUNDRED, Decimal::ONE_HUNDRED);
    // Rounded down: the next whole percent would promise too much.
    paid <= prior * (hundred - percent) && paid > prior * (hundred - percent - Decimal::ONE)
}

/// Prices the afternoon again over the final tables. Passes that come late, twice or concurrently
/// must decide the same offers as passes on time.
pub(crate) async fn recomputed(auditor: &Auditor, scenario: &Scenario, tables: &Tables) {
    let mut draw = auditor.sim.draw("recomputed");
    let undecided =
        || Pricing { tables: Tables { offers: Offers::default(), ..tables.snapshot() } };
    let (on_time, disturbed) = (&undecided(), &undecided());
    let mut slot = pricing::slot_of(scenario.starts_at);
    let until = scenario.ends_at + TimeDelta::hours(1);
    while slot < until {
        price_due(on_time, slot, slot).await.expect("calls succeed without faults");
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
    auditor.sim.count("offers decided again", on_time.len());
    if on_time != disturbed {
        let counts = format!("{} on time, {} disturbed", on_time.len(), disturbed.len());
        let detail = format!("late and repeated passes decide differently: {counts}");
        auditor.report("same offers", detail);
    }
}
