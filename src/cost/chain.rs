//! What is assumed of a chain of stores and of its deployment: every flag, with its usual value.

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use rust_decimal::Decimal;

/// Everything that a cost depends on, besides prices and measured work.
#[derive(Debug, Clone, Args)]
pub(super) struct Chain {
    /// How many stores; several with commas
    #[arg(long, default_value = "10,1000,10000", value_delimiter = ',', value_name = "N",
          value_parser = whole(1, 1_000_000))]
    pub(super) stores: Vec<u64>,

    /// Events of a store in a day: sales, deliveries, waste, counts
    #[arg(long, default_value = "2000", value_name = "N", value_parser = at_least_one)]
    pub(super) events_per_store_day: Decimal,

    /// Items of a store that are priced
    #[arg(long, default_value = "50", value_name = "N", value_parser = at_least_one)]
    pub(super) items: Decimal,

    /// Events that a till sends in one request
    #[arg(long, default_value = "10", value_name = "N", value_parser = events_in_request)]
    pub(super) events_per_request: Decimal,

    /// Hours in which a store sells
    #[arg(long, default_value = "12", value_name = "HOURS", value_parser = hours_of_day)]
    pub(super) open_hours: Decimal,

    /// Hours of the afternoon, in which every quarter of an hour is decided
    #[arg(long, default_value = "4.5", value_name = "HOURS", value_parser = hours_of_day)]
    pub(super) afternoon_hours: Decimal,

    /// How many times the mean the busiest time is; decides how many shards are needed
    #[arg(long, default_value = "3", value_name = "TIMES", value_parser = at_least_one)]
    pub(super) peak: Decimal,

    /// Tills of a store that fetch tokens of their own
    #[arg(long, default_value = "3", value_name = "N", value_parser = at_least_one)]
    pub(super) tills: Decimal,

    /// Hours a till's token is good for
    #[arg(long, default_value = "12", value_name = "HOURS", value_parser = token_hours)]
    pub(super) token_hours: Decimal,

    /// GETs of a store's offers in a day, by label gateways and displays that ask over HTTP; one
    /// that asks each minute sends 1440
    #[arg(long, default_value = "0", value_name = "N", value_parser = not_negative)]
    pub(super) offer_requests: Decimal,

    /// How the stream is paid
    #[arg(long, default_value = "on-demand", value_name = "MODE")]
    pub(super) stream: StreamMode,

    /// Shards of the stream; as many as the peak needs when left out, on demand at least 4
    #[arg(long, value_name = "N", value_parser = whole(1, 20_000))]
    pub(super) shards: Option<u64>,

    /// Hours the stream keeps events
    #[arg(long, default_value_t = 168, value_name = "HOURS",
          value_parser = whole(24, 8_760))]
    pub(super) retention: u64,

    /// Most records in one batch
    #[arg(long, default_value_t = 100, value_name = "RECORDS",
          value_parser = whole(1, 10_000))]
    pub(super) batch_size: u64,

    /// Longest that a batch is waited for
    #[arg(long, default_value_t = 1, value_name = "SECONDS",
          value_parser = whole(0, 300))]
    pub(super) batch_window: u64,

    /// What the functions run on
    #[arg(long, default_value = "arm64")]
    pub(super) arch: Arch,

    /// Memory of a function in MB, like `pricing=512`; can be given several times
    #[arg(long, value_name = "FUNCTION=MB", value_parser = Memory::parse)]
    memory: Vec<Memory>,

    /// Passes of the close of day over a store in a day; all but the first find little to do
    #[arg(long, default_value = "10", value_name = "N", value_parser = at_least_one)]
    pub(super) close_passes: Decimal,

    /// Days that stock windows are kept; storage is that of a chain which has run so long
    #[arg(long, default_value = "400", value_name = "DAYS", value_parser = at_least_one)]
    pub(super) stock_kept: Decimal,

    /// How long a call of DynamoDB is waited for
    #[arg(long, default_value = "5", value_name = "MS", value_parser = not_negative)]
    pub(super) dynamodb_ms: Decimal,

    /// How long a call of Kinesis is waited for
    #[arg(long, default_value = "20", value_name = "MS", value_parser = not_negative)]
    pub(super) kinesis_ms: Decimal,

    /// Assumed processor time of a schedule for each store that it looks up
    #[arg(long, default_value = "0.1", value_name = "MS", value_parser = not_negative)]
    pub(super) lookup_ms: Decimal,

    /// Assumed processor time of a token
    #[arg(long, default_value = "1", value_name = "MS", value_parser = not_negative)]
    pub(super) token_ms: Decimal,

    /// What a function logs in one invocation, with Lambda's own lines
    #[arg(long, default_value = "2000", value_name = "BYTES", value_parser = not_negative)]
    pub(super) log_bytes: Decimal,

    /// What API Gateway logs of a request
    #[arg(long, default_value = "500", value_name = "BYTES", value_parser = not_negative)]
    pub(super) access_log_bytes: Decimal,

    /// Days that logs are kept
    #[arg(long, default_value = "30", value_name = "DAYS", value_parser = at_least_one)]
    pub(super) log_kept: Decimal,

    /// Traces recorded of a function beyond the first one in each second
    #[arg(long, default_value = "5", value_name = "PERCENT", value_parser = percent)]
    pub(super) trace_percent: Decimal,

    /// Metrics that alarms look at
    #[arg(long, default_value = "92", value_name = "N", value_parser = not_negative)]
    pub(super) alarms: Decimal,

    /// Custom metrics, each with every combination of its dimensions
    #[arg(long, default_value = "60", value_name = "N", value_parser = not_negative)]
    pub(super) metrics: Decimal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StreamMode {
    /// By the hour and the GB
    OnDemand,
    /// By the shard and the PUT unit
    Provisioned,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Arch {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

/// The functions, and the memory that `cdk/` gives them.
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

#[derive(Debug, Clone)]
struct Memory {
    function: &'static str,
    megabytes: u32,
}

impl Memory {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, megabytes) =
            text.split_once('=').ok_or("expected a function and its memory, like pricing=512")?;
        let known = MEMORY.iter().find(|(function, _)| *function == name);
        let (function, _) = known.ok_or_else(|| {
            let names = MEMORY.map(|(function, _)| function);
            format!("there is no function {name}; there are {}", names.join(", "))
        })?;
        let megabytes =
            megabytes.parse().ok().filter(|megabytes| (128..=10_240).contains(megabytes));
        let megabytes =
            megabytes.ok_or("Lambda's memory is a whole number from 128 to 10240 MB")?;
        Ok(Self { function, megabytes })
    }
}

impl Chain {
    /// What a function has, in MB.
    pub(super) fn memory(&self, function: &str) -> Decimal {
        let usual: BTreeMap<&str, u32> = MEMORY.into();
        let told = self.memory.iter().rev().find(|memory| memory.function == function);
        told.map_or(usual[function], |memory| memory.megabytes).into()
    }
}

fn within(text: &str, least: u64, most: u64) -> Result<Decimal, String> {
    let value = Decimal::from_str(text).ok();
    let value = value.filter(|value| (least.into()..=most.into()).contains(value));
    value.ok_or_else(|| format!("expected a number from {least} to {most}"))
}

fn whole(least: u64, most: u64) -> impl Fn(&str) -> Result<u64, String> + Clone {
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

/// As Cognito takes them.
fn token_hours(text: &str) -> Result<Decimal, String> {
    within(text, 1, 24)
}

fn events_in_request(text: &str) -> Result<Decimal, String> {
    within(text, 1, domain::limits::REQUEST_EVENTS_MAX as u64)
}
