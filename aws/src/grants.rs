//! What clients were granted: `pk` = `client#id`, `sk` = `grant`; and, in the partition `clients`,
//! `sk` = the id, for the list of clients.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::ports::{ClientsTable, Failure};
use domain::{ClientId, Grant};

use crate::Tables;
use crate::attributes::{Attributes, Reader, instant, text, texts};
use crate::failure::failure;
use crate::get::get_all;

const CLIENTS: &str = "clients";
const GRANT: &str = "grant";

impl Tables {
    async fn write_grant(&self, items: [TransactWriteItem; 2]) -> Result<(), Failure> {
        let write = self.client.transact_write_items().set_transact_items(Some(items.into()));
        Box::pin(write.send()).await.map(|_| ()).map_err(|error| failure(&error))
    }

    fn grant_put(&self, item: Attributes) -> TransactWriteItem {
        let put = Put::builder().table_name(&self.clients).set_item(Some(item)).build();
        TransactWriteItem::builder().put(put.expect("table and item are set")).build()
    }

    fn grant_delete(&self, key: Attributes) -> TransactWriteItem {
        let delete = Delete::builder().table_name(&self.clients).set_key(Some(key)).build();
        TransactWriteItem::builder().delete(delete.expect("table and key are set")).build()
    }
}

impl ClientsTable for Tables {
    async fn put_grant(&self, grant: &Grant) -> Result<(), Failure> {
        let mut item = key_of(&grant.client_id);
        // `*` for all of them, as in the claim.
        let stores = grant.authority.to_string().split(' ').map(str::to_owned).collect();
        item.insert("client_id".to_owned(), text(&grant.client_id));
        item.insert("stores".to_owned(), texts(stores));
        item.insert("granted_at".to_owned(), instant(grant.granted_at));
        self.write_grant([self.grant_put(item), self.grant_put(listed(&grant.client_id))]).await
    }

    async fn load_grant(&self, client_id: &ClientId) -> Result<Option<Grant>, Failure> {
        let get = self.client.get_item().table_name(&self.clients).consistent_read(true);
        let got = Box::pin(get.set_key(Some(key_of(client_id))).send()).await;
        got.map_err(|error| failure(&error))?.item.as_ref().map(grant_of).transpose()
    }

    async fn list_grants(&self) -> Result<Vec<Grant>, Failure> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.clients)
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
        let items = get_all(&self.client, &self.clients, keys).await?;
        let mut grants: Vec<Grant> = items.iter().map(grant_of).collect::<Result<_, _>>()?;
        grants.sort_by(|a, b| a.client_id.cmp(&b.client_id));
        Ok(grants)
    }

    async fn remove_grant(&self, client_id: &ClientId) -> Result<(), Failure> {
        self.write_grant([
            self.grant_delete(key_of(client_id)),
            self.grant_delete(listed(client_id)),
        ])
        .await
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
