//! A decision -> an offer that is not written yet.

use domain::event::Unit;
use domain::{Arm, Inputs, Item, Money, Offer, OfferId, Outlook};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::afternoon::{Afternoon, gain};
use crate::arm::{Choice, Why};
use crate::decision::{Decision, Expected};
use crate::inputs::{Prepared, wall};

/// An offer that is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The offer, as if it held from its slot on; the price that a sign may name as the one before
    /// is not known yet, but for later revisions of a day.
    pub offer: Offer,
    /// What it earns over leaving the price for now.
    pub gain: Decimal,
    /// Whether it is the first reduction of its item today.
    pub is_first: bool,
}

pub(crate) fn draft(
    afternoon: &Afternoon,
    item: &Item,
    prepared: &Prepared,
    arm: Arm,
    decision: &Decision,
    choice: Choice,
    inputs: Inputs,
) -> Draft {
    let situation = &prepared.situation;
    let money = |amount| {
        Money::price(amount, situation.currency).expect("a step of the ladder costs a price")
    };
    let all = afternoon.revisions_of(item, true);
    // A reduction that goes on names the price before its first step: article 6a (5).
    let chain = afternoon.revisions_of(item, afternoon.is_shadow());
    let regular_price = money(situation.regular_price);
    let places = situation.currency.minor_digits();
    let expected = outlook(&choice.expected, prepared.piece, places);
    let if_unchanged = outlook(&decision.if_unchanged, prepared.piece, places);
    let offer = Offer {
        offer_id: OfferId {
            date: afternoon.day.date,
            store_id: afternoon.store_id().clone(),
            sku: item.sku.clone(),
            revision: all.last().map_or(1, |latest| latest.offer_id.revision + 1),
        },
        slot: afternoon.slot,
        valid_from: afternoon.slot,
        valid_until: afternoon.day.closes_at,
        regular_price,
        was_price: chain.first().map_or(regular_price, |first| first.was_price),
        lowest_price: chain.first().and_then(|first| first.lowest_price),
        price: money(choice.price),
        discount_percent: choice.discount_percent,
        on_hand: prepared.on_hand,
        piece: prepared.piece,
        expected,
        if_unchanged,
        reason: reason(afternoon, prepared, decision, &choice, (&expected, &if_unchanged)),
        arm,
        trust: afternoon.tills.trust,
        shadow: afternoon.is_shadow(),
        policy_version: afternoon.store.policy.version(),
        inputs,
    };
    let shelf = situation.shelf.discount_percent;
    let gain = gain(decision, shelf, choice.expected.value) * prepared.piece;
    Draft { offer, gain, is_first: chain.is_empty() }
}

/// Pieces and prices per unit -> units and amounts.
fn outlook(expected: &Expected, piece: Decimal, places: u32) -> Outlook {
    Outlook {
        units: (expected.units * piece).normalize(),
        revenue: rounded(expected.revenue * piece, places),
        waste: (expected.waste * piece).normalize(),
    }
}

/// The decision's own reason, where it is about pieces and was followed.
fn reason(
    afternoon: &Afternoon,
    prepared: &Prepared,
    decision: &Decision,
    choice: &Choice,
    (expected, unchanged): (&Outlook, &Outlook),
) -> String {
    let Prepared { situation, on_hand, unit, .. } = prepared;
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
    match choice.why {
        Why::Rule(step) => format!(
            "Control group: the fixed rule takes {} % off from {} on. {left}{measure} left; \
             {effect}.",
            step.discount_percent,
            step.at.format("%H:%M")
        ),
        Why::Chance(of) => format!(
            "{left}{measure} left; {effect}. Drawn from {of} steps within 1 % of the best value, \
             to learn how customers answer."
        ),
        Why::Best if prepared.piece == Decimal::ONE => decision.reason.clone(),
        Why::Best => {
            let places = situation.currency.minor_digits();
            let gain = choice.expected.value - decision.if_unchanged.value;
            let mut gain = rounded(gain * prepared.piece, places);
            gain.rescale(places);
            let at = wall(&afternoon.store, afternoon.day.closes_at).format("%H:%M");
            format!(
                "{left}{measure} left; at {} about {}{measure} would sell until {at} and \
                 {}{measure} would be left. {}{}: {gain} more than with the price unchanged. \
                 Counted in portions of {}{measure}.",
                situation.shelf.price,
                shown(unchanged.units),
                shown(unchanged.waste),
                &effect[..1].to_uppercase(),
                &effect[1..],
                prepared.piece
            )
        }
    }
}

fn rounded(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}
