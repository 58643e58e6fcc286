//! The report of a run: the page and the text for the terminal, from records of every shape.

mod record;

use std::time::Duration;

use load_generator::knee::{KneeResult, Probe};
use load_generator::limit_check::exit;
use load_generator::report::{body, page, terminal};
use load_generator::run_record::{LedgerResult, RunRecord};
use load_generator::timings::Second;
use proptest::prelude::*;

use record::{compared, empty_record, full_record, line};

const WIDTHS: [usize; 3] = [60, 80, 120];

/// Fails if a line is wider than the terminal, or has trailing spaces.
#[track_caller]
fn assert_fits(record: &RunRecord) {
    for (width, is_ascii) in WIDTHS.into_iter().flat_map(|width| [(width, true), (width, false)]) {
        for line in terminal(record, width, is_ascii).lines() {
            assert!(line.chars().count() <= width, "{width}: {line:?}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn the_page_has_all_sections_in_order() {
    let page = page(&full_record(60), false);
    let headings = [
        "<h1>LIMIT BROKEN</h1>",
        ">Rates</h2>",
        ">Response time over time</h2>",
        ">Percentiles</h2>",
        ">Freshness and backlog</h2>",
        ">Throttled requests</h2>",
        ">Processor, memory and descriptors</h2>",
        ">Search for the knee</h2>",
        ">Ledger</h2>",
        ">Errors</h2>",
        ">Totals</h2>",
        ">Environment</h2>",
        ">Scenario</h2>",
        ">Command that repeats the run</h2>",
    ];
    let places = headings.map(|heading| (page.find(heading), heading));
    assert!(places.iter().all(|(place, _)| place.is_some()), "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
    assert!(page.contains("seed = 1") && page.contains("shape = &quot;constant&quot;"));
    assert!(page.contains("daymark load --seed 1") && page.contains("6ae911d"));
}

#[test]
fn the_page_loads_nothing_and_runs_a_script_only_while_live() {
    let record = full_record(60);
    let saved = page(&record, false);
    for loading in ["src=", "href=", "url(", "@import", "<script", "<link"] {
        assert!(!saved.contains(loading), "{loading}");
    }
    let addresses = saved.matches("http://").count();
    assert_eq!(addresses, saved.matches("http://127.0.0.1:8080").count(), "only the target's name");
    let live = page(&record, true);
    assert!(live.contains("fetch(\"/load/body\")") && live.contains("connect-src 'self'"));
    let main = format!("<main>\n{}</main>", body(&record));
    assert!(saved.contains(&main) && live.contains(&main));
}

#[test]
fn texts_of_the_record_are_escaped() {
    let attack = "</code><script>alert('1')</script>\" onload=\"x";
    let mut record = full_record(30);
    record.notes.push(attack.to_owned());
    record.errors.insert(attack.to_owned(), 1);
    record.mismatched.push(attack.to_owned());
    record.command = attack.to_owned();
    record.target = attack.to_owned();
    record.key.run_id = attack.to_owned();
    record.key.scenario.shops.file = Some(attack.into());
    record.environment.machine.insert(attack.to_owned(), attack.to_owned());
    record.check.invalid = Some(attack.to_owned());
    record.check.limits.push(line(attack, attack, attack, false));
    record.exit_code = exit::GENERATOR_LIMITED;
    record.seconds[3].cores.insert(attack.to_owned(), 1.0);
    record.ledger =
        Some(LedgerResult::NotChecked { reason: attack.to_owned(), is_intended: false });
    if let Some(knee) = &mut record.knee {
        knee.ended_by = Some(attack.to_owned());
        knee.probes[0].broken.push(attack.to_owned());
        knee.probes[0].invalid = Some(attack.to_owned());
    }
    let page = page(&record, false);
    assert!(!page.contains("<script") && !page.contains("\" onload"));
    assert!(page.matches("&lt;script&gt;").count() >= 15);
}

#[test]
fn the_title_of_the_chart_of_a_long_run_tells_the_highest_latency() {
    let mut record = full_record(10_000);
    record.seconds[7_777].response_ms[3] = 7_654.0;
    let page = page(&record, false);
    assert!(page.contains("max at most 7654 ms"));
    assert!(page.contains("Each point is the highest value of 34 seconds."));
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

#[test]
fn the_terminal_fits_its_width() {
    let mut record = full_record(60);
    assert_fits(&record);
    record.ledger = Some(compared(40));
    record.notes.push("a".repeat(300));
    record.errors.insert(format!("a long word {}", "b".repeat(300)), 9);
    record.check.limits.push(line(&"c".repeat(90), &"d".repeat(90), &"e".repeat(90), false));
    assert_fits(&record);
    assert_fits(&full_record(10_000));
    assert_fits(&full_record(1));
    assert_fits(&empty_record());
}

#[test]
fn the_terminal_shows_the_result_first_and_then_each_part_in_ascii() {
    let mut record = full_record(60);
    record.exit_code = exit::LEDGER_DIFFERS;
    record.ledger = Some(compared(40));
    let text = terminal(&record, 80, true);
    assert!(text.is_ascii() && text.starts_with("LEDGER DIFFERS: "), "{text}");
    for part in [
        "BROKEN  response p99   250ms  1204 ms",
        "Events a second: planned 2,000, sent 2,000, stored 1,978.",
        "response time",
        "p99.9",
        "* p99, o p50",
        "seconds after the start",
        "Ledger: 40 differences; 118,704 expected events in 912 windows.",
        "and 35 more differences",
        "1,204  status 500",
        "The target carries 2,800 events/s within the limits.",
        "broken: response p99",
        "- the machine had other load at the start",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn a_ledger_that_was_not_checked_is_told_with_its_reason() {
    let mut record = full_record(10);
    record.ledger = Some(LedgerResult::NotChecked {
        reason: "no tables are given".to_owned(),
        is_intended: true,
    });
    assert!(terminal(&record, 80, true).contains("Ledger: not checked: no tables are given."));
    assert!(page(&record, false).contains("not checked: no tables are given"));
    record.ledger = None;
    assert!(terminal(&record, 80, true).contains("Ledger: not checked:"));
    assert!(page(&record, false).contains("not checked:"));
}

#[test]
fn the_headline_is_that_of_the_exit_code() {
    let mut record = full_record(10);
    let cases = [
        (exit::KEPT, false, true, "PASSED"),
        (exit::KEPT, true, false, "PARTIAL"),
        (exit::KEPT, false, false, "NOT CHECKED"),
        (exit::LIMIT_BROKEN, true, false, "LIMIT BROKEN"),
        (exit::LEDGER_DIFFERS, false, false, "LEDGER DIFFERS"),
        (exit::GENERATOR_LIMITED, false, false, "GENERATOR WAS THE LIMIT"),
    ];
    for (exit_code, is_partial, passed, headline) in cases {
        (record.exit_code, record.is_partial, record.passed) = (exit_code, is_partial, passed);
        assert!(terminal(&record, 80, true).starts_with(&format!("{headline}: ")), "{headline}");
        assert!(page(&record, false).contains(&format!("<h1>{headline}</h1>")), "{headline}");
    }
}

#[test]
fn a_control_character_of_an_error_does_not_reach_the_terminal() {
    let mut record = empty_record();
    record.errors.insert("\u{1b}[2Jcleared\u{7}".to_owned(), 1);
    let text = terminal(&record, 80, false);
    assert!(text.contains("?[2Jcleared?"));
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()));
}

fn any_second() -> impl Strategy<Value = Second> {
    let figures = (any::<[u16; 5]>(), any::<[f64; 4]>(), any::<Option<f64>>(), any::<[f64; 4]>());
    let cores = prop::collection::btree_map("[a-e]{1,2}", any::<f64>(), 0..8);
    (figures, cores).prop_map(|((counts, response_ms, freshness_ms, others), cores)| {
        let [planned, sent, stored, throttled, open] = counts.map(u64::from);
        let [service_p99_ms, send_lag_p99_ms, backlog_ms, memory_mb] = others;
        Second {
            planned,
            sent,
            stored,
            throttled,
            open,
            response_ms,
            service_p99_ms,
            send_lag_p99_ms,
            freshness_ms,
            backlog_ms,
            cores,
            memory_mb,
            descriptors: open,
        }
    })
}

fn any_probe() -> impl Strategy<Value = Probe> {
    let floats = (any::<[f64; 3]>(), any::<[f64; 2]>());
    (floats, prop::collection::vec("[a-z]{0,9}", 0..3)).prop_map(
        |((rates, response_ms), broken)| {
            let [rate, stored_rate, backlog_growth] = rates;
            Probe { rate, stored_rate, backlog_growth, response_ms, broken, invalid: None }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_has_a_report_without_numbers_that_are_none(
        seconds in prop::collection::vec(any_second(), 0..8),
        micros in prop::collection::vec(0..u64::MAX / 2, 0..12),
        probes in prop::collection::vec(any_probe(), 0..5),
        text in "[ a-d<&\"\u{1b}]{0,80}",
        exit_code in 0..6_u8,
        floats in any::<[f64; 3]>(),
    ) {
        let mut record = RunRecord { exit_code, seconds, notes: vec![text], ..empty_record() };
        for micros in micros {
            record.timings.response.record(Duration::from_micros(micros));
        }
        let [total_s, load_before, most] = floats;
        record.totals.seconds = total_s;
        record.environment.load_before = load_before;
        record.knee = Some(KneeResult { most, probes, ..KneeResult::default() });
        for page in [page(&record, false), page(&record, true)] {
            prop_assert!(!page.contains("NaN") && !page.contains("inf"), "{}", page);
        }
        for width in WIDTHS {
            let text = terminal(&record, width, true);
            prop_assert!(!text.contains("NaN") && !text.contains("inf "), "{}", text);
            prop_assert!(text.lines().all(|line| line.chars().count() <= width), "{}", text);
        }
    }
}
