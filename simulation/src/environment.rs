//! Faults of the tables and changes of the stream that no component causes.

use std::sync::Mutex;
use std::time::Duration;

use domain::ports::Failure;
use in_memory::{CallEnd, CallInjector, CallPlan, Tables};
use load_generator::shops::ShopModel;
use tokio::time::sleep;

use crate::auditor::Auditor;
use crate::context::SimContext;
use crate::injected_fault::InjectedFault;
use crate::stream::SimulatedStream;

/// Maximum delay of a call to a table, in each direction.
const SLOW_MAX: Duration = Duration::from_secs(3);
/// Maximum duration of an outage of the tables.
const OUTAGE_MAX: Duration = Duration::from_secs(60);
/// Maximum duration for which the partition of a store is throttled.
const STORE_THROTTLED_MAX: Duration = Duration::from_secs(5 * 60);

/// Injects the faults of calls to the tables.
pub(crate) fn calls(sim: &SimContext) -> CallInjector {
    let (sim, of_entry) = (sim.clone(), sim.clone());
    let unavailable_until = Mutex::new(sim.now());
    CallInjector::new(move || {
        let delay = || match sim.injects(InjectedFault::TableSlow) {
            true => sim.duration(InjectedFault::TableSlow, SLOW_MAX),
            false => Duration::from_millis(2),
        };
        let (request_delay, response_delay) = (delay(), delay());
        if sim.injects(InjectedFault::TableOutage) {
            let lasts = sim.duration(InjectedFault::TableOutage, OUTAGE_MAX);
            *unavailable_until.lock().unwrap() = sim.now() + lasts;
        }
        let broken = || Failure::Unavailable("the connection broke".to_owned());
        let end = if sim.now() < *unavailable_until.lock().unwrap() {
            CallEnd::Failed(Failure::Unavailable("the table is out of reach".to_owned()))
        } else if sim.injects(InjectedFault::TableThrottle) {
            CallEnd::Failed(Failure::Throttled("the table is busy".to_owned()))
        } else if sim.injects(InjectedFault::WriteAnswerLost) {
            CallEnd::ExecutedButFailed(broken())
        } else if sim.injects(InjectedFault::TableSilent) {
            CallEnd::ExecutedWithoutResponse
        } else {
            CallEnd::Answered
        };
        CallPlan { request_delay, response_delay, end }
    })
    .with_unprocessed(move || of_entry.injects(InjectedFault::Unprocessed))
}

/// Puts segments that no program can read among the others.
pub(crate) async fn damage(
    tables: Tables,
    shops: Vec<ShopModel>,
    auditor: Auditor,
    sim: SimContext,
) {
    let fault = InjectedFault::DamagedSegment;
    loop {
        sleep(sim.duration(fault, Duration::from_secs(60 * 60))).await;
        if !sim.injects(fault) {
            continue;
        }
        let shop = &shops[sim.below(fault, shops.len() as u64) as usize];
        let sort_key = format!("2026-01-01T00:00:00.000Z#{:032x}", sim.below(fault, u64::MAX));
        let key = (shop.store.store_id.clone(), sim.now().date_naive(), sort_key);
        auditor.expect_damage(key.clone());
        tables.log.put_bytes(key, sim.below(fault, u64::MAX).to_be_bytes().to_vec());
    }
}

/// Throttles the partition of one store for a while.
pub(crate) async fn throttle(tables: Tables, shops: Vec<ShopModel>, sim: SimContext) {
    let fault = InjectedFault::StoreThrottle;
    loop {
        sleep(sim.duration(fault, Duration::from_secs(20 * 60))).await;
        if !sim.injects(fault) {
            continue;
        }
        let shop = &shops[sim.below(fault, shops.len() as u64) as usize];
        tables.log.throttle_stores([shop.store.store_id.clone()]);
        sleep(sim.duration(fault, STORE_THROTTLED_MAX)).await;
        tables.log.throttle_stores([]);
    }
}

/// Splits and merges shards at random times.
pub(crate) async fn reshard(stream: SimulatedStream, sim: SimContext) {
    loop {
        sleep(sim.duration(InjectedFault::Split, Duration::from_secs(40 * 60))).await;
        if sim.injects(InjectedFault::Split) {
            stream.split();
        }
        sleep(sim.duration(InjectedFault::Merge, Duration::from_secs(40 * 60))).await;
        if sim.injects(InjectedFault::Merge) {
            stream.merge();
        }
    }
}
