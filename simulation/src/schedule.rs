//! Schedules of the pricing, of the close of day and of the rollup. Ticks come late, twice or
//! concurrently, and crash in the middle.

use std::time::Duration;

use chrono::TimeDelta;
use domain::ports::CatalogTable;
use domain::{Item, Money};
use in_memory::Tables;
use pricing::{Pricing, slot_of};
use processors::{Closing, Rollup};
use rust_decimal::Decimal;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::auditor::Auditor;
use crate::context::SimContext;
use crate::fan_out::{close_all, price_due, roll_up_all};
use crate::injected_fault::InjectedFault;
use crate::scenario::Scenario;

const SLOT: TimeDelta = TimeDelta::minutes(15);
/// Maximum delay of a pass.
const DELAY_MAX: Duration = Duration::from_secs(25 * 60);
/// Maximum time between two closes or rollups.
const PASSES_EVERY_MAX: Duration = Duration::from_secs(12 * 60);
/// Timeout of the Lambda function.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Starts the pricing passes from the start of the scenario to its end.
pub(crate) async fn work(
    pricing: Pricing<Tables>,
    items: Vec<Item>,
    scenario: Scenario,
    sim: SimContext,
) {
    let mut passes = JoinSet::new();
    let mut slot = slot_of(scenario.starts_at);
    while slot < scenario.ends_at {
        sim.sleep_until(slot + TimeDelta::seconds(20)).await;
        if sim.injects(InjectedFault::PriceChanged) {
            change_a_price(&pricing.tables, &items, &sim).await;
        }
        passes.spawn(pass(pricing.clone(), sim.clone(), Duration::ZERO));
        for (fault, count) in
            [(InjectedFault::TickRepeated, 1), (InjectedFault::TickOverlapping, 2)]
        {
            if sim.injects(fault) {
                let after = sim.duration(fault, Duration::from_secs(60));
                for _ in 0..count {
                    passes.spawn(pass(pricing.clone(), sim.clone(), after));
                }
            }
        }
        slot += SLOT;
    }
    while passes.join_next().await.is_some() {}
}

/// Runs one pass. The time at which the pass was due decides its slot. Late passes start after the
/// end of their slot.
async fn pass(pricing: Pricing<Tables>, sim: SimContext, after: Duration) {
    let due = sim.now();
    sleep(after).await;
    if sim.injects(InjectedFault::TickDelayed) {
        sleep(sim.duration(InjectedFault::TickDelayed, DELAY_MAX)).await;
    }
    let longest = if sim.injects(InjectedFault::TickCrash) {
        sim.duration(InjectedFault::TickCrash, Duration::from_secs(2))
    } else {
        TIMEOUT
    };
    let pass = timeout(longest, price_due(&pricing, due, sim.now())).await;
    sim.count("pricing passes", 1);
    sim.log(|| format!("pricing: {due}: {pass:?}"));
}

/// Closes days repeatedly while their events still arrive, sometimes several times at once.
pub(crate) async fn close_days(closing: Closing<Tables>, sim: SimContext) {
    let fault = InjectedFault::CloseEarly;
    let mut passes = JoinSet::new();
    loop {
        sleep(sim.duration(fault, PASSES_EVERY_MAX)).await;
        if !sim.injects(fault) {
            continue;
        }
        for _ in 0..1 + sim.below(fault, 3) {
            // A pass uses the time at which it was due, which may be long ago.
            let late = TimeDelta::minutes(sim.below(fault, 90) as i64);
            let (after, longest) = span_of_pass(&sim, fault);
            let (closing, sim) = (closing.clone(), sim.clone());
            passes.spawn(async move {
                sleep(after).await;
                let now = sim.now() - late;
                let marks = closing.tables.log.late_marks().len();
                let closed = close_all(&closing, now, longest).await;
                sim.log(|| format!("closing: {now}: {closed:?}"));
                sim.count("closing passes", 1);
                let new = closing.tables.log.late_marks().len() - marks;
                sim.count("late marks during a close", new);
            });
        }
    }
}

/// Rolls up windows repeatedly, sometimes several times at once.
pub(crate) async fn roll_up(rollup: Rollup<Tables>, auditor: Auditor, sim: SimContext) {
    let fault = InjectedFault::RollupEarly;
    let mut passes = JoinSet::new();
    loop {
        sleep(sim.duration(fault, PASSES_EVERY_MAX)).await;
        if !sim.injects(fault) {
            continue;
        }
        for _ in 0..1 + sim.below(fault, 3) {
            let (after, longest) = span_of_pass(&sim, fault);
            let (rollup, auditor, sim) = (rollup.clone(), auditor.clone(), sim.clone());
            passes.spawn(async move {
                sleep(after).await;
                let now = sim.now();
                let marks = rollup.tables.log.late_marks().len();
                let rolled = roll_up_all(&rollup, now, longest).await;
                auditor.rolled_up("world", &rollup.tables);
                sim.log(|| format!("rollup: {now}: {rolled:?}"));
                sim.count("rollups", 1);
                let new = rollup.tables.log.late_marks().len() - marks;
                sim.count("late marks during a rollup", new);
            });
        }
    }
}

/// Draws the delay of a pass, with which passes overlap in part, and the time after which it
/// crashes.
fn span_of_pass(sim: &SimContext, fault: InjectedFault) -> (Duration, Duration) {
    let after = sim.duration(fault, Duration::from_secs(10));
    let longest = match sim.below(fault, 3) {
        0 => sim.duration(fault, Duration::from_secs(10)),
        _ => TIMEOUT,
    };
    (after, longest)
}

/// Changes the price of an item in the catalogue, up or down, but not below its floor.
async fn change_a_price(catalog: &Tables, items: &[Item], sim: &SimContext) {
    let item = &items[sim.below(InjectedFault::PriceChanged, items.len() as u64) as usize];
    let percent = 60 + sim.below(InjectedFault::PriceChanged, 100) as i64;
    let currency = item.price.currency();
    let amount = (item.price.amount() * Decimal::new(percent, 2)).round_dp(currency.minor_digits());
    let Ok(price) = Money::price(amount, currency) else { return };
    if price.amount() > item.floor.map_or(Decimal::ZERO, |floor| floor.amount()) {
        sim.log(|| format!("catalogue: {} costs {price}", item.sku));
        let item = Item { price, ..item.clone() };
        catalog.put_item(&item).await.expect("writes to the catalogue have no faults");
    }
}
