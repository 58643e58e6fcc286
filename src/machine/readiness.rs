//! Readiness of the machine: each part is asked for real.

use std::path::PathBuf;
use std::time::Duration;

use aws::{AwsClients, ResourceNames, schema};
use domain::ports::{EventLog, Failure, PutOutcome};
use domain::record::Record;
use event_source_mapping::MappingWatch;
use local_kinesis::KinesisHealth;
use tokio::time::timeout;

/// Time limit of a part. All parts are asked at once, within the time limit of `/readyz`.
const PART_MAX: Duration = Duration::from_millis(1_500);
/// Free bytes below which the disk counts as full: twice the largest write of the stream, and the
/// same for the tables.
const FREE_BYTES_MIN: u64 = 32 * 1024 * 1024;

/// Parts of a running machine.
#[derive(Clone)]
pub(super) struct Readiness {
    pub(super) clients: AwsClients,
    pub(super) names: ResourceNames,
    pub(super) kinesis: KinesisHealth,
    pub(super) mapping: MappingWatch,
    /// Data folder, if there is one.
    pub(super) folder: Option<PathBuf>,
}

impl Readiness {
    /// Asks every service.
    ///
    /// # Errors
    /// Returns the reasons of all parts that fail.
    pub(super) async fn check_services(&self) -> Result<(), String> {
        let log = async {
            self.kinesis.check().await.map_err(|error| error.to_string())?;
            let stream = aws::EventStream::new(self.clients.kinesis.clone(), &self.names);
            stream.check_ready().await.map_err(|failure| format!("the stream: {failure}"))
        };
        let tables = async {
            let checked = schema::check_tables(&self.clients.dynamodb, &self.names).await;
            checked.map_err(|failure| failure.to_string())
        };
        let (log, tables) = tokio::join!(within("the stream", log), within("the tables", tables),);
        let mapping = match self.mapping.is_running() {
            true => Ok(()),
            false => Err("the event source mapping has ended; the log says why".to_owned()),
        };
        summary([log, tables, mapping])
    }

    /// Asks every service, and looks at the disk.
    ///
    /// # Errors
    /// Returns the reasons of all parts that fail.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        let services = self.check_services().await;
        summary([services, self.check_disk()]).map_err(Failure::Unavailable)
    }

    /// Returns an error if the disk of the data folder is nearly full.
    pub(super) fn check_disk(&self) -> Result<(), String> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let shown = folder.display();
        let disk = rustix::fs::statvfs(folder)
            .map_err(|error| format!("the data folder {shown} cannot be read: {error}"))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free >= FREE_BYTES_MIN {
            return Ok(());
        }
        let mib = |bytes: u64| bytes / (1024 * 1024);
        Err(format!(
            "the disk of {shown} has {} MiB free; {} or more would pass",
            mib(free),
            mib(FREE_BYTES_MIN)
        ))
    }
}

async fn within(part: &str, check: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let checked = timeout(PART_MAX, check).await;
    checked.unwrap_or_else(|_| Err(format!("{part} did not answer within {PART_MAX:?}")))
}

fn summary<const N: usize>(parts: [Result<(), String>; N]) -> Result<(), String> {
    let reasons: Vec<String> = parts.into_iter().filter_map(Result::err).collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) }
}

/// Log whose readiness is that of the machine.
pub(super) struct ReadyLog<L> {
    pub(super) log: L,
    pub(super) readiness: Readiness,
}

impl<L: EventLog> EventLog for ReadyLog<L> {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
        self.log.put_records(records).await
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        self.readiness.check().await
    }
}
