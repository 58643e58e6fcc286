//! Computation of a bill, line by line.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::format::count;
use crate::quota::MILLISECOND;
use crate::{
    Architecture, Assumptions, BillLine, CostModel, MonthlyBill, Quota, Trace, Traffic, Work,
};

/// Places in a period at which the simulated invocations start.
const PHASES: u32 = 100;

/// Bill under construction.
#[derive(Debug)]
pub(crate) struct Calculation<'a> {
    model: &'a CostModel,
    pub(crate) assumptions: &'a Assumptions,
    pub(crate) work: &'a Work,
    pub(crate) traffic: &'a Traffic,
    /// Quantity used of each price so far. Tiers and the free tier count the whole account.
    used: BTreeMap<&'static str, Decimal>,
    lines: Vec<BillLine>,
    /// Number of invocations of each function so far.
    pub(crate) invocations: BTreeMap<&'static str, Decimal>,
}

/// Invocations of a function in a month, with the time of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FunctionRun {
    pub(crate) invocations: Decimal,
    /// Processor time on a whole processor.
    pub(crate) cpu_ms: Decimal,
    /// Calls of another service in sequence.
    pub(crate) calls: Decimal,
    /// Duration of a call.
    pub(crate) call_ms: Decimal,
}

impl<'a> Calculation<'a> {
    pub(crate) fn new(model: &'a CostModel, traffic: &'a Traffic) -> Self {
        Self {
            model,
            assumptions: &model.assumptions,
            work: &model.work,
            traffic,
            used: BTreeMap::new(),
            lines: Vec::new(),
            invocations: BTreeMap::new(),
        }
    }

    /// Adds the lines of every part of the system.
    pub(crate) fn run(mut self) -> MonthlyBill {
        self.add_ingest();
        self.add_identity();
        self.add_stream();
        self.add_stock_processor();
        self.add_tables();
        self.add_pricing();
        self.add_day_close();
        self.add_offer_delivery();
        self.add_offers_api();
        self.add_monitoring();
        self.add_encryption();
        let (lines, invocations) = (self.lines, self.invocations);
        MonthlyBill { traffic: self.traffic.clone(), lines, invocations }
    }

    /// Adds one line.
    pub(crate) fn add(
        &mut self,
        part: &'static str,
        price: &'static str,
        quantity: Decimal,
        derivation: impl Into<String>,
    ) {
        let listed = self.model.prices.price(price);
        let cost = |quantity| listed.dollars(quantity, self.model.deducts_free_tier);
        let used = self.used.entry(price).or_default();
        let before = cost(*used);
        *used += quantity;
        let dollars = cost(*used) - before;
        self.lines.push(BillLine { part, price, quantity, dollars, derivation: derivation.into() });
    }

    /// Adds the requests and the duration of a function.
    pub(crate) fn add_function(
        &mut self,
        part: &'static str,
        function: &'static str,
        run: &FunctionRun,
    ) {
        let invocations = run.invocations;
        let memory = self.assumptions.memory(function);
        let ms = run.billed_ms(memory);
        let derivation = format!("{} of {function}", count(invocations));
        self.add(part, "lambda.request", invocations, derivation);
        let price = match self.assumptions.arch {
            Architecture::Arm64 => "lambda.arm64",
            Architecture::X86_64 => "lambda.x86_64",
        };
        let gigabytes = Decimal::from(memory) / Decimal::from(1024);
        let seconds = invocations * ms / Decimal::from(1000);
        let derivation = format!(
            "{function}: {} x {} ms at {memory} MB ({} on a whole processor; {} waiting in {} \
             calls) x {} GB",
            count(invocations),
            ms.normalize(),
            run.cpu_ms.round_dp(2).normalize(),
            (run.calls * run.call_ms).round_dp(1).normalize(),
            run.calls.round_dp(1).normalize(),
            gigabytes.normalize(),
        );
        self.add(part, price, seconds * gigabytes, derivation);
        *self.invocations.entry(function).or_default() += invocations;
    }
}

impl FunctionRun {
    /// Returns the mean billed duration of an invocation, in milliseconds. The work is spread
    /// evenly before, between and after the calls.
    fn billed_ms(&self, memory: u32) -> Decimal {
        let Self { cpu_ms, calls, call_ms, .. } = *self;
        let nanoseconds = |ms: Decimal| {
            (ms * Decimal::from(MILLISECOND)).round().to_u64().expect("far below 500 years")
        };
        let whole = calls.round().max(Decimal::from(u8::from(!calls.is_zero())));
        let latency = if whole.is_zero() { whole } else { calls * call_ms / whole };
        let whole = whole.to_u64().expect("a number of calls");
        let trace = Trace::alternating(nanoseconds(cpu_ms), whole, nanoseconds(latency));
        Quota::of_memory(memory).billed(&trace, PHASES).mean()
    }
}

/// Returns the number of billing units of `size` bytes that `bytes` take, at least one.
pub(crate) fn billing_units(bytes: Decimal, size: u64) -> Decimal {
    (bytes / Decimal::from(size)).ceil().max(Decimal::ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_function_is_billed_for_whole_milliseconds_of_its_quota() {
        let ms = |cpu: &str, calls: &str, call: &str, memory: u32| {
            let [cpu_ms, calls, call_ms] = [cpu, calls, call].map(decimal);
            FunctionRun { invocations: Decimal::ONE, cpu_ms, calls, call_ms }.billed_ms(memory)
        };
        // 1,769 MB are one processor.
        assert_eq!(ms("2", "0", "5", 1_769), decimal("2"));
        assert_eq!(ms("2.1", "0", "5", 1_769), decimal("3"));
        // 884 MB are 10 ms of each 20: a burst of 2 ms is not slowed, one of 20 ms is.
        assert_eq!(ms("2", "1", "5", 884), decimal("7"));
        assert!(ms("20", "0", "5", 884) > decimal("29"));
        // A second processor stays unused.
        assert_eq!(ms("2", "1", "5", 3_538), decimal("7"));
        assert_eq!(ms("0", "0", "5", 128), decimal("1"));
        // A part of a call is a call of a part of the time.
        assert_eq!(ms("0", "0.4", "5", 128), decimal("2"));
    }

    #[test]
    fn a_started_billing_unit_is_charged_whole() {
        assert_eq!(billing_units(decimal("0"), 1024), decimal("1"));
        assert_eq!(billing_units(decimal("1024"), 1024), decimal("1"));
        assert_eq!(billing_units(decimal("1025"), 1024), decimal("2"));
    }
}
