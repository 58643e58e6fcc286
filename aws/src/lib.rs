//! The [`domain::ports`] over Kinesis, DynamoDB and SQS. No other crate calls AWS for the
//! components.
//!
//! The same code runs deployed and on one machine, where [`AwsClients::local`] connects to local
//! endpoints. [`Tables`] implements all table ports, [`EventStream`] the port of the stream, and
//! `SqsQueue` the port of the queue.
//!
//! Futures of the SDK are boxed. Their nested types would exceed the recursion limit of the
//! compiler, which the Lambda binaries raise for the same reason.
//!
//! # Examples
//! ```no_run
//! use aws::{AwsClients, Endpoints, EventStream, ResourceNames, Tables};
//! use domain::ports::{CatalogTable, EventLog};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), domain::ports::Failure> {
//! let clients = AwsClients::local(&Endpoints {
//!     kinesis: "http://127.0.0.1:7401".to_owned(),
//!     dynamodb: "http://127.0.0.1:7402".to_owned(),
//! });
//! let names = ResourceNames::default();
//! aws::schema::create_tables(&clients.dynamodb, &names).await?;
//! let tables = Tables::new(clients.dynamodb, &names);
//! let stream = EventStream::new(clients.kinesis, &names);
//!
//! stream.check_ready().await?;
//! assert!(tables.list_stores().await?.is_empty());
//! # Ok(())
//! # }
//! ```

mod attributes;
mod batch_writes;
mod catalog;
mod chain_items;
mod clients;
mod days;
#[cfg(feature = "deployed")]
pub mod deployed;
mod failure;
#[cfg(feature = "functions")]
mod functions;
#[cfg(feature = "deployed")]
mod kinesis_batch;

mod dynamodb_calls;
mod grants;
mod histories;
mod kinesis;
#[cfg(feature = "lambda")]
pub mod lambda;
mod offers;
mod progress_states;
mod quarantine;
#[cfg(feature = "lambda")]
mod queue;
mod retained_records;
pub mod schema;
pub mod settings;
mod stock_log;
mod tables;
mod windows;

pub use clients::{AwsClients, Endpoints};
#[cfg(feature = "functions")]
pub use functions::{DeployedFunctions, Invocation};
pub use kinesis::EventStream;
#[cfg(feature = "deployed")]
pub use kinesis_batch::{BatchResponse, KinesisBatch, KinesisBatchError};
#[cfg(feature = "lambda")]
pub use queue::SqsQueue;
pub use retained_records::RetainedShard;
pub use tables::Tables;

/// Names of the stream and the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceNames {
    /// Name of the event stream.
    pub stream: String,
    /// Prefix of the names of the tables.
    pub table_prefix: String,
}

impl Default for ResourceNames {
    fn default() -> Self {
        Self { stream: "daymark-events".to_owned(), table_prefix: "daymark-".to_owned() }
    }
}

impl ResourceNames {
    /// Creates the names of a deployed stage. `cdk/lib/resource-names.ts` has the same rule.
    #[must_use]
    pub fn of_stage(stage: &str) -> Self {
        let table_prefix = format!("daymark-{stage}-");
        Self { stream: format!("{table_prefix}events"), table_prefix }
    }

    /// Returns the full name of a table of [`schema::Schema`].
    #[must_use]
    pub fn table(&self, name: &str) -> String {
        format!("{}{name}", self.table_prefix)
    }
}
