//! Items of the chain, kept in the execution environment under their stored version.
//!
//! The version is an item of the catalogue table with a random value: `pk` = `chain`, `sk` =
//! `items`. A writer changes it after its write, and a reader reads it before the items. So items
//! that were kept under the stored version hold every write that has ended, by any number of
//! writers. Items that cannot be decoded are not kept.
//!
//! A writer that stops between its write and the version leaves a change that only new
//! environments read. The next change of the version ends this; every import that names an item of
//! the chain changes it, also if the item is stored already.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use domain::Item;
use domain::ports::Failure;

use crate::Tables;
use crate::attributes::{AttributeReader, key, text};
use crate::catalog::CHAIN;
use crate::failure::with_advice;

/// Sort key of the version.
const ITEMS: &str = "items";

/// Attempts for each page of the chain's items. After a change all environments read them at once:
/// a hundred environments and 8,000 items take 59,000 units of one partition, which gives 3,000 a
/// second.
const ATTEMPTS_MAX: u32 = 10;
/// Longest wait before an attempt. A pass has 45 seconds (`cdk/lib/pricing.ts`).
const BACKOFF_MAX: Duration = Duration::from_secs(4);

/// Items of the chain as they were last loaded. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChainItems(Arc<Mutex<Option<KeptItems>>>);

#[derive(Debug)]
struct KeptItems {
    /// `None` if the table has no version: no item was written since versions exist.
    version: Option<String>,
    items: Arc<[Item]>,
}

impl ChainItems {
    /// Returns the kept items if they have this version.
    fn of_version(&self, version: Option<&str>) -> Option<Arc<[Item]>> {
        let kept = self.0.lock().expect("no thread panicked");
        let kept = kept.as_ref().filter(|kept| kept.version.as_deref() == version);
        kept.map(|kept| Arc::clone(&kept.items))
    }

    fn keep(&self, version: Option<String>, items: &Arc<[Item]>) {
        let items = Arc::clone(items);
        *self.0.lock().expect("no thread panicked") = Some(KeptItems { version, items });
    }
}

/// Returns the client with more attempts.
fn patient(client: &Client) -> Client {
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX);
    let retries = retries.with_max_backoff(BACKOFF_MAX);
    Client::from_conf(client.config().to_builder().retry_config(retries).build())
}

impl Tables {
    /// Loads the items of the chain, sorted by SKU. Costs one read unit while the version is the
    /// same.
    pub(crate) async fn load_chain_items(&self) -> Result<Arc<[Item]>, Failure> {
        let stored = self.get(&self.catalog, key(CHAIN, ITEMS)).await?;
        let version = stored.map(|stored| AttributeReader::new(&stored).text::<String>("version"));
        let version = version.transpose()?;
        if let Some(items) = self.chain_items.of_version(version.as_deref()) {
            return Ok(items);
        }
        let patient = Self { client: patient(&self.client), ..self.clone() };
        let items = Arc::from(patient.query_items(CHAIN).await?);
        self.chain_items.keep(version, &items);
        Ok(items)
    }

    /// Changes the version of the chain's items to a value that it never had.
    pub(crate) async fn change_items_version(&self) -> Result<(), Failure> {
        let mut version = key(CHAIN, ITEMS);
        let value = format!("{:016x}", RandomState::new().hash_one(0));
        version.insert("version".to_owned(), text(value));
        let advice = "the chain's items were written, but passes may not read them yet; import an \
                      item of the chain again";
        self.put(&self.catalog, version).await.map_err(|failure| with_advice(failure, advice))
    }
}
