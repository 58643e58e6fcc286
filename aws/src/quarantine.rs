//! The quarantine table: `pk` = date, `sk` = the key of what was refused. Of what is larger than an
//! item, the rest lies in further ones, `key~001` and so on.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::ReturnValue;
use chrono::NaiveDate;
use domain::limits::QUARANTINE_BYTES_MAX;
use domain::ports::{Failure, QuarantineTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};

use crate::Tables;
use crate::attributes::{Attributes, Reader, binary, instant, number, text};
use crate::failure::failure;
use crate::get::get_all;

impl Tables {
    async fn put_quarantine_item(&self, item: Attributes) -> Result<(), Failure> {
        let put = self.client.put_item().table_name(&self.quarantine).set_item(Some(item));
        Box::pin(put.send()).await.map(|_| ()).map_err(|error| failure(&error))
    }
}

impl QuarantineTable for Tables {
    async fn put_quarantined(&self, refused: &Quarantined) -> Result<(), Failure> {
        let Quarantined { id, reason, message, at, bytes } = refused;
        let mut pieces = bytes.chunks(QUARANTINE_BYTES_MAX);
        let first = pieces.next().unwrap_or_default();
        let count = 1 + pieces.len();
        // The first item comes last: when it is there, so is the rest.
        for (piece, piece_number) in pieces.zip(1..) {
            let mut item = key_of(id, piece_number);
            item.insert("piece".to_owned(), number(piece_number));
            item.insert("bytes".to_owned(), binary(piece.to_vec()));
            self.put_quarantine_item(item).await?;
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
        self.put_quarantine_item(item).await
    }

    async fn query_quarantined(&self, date: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        let query = self.client.query().table_name(&self.quarantine).consistent_read(true);
        let query = query
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(date));
        let mut items = query.into_paginator().items().send();
        let (mut kept, mut pieces) = (Vec::new(), HashMap::new());
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| failure(&error))?;
            if item.contains_key("piece") {
                pieces.insert(Reader::of(&item).text("sk")?, item);
            } else {
                kept.push(item);
            }
        }
        kept.iter().map(|item| quarantined(item, &pieces)).collect()
    }

    async fn load_quarantined(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        let get = self.client.get_item().table_name(&self.quarantine).consistent_read(true);
        let got = Box::pin(get.set_key(Some(key_of(id, 0))).send()).await;
        let Some(item) = got.map_err(|error| failure(&error))?.item else { return Ok(None) };
        let keys = (1..piece_count(&item)?).map(|number| key_of(id, number)).collect();
        let mut pieces = HashMap::new();
        for piece in get_all(&self.client, &self.quarantine, keys).await? {
            pieces.insert(Reader::of(&piece).text("sk")?, piece);
        }
        quarantined(&item, &pieces).map(Some)
    }

    async fn remove_quarantined(&self, id: &QuarantineId) -> Result<(), Failure> {
        let delete = |number| {
            let delete = self.client.delete_item().table_name(&self.quarantine);
            let delete = delete.set_key(Some(key_of(id, number)));
            Box::pin(delete.return_values(ReturnValue::AllOld).send())
        };
        let deleted = delete(0).await.map_err(|error| failure(&error))?;
        // A crash from here on leaves pieces that nobody looks at.
        if let Some(item) = deleted.attributes {
            for number in 1..piece_count(&item)? {
                delete(number).await.map_err(|error| failure(&error))?;
            }
        }
        Ok(())
    }
}

/// The key of a piece; the first has the name of the whole, and no key has a `~`.
fn key_of(id: &QuarantineId, piece: usize) -> Attributes {
    let sort = if piece == 0 { id.key.clone() } else { format!("{}~{piece:03}", id.key) };
    Attributes::from([("pk".to_owned(), text(id.date)), ("sk".to_owned(), text(sort))])
}

fn piece_count(item: &Attributes) -> Result<usize, Failure> {
    if item.contains_key("pieces") { Reader::of(item).number("pieces") } else { Ok(1) }
}

fn quarantined(
    item: &Attributes,
    pieces: &HashMap<String, Attributes>,
) -> Result<Quarantined, Failure> {
    let reader = Reader::of(item);
    let word: String = reader.text("reason")?;
    let reason = QuarantineReason::from_word(&word)
        .ok_or_else(|| reader.wrong("reason", format!("{word:?} is unknown to this program")))?;
    let id = QuarantineId { date: reader.text("pk")?, key: reader.text("sk")? };
    let mut bytes = reader.binary("bytes")?.to_vec();
    for number in 1..piece_count(item)? {
        let key: String = Reader::of(&key_of(&id, number)).text("sk")?;
        let piece = pieces.get(&key).ok_or_else(|| reader.wrong("pieces", "are not all there"))?;
        bytes.extend_from_slice(Reader::of(piece).binary("bytes")?);
    }
    Ok(Quarantined { id, reason, message: reader.text("message")?, at: reader.text("at")?, bytes })
}
