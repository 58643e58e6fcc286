//! Records for the tests of the report.

use std::collections::BTreeMap;
use std::time::Duration;

use load_generator::draw::Draw;
use load_generator::knee::{KneeResult, Probe};
use load_generator::limit_check::{LimitLine, exit};
use load_generator::plan::{PlanKey, legs};
use load_generator::run_record::{Environment, LedgerResult, RunRecord, Totals};
use load_generator::scenario::Scenario;
use load_generator::timings::{Second, Timings};

/// Returns the record of a run that sent nothing.
pub(crate) fn empty_record() -> RunRecord {
    let scenario = Scenario::default().with_stages();
    let legs = legs(&scenario.stages);
    let key = PlanKey::new(scenario, "2026-03-12T09:00:00Z".parse().unwrap());
    RunRecord {
        exit_code: exit::KEPT,
        is_partial: true,
        legs,
        target: "http://127.0.0.1:8080".to_owned(),
        command: "daymark load --seed 1".to_owned(),
        ..RunRecord::new(key)
    }
}

/// Returns the record of a run with every part that a record can have.
pub(crate) fn full_record(length: usize) -> RunRecord {
    let mut record = RunRecord {
        exit_code: exit::LIMIT_BROKEN,
        is_partial: false,
        notes: vec!["the machine had other load at the start".to_owned()],
        connections: Some(64),
        ledger: Some(compared(0)),
        knee: Some(search()),
        totals: totals(length as f64),
        environment: environment(),
        errors: BTreeMap::from([
            ("connection reset by peer".to_owned(), 3),
            ("status 500: the table cannot be written".to_owned(), 1_204),
        ]),
        mismatched: vec!["request 17: the answer leaves out event 3".to_owned()],
        mismatches: 1,
        aborted_by: None,
        ..empty_record()
    };
    record.check.limits = vec![
        line("response p99", "250ms", "1204 ms", false),
        line("freshness p99", "2s", "912 ms", true),
        line("ledger", "equal", "equal", true),
    ];
    let mut draw = Draw::of(7, "report");
    for place in 0..length {
        let peak = 1.0 + 30.0 * (-((place as f64 / length as f64 - 0.6) * 20.0).powi(2)).exp();
        record.seconds.push(second(&mut draw, peak));
        for _ in 0..20 {
            let service = peak * (0.004 - 0.003 * draw.unit().ln());
            let lag = 0.0002 + 0.0003 * draw.unit() + (peak - 1.0) * 0.002 * draw.unit();
            let Timings { send_lag, service: services, response, freshness, .. } =
                &mut record.timings;
            send_lag.record(Duration::from_secs_f64(lag));
            services.record(Duration::from_secs_f64(service));
            response.record(Duration::from_secs_f64(lag + service));
            freshness.record(Duration::from_secs_f64(0.2 + 4.0 * service * draw.unit()));
        }
    }
    record
}

fn second(draw: &mut Draw, peak: f64) -> Second {
    let mut near = |value: f64| value * (0.9 + 0.2 * draw.unit());
    let cores = [("generator", 0.12), ("ingest", 0.31), ("kinesis", 0.2), ("processors", 0.5)];
    let cores = cores.map(|(part, share)| (part.to_owned(), near(share)));
    Second {
        planned: near(2_000.0) as u64,
        sent: near(1_990.0) as u64,
        stored: near(1_980.0 - 20.0 * peak) as u64,
        throttled: if peak > 10.0 { near(14.0) as u64 } else { 0 },
        open: near(12.0 * peak) as u64,
        response_ms: [6.0, 11.0, 19.0, 42.0].map(|time| near(time) * peak),
        service_p99_ms: near(18.0) * peak,
        send_lag_p99_ms: near(0.6),
        freshness_ms: Some(near(310.0) * peak.sqrt()),
        backlog_ms: near(280.0) * peak.sqrt(),
        cores: cores.into(),
        memory_mb: near(180.0),
        descriptors: near(140.0) as u64,
    }
}

fn totals(seconds: f64) -> Totals {
    Totals {
        requests_planned: 12_000,
        requests_settled: 11_998,
        planned: 120_000,
        sent: 120_000,
        stored: 118_704,
        refused: 12,
        refused_unplanned: 0,
        poison: 12,
        unknown: 20,
        throttled: 84,
        retried: 91,
        bytes: 48_123_456,
        seconds,
        probes: (600, 2),
        connections: 64,
        generator_cpu_s: 7.4,
    }
}

fn environment() -> Environment {
    Environment {
        version: "0.1.0".to_owned(),
        commit: Some("6ae911d".to_owned()),
        system: "linux x86_64".to_owned(),
        processor: "a processor".to_owned(),
        cores: 2,
        load_before: 0.31,
        machine: BTreeMap::from([("shards".to_owned(), "4".to_owned())]),
    }
}

pub(crate) fn line(metric: &str, limit: &str, measured: &str, kept: bool) -> LimitLine {
    let [metric, limit, measured] = [metric, limit, measured].map(str::to_owned);
    LimitLine { metric, limit, measured, kept }
}

pub(crate) fn compared(count: u64) -> LedgerResult {
    let difference = |number| format!("berlin-01, 09:{number:02}: the row of 1 events is missing");
    LedgerResult::Compared {
        at: "2026-03-12T09:02:00Z".parse().unwrap(),
        expected: 118_704,
        unknown_stored: 7,
        missing_numbers: 3,
        windows: 912,
        differences: (0..count.min(20)).map(difference).collect(),
        count,
        drained_after_s: 1.25,
    }
}

fn search() -> KneeResult {
    let mut probes = Vec::new();
    for rate in [500.0, 750.0, 1_125.0, 1_687.0, 2_531.0, 3_796.0, 3_100.0, 2_800.0, 2_800.0] {
        let over = (rate / 2_900.0_f64).powi(6);
        probes.push(Probe {
            stored_rate: rate.min(2_950.0),
            response_ms: [4.0 + 20.0 * over, 18.0 + 900.0 * over],
            backlog_growth: if rate > 3_000.0 { 240.0 } else { 0.0 },
            broken: if rate > 3_000.0 { vec!["response p99".to_owned()] } else { Vec::new() },
            ..Probe::within_limits(rate)
        });
    }
    let within_limits = Some(2_800.0);
    KneeResult { most: 2_950.0, within_limits, probes, ..KneeResult::default() }
}
