//! Draft of an offer: a decision as an offer that is not published yet.

use domain::{Arm, Inputs, Item, Money, Offer, OfferId, Outlook};
use rust_decimal::Decimal;

use crate::arm::{ArmChoice, ChoiceOrigin};
use crate::decision::Decision;
use crate::prepared_request::PreparedRequest;
use crate::store_snapshot::StoreSnapshot;
use crate::wording::Wording;

/// Offer that is not published yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferDraft {
    /// Offer, valid from its slot. The prior price is known for later revisions of a day only.
    pub offer: Offer,
    /// Expected value minus the value of keeping the price for now.
    pub gain: Decimal,
    /// Expected value of keeping the price for now.
    pub value_of_waiting: Decimal,
    /// `true` for the first reduction of the item today.
    pub is_first: bool,
}

impl OfferDraft {
    pub(crate) fn new(
        snapshot: &StoreSnapshot,
        item: &Item,
        prepared: &PreparedRequest,
        arm: Arm,
        decision: &Decision,
        choice: ArmChoice,
        inputs: Inputs,
    ) -> Self {
        let request = &prepared.request;
        let money = |amount| {
            Money::price(amount, request.currency).expect("a step of the ladder costs a price")
        };
        let all = snapshot.revisions_of(item, true);
        // A progressive reduction names the price before its first step: Directive 98/6/EC, article
        // 6a (5).
        let revisions = snapshot.revisions_of(item, snapshot.is_shadow());
        let regular_price = money(request.regular_price);
        let places = request.currency.minor_digits();
        let measure = request.counted();
        let expected = measure.outlook(&choice.expected, places);
        let if_unchanged = measure.outlook(&decision.if_unchanged, places);
        let offer = Offer {
            offer_id: OfferId {
                date: snapshot.day.date,
                store_id: snapshot.store_id().clone(),
                sku: item.sku.clone(),
                revision: all.last().map_or(1, |latest| latest.offer_id.revision + 1),
            },
            slot: snapshot.slot,
            valid_from: snapshot.slot,
            valid_until: snapshot.day.closes_at,
            regular_price,
            was_price: revisions.first().map_or(regular_price, |first| first.was_price),
            lowest_price: revisions.first().and_then(|first| first.lowest_price),
            price: money(choice.price),
            discount_percent: choice.discount_percent,
            on_hand: measure.on_hand,
            portion: measure.portion,
            expected,
            if_unchanged,
            reason: reason(prepared, decision, &choice, &expected),
            arm,
            trust: snapshot.events.trust,
            shadow: snapshot.is_shadow(),
            policy_version: snapshot.store.policy.version(),
            inputs,
        };
        let waiting = decision.value_of_waiting(request.shelf.discount_percent);
        Self {
            offer,
            gain: (choice.expected.value - waiting) * measure.portion,
            value_of_waiting: waiting * measure.portion,
            is_first: revisions.is_empty(),
        }
    }
}

/// Returns the decision's own reason if the decision was followed; otherwise that of the arm.
fn reason(
    prepared: &PreparedRequest,
    decision: &Decision,
    choice: &ArmChoice,
    expected: &Outlook,
) -> String {
    let PreparedRequest { request, undercut } = prepared;
    let wording = Wording::new(request);
    let left = wording.on_hand();
    let effect = wording.effect(choice.price, expected);
    let reason = match choice.origin {
        ChoiceOrigin::Rule(step) => format!(
            "Control group: the fixed rule takes {} % off from {} on. {left} left. {effect}.",
            step.discount_percent,
            step.at.format("%H:%M")
        ),
        ChoiceOrigin::Random(of) => format!(
            "{left} left. {effect}. Drawn from {of} steps within 1 % of the best value, to learn \
             how customers answer."
        ),
        ChoiceOrigin::Best => decision.reason.clone(),
    };
    match undercut {
        Some(shown) => format!(
            "The catalogue price is {} now, below the offer of {}. {reason}",
            wording.price(request.regular_price),
            wording.price(shown.amount()),
        ),
        None => reason,
    }
}
