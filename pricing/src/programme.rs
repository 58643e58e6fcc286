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

use std::ops::Range;

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
        self.counts(slots, steps).0 * (self.gap.clamp(1, slots) + 1) * steps
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
    for slot in (1..problem.demand.len()).rev() {
        stage.go_back_to(slot);
    }
    stage.outlooks()
}

/// A value and the lots sold for it. The two are summed side by side, which is one step for the
/// processor.
type Pair = [f64; 2];

/// How many entries of a row are computed at once.
const BLOCK: usize = 4;

/// Entries before that of no lot, all 0: what is asked for beyond the stock leaves nothing.
const PAD: usize = BLOCK - 1;

/// `E` of a slot at every number of lots: so much a lot now, and what comes later. A row has
/// [`PAD`] entries and then whole blocks.
fn hold(demand: &Demand, price: f64, later: &[Pair], out: &mut [Pair]) {
    let (blocks, _) = out[PAD..].as_chunks_mut::<BLOCK>();
    for (block, out) in blocks.iter_mut().enumerate() {
        let lots = block * BLOCK;
        let mut sums: [Pair; BLOCK] = std::array::from_fn(|index| {
            let sold = demand.sold(lots + index);
            [price * sold, sold]
        });
        let left = later[..PAD + lots + BLOCK].array_windows::<BLOCK>().rev();
        for (later, probability) in left.zip(&demand.probability) {
            for (sum, later) in sums.iter_mut().zip(later) {
                sum[0] += probability * later[0];
                sum[1] += probability * later[1];
            }
        }
        *out = sums;
    }
}

/// `E` of the first slot at the lots that are on hand.
fn now(problem: &Problem<'_>, step: usize, later: &[Pair]) -> Outlook {
    let (demand, price) = (&problem.demand[0][step], problem.prices[step]);
    let sold = demand.sold(problem.on_hand);
    let mut outlook = Outlook { value: price * sold, sold };
    let later = later[..=PAD + problem.on_hand].iter().rev();
    for ([value, sold], probability) in later.zip(&demand.probability) {
        outlook.add(*probability, &Outlook { value: *value, sold: *sold });
    }
    outlook
}

/// The programme at one slot: rows of values by lots on hand. A state before the first change is
/// known but for the lots on hand: that is row 0. Row 1 is the price on the shelf kept until the
/// close. Then comes a row for each number of changes made, wait and step. While a slot is
/// computed, wait `h + 1` holds `E` of a slot that leaves a wait of `h`: which is already `V` of
/// wait `h + 1`, because who waits keeps the price.
struct Stage<'a> {
    problem: &'a Problem<'a>,
    /// Entries of a row.
    width: usize,
    /// The numbers of changes that are told apart, and whether the last of them is all that is
    /// left.
    counts: usize,
    is_limited: bool,
    /// Slots from one change to the next.
    gap: usize,
    later: Vec<Pair>,
    current: Vec<Pair>,
    best: Vec<Pair>,
}

/// Rows that are always there.
const FIXED_ROWS: usize = 2;

impl<'a> Stage<'a> {
    /// The close.
    fn new(problem: &'a Problem<'a>) -> Self {
        let (slots, steps) = (problem.demand.len(), problem.prices.len());
        let (counts, is_limited) = problem.changes.counts(slots, steps);
        let width = PAD + (problem.on_hand + 1).next_multiple_of(BLOCK);
        let lots = |index: usize| index.saturating_sub(PAD) as f64;
        let at_close: Vec<Pair> =
            (0..width).map(|index| [problem.salvage * lots(index), 0.0]).collect();
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

    /// The row of a state after a change.
    fn row(&self, count: usize, wait: usize, step: usize) -> Range<usize> {
        let state = ((count - 1) * (self.gap + 1) + wait) * self.problem.prices.len() + step;
        self.fixed_row(FIXED_ROWS + state)
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

    /// What each step is worth in the first slot.
    fn outlooks(&self) -> Outlooks {
        let outlook = |step, row| now(self.problem, step, &self.later[row]);
        let mut steps = vec![outlook(0, self.fixed_row(0))];
        if self.counts > 0 && self.problem.changes.first == 0 {
            let wait = self.after_change(1) - 1;
            steps.extend(self.steps(1).map(|step| outlook(step, self.row(1, wait, step))));
        }
        Outlooks { steps, unchanged: outlook(0, self.fixed_row(1)) }
    }
}

/// Takes what the other row has wherever its value is higher.
fn raise(row: &mut [Pair], other: &[Pair]) {
    for (pair, other) in row.iter_mut().zip(other) {
        *pair = if other[0] > pair[0] { *other } else { *pair };
    }
}
