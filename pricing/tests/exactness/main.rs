//! Decisions with known demand, compared with an independent recursion.

mod bounds;
mod cases;
mod closed_form;
mod line;
mod recursion;
mod rule;

use pricing::contract;
use pricing::decision::{Decision, ExpectedOutcome};
use pricing::decision_request::DecisionRequest;
use recursion::{Afternoon, Outcome};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Default number of cases. The environment variable `DAYMARK_TEST_CASES` overrides it.
const CASES: u64 = 200;

/// Returns the seeds of a test, or only the seed in `DAYMARK_TEST_SEED`.
fn seeds() -> std::ops::Range<u64> {
    let setting =
        |name: &str| std::env::var_os(name).and_then(|given| given.to_str()?.parse().ok());
    match setting("DAYMARK_TEST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("DAYMARK_TEST_CASES").unwrap_or(CASES),
    }
}

/// Differences of a decision from the expectation.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn check(&mut self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.0.push(what());
        }
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: T, expected: T) {
        self.check(found == expected, || format!("{what}: {found:?} instead of {expected:?}"));
    }

    /// Compares up to the reported digits or a share of the figure.
    fn close(
        &mut self,
        what: &str,
        request: &DecisionRequest,
        (found, expected): (&ExpectedOutcome, Outcome),
        share: f64,
    ) {
        let digits = request.currency.minor_digits() as i32;
        let mut near = |part: &str, found: Decimal, places: i32, expected: f64| {
            let scale = 10_f64.powi(places);
            let found = found.to_f64().expect("a number") * scale;
            let close = (found - expected).abs() <= expected.abs() * share + 0.501;
            self.check(close, || format!("{what}: {part} {found} instead of {expected}"));
        };
        near("units", found.units, 4, expected.units * 1e4);
        near("revenue", found.revenue, digits, expected.revenue);
        near("value", found.value, digits, expected.value);
        self.equal(what, found.waste, Decimal::from(request.on_hand) - found.units);
    }

    /// Fails with all of them, the request, and how to have the case again.
    #[track_caller]
    fn none(self, seed: u64, request: &DecisionRequest) {
        assert!(
            self.0.is_empty(),
            "{}\nDAYMARK_TEST_SEED={seed} cargo test -p pricing --test exactness\n{}\n",
            self.0.join("\n"),
            line::request(request),
        );
    }
}

#[test]
fn what_is_reported_is_what_a_naive_recursion_finds() {
    for seed in seeds() {
        equals_the_recursion(seed, &cases::bearable(seed), 1e-6);
    }
}

/// More is not counted piece by piece.
#[test]
fn a_stock_of_hundreds_is_decided_to_a_thousandth() {
    for seed in seeds().take(8) {
        equals_the_recursion(seed, &cases::wholesale(seed), 0.001);
    }
}

fn equals_the_recursion(seed: u64, request: &DecisionRequest, share: f64) {
    let mut findings = Findings::default();
    let decision = pricing::decide(request);
    prices_and_permissions(&mut findings, request, &decision);
    choice(&mut findings, request, &decision);
    let mut afternoon = Afternoon::new(request);
    for (percent, outcome) in afternoon.alternatives() {
        let mut steps = decision.alternatives.iter();
        let step = steps.find(|step| step.discount_percent == percent);
        match step.map(|step| &step.outcome) {
            Some(Ok(found)) => {
                findings.close(&format!("{percent} %"), request, (found, outcome), share);
            }
            other => findings.check(false, || format!("{percent} % is allowed: {other:?}")),
        }
    }
    let unchanged = (&decision.if_unchanged, afternoon.unchanged());
    findings.close("unchanged", request, unchanged, share);
    findings.none(seed, request);
}

#[test]
fn prices_permissions_and_the_choice_keep_the_rules_also_while_there_is_something_to_learn() {
    for seed in seeds() {
        let request = cases::any(seed);
        let mut findings = Findings::default();
        let decision = pricing::decide(&request);
        prices_and_permissions(&mut findings, &request, &decision);
        choice(&mut findings, &request, &decision);
        findings.none(seed, &request);
    }
}

/// A printed request, and the request that an offer stores, reproduce the case.
#[test]
fn a_request_line_reproduces_the_request() {
    for seed in seeds() {
        let request = cases::any(seed);
        for line in [line::request(&request).to_string(), contract::write(&request)] {
            let read = contract::read(line.as_bytes());
            let read = read.unwrap_or_else(|(_, error)| panic!("seed {seed}: {error}: {line}"));
            assert_eq!(read.request, request, "seed {seed}: {line}");
            assert_eq!(pricing::decide(&read.request), pricing::decide(&request));
        }
    }
}

/// Checks the price of each step of the ladder, its permission and the reason for a refusal.
fn prices_and_permissions(findings: &mut Findings, request: &DecisionRequest, decision: &Decision) {
    let steps = rule::steps(request);
    let percents: Vec<u8> = decision.alternatives.iter().map(|a| a.discount_percent).collect();
    let ladder = request.rules.ladder.steps();
    findings.equal("the ladder", percents.as_slice(), ladder);
    for (step, found) in steps.iter().zip(&decision.alternatives) {
        let percent = step.percent;
        if let Some(price) = step.price {
            let price = rule::amount(price, request);
            findings.equal(&format!("{percent} %: price"), found.price, price);
        }
        let why_not = rule::why_not(request, step);
        findings.equal(
            &format!("{percent} %: why not"),
            found.outcome.as_ref().err(),
            why_not.as_ref(),
        );
    }
}

/// The decision is the allowed step of the highest value, on a tie the shallower one.
fn choice(findings: &mut Findings, request: &DecisionRequest, decision: &Decision) {
    let allowed =
        decision.alternatives.iter().filter_map(|step| Some((step, step.outcome.as_ref().ok()?)));
    let best = allowed.reduce(|best, next| if next.1.value > best.1.value { next } else { best });
    let Some((step, expected)) = best else {
        return findings.check(false, || "nothing is allowed".to_owned());
    };
    findings.equal("the step", decision.discount_percent, step.discount_percent);
    findings.equal("the price", decision.price, step.price);
    findings.equal("the expectation", &decision.expected, expected);
    let shelf = &request.shelf;
    let changes = decision.discount_percent != shelf.discount_percent;
    findings.equal("a change", decision.changes, changes);
    findings.check(decision.price <= shelf.price, || "the price rises".to_owned());
    let all = decision.alternatives.iter().filter_map(|step| step.outcome.as_ref().ok());
    for expected in all.chain([&decision.if_unchanged]) {
        let on_hand = Decimal::from(request.on_hand);
        findings.check(expected.units <= on_hand && expected.units >= Decimal::ZERO, || {
            format!("{} of {on_hand} are sold", expected.units)
        });
        findings.equal("what is left", expected.waste, on_hand - expected.units);
    }
}
