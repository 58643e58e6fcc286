//! `daymark up`: every part as a long-lived server on loopback.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::machine::{Machine, Settings, Storage};
use crate::{Failed, clock, connect, output};

/// Run every part on this machine until Ctrl-C
///
/// The ingest API, a Kinesis endpoint, a DynamoDB endpoint, the event source mapping that feeds the
/// processors, and the pricing schedule. The endpoints speak the wire protocols of AWS, so any AWS
/// SDK or the AWS CLI can use them with any credentials. They listen on loopback only.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// The folder that keeps everything; it survives a restart
    #[arg(long, default_value = "./daymark-data", value_name = "FOLDER")]
    data: PathBuf,

    /// Keep nothing: all is gone when the program ends
    #[arg(long, conflicts_with = "data")]
    memory: bool,

    /// The port of the ingest API; Kinesis gets the next one and DynamoDB the one after. 0 takes
    /// any free ports
    #[arg(
        long,
        env = "DAYMARK_PORT",
        default_value_t = connect::PORT,
        value_parser = clap::value_parser!(u16).range(..=i64::from(connect::PORT_MAX)),
    )]
    port: u16,

    /// Shards of the stream, when it is created
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=100))]
    shards: u16,

    /// Take history: events of any age, in rows that never expire. Without it an event may be at
    /// most 7 days old
    #[arg(long)]
    any_age: bool,

    #[command(flatten)]
    mapping: MappingFlags,
}

/// The event source mapping, under Lambda's names.
#[derive(Debug, Args)]
struct MappingFlags {
    /// Most records a batch holds (Lambda: BatchSize, 1 to 10,000)
    #[arg(long, default_value_t = 100, help_heading = "Event source mapping")]
    batch_size: usize,

    /// Batches of one shard that are worked on at once (Lambda: ParallelizationFactor, 1 to 10)
    #[arg(long, default_value_t = 1, help_heading = "Event source mapping")]
    parallelization_factor: usize,
}

pub(crate) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    let storage = if flags.memory { Storage::Memory } else { Storage::Folder(flags.data.clone()) };
    let settings = Settings {
        storage,
        port: flags.port,
        shards: flags.shards.into(),
        any_age: flags.any_age,
        batch_size: flags.mapping.batch_size,
        parallelization_factor: flags.mapping.parallelization_factor,
        ..Settings::default()
    };
    let machine = Machine::start(settings, clock::system()).await?;
    let mut interrupts = Interrupts::listen()?;
    output::line(guide(&machine, &flags));
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

/// Ctrl-C, and the signal a service manager sends.
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// From here on neither ends the program by itself; so listen before telling anyone that it
    /// is up.
    pub(crate) fn listen() -> Result<Self, Failed> {
        let [interrupt, terminate] = [SignalKind::interrupt(), SignalKind::terminate()];
        Ok(Self { interrupt: signal(interrupt)?, terminate: signal(terminate)? })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Where the parts answer, one a line.
pub(crate) fn addresses(machine: &Machine) -> String {
    let (urls, names) = (machine.urls(), machine.names());
    format!(
        "  ingest API   {api}
  Kinesis      {kinesis}   stream {stream}
  DynamoDB     {dynamodb}   tables {prefix}*
  metrics      {api}/metrics",
        api = urls.api,
        kinesis = urls.kinesis,
        dynamodb = urls.dynamodb,
        stream = names.stream,
        prefix = names.table_prefix,
    )
}

fn guide(machine: &Machine, flags: &Flags) -> String {
    let data = if flags.memory {
        "nowhere (--memory)".to_owned()
    } else {
        flags.data.display().to_string()
    };
    let usual = format!("http://127.0.0.1:{}", connect::PORT + 2);
    let urls = machine.urls();
    let elsewhere = if urls.dynamodb == usual {
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

  daymark stock --store corner{elsewhere}
  daymark offers --store corner{elsewhere}

Offers need a catalogue: daymark catalog import --help. Ctrl-C stops."#,
        addresses = addresses(machine),
        api = urls.api,
        now = clock::now().format("%Y-%m-%dT%H:%M:%SZ"),
    )
}
