//! Kinesis and DynamoDB endpoints of the machine.

use aws::ResourceNames;
use aws::schema::Schema;
use local::dynamodb::{DynamoDb, TableStorage};
use local::http::HttpServer;
use local::service::ServiceThread;
use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};

use super::{CHECKPOINTS, MachineSettings, folder};
use crate::CommandError;
use domain::ports::Clock;

pub(super) fn start_kinesis(
    settings: &MachineSettings,
    clock: &Clock,
    server: HttpServer,
) -> Result<ServiceThread, CommandError> {
    let storage = match folder(&settings.storage) {
        None => KinesisStorage::Memory,
        Some(folder) => KinesisStorage::Folder(folder.join("kinesis")),
    };
    let kinesis = Kinesis::open(KinesisSettings {
        storage,
        limits: ShardLimits::Enforced,
        clock: clock.clone(),
        region: "local".to_owned(),
    })?;
    Ok(ServiceThread::start("kinesis", move |stop| async move {
        server.serve(kinesis.router(), stop).await;
        kinesis.close().await;
    })?)
}

/// Returns the tables that a folder with checkpoints lacks. A table that a later version adds has
/// to be left out here, since folders of earlier versions are without it.
fn missing_tables(names: &ResourceNames, existing: &[String]) -> Vec<String> {
    let tables = Schema::load().tables.into_iter().map(|table| names.table(&table.name));
    tables.filter(|name| !existing.contains(name)).collect()
}

pub(super) fn start_dynamodb(
    settings: &MachineSettings,
    names: &ResourceNames,
    server: HttpServer,
) -> Result<ServiceThread, CommandError> {
    let tables = match folder(&settings.storage) {
        None => TableStorage::Memory,
        Some(folder) => TableStorage::File(folder.join("dynamodb").join("tables.sqlite")),
    };
    let dynamodb = DynamoDb::open(&tables)?;
    if let (TableStorage::File(file), Some(folder)) = (&tables, folder(&settings.storage))
        && folder.join(CHECKPOINTS).exists()
    {
        let existing = dynamodb.table_names()?;
        let missing = missing_tables(names, &existing);
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
    Ok(ServiceThread::start("dynamodb", move |stop| dynamodb.serve(server, stop))?)
}
