//! What every part of a simulated world shares: the virtual clock, the faults that strike, and the
//! history of what happened.
//!
//! Every fault draws from a stream of its own, so that one that is switched off shifts no other:
//! a failure stays while it is made smaller.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use load_generator::draw::Draw;
use tokio::time::Instant;

use crate::fault::Fault;
use crate::plan::Plan;

/// The weather over one world. Clones are the same weather.
#[derive(Clone)]
pub(crate) struct Weather(Arc<Shared>);

struct Shared {
    seed: u64,
    /// The virtual clock's zero, on both clocks.
    starts_at: DateTime<Utc>,
    began: Instant,
    sky: Mutex<Sky>,
}

struct Sky {
    is_calm: bool,
    odds: BTreeMap<Fault, Odds>,
    counts: BTreeMap<&'static str, u64>,
    /// `None` when nobody wants to read it.
    history: Option<String>,
}

struct Odds {
    /// Probability that it strikes on an occasion.
    rate: f64,
    draw: Draw,
    struck: u64,
}

impl Weather {
    /// The weather of a plan, from now on.
    pub(crate) fn new(plan: &Plan, starts_at: DateTime<Utc>, wants_history: bool) -> Self {
        let mut climate = Draw::of(plan.seed, "climate");
        let odds = |fault: Fault| {
            // Many faults at once hide one another, so at every seed some stay away.
            let factor = [0.0, 0.3, 1.0, 1.0, 2.5][climate.below(5) as usize];
            let rate = if plan.without.contains(&fault) { 0.0 } else { factor };
            let rate = rate * f64::from(fault.per_mille()) / 1000.0;
            (fault, Odds { rate, draw: Draw::of(plan.seed, fault.word()), struck: 0 })
        };
        let sky = Sky {
            is_calm: false,
            odds: Fault::ALL.iter().copied().map(odds).collect(),
            counts: BTreeMap::new(),
            history: wants_history.then(String::new),
        };
        let shared = Shared { seed: plan.seed, starts_at, began: Instant::now(), sky: sky.into() };
        Self(Arc::new(shared))
    }

    /// A stream of draws for a purpose that is no fault.
    pub(crate) fn draw(&self, purpose: &str) -> Draw {
        Draw::of(self.0.seed, purpose)
    }

    /// The virtual clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.starts_at + self.elapsed()
    }

    /// Virtual time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.began.elapsed()
    }

    /// Waits until the virtual clock shows `instant`.
    pub(crate) async fn sleep_until(&self, instant: DateTime<Utc>) {
        tokio::time::sleep((instant - self.now()).to_std().unwrap_or_default()).await;
    }

    /// Whether the fault strikes on this occasion.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let mut sky = self.sky();
        let is_calm = sky.is_calm;
        let odds = sky.odds.get_mut(&fault).expect("all faults have odds");
        let strikes = odds.draw.happens(odds.rate) && !is_calm;
        odds.struck += u64::from(strikes);
        drop(sky);
        if strikes {
            self.tell(|| format!("! {fault}"));
        }
        strikes
    }

    /// How much of the fault, below `end`.
    pub(crate) fn below(&self, fault: Fault, end: u64) -> u64 {
        self.sky().odds.get_mut(&fault).expect("all faults have odds").draw.below(end)
    }

    /// How long the fault takes, at most `longest`.
    pub(crate) fn time(&self, fault: Fault, longest: Duration) -> Duration {
        Duration::from_millis(1 + self.below(fault, longest.as_millis() as u64))
    }

    /// From now on nothing goes wrong any more.
    pub(crate) fn calm_down(&self) {
        self.sky().is_calm = true;
        self.tell(|| "calm".to_owned());
    }

    /// Adds to what was done or checked.
    pub(crate) fn count(&self, what: &'static str, number: usize) {
        *self.sky().counts.entry(what).or_default() += number as u64;
    }

    /// Notes a line of history, if somebody wants to read it.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        let elapsed = self.elapsed();
        if let Some(history) = &mut self.sky().history {
            let line = line();
            let (seconds, millis) = (elapsed.as_secs(), elapsed.subsec_millis());
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let _ = writeln!(history, "{hours}:{minutes:02}:{seconds:02}.{millis:03} {line}");
        }
    }

    /// How often each fault struck, what was counted, and the history.
    pub(crate) fn past(&self) -> (BTreeMap<Fault, u64>, BTreeMap<&'static str, u64>, String) {
        let mut sky = self.sky();
        let struck = sky.odds.iter().map(|(fault, odds)| (*fault, odds.struck)).collect();
        let history = sky.history.take().unwrap_or_default();
        (struck, std::mem::take(&mut sky.counts), history)
    }

    fn sky(&self) -> MutexGuard<'_, Sky> {
        self.0.sky.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
