//! One world, from its plan to its judgement.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use domain::limits::STOCK_ROW_EVENTS_MAX;
use domain::ports::{CatalogTable, Failure};
use domain::{Authority, Item};
use in_memory::{CallEnd, CallInjector, CallPlan, Tables};
use ingest::{Service, Settings, router};
use load_generator::shops::Shop;
use pricing::Pricing;
use processors::{Closing, Processor};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::auditor::{self, Auditor, Objection};
use crate::fault::Fault;
use crate::mapping::Mapping;
use crate::plan::Plan;
use crate::producers::{self, Parcels};
use crate::schedule;
use crate::stream::Stream;
use crate::till::Till;
use crate::traffic::{Scene, pick};
use crate::weather::Weather;

/// What became of a world.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Everything that must not be; empty when the promise held.
    pub objections: Vec<Objection>,
    /// How often each fault struck.
    pub struck: BTreeMap<Fault, u64>,
    /// What was done and checked.
    pub counts: BTreeMap<&'static str, u64>,
    /// What happened, line by line, if it was asked for.
    pub history: String,
}

impl Outcome {
    /// What failed, and the command that repeats it.
    #[must_use]
    pub fn told(&self, plan: &Plan) -> String {
        let told = self.objections.iter().take(OBJECTIONS_TOLD);
        let told: Vec<String> =
            told.map(|objection| format!("  {}: {}", objection.check, objection.what)).collect();
        let more = self.objections.len().saturating_sub(OBJECTIONS_TOLD);
        let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        let options = plan.options();
        format!("seed {} fails\n{}{more}\ncargo simulate {options}", plan.seed, told.join("\n"))
    }

    /// Adds what was done in another world.
    pub fn add(&mut self, other: Self) {
        for (fault, times) in other.struck {
            *self.struck.entry(fault).or_default() += times;
        }
        for (what, times) in other.counts {
            *self.counts.entry(what).or_default() += times;
        }
    }
}

/// Most objections that are told of one world.
const OBJECTIONS_TOLD: usize = 5;
/// The tills and the schedule are done this long after the scene at the latest, and then
/// everything has come to rest this long after the faults ended.
const DRAINED_WITHIN: Duration = Duration::from_secs(15 * 60);
/// Longest that a call to a table is on its way.
const SLOW_MAX: Duration = Duration::from_secs(3);
/// Longest that a table is out of reach.
const OUTAGE_MAX: Duration = Duration::from_secs(60);

/// Runs a world and judges it. A panic is an objection as well.
#[must_use]
pub fn run(plan: &Plan, wants_history: bool) -> Outcome {
    let simulate = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(simulated(plan, wants_history))
    };
    catch_unwind(AssertUnwindSafe(simulate)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let what = said.unwrap_or_default();
        Outcome { objections: vec![Objection { check: "panic", what }], ..Outcome::default() }
    })
}

async fn simulated(plan: &Plan, wants_history: bool) -> Outcome {
    let scene = Scene::of(plan);
    let weather = Weather::new(plan, scene.starts_at, wants_history);
    let auditor = Auditor::new(weather.clone());
    let mut draw = weather.draw("world");
    let stream = Stream::new(weather.clone(), 1 + draw.below(3));
    let tables = Tables::with_calls(&calls(&weather));
    let row_events_max = *pick(&mut draw, &[1, 3, 8, STOCK_ROW_EVENTS_MAX]);
    fill(&tables, &scene.shops).await;

    let processor = Processor { row_events_max, ..Processor::new(tables.clone()) };
    let mapping = Mapping::new(weather.clone(), auditor.clone(), stream.clone(), processor);
    let mut background = JoinSet::new();
    background.spawn(mapping.clone().run());
    let closing = Closing { tables: tables.clone() };
    background.spawn(schedule::close_days(closing, weather.clone()));
    background.spawn(reshard(stream.clone(), weather.clone()));

    let mut work = JoinSet::new();
    for till in tills(plan, &scene, &weather, &auditor, &stream, &mut work) {
        work.spawn(till.work());
    }
    let pricing = Pricing { tables: tables.clone() };
    let items = items(&scene.shops).collect();
    work.spawn(schedule::work(pricing, items, Scene::of(plan), weather.clone()));

    weather.sleep_until(scene.ends_at).await;
    weather.calm_down();
    let calm_since = weather.elapsed();
    let rest = async {
        while let Some(done) = work.join_next().await {
            if let Err(error) = done {
                auditor.object("panic", error.to_string());
            }
        }
        mapping.drained().await;
    };
    if timeout(DRAINED_WITHIN + schedule_rest(), rest).await.is_err() {
        auditor.object("drain", "not everything came to rest in time".to_owned());
    }
    let took = weather.elapsed() - calm_since;
    weather.count("virtual seconds to drain", took.as_secs() as usize);
    background.shutdown().await;
    // A handler that nobody waits for any more may still be writing.
    sleep(DRAINED_WITHIN).await;

    auditor::audit(&auditor, &scene, &stream, &tables, row_events_max).await;
    auditor::recomputed(&auditor, &scene, &tables).await;
    auditor::days(&auditor, &scene, Closing { tables: tables.snapshot() }).await;
    weather.count("version conflicts", tables.stock.conflicts() as usize);
    for (key, bytes) in tables.stock.bytes() {
        weather.tell(|| format!("row {key}: {bytes:?}"));
    }
    for kept in tables.quarantine.kept() {
        weather.tell(|| format!("{kept:?}"));
    }
    for offer in tables.offers.all() {
        weather.tell(|| format!("{offer:?}"));
    }
    let objections = auditor.objections();
    let (struck, counts, history) = weather.past();
    Outcome { objections, struck, counts, history }
}

/// The last tick may be delayed, and its passes take their time.
fn schedule_rest() -> Duration {
    Duration::from_secs(30 * 60)
}

/// The tills with what they have to send; and the other producers, who start at once.
fn tills(
    plan: &Plan,
    scene: &Scene,
    weather: &Weather,
    auditor: &Auditor,
    stream: &Stream,
    work: &mut JoinSet<()>,
) -> Vec<Till> {
    let errands = scene.errands(plan, weather);
    errands.iter().for_each(|errand| auditor.expect(&errand.event));
    weather.count("events of tills", errands.len());
    let parcels = Parcels::of(scene, &errands, auditor, weather);
    work.spawn(producers::work(parcels, stream.clone(), weather.clone()));

    let clock = weather.clone();
    let entropy = std::sync::Mutex::new(weather.draw("entropy"));
    let service = Service {
        log: stream.clone(),
        settings: Settings::default(),
        clock: Arc::new(move || clock.now()),
        entropy: Arc::new(move || entropy.lock().unwrap().bits()),
    };
    let router = router(Arc::new(service)).layer(Extension(Authority::everything()));
    let mut tills: BTreeMap<String, Till> = BTreeMap::new();
    // Some chains gather what their tills say and send it for several stores at once.
    let gathers = weather.draw("gathers").below(2) == 0;
    for errand in errands {
        let name = if gathers {
            "gatherer".to_owned()
        } else {
            format!("{}/{}", errand.event.store_id(), errand.event.terminal_id())
        };
        let new = || {
            let (weather, auditor) = (weather.clone(), auditor.clone());
            Till::new(name.clone(), weather, auditor, stream.clone(), router.clone())
        };
        tills.entry(name.clone()).or_insert_with(new).add(errand);
    }
    tills.into_values().collect()
}

fn items(shops: &[Shop]) -> impl Iterator<Item = Item> {
    shops.iter().flat_map(|shop| shop.items.iter().map(|line| line.item.clone()))
}

async fn fill(catalog: &Tables, shops: &[Shop]) {
    for shop in shops {
        catalog.put_store(&shop.store).await.expect("the catalogue is written on a calm road");
    }
    for item in items(shops) {
        catalog.put_item(&item).await.expect("the catalogue is written on a calm road");
    }
}

/// What the calls of the tables meet.
fn calls(weather: &Weather) -> CallInjector {
    let weather = weather.clone();
    let down_until = std::sync::Mutex::new(weather.now());
    CallInjector::new(move || {
        let time = || match weather.strikes(Fault::TableSlow) {
            true => weather.time(Fault::TableSlow, SLOW_MAX),
            false => Duration::from_millis(2),
        };
        let (there, back) = (time(), time());
        if weather.strikes(Fault::TableOutage) {
            let lasts = weather.time(Fault::TableOutage, OUTAGE_MAX);
            *down_until.lock().unwrap() = weather.now() + lasts;
        }
        let broken = || Failure::Unavailable("the connection broke".to_owned());
        let end = if weather.now() < *down_until.lock().unwrap() {
            CallEnd::Failed(Failure::Unavailable("the table is out of reach".to_owned()))
        } else if weather.strikes(Fault::TableThrottle) {
            CallEnd::Failed(Failure::Throttled("the table is busy".to_owned()))
        } else if weather.strikes(Fault::WriteAnswerLost) {
            CallEnd::ExecutedButFailed(broken())
        } else if weather.strikes(Fault::TableSilent) {
            CallEnd::ExecutedWithoutResponse
        } else {
            CallEnd::Answered
        };
        CallPlan { request_delay: there, response_delay: back, end }
    })
}

/// Splits and merges shards from time to time.
async fn reshard(stream: Stream, weather: Weather) {
    loop {
        sleep(weather.time(Fault::Split, Duration::from_secs(40 * 60))).await;
        if weather.strikes(Fault::Split) {
            stream.split();
        }
        sleep(weather.time(Fault::Merge, Duration::from_secs(40 * 60))).await;
        if weather.strikes(Fault::Merge) {
            stream.merge();
        }
    }
}
