//! Every hole in the wall, on one page: what the stations ask of the outside world.
//!
//! `aws` implements these over Kinesis and DynamoDB. They speak the nouns of this crate and never
//! an SDK's types. A failure here is the outside world's; what a till did wrong is a value.

use std::future::Future;

use chrono::{DateTime, NaiveDate, Utc};

use crate::authority::Grant;
use crate::catalog::{Chain, Item, Store};
use crate::closed_day::{ClosedDay, DayKey};
use crate::due::DueStore;
use crate::history::{History, HistoryKey};
use crate::id::{ClientId, Sku, StoreId};
use crate::offer::Offer;
use crate::quarantine::{QuarantineId, Quarantined};
use crate::record::{Record, SequenceNumber};
use crate::stock::{RowKey, StockWindow};
use crate::version::Version;

/// What went wrong outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Too much for now; the same call will pass later.
    #[error("throttled: {0}")]
    Throttled(String),
    /// Not reachable, or broken for now.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The call itself was refused; a repetition will be refused as well.
    #[error("refused: {0}")]
    Refused(String),
    /// What is stored cannot be read by this program.
    #[error("unreadable: {0}")]
    Unreadable(String),
}

/// What became of one record of a put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Durably in the stream.
    Stored {
        /// The shard that took it.
        shard_id: String,
        /// Its place there.
        sequence_number: SequenceNumber,
    },
    /// Not stored; the others are not affected.
    Failed(Failure),
}

/// The stream of events.
pub trait EventLog: Send + Sync {
    /// Puts at most [`crate::limits::PUT_RECORDS_MAX`] records of together at most
    /// [`crate::limits::PUT_RECORDS_BYTES_MAX`] bytes; answers for each, in order.
    fn put(&self, records: &[Record]) -> impl Future<Output = Result<Vec<Put>, Failure>> + Send;

    /// Whether the stream can be written to.
    fn ready(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// What became of a conditional save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved<T> {
    /// It is stored.
    Done,
    /// Somebody saved before; this is what is stored now (`None` when it is gone).
    Conflict(Option<T>),
}

/// The stock table.
pub trait StockTable: Send + Sync {
    /// The rows with these keys, as far as they exist, in any order; read consistently.
    fn load(
        &self,
        keys: &[RowKey],
    ) -> impl Future<Output = Result<Vec<StockWindow>, Failure>> + Send;

    /// Saves a row if what is stored is still of the version that was read (`None`: if there is
    /// nothing stored).
    fn save(
        &self,
        row: &StockWindow,
        read: Option<&Version>,
    ) -> impl Future<Output = Result<Saved<StockWindow>, Failure>> + Send;

    /// The windows of a store that start in `[since, until)`, of one item or of all, by item and
    /// start, each put together of its rows; read consistently, rows that are expired at `now`
    /// left out.
    fn query(
        &self,
        store_id: &StoreId,
        sku: Option<&Sku>,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<StockWindow>, Failure>> + Send;
}

/// The days table.
pub trait DaysTable: Send + Sync {
    /// The rows with these keys, as far as they exist, in any order; read consistently.
    fn load(&self, keys: &[DayKey])
    -> impl Future<Output = Result<Vec<ClosedDay>, Failure>> + Send;

    /// Saves a row if what is stored is still of the version that was read (`None`: if there is
    /// nothing stored); the conflict gives what is stored now.
    fn save(
        &self,
        day: &ClosedDay,
        read: Option<&Version>,
    ) -> impl Future<Output = Result<Saved<ClosedDay>, Failure>> + Send;

    /// The rows of one item in one store from `first` to `last`, by date.
    fn of_item(
        &self,
        store_id: &StoreId,
        sku: &Sku,
        first: NaiveDate,
        last: NaiveDate,
    ) -> impl Future<Output = Result<Vec<ClosedDay>, Failure>> + Send;
}

/// The histories, which stand in the days table.
pub trait HistoryTable: Send + Sync {
    /// Those with these keys, as far as they exist, in any order; read consistently.
    fn histories(
        &self,
        keys: &[HistoryKey],
    ) -> impl Future<Output = Result<Vec<History>, Failure>> + Send;

    /// Saves one if what is stored is still of the version that was read (`None`: if there is
    /// nothing stored).
    fn save_history(
        &self,
        history: &History,
        read: Option<&Version>,
    ) -> impl Future<Output = Result<Saved<History>, Failure>> + Send;

    /// Takes one out, also one that cannot be read; what is not there is no error.
    fn remove_history(&self, key: &HistoryKey) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The quarantine table.
pub trait QuarantineTable: Send + Sync {
    /// Keeps something; writing the same thing again changes nothing.
    fn keep(&self, refused: &Quarantined) -> impl Future<Output = Result<(), Failure>> + Send;

    /// What is kept of a day, by key.
    fn of_day(
        &self,
        date: NaiveDate,
    ) -> impl Future<Output = Result<Vec<Quarantined>, Failure>> + Send;

    /// One thing, if it is there.
    fn get(
        &self,
        id: &QuarantineId,
    ) -> impl Future<Output = Result<Option<Quarantined>, Failure>> + Send;

    /// Takes something out; what is not there is no error.
    fn remove(&self, id: &QuarantineId) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A store that is in the catalogue, as far as it can be read.
pub type ReadStore = (StoreId, Result<Store, Failure>);

/// The catalogue.
pub trait CatalogTable: Send + Sync {
    /// Writes an item.
    fn put_item(&self, item: &Item) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Writes a store.
    fn put_store(&self, store: &Store) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Writes what counts for all stores.
    fn put_chain(&self, chain: &Chain) -> impl Future<Output = Result<(), Failure>> + Send;

    /// What counts for all stores; the default until something was written.
    fn chain(&self) -> impl Future<Output = Result<Chain, Failure>> + Send;

    /// One store.
    fn store(
        &self,
        store_id: &StoreId,
    ) -> impl Future<Output = Result<Option<Store>, Failure>> + Send;

    /// All stores, by id.
    fn stores(&self) -> impl Future<Output = Result<Vec<StoreId>, Failure>> + Send;

    /// These stores, in any order: nothing of one that is not there, and of one that cannot be
    /// read, why.
    fn load_stores(
        &self,
        store_ids: &[StoreId],
    ) -> impl Future<Output = Result<Vec<ReadStore>, Failure>> + Send;

    /// The items of a store, by sku: its own entries before the chain's.
    fn items(&self, store_id: &StoreId) -> impl Future<Output = Result<Vec<Item>, Failure>> + Send;
}

/// The offers table.
pub trait OffersTable: Send + Sync {
    /// All revisions of a store's day, by sku and revision; read consistently.
    fn of_day(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
    ) -> impl Future<Output = Result<Vec<Offer>, Failure>> + Send;

    /// Writes a revision unless it exists; the conflict names the one that exists.
    fn publish(&self, offer: &Offer) -> impl Future<Output = Result<Saved<Offer>, Failure>> + Send;
}

/// The clients table: what each client was granted.
pub trait ClientsTable: Send + Sync {
    /// Writes a grant, in place of what its client was granted before.
    fn grant(&self, grant: &Grant) -> impl Future<Output = Result<(), Failure>> + Send;

    /// What a client was granted, if anything; read consistently.
    fn granted(
        &self,
        client_id: &ClientId,
    ) -> impl Future<Output = Result<Option<Grant>, Failure>> + Send;

    /// All grants, by client.
    fn grants(&self) -> impl Future<Output = Result<Vec<Grant>, Failure>> + Send;

    /// Takes back what a client was granted; what is not there is no error.
    fn revoke(&self, client_id: &ClientId) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The way from a schedule to the function that serves one store at a time.
pub trait DueQueue: Send + Sync {
    /// Sends stores. One that is sent again for the same slot within five minutes is not served
    /// again; after that it is, and the repeated pass changes nothing. With `Ok` all are taken.
    fn send(&self, stores: &[DueStore]) -> impl Future<Output = Result<(), Failure>> + Send;
}
