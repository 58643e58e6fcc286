//! The dynamic programme: what each price is worth now when every later price is chosen best.
//!
//! With slot `t`, lots on hand `n`, step on the shelf `i`, slots `g` until a change is allowed,
//! changes made `u`, and `D` lots asked for in the slot (Bitran & Mondschein 1997, with the rules
//! of the policy in the state):
//!
//! ```text
//! E(t, n, j, g, u) = p[j] E[min(D, n)] + sum over d of P(D = d) V(t+1, n - min(d, n), j, g, u)
//! V(t, n, i, g, u) = max(E(t, n, i, max(g-1, 0), u), max over j > i of E(t, n, j, G-1, u+1)
//!                        if g = 0 and u < U)
//! V(T, n, ...)     = salvage * n
//! ```
//!
//! Beside each value goes the number of lots sold on the way to it. Sums run in a fixed order, so
//! the same problem has the same answer to the last bit.

use crate::sales::Demand;

/// The rules of time and number that changes keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// Slots after a change until the next one may come, at least 1 (`G`).
    pub gap: usize,
    /// Slots from now on until the first change may come.
    pub first: usize,
    /// How many are left (`U`).
    pub left: usize,
}

impl Changes {
    /// The numbers of changes made that have to be told apart, and whether the last of them is all
    /// that is left; one number stands for all where so many are left that the rule never binds.
    fn counts(&self, slots: usize, steps: usize) -> (usize, bool) {
        let in_time = slots.saturating_sub(self.first).div_ceil(self.gap.clamp(1, slots));
        let possible = in_time.min(steps - 1);
        if self.left < possible { (self.left, true) } else { (possible.min(1), false) }
    }

    /// How many states, but for the lots on hand, the programme has in a slot.
    #[must_use]
    pub fn states(&self, slots: usize, steps: usize) -> usize {
        1 + self.counts(slots, steps).0 * (self.gap.clamp(1, slots) + 1) * steps
    }
}

/// One item until the close, in lots.
#[derive(Debug, Clone)]
pub struct Problem<'a> {
    /// Lots on hand.
    pub on_hand: usize,
    /// What a lot earns at each step from the one on the shelf on, shallow to deep.
    pub prices: &'a [f64],
    /// The demand of each slot at each of these steps.
    pub demand: &'a [&'a [Demand]],
    /// What a lot left at the close is worth.
    pub salvage: f64,
    /// Which changes are allowed.
    pub changes: Changes,
}

/// What is expected from now to the close, in lots and the price's money.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Outlook {
    /// Revenue and salvage.
    pub value: f64,
    /// Lots sold.
    pub sold: f64,
}

impl Outlook {
    /// Adds another one, weighted.
    pub fn add(&mut self, weight: f64, other: &Self) {
        self.value += weight * other.value;
        self.sold += weight * other.sold;
    }
}

/// What each price is worth now.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlooks {
    /// Of each step that may be shown now: the one on the shelf, then all or none of the others.
    pub steps: Vec<Outlook>,
    /// Of the price on the shelf, if it stays until the close.
    pub unchanged: Outlook,
}

impl Outlooks {
    /// Every outlook, changed by the same function.
    #[must_use]
    pub fn map(self, change: impl Fn(Outlook) -> Outlook) -> Self {
        Self {
            steps: self.steps.into_iter().map(&change).collect(),
            unchanged: change(self.unchanged),
        }
    }
}

/// Solves the problem.
#[must_use]
pub fn solve(problem: &Problem<'_>) -> Outlooks {
    let mut stage = Stage::new(problem);
    let mut later = vec![0.0; stage.width];
    let mut unchanged = later.clone();
    for slot in (1..problem.demand.len()).rev() {
        stage.go_back_to(slot);
        hold(&problem.demand[slot][0], 1.0, &later, &mut unchanged);
        std::mem::swap(&mut later, &mut unchanged);
    }
    let sold = now(problem, 0, 1.0, &later);
    let left = problem.on_hand as f64 - sold;
    let value = problem.prices[0] * sold + problem.salvage * left;
    Outlooks { steps: stage.outlooks(), unchanged: Outlook { value, sold } }
}

/// `E` of a slot at every number of lots: so much a lot now, and what comes later.
fn hold(demand: &Demand, price: f64, later: &[f64], out: &mut [f64]) {
    for (lots, out) in out.iter_mut().enumerate() {
        *out = price * demand.sold(lots);
    }
    for (sold, probability) in demand.probability.iter().enumerate().take(later.len()) {
        let left = later.len() - sold;
        for (out, later) in out[sold..].iter_mut().zip(&later[..left]) {
            *out += probability * later;
        }
    }
}

/// `E` of the first slot at the lots that are on hand.
fn now(problem: &Problem<'_>, step: usize, price: f64, later: &[f64]) -> f64 {
    let demand = &problem.demand[0][step];
    let later = later.iter().rev().zip(&demand.probability);
    later.fold(price * demand.sold(problem.on_hand), |sum, (later, probability)| {
        sum + probability * later
    })
}

/// Values and lots sold in every state of one slot.
#[derive(Clone)]
struct States {
    value: Vec<f64>,
    sold: Vec<f64>,
}

/// The programme at one slot. A state before the first change is known but for the lots on hand:
/// these are row 0. After it there is a row for each number of changes made, wait and step. While a
/// slot is computed, wait `h + 1` holds `E` of a slot that leaves a wait of `h`: which is already
/// `V` of wait `h + 1`, because who waits keeps the price.
struct Stage<'a> {
    problem: &'a Problem<'a>,
    /// Entries of a row: from no lot to all that are on hand.
    width: usize,
    /// The numbers of changes that are told apart: as many as are left, or just one where so many
    /// are left that the rule never binds.
    counts: usize,
    is_limited: bool,
    /// Slots from one change to the next.
    gap: usize,
    later: States,
    current: States,
    best: States,
}

impl<'a> Stage<'a> {
    /// The close.
    fn new(problem: &'a Problem<'a>) -> Self {
        let (slots, steps) = (problem.demand.len(), problem.prices.len());
        let gap = problem.changes.gap.clamp(1, slots);
        let (counts, is_limited) = problem.changes.counts(slots, steps);
        let width = problem.on_hand + 1;
        let rows = problem.changes.states(slots, steps);
        let at_close = (0..width).map(|lots| problem.salvage * lots as f64);
        let value = at_close.cycle().take(rows * width).collect();
        let later = States { value, sold: vec![0.0; rows * width] };
        let best = States { value: vec![0.0; width], sold: vec![0.0; width] };
        Self { problem, width, counts, is_limited, gap, current: later.clone(), later, best }
    }

    /// The lots of a state after a change.
    fn row(&self, count: usize, wait: usize, step: usize) -> std::ops::Range<usize> {
        let row = 1 + ((count - 1) * (self.gap + 1) + wait) * self.problem.prices.len() + step;
        row * self.width..(row + 1) * self.width
    }

    /// The most changes that can have been made before a slot.
    fn made_before(&self, slot: usize) -> usize {
        let since_first = slot.checked_sub(self.problem.changes.first + 1);
        since_first.map_or(0, |since| (1 + since / self.gap).min(self.counts))
    }

    /// Whether so many changes are all that were left.
    fn is_last(&self, count: usize) -> bool {
        self.is_limited && count == self.counts
    }

    /// The wait row of `E` right after a change to this count; without a change left the wait does
    /// not matter.
    fn after_change(&self, count: usize) -> usize {
        if self.is_last(count) { 1 } else { self.gap }
    }

    /// The steps that so many changes can have led to.
    fn steps(&self, count: usize) -> std::ops::Range<usize> {
        count.min(self.problem.prices.len())..self.problem.prices.len()
    }

    fn go_back_to(&mut self, slot: usize) {
        let (demand, prices) = (self.problem.demand[slot], self.problem.prices);
        self.hold(&demand[0], prices[0], 0..self.width, 0..self.width);
        for count in 1..=self.made_before(slot + 1) {
            for wait in 1..=self.after_change(count) {
                for step in self.steps(count) {
                    let (from, to) = (self.row(count, wait - 1, step), self.row(count, wait, step));
                    self.hold(&demand[step], prices[step], from, to);
                }
            }
        }
        for count in 1..=self.made_before(slot) {
            let next = if self.is_limited { count + 1 } else { count };
            self.best.value.fill(f64::NEG_INFINITY);
            for step in self.steps(count).rev() {
                let (keep, free) = (self.row(count, 1, step), self.row(count, 0, step));
                self.current.value.copy_within(keep.clone(), free.start);
                self.current.sold.copy_within(keep, free.start);
                if !self.is_last(count) && next <= self.made_before(slot + 1) {
                    self.take_best(free);
                    if self.steps(next).contains(&step) {
                        self.offer(self.row(next, self.after_change(next), step));
                    }
                }
            }
        }
        if self.counts > 0 && slot >= self.problem.changes.first {
            self.best.value.fill(f64::NEG_INFINITY);
            for step in self.steps(1).rev() {
                self.offer(self.row(1, self.after_change(1), step));
            }
            self.take_best(0..self.width);
        }
        std::mem::swap(&mut self.current, &mut self.later);
    }

    fn hold(
        &mut self,
        demand: &Demand,
        price: f64,
        from: std::ops::Range<usize>,
        to: std::ops::Range<usize>,
    ) {
        let (value, sold) = (&mut self.current.value[to.clone()], &mut self.current.sold[to]);
        hold(demand, price, &self.later.value[from.clone()], value);
        hold(demand, 1.0, &self.later.sold[from], sold);
    }

    /// Takes the best change instead of what stands in a row where it is worth more.
    fn take_best(&mut self, row: std::ops::Range<usize>) {
        let (value, sold) = (&mut self.current.value[row.clone()], &mut self.current.sold[row]);
        raise(value, sold, &self.best.value, &self.best.sold);
    }

    /// Makes a change to this row the best one where it is worth more than the best so far.
    fn offer(&mut self, row: std::ops::Range<usize>) {
        let (value, sold) = (&self.current.value[row.clone()], &self.current.sold[row]);
        raise(&mut self.best.value, &mut self.best.sold, value, sold);
    }

    /// What each step is worth in the first slot.
    fn outlooks(&self) -> Vec<Outlook> {
        let outlook = |step: usize, row: std::ops::Range<usize>| Outlook {
            value: now(
                self.problem,
                step,
                self.problem.prices[step],
                &self.later.value[row.clone()],
            ),
            sold: now(self.problem, step, 1.0, &self.later.sold[row]),
        };
        let mut outlooks = vec![outlook(0, 0..self.width)];
        if self.counts > 0 && self.problem.changes.first == 0 {
            let wait = self.after_change(1) - 1;
            outlooks.extend(self.steps(1).map(|step| outlook(step, self.row(1, wait, step))));
        }
        outlooks
    }
}

/// Where the other value is higher, takes it and what is sold for it.
fn raise(value: &mut [f64], sold: &mut [f64], other_value: &[f64], other_sold: &[f64]) {
    let other = other_value.iter().zip(other_sold);
    for ((value, sold), (other_value, other_sold)) in value.iter_mut().zip(sold).zip(other) {
        let is_better = other_value > value;
        *value = if is_better { *other_value } else { *value };
        *sold = if is_better { *other_sold } else { *sold };
    }
}
