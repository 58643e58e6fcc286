//! Batch handlers of one function while a new version is released: most batches go to this version,
//! some to another one.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::Delivered;
use in_memory::Tables;
use processors::{BatchOutcome, Processor};

use crate::context::SimContext;
use crate::injected_fault::InjectedFault;
use crate::program_version::{OtherVersion, PackingForm};

/// Largest difference between the clock of a handler and those of the passes, in seconds.
const CLOCK_ERROR_MAX: i64 = 55;

/// Handlers over the same tables.
#[derive(Clone)]
pub(crate) struct Handlers {
    pub(crate) sim: SimContext,
    pub(crate) tables: Tables,
    this: Processor<Tables>,
    others: [Processor<OtherVersion>; 2],
}

impl Handlers {
    pub(crate) fn new(sim: SimContext, tables: Tables) -> Self {
        let mut draw = sim.draw("clocks of handlers");
        let mut clock = || {
            let seconds = draw.below(2 * CLOCK_ERROR_MAX as u64 + 1) as i64 - CLOCK_ERROR_MAX;
            let (sim, error) = (sim.clone(), TimeDelta::seconds(seconds));
            Arc::new(move || sim.now() + error)
        };
        let this = Processor::new(tables.clone(), clock());
        let others = [PackingForm::Plain, PackingForm::OneEvent]
            .map(|form| Processor::new(OtherVersion { tables: tables.clone(), form }, clock()));
        Self { sim, tables, this, others }
    }

    /// Processes a batch with one of the handlers.
    pub(crate) async fn process(&self, records: &[Delivered]) -> BatchOutcome {
        let fault = InjectedFault::OtherVersion;
        if !self.sim.injects(fault) {
            return self.this.process(records).await;
        }
        self.others[self.sim.below(fault, 2) as usize].process(records).await
    }
}
