//! Computation of a bill, line by line.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::format::count;
use crate::{Architecture, Assumptions, BillLine, CostModel, MonthlyBill, Traffic, Work};

/// Memory at which a function has a whole processor, in MB. Source: Lambda developer guide,
/// "Configure Lambda function memory".
const WHOLE_PROCESSOR_MB: u32 = 1_769;

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
    /// Time in which the function waits for other services.
    pub(crate) wait_ms: Decimal,
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
        let FunctionRun { invocations, cpu_ms, wait_ms } = *run;
        let memory = self.assumptions.memory(function);
        let ms = billed_milliseconds(cpu_ms, wait_ms, memory);
        let derivation = format!("{} of {function}", count(invocations));
        self.add(part, "lambda.request", invocations, derivation);
        let price = match self.assumptions.arch {
            Architecture::Arm64 => "lambda.arm64",
            Architecture::X86_64 => "lambda.x86_64",
        };
        let gigabytes = memory / Decimal::from(1024);
        let seconds = invocations * ms / Decimal::from(1000);
        let derivation = format!(
            "{function}: {} x {ms} ms ({} on a whole processor, longer at {memory} MB; {} waiting) \
             x {} GB",
            count(invocations),
            cpu_ms.round_dp(2).normalize(),
            wait_ms.round_dp(1).normalize(),
            gigabytes.normalize(),
        );
        self.add(part, price, seconds * gigabytes, derivation);
        *self.invocations.entry(function).or_default() += invocations;
    }
}

/// Returns the billed duration of one invocation. A function has its memory's share of a processor
/// and at most one processor, because it runs on one thread. A started millisecond is billed.
fn billed_milliseconds(cpu_ms: Decimal, wait_ms: Decimal, memory: Decimal) -> Decimal {
    let share = (memory / Decimal::from(WHOLE_PROCESSOR_MB)).min(Decimal::ONE);
    (cpu_ms / share + wait_ms).ceil().max(Decimal::ONE)
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
    fn a_function_is_billed_for_whole_milliseconds_of_its_share_of_a_processor() {
        let ms = |cpu: &str, wait: &str, memory: u32| {
            billed_milliseconds(decimal(cpu), decimal(wait), memory.into())
        };
        // 1,769 MB are one processor; half of the memory takes twice as long.
        assert_eq!(ms("2", "0", 1_769), decimal("2"));
        assert_eq!(ms("2.1", "0", 1_769), decimal("3"));
        assert_eq!(ms("2", "5", 884), decimal("10"));
        // A second processor stays unused.
        assert_eq!(ms("2", "5", 3_538), decimal("7"));
        assert_eq!(ms("0", "0", 128), decimal("1"));
    }

    #[test]
    fn a_started_billing_unit_is_charged_whole() {
        assert_eq!(billing_units(decimal("0"), 1024), decimal("1"));
        assert_eq!(billing_units(decimal("1024"), 1024), decimal("1"));
        assert_eq!(billing_units(decimal("1025"), 1024), decimal("2"));
    }
}
