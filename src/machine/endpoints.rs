//! The endpoints that stand in for AWS.

use local::dynamodb::{DynamoDb, Tables};
use local::http::Bound;
use local::kinesis::{self, Kinesis};
use local::part::{Part, Stop};

use super::{Settings, folder};
use crate::Failed;
use crate::clock::Clock;

pub(super) fn start_kinesis(
    settings: &Settings,
    clock: &Clock,
    bound: Bound,
) -> Result<Part, Failed> {
    let storage = match folder(&settings.storage) {
        None => kinesis::Storage::Memory,
        Some(folder) => kinesis::Storage::Folder(folder.join("kinesis")),
    };
    let kinesis = Kinesis::open(kinesis::Settings {
        storage,
        limits: kinesis::Limits::Enforced,
        clock: clock.clone(),
        region: "local".to_owned(),
    })?;
    Ok(Part::start("kinesis", move |stop: Stop| async move {
        bound.serve(kinesis.router(), stop.wait()).await;
        kinesis.close().await;
    })?)
}

pub(super) fn start_dynamodb(settings: &Settings, bound: Bound) -> Result<Part, Failed> {
    let tables = match folder(&settings.storage) {
        None => Tables::Memory,
        Some(folder) => Tables::File(folder.join("dynamodb").join("tables.sqlite")),
    };
    let dynamodb = DynamoDb::open(&tables)?;
    Ok(Part::start("dynamodb", move |stop: Stop| dynamodb.serve(bound, stop.wait()))?)
}
