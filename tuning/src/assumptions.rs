//! Assumptions about a retailer and its deployment: flags, with ranges and defaults.

use std::str::FromStr;

use clap::{Args, Command, FromArgMatches, ValueEnum};
use rust_decimal::Decimal;

use crate::MEMORY_MB;

/// Properties of a retailer and of its deployment that determine the cost.
///
/// The fields are the flags of `daymark cost`; their descriptions are its help text.
#[derive(Debug, Clone, Args)]
pub struct Assumptions {
    /// Events of a store in a day: sales, deliveries, waste, counts
    #[arg(long, default_value = "2000", value_name = "N", value_parser = at_least_one)]
    pub events_per_store_day: Decimal,

    /// Items of a store that get offers
    #[arg(long, default_value = "50", value_name = "N", value_parser = at_least_one)]
    pub items: Decimal,

    /// Events that a till sends in one request
    #[arg(long, default_value = "10", value_name = "N", value_parser = events_in_request)]
    pub events_per_request: Decimal,

    /// Opening hours of a store in a day
    #[arg(long, default_value = "12", value_name = "HOURS", value_parser = hours_of_day)]
    pub open_hours: Decimal,

    /// Hours of the afternoon; pricing runs once in each quarter of an hour
    #[arg(long, default_value = "4.5", value_name = "HOURS", value_parser = hours_of_day)]
    pub afternoon_hours: Decimal,

    /// Ratio of the peak to the mean rate of events; determines the number of shards
    #[arg(long, default_value = "3", value_name = "TIMES", value_parser = at_least_one)]
    pub peak: Decimal,

    /// Tills of a store that each fetch a token
    #[arg(long, default_value = "3", value_name = "N", value_parser = at_least_one)]
    pub tills: Decimal,

    /// Hours until a till's token expires
    #[arg(long, default_value = "12", value_name = "HOURS", value_parser = token_hours)]
    pub token_hours: Decimal,

    /// HTTP requests for a store's offers in a day, from label gateways and displays; polling every
    /// minute makes 1440
    #[arg(long, default_value = "0", value_name = "N", value_parser = not_negative)]
    pub offer_requests: Decimal,

    /// Capacity mode of the stream
    #[arg(long, default_value = "on-demand", value_name = "MODE")]
    pub stream: StreamCapacity,

    /// Shards of the stream [default: as many as the peak needs, on demand at least 4]
    #[arg(long, value_name = "N", value_parser = whole_number(1, 20_000))]
    pub shards: Option<u64>,

    /// Hours for which the stream retains events
    #[arg(long, default_value_t = 168, value_name = "HOURS",
          value_parser = whole_number(24, 8_760))]
    pub retention: u64,

    /// Maximum number of records in a batch
    #[arg(long, default_value_t = 100, value_name = "RECORDS",
          value_parser = whole_number(1, 10_000))]
    pub batch_size: u64,

    /// Maximum wait for a batch to fill
    #[arg(long, default_value_t = 1, value_name = "SECONDS",
          value_parser = whole_number(0, 300))]
    pub batch_window: u64,

    /// Processor architecture of the functions
    #[arg(long, default_value = "arm64")]
    pub arch: Architecture,

    /// Memory of a function in MB, like `pricing=512`; repeatable
    #[arg(long, value_name = "FUNCTION=MB")]
    memory: Vec<FunctionMemory>,

    /// Visits of the close of day outside a store's opening hours; only the first writes much
    #[arg(long, default_value = "10", value_name = "N", value_parser = at_least_one)]
    pub close_passes: Decimal,

    /// Days for which the stock log is kept; storage is counted as after that time
    #[arg(long, default_value = "90", value_name = "DAYS", value_parser = at_least_one)]
    pub stock_kept: Decimal,

    /// Duration of a call of DynamoDB
    #[arg(long, default_value = "5", value_name = "MS", value_parser = not_negative)]
    pub dynamodb_ms: Decimal,

    /// Duration of a call of Kinesis
    #[arg(long, default_value = "20", value_name = "MS", value_parser = not_negative)]
    pub kinesis_ms: Decimal,

    /// Processor time of a schedule for each store (assumed, not measured)
    #[arg(long, default_value = "0.1", value_name = "MS", value_parser = not_negative)]
    pub lookup_ms: Decimal,

    /// Processor time of a token (assumed, not measured)
    #[arg(long, default_value = "1", value_name = "MS", value_parser = not_negative)]
    pub token_ms: Decimal,

    /// Size of a function's logs for one invocation, Lambda's own lines included
    #[arg(long, default_value = "2000", value_name = "BYTES", value_parser = not_negative)]
    pub log_bytes: Decimal,

    /// Size of API Gateway's log for one request
    #[arg(long, default_value = "500", value_name = "BYTES", value_parser = not_negative)]
    pub access_log_bytes: Decimal,

    /// Days for which logs are kept
    #[arg(long, default_value = "30", value_name = "DAYS", value_parser = at_least_one)]
    pub log_kept: Decimal,

    /// Share of a function's invocations that is traced, beyond the first of each second
    #[arg(long, default_value = "5", value_name = "PERCENT", value_parser = percent)]
    pub trace_percent: Decimal,

    /// Number of metrics in alarms
    #[arg(long, default_value = "102", value_name = "N", value_parser = not_negative)]
    pub alarms: Decimal,

    /// Number of custom metrics; each combination of dimensions counts
    #[arg(long, default_value = "60", value_name = "N", value_parser = not_negative)]
    pub metrics: Decimal,
}

/// Capacity mode of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StreamCapacity {
    /// Charged by the hour and the GB
    OnDemand,
    /// Charged by the shard and the PUT unit
    Provisioned,
}

/// Processor architecture of the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    /// AWS Graviton
    #[value(name = "arm64")]
    Arm64,
    /// Intel or AMD
    #[value(name = "x86_64")]
    X86_64,
}

/// Functions with their memory in `cdk/`, in MB.
const MEMORY: [(&str, u32); 8] = [
    ("ingest", 512),
    ("token", 256),
    ("stock-processor", 1024),
    ("pricing-schedule", 512),
    ("pricing", 1024),
    ("day-close-schedule", 512),
    ("day-close", 1024),
    ("offers-api", 512),
];

/// Memory of one function, given with `--memory`.
#[derive(Debug, Clone)]
struct FunctionMemory {
    function: &'static str,
    megabytes: u32,
}

impl FromStr for FunctionMemory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, megabytes) =
            text.split_once('=').ok_or("expected a function and its memory, like pricing=512")?;
        let known = MEMORY.iter().find(|(function, _)| *function == name);
        let (function, _) = known.ok_or_else(|| {
            let names = MEMORY.map(|(function, _)| function);
            format!("there is no function {name}; there are {}", names.join(", "))
        })?;
        let megabytes = megabytes.parse().ok().filter(|megabytes| MEMORY_MB.contains(megabytes));
        let megabytes =
            megabytes.ok_or("Lambda's memory is a whole number from 128 to 10240 MB")?;
        Ok(Self { function, megabytes })
    }
}

impl Default for Assumptions {
    /// Returns the assumptions of `daymark cost` without flags.
    fn default() -> Self {
        let matches = Self::augment_args(Command::new("cost")).get_matches_from(["cost"]);
        Self::from_arg_matches(&matches).expect("every assumption has a default")
    }
}

impl Assumptions {
    /// Returns the memory of a function, in MB.
    pub(crate) fn memory(&self, function: &str) -> u32 {
        let given = self.memory.iter().rev().find(|memory| memory.function == function);
        let usual = || MEMORY.iter().find(|(name, _)| *name == function).map(|(_, mb)| *mb);
        let megabytes = given.map(|memory| memory.megabytes).or_else(usual);
        megabytes.expect("`MEMORY` names every function")
    }
}

fn within(text: &str, least: u64, most: u64) -> Result<Decimal, String> {
    let value = Decimal::from_str(text).ok();
    let value = value.filter(|value| (least.into()..=most.into()).contains(value));
    value.ok_or_else(|| format!("expected a number from {least} to {most}"))
}

/// Returns a parser of whole numbers from `least` to `most`.
///
/// Own code because the message of clap's range parser does not ask for a whole number.
pub fn whole_number(least: u64, most: u64) -> impl Fn(&str) -> Result<u64, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

fn at_least_one(text: &str) -> Result<Decimal, String> {
    within(text, 1, 1_000_000)
}

fn not_negative(text: &str) -> Result<Decimal, String> {
    within(text, 0, 1_000_000)
}

fn percent(text: &str) -> Result<Decimal, String> {
    within(text, 0, 100)
}

fn hours_of_day(text: &str) -> Result<Decimal, String> {
    within(text, 0, 24).and_then(|hours| match hours.is_zero() {
        true => Err("expected more than 0 and at most 24 hours".to_owned()),
        false => Ok(hours),
    })
}

/// Hours in the range of Cognito.
fn token_hours(text: &str) -> Result<Decimal, String> {
    within(text, 1, 24)
}

fn events_in_request(text: &str) -> Result<Decimal, String> {
    within(text, 1, domain::limits::REQUEST_EVENTS_MAX as u64)
}
