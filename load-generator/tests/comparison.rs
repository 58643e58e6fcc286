//! Comparisons of made-up runs with known differences.

use chrono::DateTime;
use load_generator::comparison::{ComparedMetric, Comparison, Conclusion, Line, compare};
use load_generator::draw::Draw;
use load_generator::plan::{PlanKey, legs};
use load_generator::run_record::{Environment, Parts, RunRecord};
use load_generator::scenario::{Scenario, Stage};
use load_generator::timings::Second;

/// Seconds of a run of the default scenario.
const SECONDS: usize = 60;
/// Correlation of neighbouring seconds in the noise of the tests.
const CORRELATION: f64 = 0.8;

/// Creates a run whose seconds have these response times p99, in milliseconds.
fn run(response_p99: &[f64]) -> RunRecord {
    let second = |millis: &f64| Second {
        planned: 200,
        stored: 200,
        response_ms: [10.0, 15.0, *millis, 1e4],
        service_p99_ms: 14.0,
        send_lag_p99_ms: 0.0,
        freshness_ms: Some(800.0),
        ..Second::default()
    };
    let scenario = Scenario::default().with_stages();
    let legs = legs(&scenario.stages);
    let run_id = format!("ld{:?}", response_p99.last());
    let key = PlanKey { run_id, starts_at: DateTime::UNIX_EPOCH, scenario, file_sha256: None };
    RunRecord {
        legs,
        target: "http://localhost:8080".to_owned(),
        command: "daymark load".to_owned(),
        environment: Environment { cores: 2, ..Environment::default() },
        seconds: response_p99.iter().map(second).collect(),
        ..RunRecord::new(key)
    }
}

/// Draws times around a median, in milliseconds. Their logarithms are a first-order
/// autoregression whose innovations have this deviation.
fn noisy(draw: &mut Draw, median: f64, correlation: f64, deviation: f64) -> Vec<f64> {
    let mut normal = || (0..12).map(|_| draw.unit()).sum::<f64>() - 6.0;
    let mut level = normal() / (1.0 - correlation * correlation).sqrt();
    let mut next = || {
        level = correlation * level + normal();
        median * (deviation * level).exp()
    };
    (0..SECONDS).map(|_| next()).collect()
}

fn line(comparison: &Comparison, metric: ComparedMetric) -> &Line {
    comparison.lines.iter().find(|line| line.metric == metric).expect("a line for each metric")
}

/// Share of `pairs` pairs of equal runs that differ significantly: by the comparison, and by an
/// interval that takes seconds for independent.
fn false_positives(pairs: u32, correlation: f64, seed_of_new: u64) -> (f64, f64) {
    let mut draw = Draw::of(11, "equal runs");
    let (mut found, mut independent) = (0, 0);
    for _ in 0..pairs {
        let mut times = || noisy(&mut draw, 50.0, correlation, 0.1);
        let (old, new) = (times(), times());
        let (first, mut second) = (run(&old), run(&new));
        second.key.scenario.seed = seed_of_new;
        let comparison = compare(&first, &second);
        assert_eq!(comparison.is_paired, seed_of_new == 1);
        found += u32::from(line(&comparison, ComparedMetric::ResponseP99).is_significant);
        independent += u32::from(differs_if_independent(&old, &new));
    }
    (f64::from(found) / f64::from(pairs), f64::from(independent) / f64::from(pairs))
}

fn differs_if_independent(old: &[f64], new: &[f64]) -> bool {
    let [(old, old_variance), (new, new_variance)] = [old, new].map(|times| {
        let logs: Vec<f64> = times[1..SECONDS - 1].iter().map(|time| time.ln()).collect();
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        (mean, squares / (count - 1.0) / count)
    });
    (new - old).abs() > 1.96 * (old_variance + new_variance).sqrt()
}

#[test]
fn equal_runs_of_one_plan_with_autocorrelated_noise_are_seldom_called_different() {
    let (found, independent) = false_positives(200, CORRELATION, 1);
    assert!(found <= 0.08, "{found}");
    assert!(independent > 0.3, "independent seconds: {independent}");
}

#[test]
fn equal_runs_of_two_plans_with_autocorrelated_noise_are_seldom_called_different() {
    let (found, independent) = false_positives(200, CORRELATION, 2);
    assert!(found <= 0.08, "{found}");
    assert!(independent > 0.3, "independent seconds: {independent}");
}

#[test]
fn equal_runs_with_independent_noise_are_called_different_about_as_often_as_stated() {
    let (found, _) = false_positives(100, 0.0, 1);
    assert!((0.01..=0.08).contains(&found), "{found}");
}

#[test]
fn a_slowdown_by_a_fifth_is_found_in_every_pair() {
    let mut draw = Draw::of(12, "slowdowns");
    for seed_of_new in [1, 2] {
        for _ in 0..12 {
            let old = run(&noisy(&mut draw, 50.0, 0.3, 0.05));
            let mut new = run(&noisy(&mut draw, 60.0, 0.3, 0.05));
            new.key.scenario.seed = seed_of_new;
            let comparison = compare(&old, &new);
            let found = line(&comparison, ComparedMetric::ResponseP99);
            assert_eq!(found.conclusion, Conclusion::Slower, "{found:?}");
            let [low, high] = found.interval.expect("an interval");
            assert!(low > 1.1 && high < 1.3, "{found:?}");
            let back = compare(&new, &old);
            assert_eq!(line(&back, ComparedMetric::ResponseP99).conclusion, Conclusion::Faster);
            let unchanged = line(&comparison, ComparedMetric::ServiceP99);
            assert_eq!(unchanged.conclusion, Conclusion::NoDifferenceSeen);
        }
    }
}

#[test]
fn the_planned_rate_cancels_out_between_runs_of_one_plan() {
    let mut draw = Draw::of(13, "steps");
    let steps = |times: Vec<f64>| -> Vec<f64> {
        times.iter().zip(0_u32..).map(|(time, at)| time * f64::from(1 + at / 15)).collect()
    };
    let old = run(&steps(noisy(&mut draw, 50.0, 0.0, 0.05)));
    let mut new = run(&steps(noisy(&mut draw, 55.0, 0.0, 0.05)));
    let paired = compare(&old, &new);
    new.key.scenario.seed = 2;
    let series = compare(&old, &new);
    assert!(line(&paired, ComparedMetric::ResponseP99).is_significant);
    assert!(!line(&series, ComparedMetric::ResponseP99).is_significant);
}

#[test]
fn a_lower_stored_rate_is_slower_and_a_shorter_time_is_faster() {
    let old = run(&[50.0; SECONDS]);
    let mut new = run(&[40.0; SECONDS]);
    for (place, second) in new.seconds.iter_mut().enumerate() {
        second.stored = 150 + place as u64 % 3;
    }
    let comparison = compare(&old, &new);
    let rate = line(&comparison, ComparedMetric::StoredRate);
    assert_eq!(rate.conclusion, Conclusion::Slower);
    assert!((rate.ratio.unwrap() - 0.755).abs() < 0.001, "{rate:?}");
    assert_eq!(line(&comparison, ComparedMetric::ResponseP99).conclusion, Conclusion::Faster);
}

#[test]
fn the_first_the_last_and_idle_seconds_are_left_out() {
    let mut times = [50.0; SECONDS];
    let old = run(&times);
    (times[0], times[2], times[30], times[59]) = (9e3, 9e3, 9e3, 9e3);
    let mut new = run(&times);
    for idle in [0, 1, 30] {
        new.seconds[idle].planned = 0;
    }
    new.seconds.push(Second { stored: 9_000, ..Second::default() });
    let comparison = compare(&old, &new);
    for line in &comparison.lines {
        assert_eq!((line.ratio, line.interval), (Some(1.0), Some([1.0, 1.0])), "{line:?}");
        assert_eq!(line.seconds, [55, 55], "{line:?}");
    }
    assert_eq!(comparison.remarks, Vec::<String>::new());
}

#[test]
fn few_seconds_give_values_without_an_interval() {
    let old = run(&[50.0; SECONDS]);
    for (seconds, usable) in [(0, 0), (1, 0), (2, 0), (3, 1), (9, 7), (10, 8)] {
        let mut new = run(&vec![70.0; seconds]);
        new.key.scenario.seed = 2;
        let comparison = compare(&old, &new);
        for line in &comparison.lines {
            assert_eq!(line.seconds, [58, usable]);
            assert_eq!(line.ratio.is_some(), usable > 0);
            assert_eq!(line.interval.is_some(), usable >= 8);
            assert_eq!(line.conclusion == Conclusion::TooFewSeconds, usable < 8);
            let says_so = format!("Too few seconds for {}: 58 and {usable};", line.metric);
            assert_eq!(line.sentence().starts_with(&says_so), usable < 8, "{}", line.sentence());
        }
    }
}

#[test]
fn each_reason_to_doubt_is_remarked_alone() {
    type Change = fn(&mut RunRecord);
    let changes: [(&str, Change); 14] = [
        ("Other seed: 1 (old) and 7 (new).", |new| new.key.scenario.seed = 7),
        ("it differs in: shops, mix.", |new| {
            new.key.scenario.shops.count = 9;
            new.key.scenario.mix.repeat = 0.5;
        }),
        ("Other legs", |new| new.legs.clear()),
        ("Other parts: 1 of 1 (old) and 1, 2 of 3 (new).", |new| {
            new.parts = Parts { numbers: vec![1, 2], of: 3 };
        }),
        ("Other target: http://localhost:8080 (old) and there (new).", |new| {
            new.target = "there".to_owned();
        }),
        ("Other cap of connections: no (old) and 5 (new).", |new| new.connections = Some(5)),
        ("Other machine setting shards: not set (old) and 4 (new).", |new| {
            new.environment.machine.insert("shards".to_owned(), "4".to_owned());
        }),
        ("Other number of cores: 2 (old) and 64 (new).", |new| new.environment.cores = 64),
        ("Other version:", |new| new.environment.version = "2".to_owned()),
        ("Other commit: unknown (old) and abc (new).", |new| {
            new.environment.commit = Some("abc".to_owned());
        }),
        ("The new run was ended before its plan.", |new| new.is_partial = true),
        ("The new run is invalid; the generator was the limit: too slow.", |new| {
            new.check.invalid = Some("too slow".to_owned());
        }),
        ("its times leave out: 1.", |new| new.seconds[5].response_ms = [0.0; 4]),
        ("its freshness leaves out: 3.", |new| new.totals.probes = (9, 3)),
    ];
    let old = run(&[50.0; SECONDS]);
    for (expected, change) in changes {
        let mut new = run(&[51.0; SECONDS]);
        assert_eq!(compare(&old, &new).remarks, Vec::<String>::new());
        change(&mut new);
        let remarks = compare(&old, &new).remarks;
        assert!(remarks.len() == 1 && remarks[0].contains(expected), "{expected}: {remarks:?}");
    }
    assert_eq!(compare(&old, &old).remarks.len(), 1, "both are one run");
}

#[test]
fn extreme_values_give_finite_figures_in_rows_of_80_columns() {
    let mut draw = Draw::of(14, "extremes");
    let mut times = noisy(&mut draw, 1.0, 0.9, 3.0);
    times.truncate(12);
    let mut old = run(&times);
    let mut new = run(&[4e6; 12]);
    for second in &mut old.seconds {
        second.stored = 0;
        second.freshness_ms = None;
        second.service_p99_ms = 0.0;
    }
    new.seconds[3].response_ms[2] = 0.0;
    new.target = format!("http://{}/", "long.".repeat(60));
    new.key.scenario.stages.push(Stage::Soak { rate: 1.0, time: "1h".parse().unwrap() });
    for (first, second) in [(&old, &new), (&new, &old)] {
        let comparison = compare(first, second);
        for line in &comparison.lines {
            let ends = line.interval.into_iter().flatten();
            let figures = ends.chain([line.old, line.new, line.ratio].into_iter().flatten());
            assert!(figures.into_iter().all(f64::is_finite), "{line:?}");
        }
        let rate = line(&comparison, ComparedMetric::StoredRate);
        assert_eq!(rate.conclusion, Conclusion::NothingStored);
        let text = comparison.to_string();
        assert!(text.lines().all(|row| row.chars().count() <= 80), "{text}");
        let words = ["NaN", "inf"];
        assert!(words.into_iter().all(|word| !text.contains(word)), "{text}");
        let json = serde_json::to_string(&comparison).unwrap();
        assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap().remarks, comparison.remarks);
    }
}

#[test]
fn a_comparison_reads_as_a_table_and_as_sentences() {
    let times = |median: f64| -> Vec<f64> {
        (0..SECONDS).map(|at| median * (1.0 + (at * 7 % 11) as f64 / 100.0)).collect()
    };
    let old = run(&times(50.0));
    let mut new = run(&times(60.0));
    new.environment.cores = 4;
    let comparison = compare(&old, &new);
    let header = "                    old        new  new/old  95 % interval    conclusion\n";
    let rows = "\
response p50    10.0 ms    10.0 ms    1.000  1.000 to 1.000   no difference seen
response p99    52.5 ms    63.0 ms    1.200  1.200 to 1.200   slower
service p99     14.0 ms    14.0 ms    1.000  1.000 to 1.000   no difference seen
send lag p99    0.00 ms    0.00 ms    1.000  1.000 to 1.000   no difference seen
freshness        800 ms     800 ms    1.000  1.000 to 1.000   no difference seen
stored rate     200.0/s    200.0/s    1.000  1.000 to 1.000   no difference seen
Values are means of seconds. 58 and 58 seconds, compared second by second.
- Other number of cores: 2 (old) and 4 (new).
";
    assert_eq!(comparison.to_string(), [header, rows].concat());
    let sentences: Vec<String> = comparison.lines.iter().map(Line::sentence).collect();
    assert_eq!(
        sentences[..2],
        [
            "No difference seen in response p50: 1.000 times the old value, 95 % interval 1.000 \
             to 1.000.",
            "The new run is slower in response p99: 1.200 times the old value, 95 % interval \
             1.200 to 1.200.",
        ]
    );
    assert_eq!(comparison, compare(&old, &new), "the resamples are seeded");
}
