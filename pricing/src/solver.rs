//! Dynamic programme: value of each price now, if every later price is chosen best.
//!
//! With slot `t`, units on hand `n`, step on the shelf `i`, slots `g` until a change is allowed,
//! changes made `u`, and demand `D` of the slot (Bitran & Mondschein 1997, with the rules of the
//! policy in the state):
//!
//! ```text
//! E(t, n, j, g, u) = p[j] E[min(D, n)] + sum over d of P(D = d) V(t+1, n - min(d, n), j, g, u)
//! V(t, n, i, g, u) = max(E(t, n, i, max(g-1, 0), u), max over j > i of E(t, n, j, G-1, u+1)
//!                        if g = 0 and u < U)
//! V(T, n, ...)     = salvage * n
//! ```
//!
//! Each value comes with the number of units sold for it. Sums run in a fixed order, so that the
//! same problem has the same answer to the last bit.

use std::ops::Range;

use crate::slot_demand::SlotDemand;

/// Rules for the time and number of price changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeRules {
    /// Slots between two changes, at least 1 (`G`).
    pub gap: usize,
    /// Slots from now until the first change is allowed.
    pub first: usize,
    /// Number of changes left (`U`).
    pub left: usize,
}

impl ChangeRules {
    /// Returns the largest number of changes that the state distinguishes, and `true` if no further
    /// change is allowed at that number. 1 stands for any number if the limit never binds.
    fn counts(&self, slots: usize, steps: usize) -> (usize, bool) {
        let in_time = slots.saturating_sub(self.first).div_ceil(self.gap.clamp(1, slots));
        let possible = in_time.min(steps - 1);
        if self.left < possible { (self.left, true) } else { (possible.min(1), false) }
    }

    /// Returns the number of states of a slot, without the units on hand.
    #[must_use]
    pub fn states(&self, slots: usize, steps: usize) -> usize {
        self.counts(slots, steps).0 * (self.gap.clamp(1, slots) + 1) * steps
    }
}

/// One item until the close, in solver units: sellable units, or groups of them if there are many.
#[derive(Debug, Clone)]
pub struct SolverProblem<'a> {
    /// Units on hand.
    pub on_hand: usize,
    /// Revenue of a unit at each step, from the step on the shelf to the deepest.
    pub prices: &'a [f64],
    /// Demand of each slot at each of these steps.
    pub demand: &'a [&'a [SlotDemand]],
    /// Value of a unit left at the close.
    pub salvage: f64,
    /// Rules for changes.
    pub changes: ChangeRules,
}

/// Expected result from now to the close, in solver units and the currency of the prices.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepValue {
    /// Revenue plus salvage.
    pub value: f64,
    /// Units sold.
    pub sold: f64,
}

impl StepValue {
    /// Adds another result with a weight.
    pub fn add(&mut self, weight: f64, other: &Self) {
        self.value += weight * other.value;
        self.sold += weight * other.sold;
    }
}

/// Values of all prices.
#[derive(Debug, Clone, PartialEq)]
pub struct StepValues {
    /// Each step allowed now: the step on the shelf, then all or none of the deeper steps.
    pub steps: Vec<StepValue>,
    /// Shelf price, if it stays until the close.
    pub unchanged: StepValue,
}

impl StepValues {
    /// Applies a function to every value.
    #[must_use]
    pub fn map(self, change: impl Fn(StepValue) -> StepValue) -> Self {
        Self {
            steps: self.steps.into_iter().map(&change).collect(),
            unchanged: change(self.unchanged),
        }
    }
}

/// Returns the value of each price.
#[must_use]
pub fn solve(problem: &SolverProblem<'_>) -> StepValues {
    let mut stage = SolverStage::new(problem);
    for slot in (1..problem.demand.len()).rev() {
        stage.go_back_to(slot);
    }
    stage.values()
}

/// Value, and units sold for it. Both are summed in one vector operation.
type Pair = [f64; 2];

/// Number of entries of a row that are computed at once.
const BLOCK: usize = 4;

/// Number of entries before the entry of 0 units, all 0: demand beyond the stock leaves nothing.
const PAD: usize = BLOCK - 1;

/// Computes `E` of a slot at every number of units, from the values of the next slot. A row has
/// [`PAD`] entries and then whole blocks.
fn hold(demand: &SlotDemand, price: f64, later: &[Pair], out: &mut [Pair]) {
    let (blocks, _) = out[PAD..].as_chunks_mut::<BLOCK>();
    for (block, out) in blocks.iter_mut().enumerate() {
        let units = block * BLOCK;
        let mut sums: [Pair; BLOCK] = std::array::from_fn(|index| {
            let sold = demand.sold(units + index);
            [price * sold, sold]
        });
        let left = later[..PAD + units + BLOCK].array_windows::<BLOCK>().rev();
        for (later, probability) in left.zip(&demand.probability) {
            for (sum, later) in sums.iter_mut().zip(later) {
                sum[0] += probability * later[0];
                sum[1] += probability * later[1];
            }
        }
        *out = sums;
    }
}

/// Returns `E` of the first slot at the units on hand.
fn now(problem: &SolverProblem<'_>, step: usize, later: &[Pair]) -> StepValue {
    let (demand, price) = (&problem.demand[0][step], problem.prices[step]);
    let sold = demand.sold(problem.on_hand);
    let mut result = StepValue { value: price * sold, sold };
    let later = later[..=PAD + problem.on_hand].iter().rev();
    for ([value, sold], probability) in later.zip(&demand.probability) {
        result.add(*probability, &StepValue { value: *value, sold: *sold });
    }
    result
}

/// Programme at one slot: rows of values by units on hand.
///
/// Row 0 is the state before the first change, which only has the units on hand. Row 1 is the shelf
/// price kept until the close. Then comes a row for each number of changes made, wait and step.
/// While a slot is computed, wait `h + 1` holds `E` of a slot that leaves a wait of `h`. That is
/// already `V` of wait `h + 1`, because a wait keeps the price.
struct SolverStage<'a> {
    problem: &'a SolverProblem<'a>,
    /// Number of entries of a row.
    width: usize,
    /// Largest number of changes that the state distinguishes.
    counts: usize,
    /// `true` if no change is allowed after that number.
    is_limited: bool,
    /// Slots between two changes.
    gap: usize,
    later: Vec<Pair>,
    current: Vec<Pair>,
    best: Vec<Pair>,
}

/// Number of rows before those of the states after a change.
const FIXED_ROWS: usize = 2;

impl<'a> SolverStage<'a> {
    /// Creates the programme at the close.
    fn new(problem: &'a SolverProblem<'a>) -> Self {
        let (slots, steps) = (problem.demand.len(), problem.prices.len());
        let (counts, is_limited) = problem.changes.counts(slots, steps);
        let width = PAD + (problem.on_hand + 1).next_multiple_of(BLOCK);
        let units = |index: usize| index.saturating_sub(PAD) as f64;
        let at_close: Vec<Pair> =
            (0..width).map(|index| [problem.salvage * units(index), 0.0]).collect();
        let later = at_close.repeat(FIXED_ROWS + problem.changes.states(slots, steps));
        Self {
            problem,
            width,
            counts,
            is_limited,
            gap: problem.changes.gap.clamp(1, slots),
            current: later.clone(),
            later,
            best: at_close,
        }
    }

    fn fixed_row(&self, row: usize) -> Range<usize> {
        row * self.width..(row + 1) * self.width
    }

    /// Returns the row of a state after a change.
    fn row(&self, count: usize, wait: usize, step: usize) -> Range<usize> {
        let state = ((count - 1) * (self.gap + 1) + wait) * self.problem.prices.len() + step;
        self.fixed_row(FIXED_ROWS + state)
    }

    /// Returns the largest number of changes possible before a slot.
    fn made_before(&self, slot: usize) -> usize {
        let since_first = slot.checked_sub(self.problem.changes.first + 1);
        since_first.map_or(0, |since| (1 + since / self.gap).min(self.counts))
    }

    /// Returns `true` if no change is allowed after this number of changes.
    fn is_last(&self, count: usize) -> bool {
        self.is_limited && count == self.counts
    }

    /// Returns the wait row of `E` right after the change with this number. The wait does not
    /// matter if no change is left.
    fn after_change(&self, count: usize) -> usize {
        if self.is_last(count) { 1 } else { self.gap }
    }

    /// Returns the steps that are reachable with this number of changes.
    fn steps(&self, count: usize) -> Range<usize> {
        count.min(self.problem.prices.len())..self.problem.prices.len()
    }

    fn go_back_to(&mut self, slot: usize) {
        let (kept, unchanged) = (self.fixed_row(0), self.fixed_row(1));
        self.hold(slot, 0, kept.clone(), kept.clone());
        self.hold(slot, 0, unchanged.clone(), unchanged);
        for count in 1..=self.made_before(slot + 1) {
            for wait in 1..=self.after_change(count) {
                for step in self.steps(count) {
                    let (from, to) = (self.row(count, wait - 1, step), self.row(count, wait, step));
                    self.hold(slot, step, from, to);
                }
            }
        }
        for count in 1..=self.made_before(slot) {
            let next = if self.is_limited { count + 1 } else { count };
            self.best.fill([f64::NEG_INFINITY, 0.0]);
            for step in self.steps(count).rev() {
                let (keep, free) = (self.row(count, 1, step), self.row(count, 0, step));
                self.current.copy_within(keep, free.start);
                if !self.is_last(count) && next <= self.made_before(slot + 1) {
                    raise(&mut self.current[free], &self.best);
                    if self.steps(next).contains(&step) {
                        let changed = self.row(next, self.after_change(next), step);
                        raise(&mut self.best, &self.current[changed]);
                    }
                }
            }
        }
        if self.counts > 0 && slot >= self.problem.changes.first {
            self.best.fill([f64::NEG_INFINITY, 0.0]);
            for step in self.steps(1).rev() {
                let changed = self.row(1, self.after_change(1), step);
                raise(&mut self.best, &self.current[changed]);
            }
            raise(&mut self.current[kept], &self.best);
        }
        std::mem::swap(&mut self.current, &mut self.later);
    }

    fn hold(&mut self, slot: usize, step: usize, from: Range<usize>, to: Range<usize>) {
        let (demand, price) = (&self.problem.demand[slot][step], self.problem.prices[step]);
        hold(demand, price, &self.later[from], &mut self.current[to]);
    }

    /// Returns the value of each step in the first slot.
    fn values(&self) -> StepValues {
        let value = |step, row| now(self.problem, step, &self.later[row]);
        let mut steps = vec![value(0, self.fixed_row(0))];
        if self.counts > 0 && self.problem.changes.first == 0 {
            let wait = self.after_change(1) - 1;
            steps.extend(self.steps(1).map(|step| value(step, self.row(1, wait, step))));
        }
        StepValues { steps, unchanged: value(0, self.fixed_row(1)) }
    }
}

/// Replaces entries by those of the other row wherever its value is higher.
fn raise(row: &mut [Pair], other: &[Pair]) {
    for (pair, other) in row.iter_mut().zip(other) {
        *pair = if other[0] > pair[0] { *other } else { *pair };
    }
}
