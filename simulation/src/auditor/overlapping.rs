//! Late events between the reads and the writes of passes that overlap and crash, at a rate that
//! the faults of a world do not reach.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::record::Delivered;
use in_memory::{CallEnd, CallInjector, CallPlan, Tables};
use load_generator::draw::Draw;
use processors::{Processor, Rollup};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Auditor;
use super::final_audit::roll_up_dates;
use super::undisturbed::{records, rows};
use crate::fan_out::roll_up_all;
use crate::scenario::Scenario;
use crate::stream::SimulatedStream;

/// Maximum delay of a call, in each direction, in milliseconds.
const DELAY_MAX: u64 = 300;
/// Maximum pause between two batches, in milliseconds.
const PAUSE_MAX: u64 = 1_500;
/// Largest number of records in a batch.
const RECORDS_MAX: u64 = 8;
const ROLLUPS_AT_ONCE: u64 = 3;
/// Maximum pause between two rollups, in milliseconds.
const REST_MAX: u64 = 3_000;
/// Maximum time until a rollup crashes, in milliseconds.
const PASS_MAX: u64 = 40_000;
/// Time between two looks at the rows.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Draws that tasks share.
#[derive(Clone)]
struct Draws(Arc<Mutex<Draw>>);

impl Draws {
    fn below(&self, end: u64) -> u64 {
        self.0.lock().unwrap().below(end)
    }

    fn millis(&self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }
}

/// Appends all events again when their dates are over, while rollups run. Checks that the rows are
/// then the same.
pub(super) async fn late_events_amid_rollups(
    auditor: &Auditor,
    scenario: &Scenario,
    stream: &SimulatedStream,
    tables: &Tables,
) {
    let draws = Draws(Arc::new(Mutex::new(auditor.sim.draw("late events amid rollups"))));
    let apart = Tables { catalog: tables.catalog.clone(), ..Tables::with_calls(calls(&draws)) };
    let now = auditor.sim.now() + TimeDelta::days(1);
    let mut records = records(stream);
    records.sort_by(|one, other| one.sequence_number.cmp(&other.sequence_number));
    let is_done = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..ROLLUPS_AT_ONCE {
        let rollup = Rollup { tables: apart.clone() };
        tasks.spawn(roll_up_until(is_done.clone(), rollup, now, draws.clone()));
    }
    tasks.spawn(append_slowly(apart.clone(), records, now, draws.clone(), is_done));
    let mut looks = JoinSet::new();
    looks.spawn(look_at_rows(auditor.clone(), apart.clone()));
    while let Some(ended) = tasks.join_next().await {
        ended.expect("neither handler nor rollup panics");
    }
    looks.shutdown().await;
    roll_up_dates(auditor, "late events", scenario, &apart).await;
    if rows(&apart) != rows(tables) {
        let detail = "the rows of windows differ after late events amid rollups";
        auditor.report("late events", detail.to_owned());
    }
}

/// Looks at the rows again and again, so that a row is seen before another pass replaces it.
async fn look_at_rows(auditor: Auditor, tables: Tables) {
    loop {
        auditor.rolled_up("late events", &tables);
        sleep(LOOK_EVERY).await;
    }
}

/// Rolls up repeatedly, until a pass has begun after the last batch. Some passes crash.
async fn roll_up_until(
    is_done: Arc<AtomicBool>,
    rollup: Rollup<Tables>,
    now: DateTime<Utc>,
    draws: Draws,
) {
    while !is_done.load(Ordering::Relaxed) {
        sleep(draws.millis(REST_MAX)).await;
        let longest = draws.millis(PASS_MAX);
        let _ = timeout(longest, roll_up_all(&rollup, now, Duration::MAX)).await;
    }
}

/// Handles the records in small batches, each until all of it is stored.
async fn append_slowly(
    tables: Tables,
    records: Vec<Delivered>,
    now: DateTime<Utc>,
    draws: Draws,
    is_done: Arc<AtomicBool>,
) {
    let handler = Processor::new(tables, Arc::new(move || now));
    let mut left = &records[..];
    while !left.is_empty() {
        let (batch, rest) = left.split_at(left.len().min(1 + draws.below(RECORDS_MAX) as usize));
        let mut batch = batch.to_vec();
        while let Some(retry_from) = handler.process(&batch).await.retry_from {
            batch.retain(|record| record.sequence_number >= retry_from);
            sleep(draws.millis(PAUSE_MAX)).await;
        }
        sleep(draws.millis(PAUSE_MAX)).await;
        left = rest;
    }
    is_done.store(true, Ordering::Relaxed);
}

/// Calls that take their time and leave some entries unprocessed.
fn calls(draws: &Draws) -> CallInjector {
    let (draws, of_entry) = (draws.clone(), draws.clone());
    let plan = move || CallPlan {
        request_delay: draws.millis(DELAY_MAX),
        response_delay: draws.millis(DELAY_MAX),
        end: CallEnd::Answered,
    };
    CallInjector::new(plan).with_unprocessed(move || of_entry.below(5) == 0)
}
