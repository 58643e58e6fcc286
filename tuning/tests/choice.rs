//! Choice of settings: planted optima, limits, noise and the smallest saving.

use proptest::prelude::*;
use rust_decimal::Decimal;
use tuning::choice::{
    Choice, Environments, Limits, MEMORY_SIZES, Mapping, Question, Reason, Setting, choose,
};
use tuning::{
    Assumptions, CostModel, FunctionRecording, PriceList, Quota, RecordedCase, ScaleFactors, Step,
    Trace, Work,
};

const MILLISECOND: u64 = 1_000_000;

fn model() -> CostModel {
    CostModel {
        assumptions: Assumptions::default(),
        prices: PriceList::built_in(),
        work: Work::measured(),
        deducts_free_tier: false,
    }
}

fn case(name: &str, records: u32, traces: Vec<Trace>) -> RecordedCase {
    RecordedCase {
        case: name.to_owned(),
        records,
        events: (records * 10).into(),
        payload_bytes: 1_000,
        sent_bytes: 0,
        received_bytes: 0,
        traces,
    }
}

fn recording(function: &str, cases: Vec<RecordedCase>) -> FunctionRecording {
    FunctionRecording {
        function: function.to_owned(),
        binary: "planted".to_owned(),
        binary_sha256: "0".repeat(64),
        init_cpu_ms: Decimal::TEN,
        init_ms: Decimal::from(20),
        first: Trace::default(),
        peak_kib: 30 * 1_024,
        cases,
    }
}

/// A function of requests: each invocation has this work in three bursts around two calls.
fn requests(work_ms: u64) -> FunctionRecording {
    let trace = |more: u64| {
        let work = work_ms * MILLISECOND + more * 1_000;
        Trace::alternating(work, 2, 4 * MILLISECOND)
    };
    recording("ingest", vec![case("peak", 1, (0..10).map(trace).collect())])
}

fn chosen(recording: &FunctionRecording, limits: &Limits, stores: u64, current: Setting) -> Choice {
    let model = model();
    choose(&Question {
        recording,
        model: &model,
        stores,
        limits,
        factors: ScaleFactors::default(),
        current,
        is_request: current.mapping.is_none(),
        environments: Environments { count: 10, hours: 2 },
    })
}

fn memory(memory: u32) -> Setting {
    Setting { memory, mapping: None }
}

/// Draws numbers from a seed: splitmix64.
fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

/// A burst, then a wait that no memory shortens: every larger size is dearer. The limit of the 99th
/// percentile lies between the planted size and the next smaller one, so the planted size is the
/// cheapest that keeps it.
#[test]
fn an_optimum_planted_by_a_seed_is_found_in_each_of_twenty_handlers() {
    for seed in 0..20 {
        let mut draw = draws(seed);
        let planted = 1 + draw(6) as usize;
        let work_ms = 60 + draw(200);
        let burst = Step::Compute(work_ms * MILLISECOND);
        let steps = vec![burst, Step::Call(400 * MILLISECOND), Step::Await(0)];
        let trace = Trace::new(steps).unwrap();
        let handler = recording("ingest", vec![case("peak", 1, vec![trace.clone(); 5])]);
        let slow_p99 = |memory: u32| {
            // Computed from the duration at every microsecond of the period, not by the chooser.
            let quota = Quota::of_memory(memory);
            let durations = (0..20_000).map(|phase| quota.duration(&trace, phase * 1_000));
            let mut sorted: Vec<u64> = durations.collect();
            sorted.sort_unstable();
            sorted[19_800 - 1] as f64 / 1e6
        };
        let (least, smaller) =
            (slow_p99(MEMORY_SIZES[planted]), slow_p99(MEMORY_SIZES[planted - 1]));
        assert!(least + 4.0 < smaller, "seed {seed}: {least} {smaller}");
        let limits = Limits { response_p99_ms: (least + smaller) / 2.0, ..Limits::default() };
        let choice = chosen(&handler, &limits, 100_000, memory(3_008));
        let found = choice.chosen.setting.memory;
        assert_eq!(found, MEMORY_SIZES[planted], "seed {seed}, {work_ms} ms: {:?}", choice.reason);
    }
}

/// The mean keeps the limit at a size at which one invocation of fifty does not.
#[test]
fn a_limit_holds_for_the_99th_percentile_and_not_for_the_mean() {
    let usual = Trace::alternating(MILLISECOND, 1, MILLISECOND);
    let rare = Trace::alternating(100 * MILLISECOND, 1, MILLISECOND);
    let traces = std::iter::repeat_n(usual, 49).chain([rare]).collect();
    let recording = recording("ingest", vec![case("peak", 1, traces)]);
    let limits = Limits { response_p99_ms: 250.0, ..Limits::default() };
    let choice = chosen(&recording, &limits, 1_000, memory(1_024));
    let small = choice.candidates.iter().find(|it| it.setting.memory == 128).unwrap();
    assert!(small.times.mean < 250.0, "{:?}", small.times);
    assert!(small.times.p99 > 1_000.0 && !small.broken.is_empty(), "{small:?}");
    assert!(choice.chosen.setting.memory > 128);
}

/// Bursts of nothing take the smallest billed time, so that only invocations are charged.
#[test]
fn each_invocation_costs_its_fee() {
    let recording = recording("ingest", vec![case("peak", 1, vec![Trace::default()])]);
    let choice = chosen(&recording, &Limits::default(), 1_000, memory(512));
    let model = model();
    let invocations = model.month(1_000).invocations["ingest"];
    let fee = invocations * Decimal::TWO / Decimal::from(10_000_000);
    for candidate in &choice.candidates {
        assert_eq!(candidate.cost.requests.round_dp(9), fee.round_dp(9));
        assert!(candidate.cost.month() > fee);
    }
}

#[test]
fn nothing_changes_for_less_than_a_dollar_a_month() {
    let limits = Limits { response_p99_ms: 10_000.0, ..Limits::default() };
    let choice = chosen(&requests(20), &limits, 10, memory(1_024));
    assert!(matches!(choice.reason, Reason::SavesTooLittle { saving } if saving < Decimal::ONE));
    assert_eq!(choice.chosen.setting, memory(1_024));
    let choice = chosen(&requests(20), &limits, 100_000, memory(1_024));
    assert!(matches!(choice.reason, Reason::Cheaper { .. }), "{:?}", choice.reason);
}

#[test]
fn nothing_changes_within_the_uncertainty_of_the_work() {
    let limits = Limits { response_p99_ms: 10_000.0, ..Limits::default() };
    let trace = |work: u64| Trace::alternating(work * MILLISECOND, 2, 4 * MILLISECOND);
    let traces = |works: [u64; 9]| works.into_iter().map(trace).collect::<Vec<_>>();
    let steady = recording("ingest", vec![case("peak", 1, traces([20; 9]))]);
    let noisy = traces([2, 5, 8, 14, 20, 38, 50, 70, 90]);
    let noisy = recording("ingest", vec![case("peak", 1, noisy)]);
    let steady = chosen(&steady, &limits, 100_000, memory(1_024));
    assert!(matches!(steady.reason, Reason::Cheaper { .. }), "{:?}", steady.reason);
    let noisy = chosen(&noisy, &limits, 100_000, memory(1_024));
    assert!(matches!(noisy.reason, Reason::WithinNoise { .. }), "{:?}", noisy.reason);
    assert_eq!(noisy.chosen.setting, memory(1_024));
}

#[test]
fn memory_is_at_least_twice_the_largest_that_was_used() {
    let mut recording = requests(1);
    recording.peak_kib = 300 * 1_024;
    let choice = chosen(&recording, &Limits::default(), 1_000, memory(512));
    assert_eq!(choice.chosen.setting.memory, 768);
    let Reason::CurrentBreaksLimits(broken) = choice.reason else { panic!() };
    assert_eq!(broken, ["memory needed 600 MB, limit 512 MB"]);
}

#[test]
fn settings_stay_when_none_keeps_the_limits() {
    let limits = Limits { response_p99_ms: 1.0, ..Limits::default() };
    let choice = chosen(&requests(50), &limits, 1_000, memory(512));
    assert!(matches!(choice.reason, Reason::NothingKeepsLimits(_)));
    assert_eq!(choice.chosen.setting, memory(512));
}

/// A stock processor whose batch of `n` records takes `base + n x per_record` of work.
fn processor(base_ms: u64, per_record_us: u64) -> FunctionRecording {
    let batch = |name: &str, records: u32| {
        let work = base_ms * MILLISECOND + u64::from(records) * per_record_us * 1_000;
        case(name, records, vec![Trace::alternating(work, 1, 5 * MILLISECOND); 3])
    };
    let cases = ["peak", "catch-up"].map(|name| [1, 10, 100, 500].map(|size| batch(name, size)));
    recording("stock-processor", cases.concat())
}

fn stream(memory: u32, batch_size: u32, batch_window: u32, parallelization: u32) -> Setting {
    Setting { memory, mapping: Some(Mapping { batch_size, batch_window, parallelization }) }
}

#[test]
fn a_stream_that_cannot_keep_up_gets_more_parts_of_a_shard() {
    // 10,000 stores send 139 records a second at the peak to 4 shards: 35 a second and shard. At 60
    // ms of work each, one environment does 17 a second.
    let choice = chosen(
        &processor(1, 60_000),
        &Limits { freshness_p99_ms: 60_000.0, catch_up_seconds: 36_000.0, ..Limits::default() },
        10_000,
        stream(1_769, 100, 1, 1),
    );
    assert!(choice.current.stream.unwrap().freshness_p99_ms.is_infinite());
    assert!(matches!(choice.reason, Reason::CurrentBreaksLimits(_)));
    assert!(choice.chosen.setting.mapping.unwrap().parallelization >= 4, "{:?}", choice.chosen);
}

#[test]
fn a_longer_window_is_not_fresher_and_not_dearer() {
    let choice = chosen(&processor(5, 100), &Limits::default(), 1_000, stream(512, 100, 1, 1));
    let of = |window: u32| {
        let setting = stream(512, 500, window, 1);
        choice.candidates.iter().find(|it| it.setting == setting).unwrap()
    };
    for pair in [0, 1, 2, 5, 10].windows(2) {
        let (short, long) = (of(pair[0]), of(pair[1]));
        assert!(long.latency_ms() > short.latency_ms(), "{pair:?}");
        assert!(long.cost.month() <= short.cost.month(), "{pair:?}");
        assert!(long.cost.writes <= short.cost.writes, "{pair:?}");
    }
}

#[test]
fn no_best_setting_is_beaten_in_both_figures() {
    let choice = chosen(&processor(5, 300), &Limits::default(), 3_000, stream(512, 100, 1, 1));
    let best = choice.pareto();
    assert!(best.len() > 2);
    let kept = choice.candidates.iter().filter(|it| it.broken.is_empty());
    for other in kept {
        for best in &best {
            let is_beaten =
                other.cost.month() < best.cost.month() && other.latency_ms() < best.latency_ms();
            assert!(!is_beaten, "{:?} beats {:?}", other.setting, best.setting);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn what_is_chosen_keeps_the_limits_and_costs_no_more(
        work_ms in 1..200_u64, stores in 1..200_000_u64, limit in 20..2_000_u32,
        current in 0..MEMORY_SIZES.len(),
    ) {
        let limits = Limits { response_p99_ms: limit.into(), ..Limits::default() };
        let current = memory(MEMORY_SIZES[current]);
        let choice = chosen(&requests(work_ms), &limits, stores, current);
        match choice.reason {
            Reason::NothingKeepsLimits(_) => {
                prop_assert!(choice.candidates.iter().all(|it| !it.broken.is_empty()));
            }
            _ => prop_assert!(choice.chosen.broken.is_empty()),
        }
        if choice.current.broken.is_empty() {
            prop_assert!(choice.chosen.cost.month() <= choice.current.cost.month());
        }
    }
}
