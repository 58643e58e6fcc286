//! State that all parts of a simulated world share: virtual clock, injected faults, counters and
//! history.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use load_generator::draw::Draw;
use tokio::time::Instant;

use crate::fault_injector::FaultInjector;
use crate::injected_fault::InjectedFault;
use crate::world_plan::WorldPlan;

/// Context of one world. Clones share their state.
#[derive(Clone)]
pub(crate) struct SimContext(Arc<ContextInner>);

struct ContextInner {
    seed: u64,
    /// Wall clock time of `began`.
    starts_at: DateTime<Utc>,
    began: Instant,
    state: Mutex<ContextState>,
}

struct ContextState {
    faults: FaultInjector,
    counts: BTreeMap<&'static str, u64>,
    /// `None` if no history is wanted.
    history: Option<String>,
}

impl SimContext {
    /// Starts the virtual clock of a plan's world at `starts_at`.
    pub(crate) fn new(plan: &WorldPlan, starts_at: DateTime<Utc>, wants_history: bool) -> Self {
        let state = ContextState {
            faults: FaultInjector::new(plan),
            counts: BTreeMap::new(),
            history: wants_history.then(String::new),
        };
        let (seed, began) = (plan.seed, Instant::now());
        Self(Arc::new(ContextInner { seed, starts_at, began, state: state.into() }))
    }

    /// Creates a stream of draws for a purpose other than a fault.
    pub(crate) fn draw(&self, purpose: &str) -> Draw {
        Draw::of(self.0.seed, purpose)
    }

    /// Time of the virtual clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.starts_at + self.elapsed()
    }

    /// Virtual time since the start of the world.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.began.elapsed()
    }

    /// Waits until the virtual clock shows `instant`.
    pub(crate) async fn sleep_until(&self, instant: DateTime<Utc>) {
        tokio::time::sleep((instant - self.now()).to_std().unwrap_or_default()).await;
    }

    /// `true` if the fault is injected on this occasion. Logs and counts the injection.
    pub(crate) fn injects(&self, fault: InjectedFault) -> bool {
        let injects = self.state().faults.injects(fault);
        if injects {
            self.log(|| format!("! {}", fault.word()));
        }
        injects
    }

    /// Draws a whole number below `end` for the fault.
    pub(crate) fn below(&self, fault: InjectedFault, end: u64) -> u64 {
        self.state().faults.below(fault, end)
    }

    /// Draws a duration for the fault, from one millisecond to `longest`.
    pub(crate) fn duration(&self, fault: InjectedFault, longest: Duration) -> Duration {
        Duration::from_millis(1 + self.below(fault, longest.as_millis() as u64))
    }

    /// Stops the injection of faults.
    pub(crate) fn stop_faults(&self) {
        self.state().faults.stop();
        self.log(|| "faults end".to_owned());
    }

    /// Adds to the counter of something done or checked.
    pub(crate) fn count(&self, what: &'static str, number: usize) {
        *self.state().counts.entry(what).or_default() += number as u64;
    }

    /// Adds a line to the history, if one is wanted.
    pub(crate) fn log(&self, line: impl FnOnce() -> String) {
        let elapsed = self.elapsed();
        if let Some(history) = &mut self.state().history {
            let line = line();
            let (seconds, millis) = (elapsed.as_secs(), elapsed.subsec_millis());
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let _ = writeln!(history, "{hours}:{minutes:02}:{seconds:02}.{millis:03} {line}");
        }
    }

    /// Takes the injections by fault, the counters and the history.
    pub(crate) fn take_results(
        &self,
    ) -> (BTreeMap<InjectedFault, u64>, BTreeMap<&'static str, u64>, String) {
        let mut state = self.state();
        let history = state.history.take().unwrap_or_default();
        (state.faults.injected(), std::mem::take(&mut state.counts), history)
    }

    fn state(&self) -> MutexGuard<'_, ContextState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
