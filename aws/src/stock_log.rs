//! Stock log: segments of events, and the progress of the passes over them.
//!
//! - Segments: `pk` = `store#UTC date`, `sk` = [`domain::stock::SegmentKey::sort_key`].
//! - Progress of a store: `pk` = `store#late`. Late marks have the `sk` `UTC date#sort key of the
//!   segment`, states `business date#closed` and `UTC date#rolled`.
//! - Stores of which events arrived: `pk` = `#UTC date of arrival`, `sk` = the store.
//!
//! No store id contains `#`, and no date is `late`, so the partitions differ.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{Days, NaiveDate, NaiveTime};
use domain::StoreId;
use domain::ports::{Failure, LogEntry, Saved, SegmentPage, StockLog, StoredSegment};
use domain::stock::{CloseState, Progress, RollupState, Segment};
use tracing::warn;

use crate::Tables;
use crate::attributes::{AttributeReader, Attributes, binary, key, number, text};
use crate::dynamodb_calls::{query_all, saved};
use crate::failure::failure;
use crate::progress_states::{
    close_state_item, close_state_of, rollup_state_item, rollup_state_of,
};

const CLOSED: &str = "closed";
const ROLLED: &str = "rolled";

impl Tables {
    /// Completes an item that belongs to a date with its expiry. It depends on the date alone, so
    /// that a repeated write is equal.
    fn dated(&self, date: NaiveDate, mut item: Attributes) -> Attributes {
        if let Some(kept) = self.log_kept {
            let ends_at = (date + Days::new(1)).and_time(NaiveTime::MIN).and_utc();
            item.insert("expires_at".to_owned(), number((ends_at + kept).timestamp()));
        }
        item
    }

    fn log_item(&self, entry: &LogEntry) -> Attributes {
        match entry {
            LogEntry::Segment(Segment { key: segment, event_count, bytes }) => {
                let mut item = key(partition(&segment.store_id, segment.date), segment.sort_key());
                item.insert("events".to_owned(), binary(bytes.clone()));
                item.insert("event_count".to_owned(), number(event_count));
                self.dated(segment.date, item)
            }
            LogEntry::LateMark(segment) => {
                let (store_id, date) = (&segment.store_id, segment.date);
                let item = key(progress_partition(store_id), dated_key(date, &segment.sort_key()));
                self.dated(date, item)
            }
            LogEntry::ActiveStore { stored_on, store_id } => {
                self.dated(*stored_on, key(active_partition(*stored_on), store_id))
            }
        }
    }

    /// Completes the state of a date with its key and its expiry.
    fn state_item(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
        name: &str,
        attributes: Attributes,
    ) -> Attributes {
        let mut item = key(progress_partition(store_id), dated_key(date, name));
        item.extend(attributes);
        self.dated(date, item)
    }
}

impl StockLog for Tables {
    async fn append(&self, entries: &[LogEntry]) -> Vec<Result<(), Failure>> {
        let items = entries.iter().map(|entry| self.log_item(entry)).collect();
        self.put_all(&self.stock_log, items).await
    }

    async fn query_segments(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
        after: Option<&str>,
    ) -> Result<SegmentPage, Failure> {
        let partition = partition(store_id, date);
        let start = after.map(|after| key(&partition, after));
        let query = self.query(&self.stock_log, &partition).set_exclusive_start_key(start);
        let page = Box::pin(query.send()).await.map_err(|error| failure(&error))?;
        let last = page.last_evaluated_key.as_ref();
        let next = last.map(|key| AttributeReader::new(key).text("sk")).transpose()?;
        let segments = page.items.unwrap_or_default().into_iter().map(segment_of);
        Ok(SegmentPage { segments: segments.collect::<Result<_, _>>()?, next })
    }

    async fn query_progress(
        &self,
        store_id: &StoreId,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Progress, Failure> {
        if first > last {
            // DynamoDB refuses such a range.
            return Ok(Progress::default());
        }
        let query = self
            .query(&self.stock_log, progress_partition(store_id))
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":first", text(first))
            // No sort key contains a `~`, which sorts behind `#`.
            .expression_attribute_values(":last", text(format_args!("{last}~")));
        let mut progress = Progress::default();
        for item in query_all(query, |item| Ok(item.clone())).await? {
            if let Err(failure) = add_to_progress(&mut progress, store_id, &item) {
                // Without its state, a date is read again, and the state replaced.
                warn!("left out: {failure}");
            }
        }
        Ok(progress)
    }

    async fn save_close_state(&self, state: &CloseState) -> Result<Saved<CloseState>, Failure> {
        let CloseState { store_id, date, .. } = state;
        let item = self.state_item(store_id, *date, CLOSED, close_state_item(state));
        let put = self.conditional_put(&self.stock_log, item.clone());
        let put = match state.revision {
            // A state of an earlier version has no revision.
            1 => put.condition_expression("attribute_not_exists(revision)"),
            revision => put
                .condition_expression("revision = :before")
                .expression_attribute_values(":before", number(revision - 1)),
        };
        let stored = |item: &Attributes| {
            let state = close_state_of(store_id, *date, &AttributeReader::new(item));
            Ok(state.inspect_err(|failure| warn!("replaced: {failure}")).ok())
        };
        match saved(put, stored).await? {
            Saved::Done => Ok(Saved::Done),
            Saved::Conflict(Some(None)) => {
                self.put(&self.stock_log, item).await.map(|()| Saved::Done)
            }
            Saved::Conflict(stored) => Ok(Saved::Conflict(stored.flatten())),
        }
    }

    async fn put_rollup_state(&self, state: &RollupState) -> Result<(), Failure> {
        let RollupState { store_id, date, .. } = state;
        let item = self.state_item(store_id, *date, ROLLED, rollup_state_item(state));
        self.put(&self.stock_log, item).await
    }

    async fn query_active_stores(&self, stored_on: NaiveDate) -> Result<Vec<StoreId>, Failure> {
        let query = self.query(&self.stock_log, active_partition(stored_on));
        let stores = query_all(query, |item| {
            // A foreign item does not hide the stores.
            let store_id = AttributeReader::new(item).text("sk");
            Ok(store_id.inspect_err(|failure| warn!("left out: {failure}")).ok())
        });
        Ok(stores.await?.into_iter().flatten().collect())
    }
}

fn partition(store_id: &StoreId, date: NaiveDate) -> String {
    format!("{store_id}#{date}")
}

fn progress_partition(store_id: &StoreId) -> String {
    format!("{store_id}#late")
}

fn active_partition(stored_on: NaiveDate) -> String {
    format!("#{stored_on}")
}

fn dated_key(date: NaiveDate, name: &str) -> String {
    format!("{date}#{name}")
}

/// Returns the segment of an item. Without binary events it has no bytes: they do not match the
/// digest in its key, so a reader reports the segment as unreadable.
fn segment_of(mut item: Attributes) -> Result<StoredSegment, Failure> {
    let sort_key = AttributeReader::new(&item).text("sk")?;
    let bytes = item.remove("events").and_then(|events| match events {
        AttributeValue::B(bytes) => Some(bytes.into_inner()),
        _ => None,
    });
    Ok(StoredSegment { sort_key, bytes: bytes.unwrap_or_default() })
}

fn add_to_progress(
    progress: &mut Progress,
    store_id: &StoreId,
    item: &Attributes,
) -> Result<(), Failure> {
    let reader = AttributeReader::new(item);
    let sort_key: String = reader.text("sk")?;
    let (date, name) = sort_key.split_once('#').unwrap_or((&sort_key, ""));
    let date: NaiveDate = date.parse().map_err(|error| reader.wrong("sk", error))?;
    match name {
        CLOSED => {
            progress.closed.insert(date, close_state_of(store_id, date, &reader)?);
        }
        ROLLED => {
            progress.rolled.insert(date, rollup_state_of(store_id, date, &reader)?);
        }
        "" => return Err(reader.wrong("sk", "is neither a late mark nor a state")),
        late => {
            progress.late.entry(date).or_default().insert(late.to_owned());
        }
    }
    Ok(())
}
