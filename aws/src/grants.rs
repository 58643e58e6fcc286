//! Clients table: `pk` = `client#id`, `sk` = `grant` for the grant of a client; and, in the
//! partition `clients`, `sk` = the id, for the list of clients.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::ports::{ClientsTable, Failure};
use domain::{ClientId, Grant};

use crate::Tables;
use crate::attributes::{AttributeReader, Attributes, instant, key, text, texts};
use crate::dynamodb_calls::query_all;
use crate::failure::failure;

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
        // `*` stands for all stores, as in the claim of a token.
        let stores = grant.authority.to_string().split(' ').map(str::to_owned).collect();
        item.insert("client_id".to_owned(), text(&grant.client_id));
        item.insert("stores".to_owned(), texts(stores));
        item.insert("granted_at".to_owned(), instant(grant.granted_at));
        self.write_grant([self.grant_put(item), self.grant_put(listed(&grant.client_id))]).await
    }

    async fn load_grant(&self, client_id: &ClientId) -> Result<Option<Grant>, Failure> {
        let item = self.get(&self.clients, key_of(client_id)).await?;
        item.as_ref().map(grant_of).transpose()
    }

    async fn list_grants(&self) -> Result<Vec<Grant>, Failure> {
        let query = self.query(&self.clients, CLIENTS);
        let keys = query_all(query, |item| Ok(key_of(&AttributeReader::new(item).text("sk")?)));
        let items = self.get_all(&self.clients, keys.await?).await?;
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
    key(format!("client#{client_id}"), GRANT)
}

fn listed(client_id: &ClientId) -> Attributes {
    key(CLIENTS, client_id.as_str())
}

fn grant_of(item: &Attributes) -> Result<Grant, Failure> {
    let reader = AttributeReader::new(item);
    let stores = reader.texts("stores")?.join(" ");
    Ok(Grant {
        client_id: reader.text("client_id")?,
        authority: stores.parse().map_err(|error| reader.wrong("stores", error))?,
        granted_at: reader.text("granted_at")?,
    })
}
