//! Policies without a model: no discount, a fixed rule, a stepped rule, or a rule that follows
//! sales; and the best of each kind, found on days of training.

use crate::belief::ShopBelief;
use crate::day::SimulatedDay;
use crate::item::{CLOSES, COUNTER, OPENS};
use crate::play::{Chooser, Moment, play};
use crate::world::ShopWorld;

/// Discount from a time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Markdown {
    /// Start, in minutes from midnight.
    pub from: u16,
    /// Discount.
    pub percent: u8,
}

const fn at(from: u16, percent: u8) -> Markdown {
    Markdown { from, percent }
}

/// 30 % off at four o'clock.
pub const FOUR_O_CLOCK: &[Markdown] = &[at(960, 30)];
/// Stepped rule as used in many shops.
pub const STEPPED: &[Markdown] = &[at(900, 20), at(990, 40), at(1_050, 60)];
/// No discount.
pub const NONE: &[Markdown] = &[];

/// Returns the policy that shows each discount from its time on, as far as the rules allow.
#[must_use]
pub fn fixed(rule: &[Markdown]) -> Chooser<'_> {
    Box::new(|moment: &Moment<'_>| {
        let due = rule.iter().rev().find(|markdown| markdown.from <= moment.minute);
        moment.up_to(due.map_or(0, |markdown| markdown.percent))
    })
}

/// Returns the policy that goes one step deeper at a half hour if the share of units sold is more
/// than `patience` behind that of the usual day. Without history, the usual day is even.
#[must_use]
pub fn sell_through(belief: &ShopBelief, patience: f64) -> Chooser<'_> {
    Box::new(move |moment: &Moment<'_>| {
        let shelf = moment.steps[moment.shelf.step].percent;
        if !moment.minute.is_multiple_of(30) {
            return moment.shelf.step;
        }
        let sold = 1.0 - moment.on_hand as f64 / moment.baked as f64;
        let behind = sold < usual_share(belief, moment.minute) - patience;
        let wanted = if behind { next_deeper(moment, shelf) } else { shelf };
        moment.up_to(wanted)
    })
}

fn next_deeper(moment: &Moment<'_>, percent: u8) -> u8 {
    let deeper = moment.steps.iter().find(|step| step.percent > percent);
    deeper.map_or(percent, |step| step.percent)
}

/// Returns the share of the usual day's demand before a minute.
fn usual_share(belief: &ShopBelief, minute: u16) -> f64 {
    let Some(profile) = &belief.profile else {
        return f64::from(minute - OPENS) / f64::from(CLOSES - OPENS);
    };
    let whole: f64 = profile.slots.iter().map(|slot| slot.units).sum();
    let over = profile.slots.iter().filter(|slot| slot.end <= minute);
    over.map(|slot| slot.units).sum::<f64>() / whole.max(f64::MIN_POSITIVE)
}

/// Rules tuned on days of training of one world.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// Best single discount and time for all items.
    pub fixed: Vec<Markdown>,
    /// Best single discount and time for each item of the counter.
    pub fixed_by_item: Vec<Vec<Markdown>>,
    /// Best of several rules of two steps, for all items.
    pub stepped: Vec<Markdown>,
    /// Largest delay of sell-through without a discount, as a share.
    pub patience: f64,
}

impl Tuned {
    /// Tunes the rules on `days` days of training.
    #[must_use]
    pub fn on(world: &'static ShopWorld, seed: u64, days: u64) -> Self {
        let days: Vec<SimulatedDay> =
            (0..days).map(|number| SimulatedDay::training(world, seed, number)).collect();
        let fixed = fixed_rules();
        let fixed_values: Vec<Vec<i64>> = fixed.iter().map(|rule| values(rule, &days)).collect();
        let of_item = |item: usize| best(&fixed, &fixed_values, |day| day % COUNTER.len() == item);
        let stepped = stepped_rules();
        let stepped_values: Vec<Vec<i64>> =
            stepped.iter().map(|rule| values(rule, &days)).collect();
        Self {
            fixed: best(&fixed, &fixed_values, |_| true),
            fixed_by_item: (0..COUNTER.len()).map(of_item).collect(),
            stepped: best(&stepped, &stepped_values, |_| true),
            patience: patience(world, seed, &days),
        }
    }
}

/// Returns the value of each day under a rule, in cents.
fn values(rule: &[Markdown], days: &[SimulatedDay]) -> Vec<i64> {
    days.iter().map(|day| play(day, &mut fixed(rule)).value(day)).collect()
}

/// Returns the best patience, in steps of five points. A quarter of the days is enough: a rule that
/// follows sales depends less on chance.
fn patience(world: &'static ShopWorld, seed: u64, days: &[SimulatedDay]) -> f64 {
    let of_number = |number: u64| ShopBelief::before_training(world, seed, number);
    let beliefs: Vec<ShopBelief> = (0..days.len() as u64 / 4).map(of_number).collect();
    let value = |patience: f64| -> i64 {
        let days = days.iter().zip(&beliefs);
        days.map(|(day, belief)| play(day, &mut sell_through(belief, patience)).value(day)).sum()
    };
    let choices = (0..=8).map(|step| f64::from(step) * 0.05);
    choices.max_by_key(|patience| value(*patience)).expect("nine choices")
}

/// Returns the first of the best rules, over the days that count.
fn best(
    rules: &[Vec<Markdown>],
    values: &[Vec<i64>],
    counts: impl Fn(usize) -> bool,
) -> Vec<Markdown> {
    let total = |values: &Vec<i64>| -> i64 {
        let counted = values.iter().enumerate().filter(|(day, _)| counts(*day));
        counted.map(|(_, value)| value).sum()
    };
    let mut best = (&rules[0], total(&values[0]));
    for (rule, values) in rules.iter().zip(values).skip(1) {
        let total = total(values);
        if total > best.1 {
            best = (rule, total);
        }
    }
    best.0.clone()
}

/// Returns the rule without a discount, and a rule for each discount and half hour.
fn fixed_rules() -> Vec<Vec<Markdown>> {
    let times = (840..CLOSES).step_by(30);
    let rules = times.flat_map(|from| (10..=70).step_by(10).map(move |percent| at(from, percent)));
    std::iter::once(Vec::new()).chain(rules.map(|rule| vec![rule])).collect()
}

/// Returns rules with a first discount of 10 to 40 % between 14:00 and 17:00, and a deeper one at
/// least an hour later.
fn stepped_rules() -> Vec<Vec<Markdown>> {
    let mut rules = Vec::new();
    for first in (840..=1_020).step_by(60) {
        for percent in [10, 20, 30, 40] {
            for second in (first + 60..CLOSES).step_by(60) {
                for deeper in [percent + 10, percent + 20, percent + 30] {
                    rules.push(vec![at(first, percent), at(second, deeper)]);
                }
            }
        }
    }
    rules
}
