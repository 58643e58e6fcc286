//! Why: a few plain sentences, made of the decision's own figures.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::calendar::Grid;
use crate::decision::{Alternative, Decision, Expected, WhyNot};
use crate::situation::Situation;

/// Longest reason, in characters.
pub const CHARS_MAX: usize = 400;
/// A level between these is an ordinary day.
const ORDINARY: std::ops::RangeInclusive<f64> = 0.75..=1.25;
/// With fewer days behind it a profile is little history.
const FEW_DAYS: f64 = 7.0;

/// What the decision found beside its figures.
pub struct Findings<'a> {
    /// Today against the usual day, where there is one.
    pub level: Option<f64>,
    /// When decisions are taken.
    pub grid: &'a Grid,
}

/// The reason of a decision, in this order: the stock and what would become of it, what the
/// decision changes or why waiting is better, the rule that held it back; and where there is room,
/// how the day differs from the usual one and how little is known of that.
#[must_use]
pub fn reason(situation: &Situation, decision: &Decision, findings: &Findings<'_>) -> String {
    let sentences = [
        Some(stock(situation, decision)),
        (situation.on_hand > 0).then(|| choice(situation, decision, findings)).flatten(),
        (situation.on_hand > 0).then(|| rule(situation, decision, findings)).flatten(),
        day(situation, findings),
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

fn stock(situation: &Situation, decision: &Decision) -> String {
    if situation.on_hand == 0 {
        return "None left to sell.".to_owned();
    }
    let Expected { units, waste, .. } = &decision.if_unchanged;
    format!(
        "{} left; at {} about {} would sell until closing and {} would be left.",
        situation.on_hand,
        money(situation, situation.shelf.price),
        whole(*units),
        whole(*waste)
    )
}

fn choice(situation: &Situation, decision: &Decision, findings: &Findings<'_>) -> Option<String> {
    let percent = decision.discount_percent;
    let Expected { units, waste, value, .. } = &decision.expected;
    if decision.changes {
        let gain = *value - decision.if_unchanged.value;
        let (units, waste) = (whole(*units), whole(*waste));
        let verb = if waste == Decimal::ONE { "is" } else { "are" };
        let effect = format!("At {percent} % off about {units} sell and {waste} {verb} left");
        return Some(if gain > Decimal::ZERO {
            format!("{effect}: {} more than with the price unchanged.", money(situation, gain))
        } else {
            format!("{effect}.")
        });
    }
    let deeper = decision.alternatives.iter().filter(|it| it.discount_percent > percent);
    let allowed = deeper.filter_map(|it| Some((it, it.outcome.as_ref().ok()?)));
    let (next, expected) = allowed.max_by(|(a, x), (b, y)| {
        x.value.cmp(&y.value).then(b.discount_percent.cmp(&a.discount_percent))
    })?;
    let loss = *value - expected.value;
    let step = next.discount_percent;
    let loss = if loss.is_zero() { "no more".to_owned() } else { money(situation, loss) + " less" };
    let later = if findings.grid.slots() > 1 { ", and can still be given later" } else { "" };
    Some(format!("{step} % off now would bring {loss}{later}."))
}

/// The rule that stands between this decision and a deeper step, if one does.
fn rule(situation: &Situation, decision: &Decision, findings: &Findings<'_>) -> Option<String> {
    let percent = decision.discount_percent;
    let deeper: Vec<&Alternative> =
        decision.alternatives.iter().filter(|it| it.discount_percent > percent).collect();
    if deeper.iter().any(|it| it.outcome.is_ok()) || deeper.is_empty() {
        return None;
    }
    if decision.expected.waste < Decimal::ONE {
        return None;
    }
    let because = |why: WhyNot| deeper.iter().any(|it| it.outcome == Err(why));
    if because(WhyNot::Gap) {
        let slot = findings.grid.first_change;
        return Some(match findings.grid.marks.get(slot) {
            Some(at) if slot < findings.grid.slots() => format!(
                "The last change was less than {} minutes ago; the next one may come at {}.",
                situation.rules.min_minutes_between_changes,
                at.format("%H:%M")
            ),
            _ => format!(
                "The last change was less than {} minutes ago.",
                situation.rules.min_minutes_between_changes
            ),
        });
    }
    if because(WhyNot::MaxChanges) {
        let max = situation.rules.max_changes.unwrap_or_default();
        return Some(match max {
            0 => "No price change is allowed.".to_owned(),
            1 => "The one change of today is used.".to_owned(),
            _ => format!("The {max} changes of today are used."),
        });
    }
    if because(WhyNot::Floor) {
        return Some("Deeper steps are below the floor.".to_owned());
    }
    because(WhyNot::MaxDiscount).then(|| {
        format!(
            "{} % is the deepest discount allowed.",
            situation.rules.max_discount_percent.normalize()
        )
    })
}

fn day(situation: &Situation, findings: &Findings<'_>) -> Option<String> {
    let days = situation.profile.as_ref().filter(|_| findings.level.is_some());
    let little = match days.map(|profile| profile.days) {
        None => Some("There is no history, only today's sales.".to_owned()),
        Some(days) if days < 0.5 => Some("There is hardly any history.".to_owned()),
        Some(days) if days < 1.5 => Some("There is little history: 1 day.".to_owned()),
        Some(days) if days < FEW_DAYS => {
            Some(format!("There is little history: {} days.", days.round()))
        }
        Some(_) => None,
    };
    let level = findings.level.filter(|level| !ORDINARY.contains(level)).map(|level| {
        let side = if level > 1.0 { "above" } else { "below" };
        let percent = (level * 100.0).round();
        format!("Today runs {side} the usual day, at {percent} % of it.")
    });
    match (level, little) {
        (Some(level), Some(little)) => Some(format!("{level} {little}")),
        (level, little) => level.or(little),
    }
}

fn whole(units: Decimal) -> Decimal {
    units.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
}

fn money(situation: &Situation, amount: Decimal) -> String {
    let mut amount = amount;
    amount.rescale(situation.currency.minor_digits());
    amount.to_string()
}
