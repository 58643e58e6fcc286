//! Play of one day under one policy.

use crate::day::{FIRST_DECISION, Shopper, SimulatedDay, WAITS_FOR_PERCENT, minute_of};
use crate::item::{CLOSES, INTERVAL, OPENS, SLOTS};
use crate::prices::PricedStep;

/// Length of a sales window in minutes, as of the stock windows.
pub const WINDOW: u16 = 5;
const WINDOWS: usize = ((CLOSES - OPENS) / WINDOW) as usize;

/// Sales of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoldWindow {
    /// Units sold.
    pub units: u64,
    /// Step on the shelf.
    pub step: usize,
    /// `true` if the shelf was empty at the end of the window.
    pub sold_out: bool,
}

/// Price change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceChange {
    /// Time, in minutes from midnight.
    pub minute: u16,
    /// Step from then on.
    pub step: usize,
}

/// Step on the shelf and its changes of today.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ShownStep {
    /// Step.
    pub step: usize,
    /// Last change, in minutes from midnight.
    pub since: Option<u16>,
    /// Number of changes so far.
    pub changes: u32,
}

/// Data that a policy sees when it decides: those that a shop would see.
#[derive(Debug)]
pub struct Moment<'a> {
    /// Time, in minutes from midnight.
    pub minute: u16,
    /// Units on the shelf at opening.
    pub baked: u64,
    /// Units on the shelf now.
    pub on_hand: u64,
    /// Current step.
    pub shelf: ShownStep,
    /// Usable steps.
    pub steps: &'a [PricedStep],
    /// All windows since opening.
    pub windows: &'a [SoldWindow],
    /// `true` if gap and number of changes allow a change.
    pub may_change: bool,
}

impl Moment<'_> {
    /// Returns the deepest step up to a discount that may be shown now.
    #[must_use]
    pub fn up_to(&self, percent: u8) -> usize {
        let deepest = self.steps.iter().rposition(|step| step.percent <= percent).unwrap_or(0);
        if self.may_change { deepest.max(self.shelf.step) } else { self.shelf.step }
    }
}

/// Policy on one day: returns the step to show from a moment on.
pub type Chooser<'a> = Box<dyn FnMut(&Moment<'_>) -> usize + 'a>;

/// Record of a day under a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// All windows.
    pub windows: Vec<SoldWindow>,
    /// Price changes, in order.
    pub changes: Vec<PriceChange>,
    /// Units at the first decision.
    pub on_hand_first: u64,
    /// Revenue from the first decision on, in cents.
    pub revenue: i64,
    /// Sum of the discounts of all units sold from the first decision on, in percent.
    pub discounts: u64,
    /// Units left at the close.
    pub left: u64,
}

impl Played {
    /// Returns revenue from the first decision on plus salvage, in cents. Earlier sales are the
    /// same under every policy.
    #[must_use]
    pub fn value(&self, day: &SimulatedDay) -> i64 {
        self.revenue + day.item.salvage * self.left as i64
    }
}

/// Plays a day. The policy is asked at the start of each slot of the afternoon while units are
/// left.
pub fn play(day: &SimulatedDay, choose: &mut Chooser<'_>) -> Played {
    let visits = visits(&day.customers);
    let mut visits = visits.iter().peekable();
    let mut done = vec![false; day.customers.len()];
    let rules = day.world.rules.rules();
    let mut shelf = ShownStep::default();
    let mut played = Played {
        windows: Vec::with_capacity(WINDOWS),
        changes: Vec::new(),
        on_hand_first: 0,
        revenue: 0,
        discounts: 0,
        left: day.baked,
    };
    for slot in 0..SLOTS {
        let minute = minute_of(slot);
        if slot == FIRST_DECISION {
            played.on_hand_first = played.left;
        }
        if slot >= FIRST_DECISION && played.left > 0 {
            let gap_over = shelf
                .since
                .is_none_or(|since| u32::from(minute - since) >= rules.min_minutes_between_changes);
            let may_change = gap_over && rules.max_changes.is_none_or(|most| shelf.changes < most);
            let step = choose(&Moment {
                minute,
                baked: day.baked,
                on_hand: played.left,
                shelf,
                steps: &day.steps,
                windows: &played.windows,
                may_change,
            });
            if step != shelf.step {
                played.changes.push(PriceChange { minute, step });
                // A step that does not exist is recorded for the checker.
                let shown = if step < day.steps.len() { step } else { shelf.step };
                let changes = shelf.changes + 1;
                shelf = ShownStep { step: shown, since: Some(minute), changes };
            }
        }
        let price = day.steps[shelf.step];
        for window in 0..INTERVAL / WINDOW {
            let ends = u32::from(minute + (window + 1) * WINDOW) * 60_000;
            let mut units = 0;
            while let Some(visit) = visits.next_if(|visit| visit.at < ends) {
                let customer = day.customers[visit.customer];
                let waits = customer.returns_at.is_some() && !visit.is_return;
                if done[visit.customer] || waits && price.percent < WAITS_FOR_PERCENT {
                    continue;
                }
                done[visit.customer] = true;
                if customer.reach < day.responses[shelf.step] {
                    let taken = customer.wants.min(played.left);
                    played.left -= taken;
                    units += taken;
                }
            }
            if slot >= FIRST_DECISION {
                played.revenue += units as i64 * price.price;
                played.discounts += units * u64::from(price.percent);
            }
            played.windows.push(SoldWindow { units, step: shelf.step, sold_out: played.left == 0 });
        }
    }
    played
}

/// Visit of a customer.
struct Visit {
    at: u32,
    customer: usize,
    is_return: bool,
}

fn visits(customers: &[Shopper]) -> Vec<Visit> {
    let mut visits = Vec::with_capacity(customers.len());
    for (number, customer) in customers.iter().enumerate() {
        visits.push(Visit { at: customer.at, customer: number, is_return: false });
        if let Some(at) = customer.returns_at {
            visits.push(Visit { at, customer: number, is_return: true });
        }
    }
    visits.sort_by_key(|visit| (visit.at, visit.customer, visit.is_return));
    visits
}
