//! Reason of a decision: a few plain sentences made of the decision's own figures.

use domain::Outlook;
use rust_decimal::Decimal;

use crate::decision::{Alternative, Decision, ExpectedOutcome, WhyNot};
use crate::decision_grid::DecisionGrid;
use crate::decision_request::DecisionRequest;
use crate::wording::{Gain, Wording};

/// Maximum length of a reason, in characters.
pub const CHARS_MAX: usize = 400;
/// Levels of an ordinary day.
const ORDINARY: std::ops::RangeInclusive<f64> = 0.75..=1.25;
/// Number of days below which a profile is little history.
const FEW_DAYS: f64 = 7.0;

/// Facts behind a decision, apart from its figures.
pub struct ReasonContext<'a> {
    /// Today's level, if there is a usual day.
    pub level: Option<f64>,
    /// Grid of decisions.
    pub grid: &'a DecisionGrid,
}

/// Returns the reason of a decision, in this order: the stock and the expectation at the current
/// price; the effect of the decision, or the reason to wait; the rule that prevented more; the
/// portions of weighed goods; and, if there is room, the difference from the usual day and the
/// amount of history. Quantities are in the unit of the item.
#[must_use]
pub fn reason(
    request: &DecisionRequest,
    decision: &Decision,
    context: &ReasonContext<'_>,
) -> String {
    let sentences = [
        Some(stock(request, decision)),
        (request.on_hand > 0).then(|| choice(request, decision, context)).flatten(),
        (request.on_hand > 0).then(|| rule(request, decision, context)).flatten(),
        (request.on_hand > 0).then(|| Wording::new(request).portions()).flatten(),
        day(request, context),
    ];
    let mut reason = String::new();
    for sentence in sentences.into_iter().flatten() {
        let separator = if reason.is_empty() { "" } else { " " };
        if reason.len() + separator.len() + sentence.len() <= CHARS_MAX {
            reason.push_str(separator);
            reason.push_str(&sentence);
        }
    }
    reason
}

fn stock(request: &DecisionRequest, decision: &Decision) -> String {
    if request.on_hand == 0 {
        return "None left to sell.".to_owned();
    }
    let unchanged = outlook(request, &decision.if_unchanged);
    Wording::new(request).stock(request.shelf.price, &unchanged)
}

fn outlook(request: &DecisionRequest, expected: &ExpectedOutcome) -> Outlook {
    request.counted().outlook(expected, request.currency.minor_digits())
}

fn choice(
    request: &DecisionRequest,
    decision: &Decision,
    context: &ReasonContext<'_>,
) -> Option<String> {
    let (measure, wording) = (request.counted(), Wording::new(request));
    let places = request.currency.minor_digits();
    let in_money = |value| measure.value(value, request.salvage_value, places);
    let value = in_money(decision.expected.value);
    if decision.changes {
        let waiting = decision.value_of_waiting(request.shelf.discount_percent);
        let gain = Gain {
            total: value - in_money(decision.if_unchanged.value),
            by_changing_now: value - in_money(waiting),
            salvage_value: request.salvage_value,
        };
        let expected = outlook(request, &decision.expected);
        return Some(wording.change(decision.price, &expected, gain));
    }
    let percent = decision.discount_percent;
    let deeper = decision.alternatives.iter().filter(|step| step.discount_percent > percent);
    let allowed = deeper.filter_map(|step| Some((step, step.outcome.as_ref().ok()?)));
    let (next, expected) = allowed.max_by(|(a, x), (b, y)| {
        x.value.cmp(&y.value).then(b.discount_percent.cmp(&a.discount_percent))
    })?;
    let loss = value - in_money(expected.value);
    let loss = if loss.is_zero() { "no more".to_owned() } else { wording.money(loss) + " less" };
    let later = if context.grid.slots() > 1 { ", and can still come later" } else { "" };
    Some(format!("{} now would bring {loss}{later}.", wording.price(next.price)))
}

/// Returns the rule that prevents a deeper step, if there is one.
fn rule(
    request: &DecisionRequest,
    decision: &Decision,
    context: &ReasonContext<'_>,
) -> Option<String> {
    let percent = decision.discount_percent;
    let deeper: Vec<&Alternative> =
        decision.alternatives.iter().filter(|step| step.discount_percent > percent).collect();
    if deeper.iter().any(|step| step.outcome.is_ok()) || deeper.is_empty() {
        return None;
    }
    if decision.expected.waste < Decimal::ONE {
        return None;
    }
    let because = |why: WhyNot| deeper.iter().any(|step| step.outcome == Err(why));
    if because(WhyNot::Gap) {
        let slot = context.grid.first_change;
        return Some(match context.grid.marks.get(slot) {
            Some(at) if slot < context.grid.slots() => format!(
                "The last change was less than {} minutes ago; the next one may come at {}.",
                request.rules.min_minutes_between_changes,
                at.format("%H:%M")
            ),
            _ => format!(
                "The last change was less than {} minutes ago.",
                request.rules.min_minutes_between_changes
            ),
        });
    }
    if because(WhyNot::MaxChanges) {
        let max = request.rules.max_changes.unwrap_or_default();
        return Some(match max {
            0 => "No price change is allowed.".to_owned(),
            1 => "The one change of today is used.".to_owned(),
            _ => format!("The {max} changes of today are used."),
        });
    }
    if deeper.iter().any(|step| step.outcome == Err(WhyNot::Floor) && !step.price.is_zero()) {
        return Some("Deeper steps are below the floor.".to_owned());
    }
    // Other steps with this code have no price above 0.
    if because(WhyNot::Floor) || because(WhyNot::SamePrice) {
        return Some(match request.rules.price_endings.as_slice() {
            [] => {
                let minor_unit = Decimal::new(1, request.currency.minor_digits());
                let least = Wording::new(request).money(minor_unit);
                format!("No deeper allowed step has a lower price of at least {least}.")
            }
            endings => format!(
                "No deeper allowed step has a lower price that ends in {} (price_endings).",
                endings.join(" or ")
            ),
        });
    }
    because(WhyNot::MaxDiscount).then(|| {
        format!(
            "{} % is the deepest discount allowed.",
            request.rules.max_discount_percent.normalize()
        )
    })
}

fn day(request: &DecisionRequest, context: &ReasonContext<'_>) -> Option<String> {
    let days = request.profile.as_ref().filter(|_| context.level.is_some());
    let little = match days.map(|profile| profile.days) {
        None => Some("There is no history, only today's sales.".to_owned()),
        Some(days) if days < 0.5 => Some("There is hardly any history.".to_owned()),
        Some(days) if days < 1.5 => Some("There is little history: 1 day.".to_owned()),
        Some(days) if days < FEW_DAYS => {
            Some(format!("There is little history: {} days.", days.round()))
        }
        Some(_) => None,
    };
    let level = context.level.filter(|level| !ORDINARY.contains(level)).map(|level| {
        let side = if level > 1.0 { "above" } else { "below" };
        let percent = (level * 100.0).round();
        format!("Today runs {side} the usual day, at {percent} % of it.")
    });
    match (level, little) {
        (Some(level), Some(little)) => Some(format!("{level} {little}")),
        (level, little) => level.or(little),
    }
}
