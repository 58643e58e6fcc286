//! Scenarios in TOML: all that they say is taken, and errors say what would pass.

use std::time::Duration;

use load_generator::scenario::{Arrivals, Compression, LimitMetric, Scenario, Stage, Statistic};

const FULL: &str = r#"
seed = 7
arrivals = "regular"
abort_after = "10s"
shops = { count = 200, zipf = 1.0 }

[[stage]]
shape = "steps"
from = 500
by = 500
each = "30s"
times = 8

[[stage]]
shape = "spike"
base = 100
peak = 1000
for = "60s"
peak_for = "10s"

[mix]
repeat = 0.02
events_per_request = 10
compression = "gzip"

[limit]
"response p99" = "250ms"
"freshness p99.9" = "2s"
"refused" = 0
"ledger" = "equal"
"send lag max" = "5ms"
"#;

#[test]
fn a_scenario_comes_back_from_its_record() {
    let scenario = Scenario::parse(FULL).unwrap();
    assert_eq!((scenario.seed, scenario.arrivals), (7, Arrivals::Regular));
    assert_eq!(scenario.mix.compression, Compression::Gzip);
    assert_eq!(scenario.stages[0].duration(), Duration::from_secs(240));
    assert_eq!(scenario.stages[1].segments()[1].from, 1_000.0);
    assert_eq!(scenario.limits.0.len(), 5);
    let freshness = LimitMetric::Freshness(Statistic::Percentile(9_990));
    assert_eq!(scenario.limits.0[&freshness].time(), Some(Duration::from_secs(2)));
    let json = serde_json::to_string(&scenario).unwrap();
    assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario);
    let toml = toml::to_string(&scenario).unwrap();
    assert_eq!(Scenario::parse(&toml).unwrap(), scenario);
}

#[test]
fn every_shape_has_its_course() {
    let course = |stage: &str| -> Vec<(f64, f64, f64)> {
        let scenario = Scenario::parse(&format!("[[stage]]\n{stage}")).unwrap();
        let segments = scenario.stages[0].segments();
        segments.iter().map(|segment| (segment.from, segment.to, segment.seconds)).collect()
    };
    assert_eq!(course("shape='constant'\nrate=5\nfor='2s'"), [(5.0, 5.0, 2.0)]);
    assert_eq!(course("shape='soak'\nrate=5\nfor='1m'"), [(5.0, 5.0, 60.0)]);
    assert_eq!(course("shape='ramp'\nfrom=0\nto=9\nfor='3s'"), [(0.0, 9.0, 3.0)]);
    let spike = course("shape='spike'\nbase=1\npeak=9\nfor='10s'\npeak_for='4s'");
    assert_eq!(spike, [(1.0, 1.0, 3.0), (9.0, 9.0, 4.0), (1.0, 1.0, 3.0)]);
    let day = course("shape='day'\npeak=80\nfor='16s'");
    assert_eq!(day.len(), 16);
    assert!(day.iter().any(|(from, ..)| *from == 80.0) && day.iter().all(|(from, ..)| *from > 0.0));
    assert_eq!(course("shape='knee'\nfrom=100\nto=200"), []);
}

#[test]
fn a_scenario_that_breaks_a_rule_is_refused_with_what_would_pass() {
    for (text, words) in [
        ("sed = 1", &["line 1", "unknown field `sed`", "did you mean seed?"][..]),
        ("\n[mix]\nrepaet = 0.1", &["line 3", "did you mean repeat?"]),
        ("[mix]\nrepeat = 2", &["mix.repeat is 2", "from 0 to 1"]),
        ("[mix]\nevents_per_request = 0", &["mix.events_per_request is 0", "1 to 10000"]),
        ("[mix]\ncompression = \"gzp\"", &["line 2", "unknown variant", "did you mean gzip?"]),
        ("[shops]\ncount = 0", &["shops.count is 0"]),
        ("[[stage]]\nshape = \"rmap\"", &["unknown variant", "did you mean ramp?"]),
        ("[[stage]]\nshape = \"constant\"\nrate = 0\nfor = \"1s\"", &["rate is 0", "0.001"]),
        ("[[stage]]\nshape = \"constant\"\nrate = -5\nfor = \"1s\"", &["rate is -5"]),
        ("[[stage]]\nshape = \"constant\"\nrate = nan\nfor = \"1s\"", &["rate is NaN"]),
        ("[[stage]]\nshape = \"constant\"\nrate = 5\nfor = \"1\"", &["ms, s, m or h"]),
        (
            "[[stage]]\nshape = \"constant\"\nrate = 5\nfor = \"9h\"\nrte = 1",
            &["unknown field `rte`"],
        ),
        (
            "[[stage]]\nshape = \"spike\"\nbase = 1\npeak = 2\nfor = \"1s\"\npeak_for = \"2s\"",
            &["peak_for is 2s", "takes 1s"],
        ),
        ("[[stage]]\nshape = \"knee\"\nfrom = 9\nto = 3", &["to is 3", "above from, which is 9"]),
        ("[limit]\n\"respones p99\" = \"1s\"", &["did you mean \"response p99\"?"]),
        ("[limit]\n\"response p99\" = \"fast\"", &["response p99 is \"fast\"", "250ms"]),
        ("[limit]\n\"response p101\" = \"1s\"", &["response p101", "p50 to p99.99"]),
        ("[limit]\n\"ledger\" = 3", &["ledger is \"3\"", "\"equal\""]),
        ("seed = \"x\"", &["line 1", "invalid type"]),
        ("seed = ", &["line 1"]),
    ] {
        let error = Scenario::parse(text).expect_err(text).to_string();
        for word in words {
            assert!(error.contains(word), "{text:?}: {word:?} is missing in {error:?}");
        }
    }
}

#[test]
fn a_search_for_the_knee_and_a_file_stand_alone() {
    let knee = "[[stage]]\nshape = \"knee\"\n";
    let other = "[[stage]]\nshape = \"constant\"\nrate = 5\nfor = \"1s\"\n";
    let error = Scenario::parse(&format!("{knee}{other}")).unwrap_err().to_string();
    assert!(error.contains("only stage"), "{error}");
    let error = Scenario::parse(&format!("shops = {{ file = \"x\" }}\n{other}")).unwrap_err();
    assert!(error.to_string().contains("a file has no stages"), "{error}");
    let error = Scenario::parse("[[stage]]\nshape = \"file\"").unwrap_err().to_string();
    assert!(error.contains("shops.file"), "{error}");
    assert!(matches!(Scenario::parse(knee).unwrap().stages[..], [Stage::Knee(_)]));
}
