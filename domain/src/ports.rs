//! Ports: the traits through which the components reach the stream, the tables and the queue.
//!
//! The crate `aws` implements them over Kinesis, DynamoDB and SQS, the crate `in-memory` over maps
//! for tests. Signatures use the types of this crate and no type of an SDK. A [`Failure`] is a
//! failure of the external service; an invalid event is a value, not a failure.
//!
//! Every method name is unique, so that one type can implement all tables and a component can take
//! it as its only type parameter.

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::authority::Grant;
use crate::catalog::{Chain, Item, Store};
use crate::closed_day::{ClosedDay, DayKey};
use crate::digest::Version;
use crate::due::DueStore;
use crate::history::{History, HistoryKey};
use crate::identifier::{ClientId, Sku, StoreId};
use crate::offer::Offer;
use crate::quarantine::{QuarantineId, Quarantined};
use crate::record::{Record, SequenceNumber};
use crate::stock::{CloseState, Progress, RollupState, Segment, SegmentKey, WindowRow};
use crate::window::Window;

/// Source of the current instant. Programs pass the system clock, tests a clock that they set.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Failure of a call to an external service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The service limits the rate of calls. The same call can succeed later.
    #[error("throttled: {0}")]
    Throttled(String),
    /// The service is unreachable or out of order. The same call can succeed later.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The service rejected the call itself. A repetition is rejected as well.
    #[error("refused: {0}")]
    Refused(String),
    /// The stored bytes cannot be decoded by this program.
    #[error("unreadable: {0}")]
    Unreadable(String),
}

/// Result of one record of a `PutRecords` call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// The record is durable in the stream.
    Stored {
        /// Shard that stored the record.
        shard_id: String,
        /// Position of the record in the shard.
        sequence_number: SequenceNumber,
    },
    /// The record is not stored. Other records of the call are not affected.
    Failed(Failure),
}

/// The stream of events.
pub trait EventLog: Send + Sync {
    /// Puts at most [`crate::limits::PUT_RECORDS_MAX`] records of at most
    /// [`crate::limits::PUT_RECORDS_BYTES_MAX`] bytes in total. Returns one result per record, in
    /// the order of `records`.
    fn put_records(
        &self,
        records: &[Record],
    ) -> impl Future<Output = Result<Vec<PutOutcome>, Failure>> + Send;

    /// Returns an error unless the stream accepts writes.
    fn check_ready(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Result of a conditional save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved<T> {
    /// The row is stored.
    Done,
    /// Another writer stored a different version first. Holds the stored row, or `None` if it was
    /// deleted.
    Conflict(Option<T>),
}

/// Entry that is appended to the stock log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEntry {
    /// Events of a store and UTC date.
    Segment(Segment),
    /// Mark of a segment that was stored late. It is appended after the segment.
    LateMark(SegmentKey),
    /// Mark of a store of which events were stored on a UTC date.
    ActiveStore {
        /// UTC date on which events of the store were stored.
        stored_on: NaiveDate,
        /// Store.
        store_id: StoreId,
    },
}

/// Segment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSegment {
    /// Sort key: [`SegmentKey::sort_key`].
    pub sort_key: String,
    /// Packed events.
    pub bytes: Vec<u8>,
}

/// Page of the segments of a store and UTC date. The pages of a query are no snapshot: a segment
/// that is appended between two pages may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SegmentPage {
    /// Segments, sorted by sort key.
    pub segments: Vec<StoredSegment>,
    /// Sort key after which the next page begins; `None` after the last page.
    pub next: Option<String>,
}

/// The stock log: immutable segments of events by store and UTC date, with the progress of the
/// passes over them. A crate's functions read it through the crate `stock-log`.
pub trait StockLog: Send + Sync {
    /// Appends entries. Returns one result for each, in their order: a failure of one does not
    /// prevent the others. Appending an entry again changes nothing.
    fn append(&self, entries: &[LogEntry])
    -> impl Future<Output = Vec<Result<(), Failure>>> + Send;

    /// Reads a page of segments with consistent reads, from the first one or the first one after
    /// the sort key `after`.
    fn query_segments(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
        after: Option<&str>,
    ) -> impl Future<Output = Result<SegmentPage, Failure>> + Send;

    /// Reads the late marks and states of the dates from `first` to `last`, both included, with
    /// consistent reads.
    fn query_progress(
        &self,
        store_id: &StoreId,
        first: NaiveDate,
        last: NaiveDate,
    ) -> impl Future<Output = Result<Progress, Failure>> + Send;

    /// Saves the state of a business date if the stored state has the revision before it. A state
    /// that is missing has the revision 0, and one that cannot be decoded is replaced.
    fn save_close_state(
        &self,
        state: &CloseState,
    ) -> impl Future<Output = Result<Saved<CloseState>, Failure>> + Send;

    /// Stores the state of a UTC date after a rollup.
    fn put_rollup_state(
        &self,
        state: &RollupState,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Lists the stores of which events were stored on a UTC date, in ascending order.
    fn query_active_stores(
        &self,
        stored_on: NaiveDate,
    ) -> impl Future<Output = Result<Vec<StoreId>, Failure>> + Send;
}

/// The table of window rows.
pub trait WindowsTable: Send + Sync {
    /// Stores a row of a window, unless the stored one has a larger count; the conflict holds
    /// nothing then.
    fn put_window(
        &self,
        row: &WindowRow,
    ) -> impl Future<Output = Result<Saved<()>, Failure>> + Send;

    /// Deletes a row of a window, so that one of any count can be stored. A missing row is not an
    /// error.
    fn remove_window(
        &self,
        store_id: &StoreId,
        window: Window,
        part: usize,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Reads the rows of the windows of a store and UTC date with consistent reads, sorted by
    /// window and part. Rows that are out of date or cannot be decoded are left out.
    fn query_windows(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
    ) -> impl Future<Output = Result<Vec<WindowRow>, Failure>> + Send;
}

/// The days table.
pub trait DaysTable: Send + Sync {
    /// Loads the day rows with these keys with consistent reads, in any order. Missing keys are
    /// skipped.
    fn load_days(
        &self,
        keys: &[DayKey],
    ) -> impl Future<Output = Result<Vec<ClosedDay>, Failure>> + Send;

    /// Saves a day row if the stored row still has the version `read`; `None` requires that no row
    /// is stored.
    fn save_day(
        &self,
        day: &ClosedDay,
        read: Option<&Version>,
    ) -> impl Future<Output = Result<Saved<ClosedDay>, Failure>> + Send;

    /// Reads the day rows of one item in one store from `first` to `last`, both included, sorted
    /// by date.
    fn query_days(
        &self,
        store_id: &StoreId,
        sku: &Sku,
        first: NaiveDate,
        last: NaiveDate,
    ) -> impl Future<Output = Result<Vec<ClosedDay>, Failure>> + Send;
}

/// The demand histories, stored in the days table.
pub trait HistoryTable: Send + Sync {
    /// Loads the histories with these keys with consistent reads, in any order. Missing keys are
    /// skipped.
    fn load_histories(
        &self,
        keys: &[HistoryKey],
    ) -> impl Future<Output = Result<Vec<History>, Failure>> + Send;

    /// Saves a history if the stored one still has the version `read`; `None` requires that none
    /// is stored.
    fn save_history(
        &self,
        history: &History,
        read: Option<&Version>,
    ) -> impl Future<Output = Result<Saved<History>, Failure>> + Send;

    /// Deletes a history, including one that cannot be decoded. A missing key is not an error.
    fn remove_history(&self, key: &HistoryKey) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The quarantine table.
pub trait QuarantineTable: Send + Sync {
    /// Stores a quarantined record or event under its id. Repeating the call changes nothing.
    fn put_quarantined(
        &self,
        quarantined: &Quarantined,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Reads everything in quarantine, sorted by id. Reads the whole table.
    fn list_quarantined(&self) -> impl Future<Output = Result<Vec<Quarantined>, Failure>> + Send;

    /// Reads everything quarantined on a date, sorted by key.
    fn query_quarantined(
        &self,
        date: NaiveDate,
    ) -> impl Future<Output = Result<Vec<Quarantined>, Failure>> + Send;

    /// Loads one quarantined record or event.
    fn load_quarantined(
        &self,
        id: &QuarantineId,
    ) -> impl Future<Output = Result<Option<Quarantined>, Failure>> + Send;

    /// Deletes one quarantined record or event. A missing id is not an error.
    fn remove_quarantined(
        &self,
        id: &QuarantineId,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Entry of a store in the catalogue: its id and the decoded store, or the decoding failure.
pub type StoreEntry = (StoreId, Result<Store, Failure>);

/// Entry of an item in the catalogue: its SKU and the decoded item, or the decoding failure.
pub type ItemEntry = (Sku, Result<Item, Failure>);

/// The catalogue.
///
/// A load that begins after a write or a removal has ended reads its result, in any process. After
/// an error the entry may be changed already, and loads may not read the change yet: repeat the
/// call.
pub trait CatalogTable: Send + Sync {
    /// Writes an item.
    fn put_item(&self, item: &Item) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Writes one of many items. An item of the chain may be read by loads before
    /// [`CatalogTable::end_bulk`], and is read by all loads after it.
    fn put_item_in_bulk(&self, item: &Item) -> impl Future<Output = Result<(), Failure>> + Send {
        self.put_item(item)
    }

    /// Ends a bulk of writes, also one that failed, or one of another process that stopped. A load
    /// that begins after it reads all items of the chain that were written before.
    fn end_bulk(&self) -> impl Future<Output = Result<(), Failure>> + Send {
        async { Ok(()) }
    }

    /// Writes a store.
    fn put_store(&self, store: &Store) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Writes the settings of the chain, which apply to all stores.
    fn put_chain(&self, chain: &Chain) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Loads the settings of the chain, or the defaults if none are stored.
    fn load_chain(&self) -> impl Future<Output = Result<Chain, Failure>> + Send;

    /// Loads one store.
    fn load_store(
        &self,
        store_id: &StoreId,
    ) -> impl Future<Output = Result<Option<Store>, Failure>> + Send;

    /// Lists the ids of all stores in ascending order.
    fn list_stores(&self) -> impl Future<Output = Result<Vec<StoreId>, Failure>> + Send;

    /// Loads these stores in any order. Missing stores are skipped; a store that cannot be decoded
    /// is returned with its failure.
    fn load_stores(
        &self,
        store_ids: &[StoreId],
    ) -> impl Future<Output = Result<Vec<StoreEntry>, Failure>> + Send;

    /// Loads the items of a store, sorted by SKU. An entry of the store replaces the entry of the
    /// chain for the same SKU.
    fn load_items(
        &self,
        store_id: &StoreId,
    ) -> impl Future<Output = Result<Vec<Item>, Failure>> + Send;

    /// Loads the entries of the items that a store has of its own, or those of the chain, sorted by
    /// SKU. Always reads the table.
    fn load_item_entries(
        &self,
        store_id: Option<&StoreId>,
    ) -> impl Future<Output = Result<Vec<ItemEntry>, Failure>> + Send;

    /// Deletes the entry of an item, of a store or of the chain, also if it cannot be decoded. A
    /// missing entry is not an error.
    fn remove_item(
        &self,
        store_id: Option<&StoreId>,
        sku: &Sku,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Deletes a store, also if it cannot be decoded. Its items stay. A missing store is not an
    /// error.
    fn remove_store(&self, store_id: &StoreId) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Deletes the settings of the chain. Its items stay.
    fn remove_chain(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The offers table.
pub trait OffersTable: Send + Sync {
    /// Reads all revisions of a store's business day with consistent reads, sorted by SKU and
    /// revision.
    fn query_offers(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
    ) -> impl Future<Output = Result<Vec<Offer>, Failure>> + Send;

    /// Writes a revision unless its id is stored already; the conflict holds the stored revision.
    fn publish_offer(
        &self,
        offer: &Offer,
    ) -> impl Future<Output = Result<Saved<Offer>, Failure>> + Send;
}

/// The clients table: the grant of each OAuth client.
pub trait ClientsTable: Send + Sync {
    /// Writes a grant. It replaces an earlier grant of the same client.
    fn put_grant(&self, grant: &Grant) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Loads the grant of a client with a consistent read.
    fn load_grant(
        &self,
        client_id: &ClientId,
    ) -> impl Future<Output = Result<Option<Grant>, Failure>> + Send;

    /// Lists all grants, sorted by client id.
    fn list_grants(&self) -> impl Future<Output = Result<Vec<Grant>, Failure>> + Send;

    /// Deletes the grant of a client. A missing grant is not an error.
    fn remove_grant(
        &self,
        client_id: &ClientId,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The queue between a schedule and the function that serves one store at a time.
pub trait DueQueue: Send + Sync {
    /// Sends stores. `Ok` means that all are accepted. The queue drops a repetition for the same
    /// slot within five minutes; a later repetition is served, and its pass changes nothing.
    fn send_due(&self, stores: &[DueStore]) -> impl Future<Output = Result<(), Failure>> + Send;
}
