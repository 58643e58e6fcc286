//! Check of a played day against the rules, from its record alone and with arithmetic of its own.

use crate::day::SimulatedDay;
use crate::item::{AFTERNOON, CLOSES, INTERVAL};
use crate::play::Played;
use crate::prices::amount;

/// Returns the rules that a day broke, as text.
#[must_use]
pub fn broken(day: &SimulatedDay, played: &Played) -> Vec<String> {
    let rules = day.world.rules.rules();
    let mut broken = Vec::new();
    let mut rule = |kept: bool, what: &str, minute: u16| {
        if !kept {
            broken.push(format!("{} at minute {minute}: {what}", day.item.name));
        }
    };
    let mut last_price = day.item.price;
    let mut last_minute = None;
    for change in &played.changes {
        let minute = change.minute;
        let on_time = (AFTERNOON..CLOSES).step_by(INTERVAL.into()).any(|moment| moment == minute);
        rule(on_time, "no moment of decision", minute);
        let Some(step) = day.steps.get(change.step) else {
            rule(false, "no step of the ladder", minute);
            continue;
        };
        let price = amount(step.price);
        rule(rules.ladder.steps().contains(&step.percent), "not on the ladder", minute);
        rule(step.price < last_price, "the price did not go down", minute);
        let promised = i64::from(100 - step.percent) * day.item.price;
        rule(0 < step.price && step.price * 100 <= promised, "dearer than the sign says", minute);
        let ending = step.price.to_string();
        let endings = &rules.price_endings;
        let ends_well = endings.is_empty() || endings.iter().any(|end| ending.ends_with(end));
        rule(ends_well, "the price has another ending", minute);
        let percent = rust_decimal::Decimal::from(step.percent);
        rule(percent <= rules.max_discount_percent, "deeper than allowed", minute);
        rule(rules.min_price.is_none_or(|least| price >= least), "below the floor", minute);
        let margin = (price - amount(day.item.cost)) / price * rust_decimal::Decimal::ONE_HUNDRED;
        let margin_kept = rules.min_margin_percent.is_none_or(|least| margin >= least);
        rule(margin_kept, "below the least margin", minute);
        let gap = rules.min_minutes_between_changes;
        let gap_kept = last_minute.is_none_or(|last| u32::from(minute - last) >= gap);
        rule(gap_kept, "too soon after the last change", minute);
        (last_price, last_minute) = (step.price, Some(minute));
    }
    let changes = played.changes.len();
    let few = rules.max_changes.is_none_or(|most| changes as u64 <= u64::from(most));
    rule(few, "too many changes", CLOSES);
    let sold: u64 = played.windows.iter().map(|window| window.units).sum();
    rule(sold + played.left == day.baked, "units appeared or vanished", CLOSES);
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::play::PriceChange;
    use crate::world::world;

    #[test]
    fn every_kind_of_broken_rule_is_found() {
        let day = SimulatedDay::played(world("hard-rules").unwrap(), 1, 0);
        let record = |changes: &[(u16, usize)], left: u64| {
            let changes =
                changes.iter().map(|(minute, step)| PriceChange { minute: *minute, step: *step });
            let nothing_sold = Played {
                windows: Vec::new(),
                changes: changes.collect(),
                on_hand_first: left,
                revenue: 0,
                discounts: 0,
                left,
            };
            broken(&day, &nothing_sold).join("; ")
        };
        assert_eq!(record(&[(840, 1)], day.baked), "");
        assert!(record(&[(845, 1)], day.baked).contains("no moment of decision"));
        assert!(record(&[(825, 1)], day.baked).contains("no moment of decision"));
        assert!(record(&[(840, 9)], day.baked).contains("no step of the ladder"));
        assert!(record(&[(840, 0)], day.baked).contains("the price did not go down"));
        assert!(record(&[(840, 1), (855, 2)], day.baked).contains("too soon"));
        assert!(record(&[(840, 1), (900, 2)], day.baked).contains("too many changes"));
        assert!(record(&[], day.baked + 1).contains("appeared or vanished"));
        let mut wrong = day.clone();
        wrong.steps[1].price += 1;
        let change = PriceChange { minute: 840, step: 1 };
        let played = Played {
            windows: Vec::new(),
            changes: vec![change],
            on_hand_first: day.baked,
            revenue: 0,
            discounts: 0,
            left: day.baked,
        };
        assert!(broken(&wrong, &played).join(";").contains("another ending"));
        wrong.steps[1].price = 39;
        assert!(broken(&wrong, &played).join(";").contains("least margin"));
        wrong.steps[1].price = 109;
        assert!(broken(&wrong, &played).join(";").contains("dearer than the sign says"));
    }
}
