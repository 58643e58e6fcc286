//! What clients were granted: `pk` = `client#id`, `sk` = `grant`; and, in the partition `clients`,
//! `sk` = the id, for the list of clients.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::ports::{ClientsTable, Failure};
use domain::{ClientId, Grant};

use crate::Names;
use crate::attributes::{Attributes, Reader, instant, text, texts};
use crate::failure::failure;
use crate::get::get_all;

const CLIENTS: &str = "clients";
const GRANT: &str = "grant";

/// The table.
#[derive(Debug, Clone)]
pub struct Grants {
    client: Client,
    table: String,
}

impl Grants {
    /// The table of `names`.
    #[must_use]
    pub fn new(client: Client, names: &Names) -> Self {
        Self { client, table: names.table(CLIENTS) }
    }

    async fn write(&self, items: [TransactWriteItem; 2]) -> Result<(), Failure> {
        let write = self.client.transact_write_items().set_transact_items(Some(items.into()));
        Box::pin(write.send()).await.map(|_| ()).map_err(|error| failure(&error))
    }

    fn put(&self, item: Attributes) -> TransactWriteItem {
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build();
        TransactWriteItem::builder().put(put.expect("table and item are set")).build()
    }

    fn delete(&self, key: Attributes) -> TransactWriteItem {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(key)).build();
        TransactWriteItem::builder().delete(delete.expect("table and key are set")).build()
    }
}

impl ClientsTable for Grants {
    async fn grant(&self, grant: &Grant) -> Result<(), Failure> {
        let mut item = key_of(&grant.client_id);
        // `*` for all of them, as in the claim.
        let stores = grant.authority.to_string().split(' ').map(str::to_owned).collect();
        item.insert("client_id".to_owned(), text(&grant.client_id));
        item.insert("stores".to_owned(), texts(stores));
        item.insert("granted_at".to_owned(), instant(grant.granted_at));
        self.write([self.put(item), self.put(listed(&grant.client_id))]).await
    }

    async fn granted(&self, client_id: &ClientId) -> Result<Option<Grant>, Failure> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let got = Box::pin(get.set_key(Some(key_of(client_id))).send()).await;
        got.map_err(|error| failure(&error))?.item.as_ref().map(grant_of).transpose()
    }

    async fn grants(&self) -> Result<Vec<Grant>, Failure> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(CLIENTS))
            .into_paginator()
            .items()
            .send();
        let mut keys = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| failure(&error))?;
            keys.push(key_of(&Reader::of(&item).text("sk")?));
        }
        let items = get_all(&self.client, &self.table, keys).await?;
        let mut grants: Vec<Grant> = items.iter().map(grant_of).collect::<Result<_, _>>()?;
        grants.sort_by(|a, b| a.client_id.cmp(&b.client_id));
        Ok(grants)
    }

    async fn revoke(&self, client_id: &ClientId) -> Result<(), Failure> {
        self.write([self.delete(key_of(client_id)), self.delete(listed(client_id))]).await
    }
}

fn key_of(client_id: &ClientId) -> Attributes {
    key(&format!("client#{client_id}"), GRANT)
}

fn listed(client_id: &ClientId) -> Attributes {
    key(CLIENTS, client_id.as_str())
}

fn key(partition: &str, sort: &str) -> Attributes {
    Attributes::from([("pk".to_owned(), text(partition)), ("sk".to_owned(), text(sort))])
}

fn grant_of(item: &Attributes) -> Result<Grant, Failure> {
    let reader = Reader::of(item);
    let stores = reader.texts("stores")?.join(" ");
    Ok(Grant {
        client_id: reader.text("client_id")?,
        authority: stores.parse().map_err(|error| reader.wrong("stores", error))?,
        granted_at: reader.text("granted_at")?,
    })
}
