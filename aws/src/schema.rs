//! Schema of the tables: one definition (`aws/tables.json`) for the local program, the tests and
//! the deployment.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use domain::ports::Failure;
use serde::Deserialize;

use crate::ResourceNames;
use crate::failure::failure;

/// Keys and names of all tables.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct Schema {
    /// Name of the partition key of every table, a text.
    pub partition_key: String,
    /// Name of the sort key of every table, a text.
    pub sort_key: String,
    /// Tables of the deployment.
    pub tables: Vec<TableSchema>,
}

/// Name and time to live of one table.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct TableSchema {
    /// Name without prefix.
    pub name: String,
    /// Attribute with the expiry of an item, in seconds since 1970.
    pub time_to_live: Option<String>,
}

impl Schema {
    /// Parses the definition in the repository.
    ///
    /// # Panics
    /// Never: the file is part of the program, and a test parses it.
    #[must_use]
    pub fn load() -> Self {
        serde_json::from_str(include_str!("../tables.json")).expect("a valid definition")
    }
}

/// Number of checks of a new table. With [`ACTIVE_PAUSE`] they take about six seconds.
const ACTIVE_ATTEMPTS: u32 = 60;
/// Delay between two checks.
const ACTIVE_PAUSE: Duration = Duration::from_millis(100);

/// Creates the tables that do not exist yet and waits until all can be used.
///
/// # Errors
/// Returns an error if a call fails, and [`Failure::Unavailable`] if a table does not become
/// active.
pub async fn create_tables(client: &Client, names: &ResourceNames) -> Result<(), Failure> {
    let definition = Schema::load();
    let existing = list(client).await?;
    for table in &definition.tables {
        let name = names.table(&table.name);
        if !existing.contains(&name) {
            create_one(client, &name, &definition).await?;
        }
        // The creator of an existing table may have stopped before the table was complete.
        wait_until_active(client, &name).await?;
        set_time_to_live(client, &name, table).await?;
    }
    Ok(())
}

/// Reads an item from each table that no table has.
///
/// # Errors
/// Returns the failure of the first table that cannot be read, with its name.
pub async fn check_tables(client: &Client, names: &ResourceNames) -> Result<(), Failure> {
    let definition = Schema::load();
    let absent = || AttributeValue::S("readiness".to_owned());
    for table in &definition.tables {
        let name = names.table(&table.name);
        let read = client
            .get_item()
            .table_name(&name)
            .key(&definition.partition_key, absent())
            .key(&definition.sort_key, absent());
        Box::pin(read.send()).await.map_err(|error| {
            Failure::Unavailable(format!("table {name} cannot be read: {}", failure(&error)))
        })?;
    }
    Ok(())
}

async fn list(client: &Client) -> Result<Vec<String>, Failure> {
    let pages = client.list_tables().into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(|error| failure(&error))
}

async fn create_one(client: &Client, name: &str, definition: &Schema) -> Result<(), Failure> {
    let mut create =
        client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (key, key_type) in
        [(&definition.partition_key, KeyType::Hash), (&definition.sort_key, KeyType::Range)]
    {
        let attribute = AttributeDefinition::builder()
            .attribute_name(key)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .expect("both fields are set");
        let schema = KeySchemaElement::builder()
            .attribute_name(key)
            .key_type(key_type)
            .build()
            .expect("both fields are set");
        create = create.attribute_definitions(attribute).key_schema(schema);
    }
    match create.send().await {
        Ok(_) => Ok(()),
        // Another program has created the table in the meantime.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_in_use_exception()) =>
        {
            Ok(())
        }
        Err(error) => Err(failure(&error)),
    }
}

async fn set_time_to_live(client: &Client, name: &str, table: &TableSchema) -> Result<(), Failure> {
    if let Some(attribute) = &table.time_to_live
        && !has_time_to_live(client, name).await?
    {
        let specification = TimeToLiveSpecification::builder()
            .attribute_name(attribute)
            .enabled(true)
            .build()
            .expect("both fields are set");
        client
            .update_time_to_live()
            .table_name(name)
            .time_to_live_specification(specification)
            .send()
            .await
            .map_err(|error| failure(&error))?;
    }
    Ok(())
}

async fn has_time_to_live(client: &Client, name: &str) -> Result<bool, Failure> {
    let described = client
        .describe_time_to_live()
        .table_name(name)
        .send()
        .await
        .map_err(|error| failure(&error))?;
    let status = described.time_to_live_description().and_then(|live| live.time_to_live_status());
    Ok(matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)))
}

async fn wait_until_active(client: &Client, name: &str) -> Result<(), Failure> {
    for _ in 0..ACTIVE_ATTEMPTS {
        let described = client
            .describe_table()
            .table_name(name)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let status = described.table().and_then(|table| table.table_status());
        if status == Some(&TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(ACTIVE_PAUSE).await;
    }
    Err(Failure::Unavailable(format!("table {name} did not become active")))
}
