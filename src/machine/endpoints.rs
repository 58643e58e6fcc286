//! Kinesis and DynamoDB endpoints of the machine.

use aws::ResourceNames;
use aws::schema::Schema;
use local::dynamodb::{DynamoDb, TableStorage};
use local::http::HttpServer;
use local::service::ServiceThread;
use local_kinesis::{Kinesis, KinesisHealth, KinesisSettings, KinesisStorage, ShardLimits};

use super::earlier_folder::earlier_table;
use super::stream_positions::StreamPositions;
use super::{CHECKPOINTS, MachineSettings, folder};
use crate::CommandError;
use domain::ports::Clock;

pub(super) fn start_kinesis(
    settings: &MachineSettings,
    clock: &Clock,
    positions: &StreamPositions,
    server: HttpServer,
) -> Result<(ServiceThread, KinesisHealth), CommandError> {
    let storage = match folder(&settings.storage) {
        None => KinesisStorage::Memory,
        Some(folder) => KinesisStorage::Folder(folder.join("kinesis")),
    };
    let kinesis_settings = KinesisSettings {
        storage,
        limits: ShardLimits::Enforced,
        clock: clock.clone(),
        region: "local".to_owned(),
    };
    let kinesis = Kinesis::open_for(kinesis_settings, positions.consumer())?;
    let health = kinesis.health();
    let thread = ServiceThread::start("kinesis", move |stop| async move {
        server.serve(kinesis.router(), stop).await;
        kinesis.close().await;
    })?;
    Ok((thread, health))
}

/// Tables that folders of an earlier version lack.
const ADDED: [&str; 2] = ["stock-log", "windows"];

/// DynamoDB endpoint with the tables of the folder.
pub(super) struct StartedDynamoDb {
    pub(super) thread: ServiceThread,
    /// `true` if the folder has a table of an earlier version.
    pub(super) is_earlier: bool,
}

/// Returns the tables that a folder with checkpoints lacks.
fn missing_tables(names: &ResourceNames, existing: &[String], is_earlier: bool) -> Vec<String> {
    let tables = Schema::load().tables.into_iter();
    let tables = tables.filter(|table| !(is_earlier && ADDED.contains(&table.name.as_str())));
    let tables = tables.map(|table| names.table(&table.name));
    tables.filter(|name| !existing.contains(name)).collect()
}

pub(super) fn start_dynamodb(
    settings: &MachineSettings,
    names: &ResourceNames,
    server: HttpServer,
) -> Result<StartedDynamoDb, CommandError> {
    let tables = match folder(&settings.storage) {
        None => TableStorage::Memory,
        Some(folder) => TableStorage::File(folder.join("dynamodb").join("tables.sqlite")),
    };
    let mut dynamodb = DynamoDb::open(&tables)?;
    let existing = dynamodb.table_names()?;
    let is_earlier = existing.contains(&earlier_table(names));
    if let (TableStorage::File(file), Some(folder)) = (&tables, folder(&settings.storage))
        && folder.join(CHECKPOINTS).exists()
    {
        let missing = missing_tables(names, &existing, is_earlier);
        if !missing.is_empty() {
            // To continue would silently lose all events that were counted before.
            return Err(format!(
                "{} holds no table {}, but by {} events were counted; put the file back from a \
                 copy, or move that folder away as well, and what the stream still holds is \
                 counted again",
                file.display(),
                missing.join(", "),
                folder.join(CHECKPOINTS).display()
            )
            .into());
        }
    }
    for table in dynamodb.remove_incomplete()? {
        tracing::warn!(table, "dynamodb: the creation of a table was interrupted; it begins again");
    }
    let thread = ServiceThread::start("dynamodb", move |stop| dynamodb.serve(server, stop))?;
    Ok(StartedDynamoDb { thread, is_earlier })
}
