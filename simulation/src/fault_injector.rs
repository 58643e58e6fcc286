//! Decides on which occasions a fault is injected.
//!
//! Each fault draws from a stream of its own. A fault that is switched off therefore shifts no
//! other, and a failure stays the same while its plan is made smaller.

use std::collections::BTreeMap;

use load_generator::draw::Draw;

use crate::injected_fault::InjectedFault;
use crate::world_plan::WorldPlan;

/// Rates and draws of all faults of a world.
pub(crate) struct FaultInjector {
    is_stopped: bool,
    faults: BTreeMap<InjectedFault, FaultDraws>,
}

struct FaultDraws {
    /// Probability of an injection on one occasion.
    rate: f64,
    draw: Draw,
    injected: u64,
}

impl FaultInjector {
    pub(crate) fn new(plan: &WorldPlan) -> Self {
        // The names of streams decide the history of every seed, so they stay as they are.
        let mut factors = Draw::of(plan.seed, "climate");
        let draws = |fault: InjectedFault| {
            // Many faults at once hide one another, so at every seed some are off.
            let factor = [0.0, 0.3, 1.0, 1.0, 2.5][factors.below(5) as usize];
            let factor = if plan.without.contains(&fault) { 0.0 } else { factor };
            let rate = factor * fault.per_mille() as f64 / 1000.0;
            (fault, FaultDraws { rate, draw: Draw::of(plan.seed, fault.word()), injected: 0 })
        };
        Self { is_stopped: false, faults: InjectedFault::ALL.iter().copied().map(draws).collect() }
    }

    /// `true` if the fault is injected on this occasion.
    pub(crate) fn injects(&mut self, fault: InjectedFault) -> bool {
        let is_stopped = self.is_stopped;
        let draws = self.draws(fault);
        let injects = draws.draw.happens(draws.rate) && !is_stopped;
        draws.injected += u64::from(injects);
        injects
    }

    /// Draws a whole number below `end` from the stream of the fault.
    pub(crate) fn below(&mut self, fault: InjectedFault, end: u64) -> u64 {
        self.draws(fault).draw.below(end)
    }

    /// Stops all injections.
    pub(crate) fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Number of injections by fault.
    pub(crate) fn injected(&self) -> BTreeMap<InjectedFault, u64> {
        self.faults.iter().map(|(fault, draws)| (*fault, draws.injected)).collect()
    }

    fn draws(&mut self, fault: InjectedFault) -> &mut FaultDraws {
        self.faults.get_mut(&fault).expect("every fault has draws")
    }
}
