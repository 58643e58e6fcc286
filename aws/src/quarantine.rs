//! The quarantine table: `pk` = date, `sk` = the key of what was refused.

use aws_sdk_dynamodb::Client;
use domain::limits::QUARANTINE_BYTES_MAX;
use domain::ports::{Failure, QuarantineTable};
use domain::quarantine::Quarantined;

use crate::Names;
use crate::attributes::{binary, instant, number, text};
use crate::failure::failure;

/// The table.
#[derive(Debug, Clone)]
pub struct Quarantine {
    client: Client,
    table: String,
}

impl Quarantine {
    /// The table of `names`.
    #[must_use]
    pub fn new(client: Client, names: &Names) -> Self {
        Self { client, table: names.table("quarantine") }
    }
}

impl QuarantineTable for Quarantine {
    async fn keep(&self, refused: &Quarantined) -> Result<(), Failure> {
        let kept = refused.bytes.len().min(QUARANTINE_BYTES_MAX);
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(refused.date))
            .item("sk", text(&refused.key))
            .item("reason", text(refused.reason.as_str()))
            .item("message", text(&refused.message))
            .item("at", instant(refused.at))
            .item("bytes", binary(refused.bytes[..kept].to_vec()))
            .item("byte_count", number(refused.bytes.len()))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| failure(&error))
    }
}
