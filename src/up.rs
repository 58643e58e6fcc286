//! `daymark up`: the whole system on this machine, on loopback.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use domain::limits::RETENTION_HOURS;
use local::access::{AccessRules, HostName, WebOrigin};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::machine::{
    GATHER_MILLIS, LocalMachine, MachineSettings, MachineStorage, RETENTION_HOURS_DEFAULT,
};
use crate::{CommandError, clock, connect, output};

/// Run the whole system on this machine until Ctrl-C
///
/// Starts the ingest API, a Kinesis endpoint, a DynamoDB endpoint, the event source mapping that
/// feeds the stock processor, and the schedule of pricing and close of day. The endpoints implement
/// the wire protocols of AWS; any AWS SDK and the AWS CLI can use them, with any credentials. They
/// listen on loopback only.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// Folder of all data; a restart continues from it
    #[arg(long, default_value = "./daymark-data", value_name = "FOLDER")]
    data: PathBuf,

    /// Keep all data in memory only; it is lost when the program ends
    #[arg(long, conflicts_with = "data")]
    memory: bool,

    /// Port of the ingest API; Kinesis and DynamoDB take the next two ports. 0 takes any free
    /// ports
    #[arg(
        long,
        env = "DAYMARK_PORT",
        default_value_t = connect::PORT,
        value_parser = clap::value_parser!(u16).range(..=i64::from(connect::PORT_MAX)),
    )]
    port: u16,

    /// Number of shards of the stream, when it is created
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=100))]
    shards: u16,

    /// Hours for which the stream keeps events that are processed. Others stay until they are
    #[arg(long, value_name = "HOURS", default_value_t = RETENTION_HOURS_DEFAULT)]
    #[arg(value_parser = clap::value_parser!(u32).range(
        i64::from(*RETENTION_HOURS.start())..=i64::from(*RETENTION_HOURS.end())
    ))]
    retention_hours: u32,

    /// Accept events of any age, for imported history, and keep the stock log for ever. By default
    /// an event may be at most 7 days old, and the log is kept for 90 days
    #[arg(long)]
    any_age: bool,

    /// Milliseconds within which concurrent requests of one store share a Kinesis record and a
    /// call; 0 for none. A request that comes alone does not wait
    #[arg(long, value_name = "MILLISECONDS", default_value_t = GATHER_MILLIS)]
    #[arg(value_parser = clap::value_parser!(u16).range(..=1_000))]
    gather: u16,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    mapping: EventSourceMappingArgs,
}

/// Callers besides the programs of this machine.
#[derive(Debug, Args)]
struct AccessArgs {
    /// Accept this name or address in the Host header, for example that of a forwarded port. It has
    /// no port and no wildcard. By default the servers accept localhost and loopback addresses
    #[arg(long, env = "DAYMARK_ALLOW_HOST", value_name = "HOST", value_delimiter = ',')]
    allow_host: Vec<HostName>,

    /// Let web pages of this origin, like `https://till.example`, call the ingest API and the
    /// offers API. It has a scheme, and no path and no wildcard. By default no web page may;
    /// Kinesis and DynamoDB never answer one
    #[arg(long, env = "DAYMARK_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<WebOrigin>,
}

/// Options of the event source mapping, with Lambda's names.
#[derive(Debug, Args)]
struct EventSourceMappingArgs {
    /// Maximum number of records in a batch (Lambda: BatchSize, 1 to 10,000)
    #[arg(long, default_value_t = 100, help_heading = "Event source mapping")]
    batch_size: usize,

    /// Concurrent batches of one shard (Lambda: ParallelizationFactor, 1 to 10)
    #[arg(long, default_value_t = 1, help_heading = "Event source mapping")]
    parallelization_factor: usize,
}

pub(crate) async fn run(args: UpArgs) -> Result<ExitCode, CommandError> {
    let storage = if args.memory {
        MachineStorage::Memory
    } else {
        MachineStorage::Folder(args.data.clone())
    };
    let settings = MachineSettings {
        storage,
        port: args.port,
        shards: args.shards.into(),
        retention_hours: args.retention_hours,
        any_age: args.any_age,
        gather: Duration::from_millis(args.gather.into()),
        batch_size: args.mapping.batch_size,
        parallelization_factor: args.mapping.parallelization_factor,
        access: AccessRules {
            hosts: args.access.allow_host.clone(),
            origins: args.access.allow_origin.clone(),
        },
        ..MachineSettings::default()
    };
    let machine = LocalMachine::start(settings, clock::system()).await?;
    let mut interrupts = Interrupts::listen()?;
    output::line(guide(&machine, &args));
    interrupts.next().await;
    output::note("stopping: open requests and batches are finished first (Ctrl-C again to cut)");
    tokio::select! {
        () = machine.stop() => {
            output::note("stopped");
            Ok(ExitCode::SUCCESS)
        }
        () = interrupts.next() => Ok(ExitCode::FAILURE),
    }
}

/// Signals that stop the program: Ctrl-C, and the signal of a service manager.
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// Starts to listen. From then on the signals no longer end the program by themselves.
    pub(crate) fn listen() -> Result<Self, CommandError> {
        let [interrupt, terminate] = [SignalKind::interrupt(), SignalKind::terminate()];
        Ok(Self { interrupt: signal(interrupt)?, terminate: signal(terminate)? })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Returns the addresses of the endpoints, one on each line.
pub(crate) fn addresses(machine: &LocalMachine) -> String {
    let (urls, names) = (machine.urls(), machine.names());
    format!(
        "  ingest API   {api}
  Kinesis      {kinesis}   stream {stream}
  DynamoDB     {dynamodb}   tables {prefix}*
  metrics      {api}/metrics
  contract     {api}/docs",
        api = urls.api,
        kinesis = urls.kinesis,
        dynamodb = urls.dynamodb,
        stream = names.stream,
        prefix = names.table_prefix,
    )
}

fn guide(machine: &LocalMachine, args: &UpArgs) -> String {
    let data =
        if args.memory { "nowhere (--memory)".to_owned() } else { args.data.display().to_string() };
    let default = format!("http://127.0.0.1:{}", connect::PORT + 2);
    let urls = machine.urls();
    let url_flag = if urls.dynamodb == default {
        String::new()
    } else {
        format!(" --dynamodb-url {}", urls.dynamodb)
    };
    format!(
        r#"Daymark is up.

{addresses}
  data         {data}

Send an event:

  curl -s {api}/v1/events -H 'content-type: application/json' -d '
    {{"event_id":"first-1","kind":"receipt","store_id":"corner","terminal_id":"t1","sku":"rye",
     "quantity":12,"occurred_at":"{now}"}}'

Read stock and offers:

  daymark stock --store corner{url_flag}
  daymark offers --store corner{url_flag}

Offers need a catalogue: daymark catalog import --help. Ctrl-C stops."#,
        addresses = addresses(machine),
        api = urls.api,
        now = clock::now().format("%Y-%m-%dT%H:%M:%SZ"),
    )
}
