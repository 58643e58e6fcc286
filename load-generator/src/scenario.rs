//! Scenario of a load run: its stages, the traffic of its stores and its limits.

mod error;
mod limit;
mod stage;

use std::path::PathBuf;

use domain::limits::REQUEST_EVENTS_MAX;
use serde::{Deserialize, Serialize};

use crate::span::Span;

pub use error::ScenarioError;
pub use limit::{Limit, LimitError, LimitMetric, Limits, Statistic};
pub use stage::{Arrivals, KneeSearch, RATE_MAX, RateSegment, Stage, TIME_MAX};

/// Maximum number of stores.
pub const STORES_MAX: u32 = 100_000;
/// Maximum number of requests: the plan is kept in memory, with some 40 bytes for each.
pub const REQUESTS_MAX: f64 = 50_000_000.0;
/// Rate of the default scenario, in events a second.
pub const DEFAULT_RATE: f64 = 200.0;
/// Duration of the default scenario.
pub const DEFAULT_TIME: Span = Span(std::time::Duration::from_secs(60));

/// Scenario of a load run. A missing field has the value of the default scenario.
///
/// ```
/// use load_generator::scenario::Scenario;
///
/// let scenario = Scenario::parse(r#"
///     seed = 7
///     shops = { count = 200, zipf = 1.0 }
///     [[stage]]
///     shape = "steps"
///     from = 500
///     by = 500
///     each = "30s"
///     times = 8
///     [limit]
///     "response p99" = "250ms"
/// "#).unwrap();
/// assert_eq!(scenario.stages[0].duration().as_secs(), 240);
///
/// let error = Scenario::parse("[mix]\nrepaet = 0.1").unwrap_err();
/// assert!(error.to_string().contains("did you mean repeat?"));
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Seed of all draws.
    pub seed: u64,
    /// Stores of the run.
    pub shops: Shops,
    /// Instants of the requests within the rate of a stage.
    pub arrivals: Arrivals,
    /// Stages, one after the other.
    #[serde(rename = "stage", skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// Traffic of the tills.
    pub mix: Mix,
    /// Limits that the run has to keep.
    #[serde(rename = "limit")]
    pub limits: Limits,
    /// Time after which a broken limit ends the run. `None` runs to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_after: Option<Span>,
}

/// Stores of a run.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shops {
    /// Number of stores: copies of the three shops of the demo.
    pub count: u32,
    /// Exponent of Zipf's law: store `n` has a share of the requests proportional to `1 / n^zipf`.
    /// 0 gives all stores the same share.
    pub zipf: f64,
    /// File of events to replay instead, NDJSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Speed of the replay: 10 replays ten minutes in one.
    pub speed: f64,
}

/// Traffic of the tills. Probabilities are those of an event, from 0 to 1.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// Events in a request.
    pub events_per_request: u32,
    /// Compression of the request bodies.
    pub compression: Compression,
    /// An event is one that the store has sent before.
    pub repeat: f64,
    /// A request holds events that are up to 30 minutes old.
    pub late: f64,
    /// A store begins a spell without network: its next requests hold events of up to two hours
    /// ago.
    pub offline: f64,
    /// A sale is rung up wrong, corrected and rung up again: three events.
    pub correction: f64,
    /// An event is a count of the stock.
    pub count: f64,
    /// An event breaks a rule and must be refused.
    pub poison: f64,
}

/// Compression of request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Plain NDJSON.
    #[default]
    None,
    /// `Content-Encoding: gzip`.
    Gzip,
    /// `Content-Encoding: zstd`.
    Zstd,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            shops: Shops::default(),
            arrivals: Arrivals::default(),
            stages: Vec::new(),
            mix: Mix::default(),
            limits: Limits::default(),
            abort_after: None,
        }
    }
}

impl Default for Shops {
    fn default() -> Self {
        Self { count: 30, zipf: 0.5, file: None, speed: 1.0 }
    }
}

impl Default for Mix {
    /// The mix of the demo ([`crate::disorder::DisorderRates::USUAL`]), without poison.
    fn default() -> Self {
        Self {
            events_per_request: 10,
            compression: Compression::None,
            repeat: 0.02,
            late: 0.02,
            offline: 0.01,
            correction: 0.01,
            count: 0.005,
            poison: 0.0,
        }
    }
}

impl Scenario {
    /// Parses a scenario in TOML and checks it.
    ///
    /// # Errors
    /// Returns an error with the line, the value and the rule, and the nearest known word for an
    /// unknown one.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self =
            toml::from_str(text).map_err(|error| ScenarioError::syntax(text, &error))?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Adds the default stage to a scenario without stages.
    #[must_use]
    pub fn with_stages(mut self) -> Self {
        if self.stages.is_empty() && self.shops.file.is_none() {
            self.stages.push(Stage::Constant { rate: DEFAULT_RATE, time: DEFAULT_TIME });
        }
        self
    }

    /// Checks all values.
    ///
    /// # Errors
    /// Returns an error for the first value that breaks its rule.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let Shops { count, zipf, speed, file } = &self.shops;
        within("shops.count", f64::from(*count), 1.0, f64::from(STORES_MAX))?;
        within("shops.zipf", *zipf, 0.0, 4.0)?;
        within("shops.speed", *speed, 0.001, 100_000.0)?;
        let mix = &self.mix;
        let per_request = f64::from(mix.events_per_request);
        within("mix.events_per_request", per_request, 1.0, REQUEST_EVENTS_MAX as f64)?;
        for (name, probability) in [
            ("mix.repeat", mix.repeat),
            ("mix.late", mix.late),
            ("mix.offline", mix.offline),
            ("mix.correction", mix.correction),
            ("mix.count", mix.count),
            ("mix.poison", mix.poison),
        ] {
            within(name, probability, 0.0, 1.0)?;
        }
        if file.is_some() && !self.stages.is_empty() {
            return Err(ScenarioError::rule("shops.file", "a file", "a file has no stages", ""));
        }
        let knees = self.stages.iter().filter(|stage| matches!(stage, Stage::Knee(_))).count();
        if knees > 0 && self.stages.len() > 1 {
            let rule = "a search for the knee is the only stage of its scenario";
            return Err(ScenarioError::rule("stage", "several stages", rule, ""));
        }
        self.stages.iter().try_for_each(Stage::check)?;
        let time: f64 = self.stages.iter().map(|stage| stage.duration().as_secs_f64()).sum();
        within("the time of all stages in seconds", time, 0.0, TIME_MAX.as_secs_f64())?;
        let segments = self.stages.iter().flat_map(Stage::segments);
        let events: f64 =
            segments.map(|segment| (segment.from + segment.to) / 2.0 * segment.seconds).sum();
        within("the number of planned requests", events / per_request, 0.0, REQUESTS_MAX)
    }
}

/// Checks that a number lies in a range.
pub(crate) fn within(name: &str, value: f64, min: f64, max: f64) -> Result<(), ScenarioError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    let rule = format!("it must be a number from {min} to {max}");
    Err(ScenarioError::rule(name, &value.to_string(), &rule, ""))
}
