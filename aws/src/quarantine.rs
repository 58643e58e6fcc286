//! The quarantine table: `pk` = date, `sk` = the key of what was refused.

use aws_sdk_dynamodb::Client;
use chrono::NaiveDate;
use domain::limits::QUARANTINE_BYTES_MAX;
use domain::ports::{Failure, QuarantineTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};

use crate::Names;
use crate::attributes::{Attributes, Reader, binary, instant, number, text};
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
            .item("pk", text(refused.id.date))
            .item("sk", text(&refused.id.key))
            .item("reason", text(refused.reason.as_str()))
            .item("message", text(&refused.message))
            .item("at", instant(refused.at))
            .item("bytes", binary(refused.bytes[..kept].to_vec()))
            .item("byte_count", number(refused.byte_count))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| failure(&error))
    }
    async fn of_day(&self, date: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(date));
        let mut pages = query.into_paginator().items().send();
        let mut kept = Vec::new();
        while let Some(item) = pages.next().await {
            kept.push(quarantined(&item.map_err(|error| failure(&error))?)?);
        }
        Ok(kept)
    }

    async fn get(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let got = get.key("pk", text(id.date)).key("sk", text(&id.key)).send().await;
        got.map_err(|error| failure(&error))?.item().map(quarantined).transpose()
    }

    async fn remove(&self, id: &QuarantineId) -> Result<(), Failure> {
        let delete = self.client.delete_item().table_name(&self.table);
        let deleted = delete.key("pk", text(id.date)).key("sk", text(&id.key)).send().await;
        deleted.map(|_| ()).map_err(|error| failure(&error))
    }
}

fn quarantined(item: &Attributes) -> Result<Quarantined, Failure> {
    let reader = Reader::of(item);
    let word: String = reader.text("reason")?;
    let reason = QuarantineReason::from_word(&word)
        .ok_or_else(|| reader.wrong("reason", format!("{word:?} is unknown to this program")))?;
    Ok(Quarantined {
        id: QuarantineId { date: reader.text("pk")?, key: reader.text("sk")? },
        reason,
        message: reader.text("message")?,
        at: reader.text("at")?,
        bytes: reader.binary("bytes")?.to_vec(),
        byte_count: reader.number("byte_count")?,
    })
}
