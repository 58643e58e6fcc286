//! Flags of a run, and the scenario that they and its file give.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use load_generator::scenario::{Arrivals, Compression, KneeSearch, Limits, Scenario, Stage};
use load_generator::sender::Part;
use load_generator::span::Span;

use crate::{CommandError, clock, connect};

/// Wrong usage: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

impl Usage {
    pub(super) fn of(error: impl std::fmt::Display) -> CommandError {
        Self(error.to_string()).into()
    }
}

/// Flags of the scenario. A flag precedes the file.
#[derive(Debug, Args)]
pub(super) struct ScenarioArgs {
    /// Scenario in TOML [default: 200 events a second for 60 s]
    #[arg(value_name = "SCENARIO.toml")]
    scenario: Option<PathBuf>,

    /// Constant rate in events a second, instead of the stages of the scenario
    #[arg(
        long,
        value_name = "EVENTS_PER_S",
        allow_negative_numbers = true,
        help_heading = "Scenario"
    )]
    rate: Option<f64>,

    /// Duration with --rate, such as 90s or 10m
    #[arg(long = "for", value_name = "TIME", help_heading = "Scenario")]
    time: Option<Span>,

    /// Search for the highest rate within the limits, instead of the stages of the scenario.
    /// Without limits: response p99 < 250ms, freshness p99 < 5s
    #[arg(long, conflicts_with_all = ["rate", "time"], help_heading = "Scenario")]
    find_knee: bool,

    /// Seed of all draws
    #[arg(long, help_heading = "Scenario")]
    seed: Option<u64>,

    /// Number of stores
    #[arg(long, value_name = "N", help_heading = "Scenario")]
    shops: Option<u32>,

    /// Replay the events of this file (NDJSON) at the speed of their times
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["rate", "time", "find_knee", "shops"],
        help_heading = "Scenario",
    )]
    file: Option<PathBuf>,

    /// Speed of the replay of a file: 10 replays ten minutes in one
    #[arg(long, value_name = "FACTOR", help_heading = "Scenario")]
    speed: Option<f64>,

    /// Events in a request
    #[arg(long, value_name = "N", help_heading = "Scenario")]
    events_per_request: Option<u32>,

    /// Compression of the requests
    #[arg(long, value_enum, help_heading = "Scenario")]
    compression: Option<CompressionArg>,

    /// Instants of the requests within the rate
    #[arg(long, value_enum, help_heading = "Scenario")]
    arrivals: Option<ArrivalsArg>,

    /// Limit, such as 'response p99 < 250ms' or 'refused = 0'; may be repeated
    #[arg(long, value_name = "LIMIT", help_heading = "Scenario")]
    limit: Vec<String>,

    /// End the run once a limit was broken for this long
    #[arg(long, value_name = "TIME", help_heading = "Scenario")]
    abort_after: Option<Span>,
}

/// Compression of requests.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum CompressionArg {
    None,
    Gzip,
    Zstd,
}

/// Instants of requests.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ArrivalsArg {
    Poisson,
    Regular,
}

/// Flags of a run.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) scenario: ScenarioArgs,

    #[command(flatten)]
    pub(super) target: super::connection::TargetArgs,

    /// Most connections to the target. By default they grow with the open requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) connections: Option<u32>,

    /// Folder of the record and the report [default: daymark-load/ and the time]
    #[arg(long, value_name = "FOLDER")]
    pub(super) report: Option<PathBuf>,

    /// Port of the live page, 0 for any free port; `off` for none
    #[arg(long, default_value = "0", value_name = "PORT", value_parser = live_port)]
    pub(super) live: LivePort,

    /// Send one part of the stores, such as 2/4; the other parts are sent by other processes with
    /// the same scenario and --starts-at
    #[arg(long, value_name = "PART/PARTS", value_parser = part, requires = "starts_at")]
    pub(super) part: Option<Part>,

    /// Start at this instant, such as 2026-03-12T12:00:00Z [default: in two seconds]
    #[arg(long, value_name = "INSTANT", value_parser = clock::instant)]
    pub(super) starts_at: Option<DateTime<Utc>>,

    /// Probe events a second that measure the freshness; 0 measures none
    #[arg(
        long,
        default_value_t = 4,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(0..=100),
    )]
    pub(super) probes: u32,

    /// Longest wait for the stock log after the run, until the ledger is equal
    #[arg(long, default_value = "60s", value_name = "TIME")]
    pub(super) drain: Span,

    /// Do not compare the stock log with the answers
    #[arg(long)]
    pub(super) no_ledger: bool,

    /// Also write HdrHistogram interval logs of send lag, service time and response time into the
    /// folder of the report, a histogram a second
    #[arg(long)]
    pub(super) hlog: bool,

    /// Print the record of the run in JSON instead of the picture
    #[arg(long)]
    pub(super) json: bool,
}

/// Port of the live page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LivePort(pub(super) Option<u16>);

fn live_port(text: &str) -> Result<LivePort, String> {
    match text {
        "off" => Ok(LivePort(None)),
        _ => text
            .parse()
            .map(|port| LivePort(Some(port)))
            .map_err(|_| format!("expected a port from 0 to {}, or off", connect::PORT_MAX)),
    }
}

fn part(text: &str) -> Result<Part, String> {
    let numbers = text
        .split_once('/')
        .and_then(|(number, of)| Some((number.parse::<u32>().ok()?, of.parse::<u32>().ok()?)));
    match numbers {
        Some((number, of)) if (1..=of).contains(&number) => Ok(Part { number, of }),
        _ => Err("expected a part and the number of parts, such as 2/4".to_owned()),
    }
}

impl ScenarioArgs {
    /// Returns the scenario of the file with the flags applied.
    ///
    /// # Errors
    /// Returns a [`Usage`] error for a value that breaks its rule.
    pub(super) fn scenario(&self) -> Result<Scenario, CommandError> {
        let mut scenario = match &self.scenario {
            None => Scenario::default(),
            Some(path) => {
                let named = |error: &dyn std::fmt::Display| {
                    Usage::of(format!("{}: {error}", path.display()))
                };
                let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
                Scenario::parse(&text).map_err(|error| named(&error))?
            }
        };
        scenario.seed = self.seed.unwrap_or(scenario.seed);
        scenario.shops.count = self.shops.unwrap_or(scenario.shops.count);
        scenario.shops.speed = self.speed.unwrap_or(scenario.shops.speed);
        let events = self.events_per_request;
        scenario.mix.events_per_request = events.unwrap_or(scenario.mix.events_per_request);
        if let Some(file) = &self.file {
            // The audit may run in another folder.
            let absolute = std::path::absolute(file).map_err(Usage::of)?;
            scenario.shops.file = Some(absolute);
            scenario.stages.clear();
        }
        if let Some(compression) = self.compression {
            scenario.mix.compression = match compression {
                CompressionArg::None => Compression::None,
                CompressionArg::Gzip => Compression::Gzip,
                CompressionArg::Zstd => Compression::Zstd,
            };
        }
        if let Some(arrivals) = self.arrivals {
            scenario.arrivals = match arrivals {
                ArrivalsArg::Poisson => Arrivals::Poisson,
                ArrivalsArg::Regular => Arrivals::Regular,
            };
        }
        if self.rate.is_some() || self.time.is_some() {
            scenario.stages = vec![self.constant(&scenario)?];
        }
        for limit in &self.limit {
            scenario.limits.add(limit).map_err(Usage::of)?;
        }
        if self.find_knee && !matches!(scenario.stages[..], [Stage::Knee(_)]) {
            scenario.stages = vec![Stage::Knee(KneeSearch::default())];
        }
        if matches!(scenario.stages[..], [Stage::Knee(_)]) && scenario.limits.0.is_empty() {
            default_knee_limits(&mut scenario.limits)?;
        }
        scenario.abort_after = self.abort_after.or(scenario.abort_after);
        let scenario = scenario.with_stages();
        scenario.check().map_err(Usage::of)?;
        Ok(scenario)
    }

    /// Returns the constant stage of `--rate` and `--for`. What is missing is that of a constant
    /// stage of the scenario, or the default.
    fn constant(&self, scenario: &Scenario) -> Result<Stage, CommandError> {
        let (rate, time) = match &scenario.stages[..] {
            [] => (load_generator::scenario::DEFAULT_RATE, load_generator::scenario::DEFAULT_TIME),
            [Stage::Constant { rate, time } | Stage::Soak { rate, time }] => (*rate, *time),
            _ if self.rate.is_some() && self.time.is_some() => (0.0, Span::default()),
            _ => {
                let message = "the scenario has other stages: give both --rate and --for to \
                               replace them";
                return Err(Usage::of(message));
            }
        };
        let (rate, time) = (self.rate.unwrap_or(rate), self.time.unwrap_or(time));
        Ok(Stage::Constant { rate, time })
    }
}

fn default_knee_limits(limits: &mut Limits) -> Result<(), CommandError> {
    for limit in ["response p99 < 250ms", "freshness p99 < 5s"] {
        limits.add(limit).map_err(Usage::of)?;
    }
    Ok(())
}
