//! Quarantine table: `pk` = date, `sk` = key of the entry. An entry above the size of an item is
//! continued in further items with the keys `key~001`, `key~002` and so on.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::limits::QUARANTINE_BYTES_MAX;
use domain::ports::{Failure, QuarantineTable};
use domain::quarantine::{QuarantineId, Quarantined};

use crate::Tables;
use crate::attributes::{AttributeReader, Attributes, binary, instant, key, number, text};
use crate::dynamodb_calls::query_all;
use crate::failure::failure;

impl QuarantineTable for Tables {
    async fn put_quarantined(&self, refused: &Quarantined) -> Result<(), Failure> {
        let Quarantined { id, reason, message, at, bytes } = refused;
        let mut pieces = bytes.chunks(QUARANTINE_BYTES_MAX);
        let first = pieces.next().unwrap_or_default();
        let count = 1 + pieces.len();
        // The first item is written last: if it exists, the entry is complete.
        for (piece, piece_number) in pieces.zip(1..) {
            let mut item = key_of(id, piece_number);
            item.insert("piece".to_owned(), number(piece_number));
            item.insert("bytes".to_owned(), binary(piece.to_vec()));
            self.put(&self.quarantine, item).await?;
        }
        let mut item = key_of(id, 0);
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put("reason", text(reason.as_str()));
        put("message", text(message));
        put("at", instant(*at));
        put("bytes", binary(first.to_vec()));
        put("byte_count", number(bytes.len()));
        if count > 1 {
            put("pieces", number(count));
        }
        self.put(&self.quarantine, item).await
    }

    async fn list_quarantined(&self) -> Result<Vec<Quarantined>, Failure> {
        let scan = self.client.scan().table_name(&self.quarantine).consistent_read(true);
        let items = scan.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let mut entries = assembled(items.map_err(|error| failure(&error))?)?;
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(entries)
    }

    async fn query_quarantined(&self, date: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        let query = self.query(&self.quarantine, date);
        assembled(query_all(query, |item| Ok(item.clone())).await?)
    }

    async fn load_quarantined(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        let Some(item) = self.get(&self.quarantine, key_of(id, 0)).await? else {
            return Ok(None);
        };
        let keys = (1..piece_count(&item)?).map(|number| key_of(id, number)).collect();
        let mut pieces = HashMap::new();
        for piece in self.get_all(&self.quarantine, keys).await? {
            pieces.insert(stored_key(&piece)?, piece);
        }
        quarantined(&item, &pieces).map(Some)
    }

    async fn remove_quarantined(&self, id: &QuarantineId) -> Result<(), Failure> {
        // A crash after the first delete leaves pieces without an entry, which no reader uses.
        if let Some(item) = self.delete(&self.quarantine, key_of(id, 0)).await? {
            for number in 1..piece_count(&item)? {
                self.delete(&self.quarantine, key_of(id, number)).await?;
            }
        }
        Ok(())
    }
}

/// Decodes entries, in their order, from all items of one or more dates.
fn assembled(items: Vec<Attributes>) -> Result<Vec<Quarantined>, Failure> {
    let (mut entries, mut pieces) = (Vec::new(), HashMap::new());
    for item in items {
        if item.contains_key("piece") {
            pieces.insert(stored_key(&item)?, item);
        } else {
            entries.push(item);
        }
    }
    entries.iter().map(|item| quarantined(item, &pieces)).collect()
}

/// Partition key and sort key of an item.
fn stored_key(item: &Attributes) -> Result<(String, String), Failure> {
    let reader = AttributeReader::new(item);
    Ok((reader.text("pk")?, reader.text("sk")?))
}

/// Returns the key of a piece. Piece 0 has the key of the entry; no such key contains a `~`.
fn key_of(id: &QuarantineId, piece: usize) -> Attributes {
    let sort = if piece == 0 { id.key.clone() } else { format!("{}~{piece:03}", id.key) };
    key(id.date, sort)
}

fn piece_count(item: &Attributes) -> Result<usize, Failure> {
    let reader = AttributeReader::new(item);
    Ok(reader.optional("pieces", |name| reader.number(name))?.unwrap_or(1))
}

fn quarantined(
    item: &Attributes,
    pieces: &HashMap<(String, String), Attributes>,
) -> Result<Quarantined, Failure> {
    let reader = AttributeReader::new(item);
    let reason = reader.word("reason")?;
    let id = QuarantineId { date: reader.text("pk")?, key: reader.text("sk")? };
    let mut bytes = reader.binary("bytes")?.to_vec();
    for number in 1..piece_count(item)? {
        let piece = pieces
            .get(&stored_key(&key_of(&id, number))?)
            .ok_or_else(|| reader.wrong("pieces", "are not all there"))?;
        bytes.extend_from_slice(AttributeReader::new(piece).binary("bytes")?);
    }
    Ok(Quarantined { id, reason, message: reader.text("message")?, at: reader.text("at")?, bytes })
}
