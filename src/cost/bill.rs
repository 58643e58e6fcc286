//! A month's bill, line by line: a quantity, its price, and how the quantity came about.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::chain::{Arch, Chain};
use super::prices::Prices;

/// Memory at which a function has a whole processor, in MB. Source: Lambda developer guide,
/// "Configure Lambda function memory".
const WHOLE_PROCESSOR_MB: u32 = 1_769;

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// The part of the system, as `cdk/` cuts it.
    pub(super) part: &'static str,
    /// Its name in the price list.
    pub(super) price: &'static str,
    pub(super) quantity: Decimal,
    pub(super) dollars: Decimal,
    /// The sum that gave the quantity.
    pub(super) how: String,
}

/// Lines in the making.
#[derive(Debug)]
pub(super) struct Bill<'a> {
    pub(super) chain: &'a Chain,
    prices: &'a Prices,
    is_free_tier: bool,
    /// What was used of each price, because tiers and the free tier count the whole account.
    used: BTreeMap<&'static str, Decimal>,
    pub(super) lines: Vec<Line>,
    /// How often each function ran.
    pub(super) invocations: BTreeMap<&'static str, Decimal>,
}

impl<'a> Bill<'a> {
    pub(super) fn new(chain: &'a Chain, prices: &'a Prices, is_free_tier: bool) -> Self {
        let (used, invocations) = (BTreeMap::new(), BTreeMap::new());
        Self { chain, prices, is_free_tier, used, lines: Vec::new(), invocations }
    }

    /// Adds a line.
    pub(super) fn add(
        &mut self,
        part: &'static str,
        price: &'static str,
        quantity: Decimal,
        how: impl Into<String>,
    ) {
        let used = self.used.entry(price).or_default();
        let list = self.prices.of(price);
        let before = list.dollars(*used, self.is_free_tier);
        *used += quantity;
        let dollars = list.dollars(*used, self.is_free_tier) - before;
        self.lines.push(Line { part, price, quantity, dollars, how: how.into() });
    }

    /// Adds what a function costs, by its processor time and the time it waits for others.
    pub(super) fn run(&mut self, part: &'static str, function: &'static str, run: &Run) {
        let Run { invocations, cpu_ms, wait_ms } = *run;
        let memory = self.chain.memory(function);
        let ms = milliseconds(cpu_ms, wait_ms, memory);
        let how = format!("{} of {function}", count(invocations));
        self.add(part, "lambda.request", invocations, how);
        let price = match self.chain.arch {
            Arch::Arm64 => "lambda.arm64",
            Arch::X86_64 => "lambda.x86_64",
        };
        let gigabytes = memory / Decimal::from(1024);
        let seconds = invocations * ms / Decimal::from(1000);
        let how = format!(
            "{function}: {} x {ms} ms ({} on a whole processor, longer at {memory} MB; {} waiting) \
             x {} GB",
            count(invocations),
            cpu_ms.round_dp(2).normalize(),
            wait_ms.round_dp(1).normalize(),
            gigabytes.normalize(),
        );
        self.add(part, price, seconds * gigabytes, how);
        *self.invocations.entry(function).or_default() += invocations;
    }

    /// What all lines come to.
    pub(super) fn dollars(&self) -> Decimal {
        self.lines.iter().map(|line| line.dollars).sum()
    }
}

/// What a function does in one invocation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) invocations: Decimal,
    /// On a whole processor.
    pub(super) cpu_ms: Decimal,
    pub(super) wait_ms: Decimal,
}

/// What is billed of an invocation. A function has its memory's share of a processor, and never
/// more than one, because it runs on one thread; a millisecond that has begun is billed.
fn milliseconds(cpu_ms: Decimal, wait_ms: Decimal, memory: Decimal) -> Decimal {
    let share = (memory / Decimal::from(WHOLE_PROCESSOR_MB)).min(Decimal::ONE);
    (cpu_ms / share + wait_ms).ceil().max(Decimal::ONE)
}

/// So many pieces of `size` hold `bytes`; one that is empty is one as well.
pub(super) fn pieces(bytes: Decimal, size: u64) -> Decimal {
    (bytes / Decimal::from(size)).ceil().max(Decimal::ONE)
}

/// A number for people, with commas.
pub(super) fn count(number: Decimal) -> String {
    let rounded = if number < Decimal::from(100) { number.round_dp(2) } else { number.round() };
    grouped(&rounded.normalize().to_string())
}

/// Dollars and cents for people.
pub(super) fn cents(dollars: Decimal) -> String {
    grouped(&format!("{:.2}", dollars.round_dp(2)))
}

fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (digit, place) in whole.chars().zip((0..whole.len()).rev()) {
        grouped.push(digit);
        if place > 0 && place % 3 == 0 {
            grouped.push(',');
        }
    }
    grouped + rest
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
            milliseconds(decimal(cpu), decimal(wait), memory.into())
        };
        // 1,769 MB is one processor; half of that takes twice as long.
        assert_eq!(ms("2", "0", 1_769), decimal("2"));
        assert_eq!(ms("2.1", "0", 1_769), decimal("3"));
        assert_eq!(ms("2", "5", 884), decimal("10"));
        // A second processor is of no use.
        assert_eq!(ms("2", "5", 3_538), decimal("7"));
        assert_eq!(ms("0", "0", 128), decimal("1"));
    }

    #[test]
    fn bytes_are_charged_by_the_piece_that_has_begun() {
        assert_eq!(pieces(decimal("0"), 1024), decimal("1"));
        assert_eq!(pieces(decimal("1024"), 1024), decimal("1"));
        assert_eq!(pieces(decimal("1025"), 1024), decimal("2"));
    }

    #[test]
    fn numbers_are_read_in_thousands() {
        assert_eq!(count(decimal("1234567.8")), "1,234,568");
        assert_eq!(count(decimal("12.345")), "12.34");
        assert_eq!(count(decimal("999")), "999");
        assert_eq!(cents(decimal("1999.996")), "2,000.00");
        assert_eq!(cents(decimal("0.5")), "0.50");
    }
}
