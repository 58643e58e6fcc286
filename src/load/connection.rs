//! Target of a run with the tables behind it: a machine of its own, an ingest API, a stream or a
//! deployed stage.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use aws::{AwsClients, Endpoints, EventStream, ResourceNames, Tables};
use clap::{Args, ValueEnum};
use domain::ports::{CatalogTable, EventLog};
use load_generator::scenario::Scenario;
use load_generator::sender::{AccessToken, Answer, HttpTarget, Lines, Target};
use load_generator::shops::scaled;

use super::kinesis::KinesisTarget;
use super::settings::Usage;
use crate::machine::{GATHER_MILLIS, LocalMachine, MachineSettings, MachineStorage};
use crate::{CommandError, clock, connect};

/// Stores whose entries are put into the catalogue of the run's own machine: so many are priced
/// while it runs.
const CATALOGUE_STORES_MAX: u32 = 300;

/// Flags of the target.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Target: URL of an ingest API, `kinesis:STREAM@URL` for a stream
    /// [default: a machine of its own]
    #[arg(long, value_name = "TARGET", help_heading = "Target")]
    target: Option<String>,

    /// URL of the DynamoDB endpoint with the stock log behind the target
    /// [default: two ports above a target on this machine, as `daymark up` has it]
    #[arg(long, env = "DAYMARK_DYNAMODB_URL", value_name = "URL", help_heading = "Target")]
    dynamodb_url: Option<String>,

    /// Deployed stage with the stock log behind the target. The target is the URL of its API; the
    /// access token is that of DAYMARK_TOKEN
    #[arg(
        long,
        value_name = "STAGE",
        value_parser = connect::stage,
        requires = "target",
        requires = "budget",
        conflicts_with = "dynamodb_url",
        help_heading = "Target"
    )]
    stage: Option<String>,

    /// Most dollars that a run against a deployed stage may cost, by the estimate of `daymark load
    /// plan`
    #[arg(long, value_name = "DOLLARS", requires = "stage", help_heading = "Target")]
    pub(super) budget: Option<f64>,

    /// Load a stage whose name does not begin with test, load, perf, dev or stag
    #[arg(long, requires = "stage", help_heading = "Target")]
    any_stage: bool,

    /// Access token of the target, for the whole run
    #[arg(
        long,
        env = "DAYMARK_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        conflicts_with = "token_url",
        help_heading = "Target"
    )]
    token: Option<String>,

    /// URL that issues access tokens, with --client-id and the secret in DAYMARK_CLIENT_SECRET. A
    /// token is used until shortly before its end
    #[arg(long, env = "DAYMARK_TOKEN_URL", value_name = "URL", help_heading = "Target")]
    token_url: Option<String>,

    /// Id of the client for --token-url
    #[arg(long, env = "DAYMARK_CLIENT_ID", value_name = "ID", help_heading = "Target")]
    client_id: Option<String>,

    /// Secret of the client for --token-url
    #[arg(
        long,
        env = "DAYMARK_CLIENT_SECRET",
        hide_env_values = true,
        hide = true,
        value_name = "SECRET"
    )]
    client_secret: Option<String>,

    /// Storage of the run's own machine
    #[arg(
        long,
        value_enum,
        default_value = "memory",
        conflicts_with = "target",
        help_heading = "Own machine"
    )]
    storage: StorageArg,

    /// Keep the batches of the stock processor in this new folder, as payloads of Lambda, for
    /// `daymark tune record --batches`
    #[arg(long, value_name = "DIR", conflicts_with = "target", help_heading = "Own machine")]
    keep_batches: Option<PathBuf>,

    /// Shards of the run's own machine
    #[arg(
        long,
        default_value_t = 2,
        value_parser = clap::value_parser!(u16).range(1..=100),
        conflicts_with = "target",
        help_heading = "Own machine",
    )]
    shards: u16,

    /// Concurrent batches of one shard (Lambda: ParallelizationFactor, 1 to 10)
    #[arg(long, default_value_t = 1, conflicts_with = "target", help_heading = "Own machine")]
    parallelization_factor: usize,

    /// Maximum number of records in a batch (Lambda: BatchSize, 1 to 10,000)
    #[arg(long, default_value_t = 100, conflicts_with = "target", help_heading = "Own machine")]
    batch_size: usize,

    /// Milliseconds within which concurrent requests of one store share a record; 0 for none
    #[arg(
        long,
        value_name = "MILLISECONDS",
        default_value_t = GATHER_MILLIS,
        value_parser = clap::value_parser!(u16).range(..=1_000),
        conflicts_with = "target",
        help_heading = "Own machine",
    )]
    gather: u16,
}

/// Storage of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StorageArg {
    Memory,
    Disk,
}

/// Words with one of which the name of a stage for tests begins.
const TEST_WORDS: [&str; 5] = ["test", "load", "perf", "dev", "stag"];

/// Target as the sender uses it.
#[derive(Clone)]
pub(super) enum AnyTarget {
    Http(Box<HttpTarget>),
    Kinesis(KinesisTarget),
}

impl Target for AnyTarget {
    async fn send(&self, lines: &Lines<'_>) -> Answer {
        match self {
            Self::Http(target) => target.send(lines).await,
            Self::Kinesis(target) => target.send(lines).await,
        }
    }
}

/// Connected target.
pub(super) struct Connection {
    pub(super) target: AnyTarget,
    /// Name of the target for the record.
    pub(super) name: String,
    /// Tables behind the target, or the reason why there are none.
    pub(super) tables: Result<Tables, String>,
    pub(super) machine: Option<LocalMachine>,
    /// Settings of the machine for the record.
    pub(super) settings: BTreeMap<String, String>,
    pub(super) remark: Option<String>,
}

impl TargetArgs {
    /// `true` if the run starts a machine of its own.
    pub(super) fn is_own(&self) -> bool {
        self.target.is_none()
    }

    /// `true` for a deployed stage.
    pub(super) fn is_deployed(&self) -> bool {
        self.stage.is_some()
    }

    /// Connects to the target, or starts a machine with its data in `folder`.
    pub(super) async fn connect(
        &self,
        scenario: &Scenario,
        folder: &std::path::Path,
    ) -> Result<Connection, CommandError> {
        match &self.target {
            None => self.start(scenario, folder.join("machine")).await,
            Some(target) => match target.strip_prefix("kinesis:") {
                Some(stream) => self.stream(stream, scenario).await,
                None => self.api(target, scenario).await,
            },
        }
    }

    async fn start(
        &self,
        scenario: &Scenario,
        folder: PathBuf,
    ) -> Result<Connection, CommandError> {
        let storage = match self.storage {
            StorageArg::Memory => MachineStorage::Memory,
            StorageArg::Disk => MachineStorage::Folder(folder),
        };
        let settings = MachineSettings {
            storage,
            shards: self.shards.into(),
            batch_size: self.batch_size,
            parallelization_factor: self.parallelization_factor,
            gather: Duration::from_millis(self.gather.into()),
            any_age: scenario.shops.file.is_some(),
            kept_batches: self.keep_batches.clone(),
            ..MachineSettings::default()
        };
        let machine = LocalMachine::start(settings, clock::system()).await?;
        let tables = machine.tables();
        if scenario.shops.file.is_none() {
            let stores = scenario.shops.count.min(CATALOGUE_STORES_MAX);
            for shop in scaled(stores.div_ceil(3)).iter().take(stores as usize) {
                tables.put_store(&shop.store).await?;
                for line in &shop.items {
                    tables.put_item(&line.item).await?;
                }
            }
        }
        let url = machine.urls().api.clone();
        let target = HttpTarget::new(&url, scenario.mix.compression, AccessToken::None)?;
        let storage = if self.storage == StorageArg::Disk { "disk" } else { "memory" };
        let settings = [
            ("storage", storage.to_owned()),
            ("shards", self.shards.to_string()),
            ("batch_size", self.batch_size.to_string()),
            ("gather_ms", self.gather.to_string()),
            ("parallelization_factor", self.parallelization_factor.to_string()),
        ];
        Ok(Connection {
            target: AnyTarget::Http(Box::new(target)),
            name: "own machine".to_owned(),
            tables: Ok(tables),
            machine: Some(machine),
            settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
            remark: None,
        })
    }

    async fn api(&self, url: &str, scenario: &Scenario) -> Result<Connection, CommandError> {
        self.check_stage()?;
        if url.starts_with("https:") && self.stage.is_none() {
            let message = "a deployed API needs --stage and --budget, or its events would be \
                           neither priced nor compared";
            return Err(Usage::of(message));
        }
        let target = HttpTarget::new(url, scenario.mix.compression, self.access_token()?);
        let target = target.map_err(Usage::of)?;
        let remark = target.preflight().await?;
        let tables = match &self.stage {
            Some(stage) => Ok(connect::deployed_tables(stage).await?),
            None => self.local_tables(url).await,
        };
        Ok(Connection {
            target: AnyTarget::Http(Box::new(target)),
            name: url.to_owned(),
            tables,
            machine: None,
            settings: BTreeMap::new(),
            remark,
        })
    }

    async fn stream(&self, text: &str, scenario: &Scenario) -> Result<Connection, CommandError> {
        if self.stage.is_some() {
            let message = "a stage is loaded through its API, which knows what a client may write";
            return Err(Usage::of(message));
        }
        let form = || {
            Usage::of(
                "a stream is given as kinesis:STREAM@URL, such as \
                                 kinesis:daymark-events@http://127.0.0.1:7401",
            )
        };
        let (stream, url) = text.split_once('@').ok_or_else(form)?;
        if stream.is_empty() || !url.starts_with("http") {
            return Err(form());
        }
        if scenario.mix.poison > 0.0 {
            let message = "mix.poison needs an ingest API as target, which refuses such events";
            return Err(Usage::of(message));
        }
        let endpoints = Endpoints { kinesis: url.to_owned(), dynamodb: url.to_owned() };
        let clients = AwsClients::local(&endpoints);
        let names = ResourceNames { stream: stream.to_owned(), ..ResourceNames::default() };
        let log = EventStream::new(clients.kinesis, &names);
        let ready = tokio::time::timeout(Duration::from_secs(10), log.check_ready()).await;
        ready
            .map_err(|_| format!("stream {stream} at {url} does not answer within 10 s"))?
            .map_err(|failure| format!("stream {stream} at {url} takes no records: {failure}"))?;
        let tables = match &self.dynamodb_url {
            Some(url) => local_tables(url).await,
            None => self.next_port(url, 1).await,
        };
        Ok(Connection {
            target: AnyTarget::Kinesis(KinesisTarget::new(log)),
            name: format!("kinesis:{text}"),
            tables,
            machine: None,
            settings: BTreeMap::new(),
            remark: None,
        })
    }

    fn access_token(&self) -> Result<AccessToken, CommandError> {
        if let Some(url) = &self.token_url {
            let missing = || Usage::of("--token-url needs --client-id and DAYMARK_CLIENT_SECRET");
            let client_id = self.client_id.as_ref().ok_or_else(missing)?;
            let secret = self.client_secret.as_ref().ok_or_else(missing)?;
            return AccessToken::of_client(url, client_id, secret).map_err(Usage::of);
        }
        match &self.token {
            Some(token) => AccessToken::fixed(token).map_err(Usage::of),
            None => Ok(AccessToken::None),
        }
    }

    /// Refuses a stage that is not for tests.
    fn check_stage(&self) -> Result<(), CommandError> {
        let Some(stage) = &self.stage else { return Ok(()) };
        if self.any_stage || TEST_WORDS.iter().any(|word| stage.starts_with(word)) {
            return Ok(());
        }
        Err(Usage::of(format!(
            "stage {stage} does not begin with a word for tests ({}); its events would count as \
             stock. --any-stage loads it all the same",
            TEST_WORDS.join(", ")
        )))
    }

    async fn local_tables(&self, api_url: &str) -> Result<Tables, String> {
        match &self.dynamodb_url {
            Some(url) => local_tables(url).await,
            None => self.next_port(api_url, 2).await,
        }
    }

    /// Connects to the tables of a machine whose DynamoDB endpoint is some ports above.
    async fn next_port(&self, url: &str, offset: u16) -> Result<Tables, String> {
        let unknown = || "no table is known behind the target; --dynamodb-url names it".to_owned();
        let url: reqwest::Url = url.parse().map_err(|_| unknown())?;
        let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let port = url.port().and_then(|port| port.checked_add(offset));
        let (Some(host), Some(port), true) = (url.host_str(), port, is_loopback) else {
            return Err(unknown());
        };
        local_tables(&format!("http://{host}:{port}"))
            .await
            .map_err(|error| format!("{error}; --dynamodb-url names the tables behind the target"))
    }
}

/// Connects to tables of an endpoint on this machine, if it answers.
pub(super) async fn local_tables(url: &str) -> Result<Tables, String> {
    let endpoints = Endpoints { kinesis: url.to_owned(), dynamodb: url.to_owned() };
    let tables = Tables::new(AwsClients::local(&endpoints).dynamodb, &ResourceNames::default());
    let answer = tokio::time::timeout(Duration::from_secs(5), tables.list_stores()).await;
    match answer {
        Ok(Ok(_)) => Ok(tables),
        Ok(Err(failure)) => Err(format!("no tables at {url}: {failure}")),
        Err(_) => Err(format!("no tables at {url}: no answer within 5 s")),
    }
}
