//! Draft of an offer: a decision as an offer that is not published yet.

use domain::event::Unit;
use domain::{Arm, Inputs, Item, Money, Offer, OfferId, Outlook};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::arm::{ArmChoice, ChoiceOrigin};
use crate::decision::{Decision, ExpectedOutcome};
use crate::prepared_request::{PreparedRequest, wall};
use crate::store_snapshot::StoreSnapshot;

/// Offer that is not published yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferDraft {
    /// Offer, valid from its slot. The prior price is known for later revisions of a day only.
    pub offer: Offer,
    /// Expected value minus the value of keeping the price for now.
    pub gain: Decimal,
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
        let expected = outlook(&choice.expected, prepared.portion, places);
        let if_unchanged = outlook(&decision.if_unchanged, prepared.portion, places);
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
            on_hand: prepared.on_hand,
            portion: prepared.portion,
            expected,
            if_unchanged,
            reason: reason(snapshot, prepared, decision, &choice, (&expected, &if_unchanged)),
            arm,
            trust: snapshot.events.trust,
            shadow: snapshot.is_shadow(),
            policy_version: snapshot.store.policy.version(),
            inputs,
        };
        let shelf = request.shelf.discount_percent;
        let gain = gain(decision, shelf, choice.expected.value) * prepared.portion;
        Self { offer, gain, is_first: revisions.is_empty() }
    }
}

/// Returns the value of a change minus the value of keeping the shelf price for now.
fn gain(decision: &Decision, shelf: u8, value: Decimal) -> Decimal {
    let kept = decision.alternatives.iter().find(|step| step.discount_percent == shelf);
    let kept = kept.and_then(|step| step.outcome.as_ref().ok());
    value - kept.map_or(decision.if_unchanged.value, |kept| kept.value)
}

/// Converts an expectation from portions to the item's unit.
fn outlook(expected: &ExpectedOutcome, portion: Decimal, places: u32) -> Outlook {
    Outlook {
        units: (expected.units * portion).normalize(),
        revenue: rounded(expected.revenue * portion, places),
        waste: (expected.waste * portion).normalize(),
    }
}

/// Returns the decision's own reason if the decision was followed and counts the item's own unit;
/// otherwise a reason in the item's unit.
fn reason(
    snapshot: &StoreSnapshot,
    prepared: &PreparedRequest,
    decision: &Decision,
    choice: &ArmChoice,
    (expected, unchanged): (&Outlook, &Outlook),
) -> String {
    let PreparedRequest { request, on_hand, unit, .. } = prepared;
    let percent = choice.discount_percent;
    let measure = match unit {
        Unit::Each => "",
        Unit::Kilogram => " kg",
        Unit::Litre => " l",
    };
    let shown = |quantity| rounded(quantity, if *unit == Unit::Each { 0 } else { 1 }).normalize();
    let left = shown(*on_hand);
    let effect = format!(
        "at {percent} % off about {}{measure} sell and {}{measure} are left",
        shown(expected.units),
        shown(expected.waste)
    );
    match choice.origin {
        ChoiceOrigin::Rule(step) => format!(
            "Control group: the fixed rule takes {} % off from {} on. {left}{measure} left; \
             {effect}.",
            step.discount_percent,
            step.at.format("%H:%M")
        ),
        ChoiceOrigin::Random(of) => format!(
            "{left}{measure} left; {effect}. Drawn from {of} steps within 1 % of the best value, \
             to learn how customers answer."
        ),
        ChoiceOrigin::Best if prepared.portion == Decimal::ONE => decision.reason.clone(),
        ChoiceOrigin::Best => {
            let places = request.currency.minor_digits();
            let gain = choice.expected.value - decision.if_unchanged.value;
            let mut gain = rounded(gain * prepared.portion, places);
            gain.rescale(places);
            let at = wall(&snapshot.store, snapshot.day.closes_at).format("%H:%M");
            format!(
                "{left}{measure} left; at {} about {}{measure} would sell until {at} and \
                 {}{measure} would be left. {}{}: {gain} more than with the price unchanged. \
                 Counted in portions of {}{measure}.",
                request.shelf.price,
                shown(unchanged.units),
                shown(unchanged.waste),
                &effect[..1].to_uppercase(),
                &effect[1..],
                prepared.portion
            )
        }
    }
}

fn rounded(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}
