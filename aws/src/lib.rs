//! The one room that speaks AWS: [`domain::ports`] over Kinesis and DynamoDB.
//!
//! There is one path: on one machine the same code is pointed at local endpoints.
//!
//! Calls of the SDK are awaited in a box: their futures are types so deep that what is built upon
//! them meets the compiler's limit, which the Lambda binaries raise for the same reason.

mod attributes;
#[cfg(feature = "deployed")]
mod batch;
mod catalog;
mod clients;
mod days;
#[cfg(feature = "deployed")]
pub mod deployed;
mod failure;
mod get;
mod grants;
mod histories;
mod kinesis;
#[cfg(feature = "lambda")]
pub mod lambda;
mod offers;
mod put;
mod quarantine;
#[cfg(feature = "lambda")]
mod queue;
pub mod schema;
pub mod settings;
mod stock;
mod tables;

#[cfg(feature = "deployed")]
pub use batch::{Batch, BatchAnswer};
pub use clients::{AwsClients, Endpoints};
pub use kinesis::EventStream;
#[cfg(feature = "lambda")]
pub use queue::SqsQueue;
pub use tables::Tables;

/// How the stream and the tables are called, wherever they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceNames {
    /// The stream of events.
    pub stream: String,
    /// What the names of the tables begin with.
    pub table_prefix: String,
}

impl Default for ResourceNames {
    fn default() -> Self {
        Self { stream: "daymark-events".to_owned(), table_prefix: "daymark-".to_owned() }
    }
}

impl ResourceNames {
    /// Names of the resources of a deployed stage, as in `cdk/lib/resource-names.ts`.
    #[must_use]
    pub fn of_stage(stage: &str) -> Self {
        let table_prefix = format!("daymark-{stage}-");
        Self { stream: format!("{table_prefix}events"), table_prefix }
    }

    /// The full name of a table of [`schema::Schema`].
    #[must_use]
    pub fn table(&self, name: &str) -> String {
        format!("{}{name}", self.table_prefix)
    }
}
