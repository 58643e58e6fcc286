//! The plan of a run: valid events, the same in every process, divided into parts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::event::Kind;
use domain::{Acceptance, Event};
use load_generator::plan::{Plan, PlanKey, PlannedRequest, legs};
use load_generator::scenario::{Compression, Mix, Scenario, Stage};
use load_generator::sender::{Part, Planner};
use proptest::prelude::*;

fn noon() -> DateTime<Utc> {
    "2026-03-12T12:00:00Z".parse().unwrap()
}

fn key(scenario: Scenario) -> PlanKey {
    PlanKey::new(scenario, noon())
}

/// Requests of a scenario with their lines.
fn written(key: &PlanKey) -> Vec<(PlannedRequest, Vec<String>)> {
    let plan = Plan::new(key).unwrap();
    let mut writer = plan.writer();
    let legs = legs(&key.scenario.stages);
    let requests = (0..).zip(&legs).flat_map(|(number, leg)| plan.requests(leg, number));
    let mut write = |request: PlannedRequest| {
        let mut body = String::new();
        let written = writer.write(&request, &mut body);
        let lines: Vec<String> = body.lines().map(str::to_owned).collect();
        assert_eq!(lines.len() as u32, written.events);
        (request, lines)
    };
    requests.map(&mut write).collect()
}

/// Acceptance of the ingest API at the instant of a request.
fn acceptance(key: &PlanKey, request: &PlannedRequest) -> Acceptance {
    Acceptance::at(key.instant(request.at_us))
}

fn constant(rate: f64, seconds: u64) -> Vec<Stage> {
    let time = format!("{seconds}s").parse().unwrap();
    vec![Stage::Constant { rate, time }]
}

fn mixes() -> impl Strategy<Value = Mix> {
    let shares = (0.0..0.3_f64, 0.0..0.3_f64, 0.0..0.1_f64, 0.0..0.3_f64, 0.0..0.1_f64);
    (1..40_u32, shares, 0.0..0.2_f64).prop_map(
        |(events_per_request, (repeat, late, offline, correction, count), poison)| Mix {
            events_per_request,
            compression: Compression::None,
            repeat,
            late,
            offline,
            correction,
            count,
            poison,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 40, ..ProptestConfig::default()
    })]

    #[test]
    fn the_events_of_any_mix_pass_the_rules_and_the_poison_breaks_one(
        mix in mixes(), seed in any::<u64>(),
    ) {
        let key = key(Scenario { seed, mix, stages: constant(300.0, 5), ..Scenario::default() });
        let mut ids: BTreeMap<_, Event> = BTreeMap::new();
        for (request, lines) in written(&key) {
            for line in lines {
                match Event::parse(&line, &acceptance(&key, &request)) {
                    Ok(event) => {
                        let id = (event.store_id().clone(), event.event_id().clone());
                        let known = ids.entry(id).or_insert_with(|| event.clone());
                        prop_assert_eq!(&*known, &event, "an id has one content");
                    }
                    Err(error) => {
                        let is_poison = line.contains("1.00001");
                        prop_assert!(key.scenario.mix.poison > 0.0 && is_poison, "{error}: {line}");
                    }
                }
            }
        }
        for ((store_id, _), event) in &ids {
            let Some(corrected) = event.action().corrects() else { continue };
            let sale = &ids[&(store_id.clone(), corrected.clone())];
            let place = |event: &Event| (event.sku().clone(), event.occurred_at());
            prop_assert_eq!(place(sale), place(event));
        }
    }

    #[test]
    fn another_process_plans_the_same_requests(mix in mixes(), seed in any::<u64>()) {
        let key = key(Scenario { seed, mix, stages: constant(500.0, 3), ..Scenario::default() });
        let json = serde_json::to_string(&key).unwrap();
        prop_assert_eq!(written(&serde_json::from_str(&json).unwrap()), written(&key));
    }
}

#[test]
fn the_shares_of_the_mix_are_those_of_the_scenario() {
    let mix = Mix { count: 0.05, repeat: 0.1, poison: 0.02, ..Mix::default() };
    let key = key(Scenario { mix, stages: constant(2_000.0, 30), ..Scenario::default() });
    let (mut all, mut poison, mut counts, mut ids) = (0.0, 0.0, 0.0, BTreeSet::new());
    for (request, lines) in written(&key) {
        for line in lines {
            all += 1.0;
            match Event::parse(&line, &acceptance(&key, &request)) {
                Ok(event) if ids.insert((event.store_id().clone(), event.event_id().clone())) => {
                    counts += f64::from(event.action().kind() == Kind::Count);
                }
                Ok(_) => {}
                Err(_) => poison += 1.0,
            }
        }
    }
    let repeats = all - poison - ids.len() as f64;
    for (name, found, share) in
        [("poison", poison, 0.02), ("counts", counts, 0.05 * 0.9), ("repeats", repeats, 0.1)]
    {
        assert!((found / all - share).abs() < 0.2 * share + 0.002, "{name}: {}", found / all);
    }
}

#[tokio::test]
async fn the_parts_send_each_request_once_and_as_the_whole_run_does() {
    let key = key(Scenario { stages: constant(400.0, 5), ..Scenario::default() });
    let legs = legs(&key.scenario.stages);
    let plan = Arc::new(Plan::new(&key).unwrap());
    let of = async |part| {
        let mut planner = Planner::start(plan.clone(), part, Compression::None).unwrap();
        planner.legs(&legs).collect().await
    };
    let whole: BTreeMap<u64, String> =
        of(Part::WHOLE).await.into_iter().map(|request| (request.number, request.plain)).collect();
    let mut parts = BTreeMap::new();
    for number in 1..=3 {
        for request in of(Part { number, of: 3 }).await {
            assert_eq!(parts.insert(request.number, request.plain), None, "sent by two parts");
        }
    }
    assert!(whole.len() > 100);
    assert_eq!(parts, whole);
}

#[test]
fn stores_have_their_shares_by_zipf() {
    let mut scenario = Scenario { stages: constant(10_000.0, 20), ..Scenario::default() };
    scenario.shops.count = 10;
    scenario.shops.zipf = 1.0;
    let key = key(scenario);
    let plan = Plan::new(&key).unwrap();
    let requests = plan.requests(&legs(&key.scenario.stages)[0], 0);
    let share = |store| {
        requests.iter().filter(|request| request.store == store).count() as f64
            / requests.len() as f64
    };
    let sum: f64 = (1..=10).map(|rank| 1.0 / f64::from(rank)).sum();
    for store in [0, 1, 9] {
        let expected = 1.0 / f64::from(store + 1) / sum;
        assert!((share(store) - expected).abs() < 0.01, "store {store}: {}", share(store));
    }
}

#[test]
fn a_file_is_sent_at_the_speed_of_its_times_and_its_bad_lines_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.ndjson");
    let line = |id: u32, store: &str, second: u32| {
        serde_json::json!({
            "event_id": id.to_string(), "kind": "receipt", "store_id": store, "terminal_id": "t",
            "sku": "rye", "quantity": "1", "unit": "EA",
            "occurred_at": format!("2026-03-12T12:00:{second:02}Z"),
        })
        .to_string()
    };
    let lines = [line(1, "s1", 0), line(2, "s2", 10), String::new(), line(3, "s1", 30)];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let mut scenario = Scenario::default();
    scenario.shops.file = Some(file.clone());
    scenario.shops.speed = 10.0;
    scenario.mix.events_per_request = 1;
    let key = key(scenario.clone());
    let plan = Plan::new(&key).unwrap();
    let leg = load_generator::plan::Leg { starts_us: 0, stage: Stage::File };
    let instants: Vec<(u64, String)> = plan
        .requests(&leg, 0)
        .iter()
        .map(|request| (request.at_us / 1_000, plan.store_id(request.store).to_string()))
        .collect();
    let expected = [(0, "s1"), (1_000, "s2"), (3_000, "s1")].map(|(at, id)| (at, id.to_owned()));
    assert_eq!(instants, expected);

    let mut sent = key.clone();
    sent.file_sha256 = plan.file_sha256().map(str::to_owned);
    assert!(Plan::new(&sent).is_ok());
    std::fs::write(&file, line(1, "s1", 0)).unwrap();
    let error = Plan::new(&sent).unwrap_err().to_string();
    assert!(error.contains(sent.file_sha256.as_deref().unwrap()), "{error}");

    std::fs::write(&file, format!("{}\n{{\"event_id\":\"2\"}}\n", line(1, "s1", 0))).unwrap();
    let error = Plan::new(&key).unwrap_err().to_string();
    assert!(error.contains("1 lines are no events: line 2"), "{error}");
}
