//! `daymark load plan`: what a run would send, need and cost, without sending it.

use std::process::ExitCode;

use clap::Args;
use domain::limits::{
    BODY_BYTES_MAX, REQUEST_EVENTS_MAX, SHARD_WRITE_BYTES_PER_SECOND,
    SHARD_WRITE_RECORDS_PER_SECOND,
};
use domain::{Acceptance, Event, record};
use load_generator::plan::{Leg, Plan, PlanKey, PlannedRequest, legs};
use load_generator::scenario::{Scenario, Stage};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use tuning::{Assumptions, CostModel, PriceList, Work};

use super::settings::{ScenarioArgs, Usage};
use crate::{CommandError, clock, output};

/// Requests that are written to measure their bytes.
const SAMPLE: usize = 1_000;
/// Stores of the retailer whose bill gives the price of an event.
const BILLED_STORES: u64 = 1_000;

/// Show what a run would send, need and cost, without sending it
///
/// Prints the events, requests and bytes, the highest rate with the shards that it needs, what
/// would be refused and why, and the estimated cost on AWS. The plan is that of the run with the
/// same seed.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,

    /// Print the figures in JSON
    #[arg(long)]
    json: bool,
}

/// Figures of a plan.
#[derive(Debug, Clone, serde::Serialize)]
struct PlanFigures {
    requests: u64,
    events: u64,
    /// Events that break a rule on purpose.
    poison: u64,
    stores: u32,
    seconds: f64,
    /// Highest rate over one second, in events a second.
    peak_events_per_s: u64,
    bytes: u64,
    body_bytes_mean: f64,
    record_bytes_mean: f64,
    /// Shards that the highest rate needs.
    shards: u64,
    /// Limit that decides the number of shards.
    shards_bound_by: &'static str,
    /// Estimated cost on AWS. Storage, alarms and the close of day are not part of it.
    dollars: f64,
    refusals: Vec<String>,
}

pub(super) fn run(args: PlanArgs) -> Result<ExitCode, CommandError> {
    let scenario = args.scenario.scenario()?;
    if let [Stage::Knee(search)] = &scenario.stages[..] {
        return Err(Usage::of(format!(
            "a search for the knee adapts to the target and has no plan; its probes send up to {} \
             events/s",
            search.to
        )));
    }
    let figures = figures(&scenario)?;
    if args.json {
        output::line(serde_json::to_string_pretty(&figures)?);
        return Ok(ExitCode::SUCCESS);
    }
    let peak = figures.peak_events_per_s;
    output::line(format!(
        "events    {} in {} of {} stores, {:.0} s",
        figures.events,
        output::counted(figures.requests, "request"),
        figures.stores,
        figures.seconds
    ));
    output::line(format!(
        "bytes     {:.1} MB in bodies; a body has {:.0} bytes, its record {:.0}",
        figures.bytes as f64 / 1e6,
        figures.body_bytes_mean,
        figures.record_bytes_mean
    ));
    output::line(format!(
        "peak      {peak} events/s in one second; it needs {} (bound by {})",
        output::counted(figures.shards, "shard"),
        figures.shards_bound_by
    ));
    output::line(format!(
        "dollars   {:.2} on AWS, by list prices; storage, alarms and the close of day come on top",
        figures.dollars
    ));
    for refusal in &figures.refusals {
        output::line(output::wrapped(&format!("refused   {refusal}"), 10));
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses a run whose estimated cost exceeds the budget.
pub(super) fn check_budget(scenario: &Scenario, budget: Option<f64>) -> Result<(), CommandError> {
    let Some(budget) = budget else { return Ok(()) };
    if let [Stage::Knee(_)] = scenario.stages[..] {
        let message = "a search for the knee of a deployed stage has no price before it ends; send \
                       steps instead";
        return Err(Usage::of(message));
    }
    let dollars = figures(scenario)?.dollars;
    if dollars <= budget {
        output::note(format!("cost     ${dollars:.2} estimated, of ${budget:.2}"));
        return Ok(());
    }
    Err(Usage::of(format!(
        "the run would cost ${dollars:.2}, more than the budget of ${budget:.2}"
    )))
}

fn figures(scenario: &Scenario) -> Result<PlanFigures, CommandError> {
    let key = PlanKey::new(scenario.clone(), clock::now());
    let plan = Plan::new(&key)?;
    let legs = match scenario.shops.file {
        Some(_) => vec![Leg { starts_us: 0, stage: Stage::File }],
        None => legs(&scenario.stages),
    };
    let requests: Vec<PlannedRequest> =
        (0..).zip(&legs).flat_map(|(number, leg)| plan.requests(leg, number)).collect();
    let mut writer = plan.writer();
    let mut sample = Sample::default();
    let mut events = 0;
    let mut by_second: Vec<u64> = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        let mut body = String::new();
        let written = writer.write(request, &mut body);
        events += u64::from(written.events);
        sample.poison += u64::from(written.poison);
        sample.bytes += body.len() as u64;
        if number < SAMPLE {
            sample.pack(&body);
        }
        let second = (request.at_us / 1_000_000) as usize;
        by_second.resize(by_second.len().max(second + 1), 0);
        by_second[second] += u64::from(written.events);
    }
    let count = requests.len() as u64;
    let peak_events_per_s = by_second.iter().copied().max().unwrap_or_default();
    let per_request = events as f64 / (count as f64).max(1.0);
    let records = peak_events_per_s as f64 / per_request.max(1.0);
    let record_bytes_mean = sample.record_bytes as f64 / sample.records.max(1) as f64;
    let by_records = records / f64::from(SHARD_WRITE_RECORDS_PER_SECOND);
    let by_bytes = records * record_bytes_mean / SHARD_WRITE_BYTES_PER_SECOND as f64;
    let seconds = requests.last().map_or(0.0, |last| last.at_us as f64 / 1e6);
    let stages: f64 = legs.iter().map(|leg| leg.stage.duration().as_secs_f64()).sum();
    Ok(PlanFigures {
        requests: count,
        events,
        poison: sample.poison,
        stores: plan.stores(),
        seconds: seconds.max(stages),
        peak_events_per_s,
        bytes: sample.bytes,
        body_bytes_mean: sample.bytes as f64 / (count as f64).max(1.0),
        record_bytes_mean,
        shards: by_records.max(by_bytes).ceil().max(1.0) as u64,
        shards_bound_by: if by_records >= by_bytes {
            "1,000 records a second and shard"
        } else {
            "1 MiB a second and shard"
        },
        dollars: dollars(events, per_request),
        refusals: refusals(scenario, &sample),
    })
}

/// Bodies that were written.
#[derive(Debug, Default)]
struct Sample {
    bytes: u64,
    poison: u64,
    largest_body: usize,
    records: u64,
    record_bytes: u64,
}

impl Sample {
    /// Adds the record that the events of a body become.
    fn pack(&mut self, body: &str) {
        self.largest_body = self.largest_body.max(body.len());
        let received_at = chrono::DateTime::<chrono::Utc>::MAX_UTC;
        let acceptance =
            Acceptance { received_at, age_max: None, ahead_max: std::time::Duration::ZERO };
        let events: Vec<Event> =
            body.lines().filter_map(|line| Event::parse(line, &acceptance).ok()).collect();
        self.records += 1;
        self.record_bytes += record::pack("store", &events).data.len() as u64;
    }
}

/// Returns what the target would refuse.
fn refusals(scenario: &Scenario, sample: &Sample) -> Vec<String> {
    let mut refusals = Vec::new();
    if sample.poison > 0 {
        refusals.push(format!(
            "{} events break a rule on purpose (mix.poison = {})",
            sample.poison, scenario.mix.poison
        ));
    }
    if sample.largest_body > BODY_BYTES_MAX {
        refusals.push(format!(
            "bodies of up to {} bytes: a request may have {BODY_BYTES_MAX}; lower \
             mix.events_per_request (at most {REQUEST_EVENTS_MAX}), or compress",
            sample.largest_body
        ));
    }
    refusals
}

/// Estimates the cost of events on AWS: the difference that they make in a month's bill.
fn dollars(events: u64, per_request: f64) -> f64 {
    let model = |factor: u32| {
        let mut assumptions = Assumptions::default();
        if let Some(per_request) = Decimal::from_f64(per_request.max(1.0)) {
            assumptions.events_per_request = per_request.round_dp(2);
        }
        assumptions.events_per_store_day *= Decimal::from(factor);
        let model = CostModel {
            assumptions,
            prices: PriceList::built_in(),
            work: Work::measured(),
            deducts_free_tier: false,
        };
        model.month(BILLED_STORES)
    };
    let (one, two) = (model(1), model(2));
    let per_event = (two.dollars() - one.dollars()) / (two.traffic.events - one.traffic.events);
    per_event.to_f64().unwrap_or_default() * events as f64
}
