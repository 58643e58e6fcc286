//! Catalogue table: `pk` = `chain` or `store#id`; `sk` = `item#sku`, `settings`, or, in the
//! partition of the chain, `store#id` for the list of stores. The attribute `entry` holds the JSON
//! text. The version of the chain's items is in [`crate::chain_items`].

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::catalog::CatalogError;
use domain::ports::{CatalogTable, Failure, ItemEntry, StoreEntry};
use domain::{Chain, Item, Sku, Store, StoreId};
use futures_util::future::try_join;

use crate::Tables;
use crate::attributes::{AttributeReader, Attributes, key, text};
use crate::dynamodb_calls::query_all;
use crate::failure::failure;

/// Partition of the chain.
pub(crate) const CHAIN: &str = "chain";
const SETTINGS: &str = "settings";
const ITEM_PREFIX: &str = "item#";

impl Tables {
    async fn transact(&self, writes: [TransactWriteItem; 2]) -> Result<(), Failure> {
        let transaction =
            self.client.transact_write_items().set_transact_items(Some(writes.into()));
        Box::pin(transaction.send()).await.map(|_| ()).map_err(|error| failure(&error))
    }

    async fn query_entries(
        &self,
        partition: &str,
        prefix: &str,
    ) -> Result<Vec<Attributes>, Failure> {
        let query = self
            .query(&self.catalog, partition)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":prefix", text(prefix));
        query_all(query, |entry| Ok(entry.clone())).await
    }

    /// Loads the items of a partition, sorted by SKU.
    pub(crate) async fn query_items(&self, partition: &str) -> Result<Vec<Item>, Failure> {
        let entries = self.query_entries(partition, ITEM_PREFIX).await?;
        entries.iter().map(|entry| parsed(entry, Item::parse)).collect()
    }
}

impl CatalogTable for Tables {
    async fn put_item(&self, item: &Item) -> Result<(), Failure> {
        self.put_item_in_bulk(item).await?;
        if item.store_id.is_none() { self.end_bulk().await } else { Ok(()) }
    }

    async fn put_item_in_bulk(&self, item: &Item) -> Result<(), Failure> {
        let partition = item_partition(item.store_id.as_ref());
        let entry = entry(&partition, &item_key(&item.sku), &item.to_json());
        self.put(&self.catalog, entry).await
    }

    async fn end_bulk(&self) -> Result<(), Failure> {
        self.change_items_version().await
    }

    async fn put_store(&self, store: &Store) -> Result<(), Failure> {
        let partition = store_partition(&store.store_id);
        let settings = entry(&partition, SETTINGS, &store.to_json());
        let listed = entry(CHAIN, &partition, "{}");
        let writes = [settings, listed].map(|item| {
            let put = Put::builder().table_name(&self.catalog).set_item(Some(item));
            let put = put.build().expect("table and item are set");
            TransactWriteItem::builder().put(put).build()
        });
        self.transact(writes).await
    }

    async fn load_store(&self, store_id: &StoreId) -> Result<Option<Store>, Failure> {
        let entries = self.query_entries(&store_partition(store_id), SETTINGS).await?;
        entries.first().map(|entry| parsed(entry, Store::parse)).transpose()
    }

    async fn put_chain(&self, chain: &Chain) -> Result<(), Failure> {
        self.put(&self.catalog, entry(CHAIN, SETTINGS, &chain.to_json())).await
    }

    async fn load_chain(&self) -> Result<Chain, Failure> {
        let entries = self.query_entries(CHAIN, SETTINGS).await?;
        entries.first().map_or(Ok(Chain::default()), |entry| parsed(entry, Chain::parse))
    }

    async fn list_stores(&self) -> Result<Vec<StoreId>, Failure> {
        let entries = self.query_entries(CHAIN, "store#").await?;
        let id = |entry: &Attributes| {
            let reader = AttributeReader::new(entry);
            let key: String = reader.text("sk")?;
            let id = key.trim_start_matches("store#");
            id.parse().map_err(|error| reader.wrong("sk", error))
        };
        entries.iter().map(id).collect()
    }

    async fn load_stores(&self, store_ids: &[StoreId]) -> Result<Vec<StoreEntry>, Failure> {
        let by_partition: HashMap<String, &StoreId> =
            store_ids.iter().map(|id| (store_partition(id), id)).collect();
        let keys = by_partition.keys().map(|partition| key(partition, SETTINGS)).collect();
        let mut stores = Vec::new();
        for entry in self.get_all(&self.catalog, keys).await? {
            let partition: String = AttributeReader::new(&entry).text("pk")?;
            let Some(store_id) = by_partition.get(&partition) else { continue };
            stores.push((StoreId::clone(store_id), parsed(&entry, Store::parse)));
        }
        Ok(stores)
    }

    async fn load_items(&self, store_id: &StoreId) -> Result<Vec<Item>, Failure> {
        let partition = store_partition(store_id);
        let (chain, own) = try_join(self.load_chain_items(), self.query_items(&partition)).await?;
        let is_replaced = |item: &Item| own.binary_search_by(|own| own.sku.cmp(&item.sku)).is_ok();
        let mut items: Vec<Item> =
            chain.iter().filter(|item| !is_replaced(item)).cloned().collect();
        items.extend(own);
        items.sort_by(|left, right| left.sku.cmp(&right.sku));
        Ok(items)
    }

    async fn load_item_entries(
        &self,
        store_id: Option<&StoreId>,
    ) -> Result<Vec<ItemEntry>, Failure> {
        let entries = self.query_entries(&item_partition(store_id), ITEM_PREFIX).await?;
        let read = |entry: &Attributes| {
            let reader = AttributeReader::new(entry);
            let sort: String = reader.text("sk")?;
            let sku = sort.strip_prefix(ITEM_PREFIX).unwrap_or(&sort).parse();
            let sku = sku.map_err(|error| reader.wrong("sk", error))?;
            Ok((sku, parsed(entry, Item::parse)))
        };
        entries.iter().map(read).collect()
    }

    async fn remove_item(&self, store_id: Option<&StoreId>, sku: &Sku) -> Result<(), Failure> {
        let key = key(item_partition(store_id), item_key(sku));
        self.delete(&self.catalog, key).await?;
        if store_id.is_none() { self.end_bulk().await } else { Ok(()) }
    }

    async fn remove_store(&self, store_id: &StoreId) -> Result<(), Failure> {
        let partition = store_partition(store_id);
        let deletes = [key(&partition, SETTINGS), key(CHAIN, &partition)].map(|key| {
            let delete = Delete::builder().table_name(&self.catalog).set_key(Some(key));
            let delete = delete.build().expect("table and key are set");
            TransactWriteItem::builder().delete(delete).build()
        });
        self.transact(deletes).await
    }

    async fn remove_chain(&self) -> Result<(), Failure> {
        self.delete(&self.catalog, key(CHAIN, SETTINGS)).await.map(drop)
    }
}

fn item_partition(store_id: Option<&StoreId>) -> String {
    store_id.map_or_else(|| CHAIN.to_owned(), store_partition)
}

fn item_key(sku: &Sku) -> String {
    format!("{ITEM_PREFIX}{sku}")
}

fn store_partition(store_id: &StoreId) -> String {
    format!("store#{store_id}")
}

fn entry(partition: &str, sort: &str, json: &str) -> Attributes {
    let mut entry = key(partition, sort);
    entry.insert("entry".to_owned(), text(json));
    entry
}

fn parsed<T>(
    entry: &Attributes,
    parse: impl Fn(&str) -> Result<T, CatalogError>,
) -> Result<T, Failure> {
    let reader = AttributeReader::new(entry);
    let json: String = reader.text("entry")?;
    parse(&json).map_err(|error| reader.wrong("entry", error))
}
