//! Runs one world, from its plan to its audit.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use domain::ports::CatalogTable;
use domain::{Authority, Item};
use in_memory::Tables;
use ingest::{IngestService, IngestSettings, router};
use pricing::Pricing;
use processors::{Closing, Rollup};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::auditor::{self, AuditViolation, Auditor};
use crate::context::SimContext;
use crate::environment;
use crate::handlers::Handlers;
use crate::injected_fault::InjectedFault;
use crate::mapping::SimulatedMapping;
use crate::producers;
use crate::scenario::Scenario;
use crate::schedule;
use crate::stream::SimulatedStream;
use crate::till::SimulatedTill;
use crate::world_plan::WorldPlan;

/// Outcome of one or several worlds.
#[derive(Debug, Clone, Default)]
pub struct WorldOutcome {
    /// Violations in the order of their detection.
    pub violations: Vec<AuditViolation>,
    /// Number of injections by fault.
    pub injected: BTreeMap<InjectedFault, u64>,
    /// Numbers of actions and checks by name.
    pub counts: BTreeMap<&'static str, u64>,
    /// History, one line for each action. Empty unless requested.
    pub history: String,
}

impl WorldOutcome {
    /// Describes the first violations and the command that repeats them.
    #[must_use]
    pub fn report(&self, plan: &WorldPlan) -> String {
        let shown = self.violations.iter().take(VIOLATIONS_SHOWN);
        let shown: Vec<String> =
            shown.map(|found| format!("  {}: {}", found.check, found.detail)).collect();
        let more = self.violations.len().saturating_sub(VIOLATIONS_SHOWN);
        let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        let options = plan.options();
        format!("seed {} fails\n{}{more}\ncargo simulate {options}", plan.seed, shown.join("\n"))
    }

    /// Adds the injections and counts of another world.
    pub fn add(&mut self, other: Self) {
        for (fault, times) in other.injected {
            *self.injected.entry(fault).or_default() += times;
        }
        for (what, times) in other.counts {
            *self.counts.entry(what).or_default() += times;
        }
    }
}

/// Maximum number of violations in a report.
const VIOLATIONS_SHOWN: usize = 5;
/// Maximum time after the end of the faults until the stream is drained, in addition to
/// [`schedule_rest`]. Handlers that still run end within this time, too.
const DRAINED_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Runs and audits a world. A panic is reported as a violation.
#[must_use]
pub fn run(plan: &WorldPlan, wants_history: bool) -> WorldOutcome {
    let simulate = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(simulated(plan, wants_history))
    };
    catch_unwind(AssertUnwindSafe(simulate)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let detail = text.unwrap_or_default();
        let violations = vec![AuditViolation { check: "panic", detail }];
        WorldOutcome { violations, ..WorldOutcome::default() }
    })
}

async fn simulated(plan: &WorldPlan, wants_history: bool) -> WorldOutcome {
    let scenario = Scenario::of(plan);
    let sim = SimContext::new(plan, scenario.starts_at, wants_history);
    let auditor = Auditor::new(sim.clone());
    let mut draw = sim.draw("world");
    let stream = SimulatedStream::new(sim.clone(), 1 + draw.below(3));
    let tables = Tables::with_calls(environment::calls(&sim));
    fill(&tables, &scenario).await;

    let handlers = Handlers::new(sim.clone(), tables.clone());
    let mapping = SimulatedMapping::new(sim.clone(), auditor.clone(), stream.clone(), handlers);
    let mut background = JoinSet::new();
    background.spawn(mapping.clone().run());
    let closing = Closing { tables: tables.clone() };
    background.spawn(schedule::close_days(closing, sim.clone()));
    let rollup = Rollup { tables: tables.clone() };
    background.spawn(schedule::roll_up(rollup, auditor.clone(), sim.clone()));
    let shops = || scenario.shops.clone();
    let damage = environment::damage(tables.clone(), shops(), auditor.clone(), sim.clone());
    background.spawn(damage);
    background.spawn(environment::throttle(tables.clone(), shops(), sim.clone()));
    background.spawn(environment::reshard(stream.clone(), sim.clone()));

    let mut work = JoinSet::new();
    for till in tills(plan, &scenario, &sim, &auditor, &stream, &mut work) {
        work.spawn(till.work());
    }
    let pricing = Pricing { tables: tables.clone() };
    let items = items(&scenario).collect();
    work.spawn(schedule::work(pricing, items, Scenario::of(plan), sim.clone()));

    sim.sleep_until(scenario.ends_at).await;
    sim.stop_faults();
    let stopped_at = sim.elapsed();
    let rest = async {
        while let Some(done) = work.join_next().await {
            if let Err(error) = done {
                auditor.report("panic", error.to_string());
            }
        }
        mapping.drained().await;
    };
    if timeout(DRAINED_WITHIN + schedule_rest(), rest).await.is_err() {
        auditor.report("drain", "the stream is not drained in time".to_owned());
    }
    let took = sim.elapsed() - stopped_at;
    sim.count("virtual seconds to drain", took.as_secs() as usize);
    background.shutdown().await;
    tables.log.throttle_stores([]);
    // A handler whose caller is gone may still write.
    sleep(DRAINED_WITHIN).await;

    auditor::audit(&auditor, &scenario, &stream, &tables).await;
    auditor::recomputed(&auditor, &scenario, &tables).await;
    auditor::days(&auditor, &scenario, Closing { tables: tables.snapshot() }).await;
    for (key, bytes) in tables.log.segments() {
        sim.log(|| format!("segment {key:?}: {bytes:?}"));
    }
    for kept in tables.quarantine.kept() {
        sim.log(|| format!("{kept:?}"));
    }
    for offer in tables.offers.all() {
        sim.log(|| format!("{offer:?}"));
    }
    let violations = auditor.violations();
    let (injected, counts, history) = sim.take_results();
    WorldOutcome { violations, injected, counts, history }
}

/// Maximum duration of the last pricing passes, which may be delayed.
fn schedule_rest() -> Duration {
    Duration::from_secs(30 * 60)
}

/// Creates the tills with their events, and starts the other producers.
fn tills(
    plan: &WorldPlan,
    scenario: &Scenario,
    sim: &SimContext,
    auditor: &Auditor,
    stream: &SimulatedStream,
    work: &mut JoinSet<()>,
) -> Vec<SimulatedTill> {
    let events = scenario.scheduled_events(plan, sim);
    events.iter().for_each(|scheduled| auditor.expect(&scheduled.event));
    sim.count("events of tills", events.len());
    let records = producers::scheduled_records(scenario, &events, auditor, sim);
    work.spawn(producers::work(records, stream.clone(), sim.clone()));

    let (clock, monotonic) = (sim.clone(), sim.clone());
    let entropy = std::sync::Mutex::new(sim.draw("entropy"));
    let service = IngestService {
        log: stream.clone(),
        settings: IngestSettings::default(),
        clock: Arc::new(move || clock.now()),
        monotonic: Arc::new(move || monotonic.elapsed()),
        entropy: Arc::new(move || entropy.lock().unwrap().bits()),
    };
    let router = router(Arc::new(service)).layer(Extension(Authority::everything()));
    let mut tills: BTreeMap<String, SimulatedTill> = BTreeMap::new();
    // Some retailers collect the events of all tills and send them for several stores at once.
    let gathers = sim.draw("gathers").below(2) == 0;
    for scheduled in events {
        let name = if gathers {
            "gatherer".to_owned()
        } else {
            format!("{}/{}", scheduled.event.store_id(), scheduled.event.terminal_id())
        };
        let new = || {
            let (sim, auditor) = (sim.clone(), auditor.clone());
            SimulatedTill::new(name.clone(), sim, auditor, stream.clone(), router.clone())
        };
        tills.entry(name.clone()).or_insert_with(new).add(scheduled);
    }
    tills.into_values().collect()
}

fn items(scenario: &Scenario) -> impl Iterator<Item = Item> {
    scenario.listed().flat_map(|shop| shop.items.iter().map(|line| line.item.clone()))
}

async fn fill(catalog: &Tables, scenario: &Scenario) {
    for shop in scenario.listed() {
        catalog.put_store(&shop.store).await.expect("writes to the catalogue have no faults");
    }
    for item in items(scenario) {
        catalog.put_item(&item).await.expect("writes to the catalogue have no faults");
    }
}
