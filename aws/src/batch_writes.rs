//! Writes of many items with `BatchWriteItem`: a result for each item.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use domain::limits::{BATCH_WRITE_MAX, ITEM_BYTES_MAX};
use domain::ports::Failure;
use futures_util::stream::{self, StreamExt};

use crate::Tables;
use crate::attributes::{AttributeReader, Attributes};
use crate::dynamodb_calls::{CONCURRENT_CALLS_MAX, Unprocessed};
use crate::failure::failure;

/// Largest `BatchWriteItem` request, in bytes. Source: `BatchWriteItem`, API reference.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
const _: () = assert!(
    BATCH_WRITE_MAX * ITEM_BYTES_MAX / 3 * 4 < REQUEST_BYTES_MAX,
    "a call of the largest items in base64 fits"
);

/// Partition key and sort key of an item.
type Key = (String, String);

/// Items of one call, by their place in the result.
type Pending = Vec<(usize, Attributes)>;

/// Results of some of the items, by their place.
type Results = Vec<(usize, Result<(), Failure>)>;

impl Tables {
    /// Puts items unconditionally. Returns one result for each, in their order: a failure of one
    /// does not prevent the others. Items with equal keys must be equal and are written once,
    /// since `BatchWriteItem` refuses two items with one key.
    pub(crate) async fn put_all(
        &self,
        table: &str,
        items: Vec<Attributes>,
    ) -> Vec<Result<(), Failure>> {
        let keys: Vec<Key> = items.iter().map(key_of).collect();
        let mut places: HashMap<&Key, usize> = HashMap::new();
        let mut pending = items.into_iter().enumerate().collect::<Pending>();
        pending.retain(|(place, _)| *places.entry(&keys[*place]).or_insert(*place) == *place);
        let calls: Vec<_> = pending
            .chunks(BATCH_WRITE_MAX)
            .map(|items| self.put_chunk(table, items.to_vec()))
            .collect();
        let calls = stream::iter(calls).buffer_unordered(CONCURRENT_CALLS_MAX);
        let results: Vec<Results> = calls.collect().await;
        let results: HashMap<usize, _> = results.into_iter().flatten().collect();
        keys.iter().map(|key| results[&places[key]].clone()).collect()
    }

    /// Puts at most [`BATCH_WRITE_MAX`] items. An item that breaks a rule makes DynamoDB refuse the
    /// whole call, so the items are then put one by one.
    async fn put_chunk(&self, table: &str, pending: Pending) -> Results {
        let (mut results, invalid) = self.put_pending(table, pending).await;
        for item in invalid {
            results.extend(self.put_pending(table, vec![item]).await.0);
        }
        results
    }

    /// Puts the items of one call, and those left unprocessed again. Returns the results, and the
    /// items of a call of several that DynamoDB refused as invalid.
    async fn put_pending(&self, table: &str, mut pending: Pending) -> (Results, Pending) {
        let mut results = Results::new();
        let mut unprocessed = Unprocessed::default();
        while !pending.is_empty() {
            let requests = pending.iter().map(|(_, item)| put_request(item)).collect::<Vec<_>>();
            let write = self.client.batch_write_item().request_items(table, requests);
            let left = match Box::pin(write.send()).await {
                Ok(answer) => answer.unprocessed_items.unwrap_or_default(),
                Err(error) => {
                    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
                    if code == Some("ValidationException") && pending.len() > 1 {
                        return (results, pending);
                    }
                    return (fail(results, &pending, &failure(&error)), Pending::new());
                }
            };
            let left: Vec<WriteRequest> = left.into_values().flatten().collect();
            let (left, stored) = divide(pending, &left);
            results.extend(stored.into_iter().map(|(place, _)| (place, Ok(()))));
            pending = left;
            if !pending.is_empty()
                && let Err(failure) = unprocessed.wait(table, pending.len()).await
            {
                return (fail(results, &pending, &failure), Pending::new());
            }
        }
        (results, Pending::new())
    }
}

fn fail(mut results: Results, pending: &Pending, failure: &Failure) -> Results {
    results.extend(pending.iter().map(|(place, _)| (*place, Err(failure.clone()))));
    results
}

/// Divides items into those that were left unprocessed and those that were stored. If a request
/// that was left is not one of the items, no item counts as stored.
fn divide(pending: Pending, left: &[WriteRequest]) -> (Pending, Pending) {
    let key = |request: &WriteRequest| Some(key_of(&request.put_request()?.item));
    let left: Vec<Option<Key>> = left.iter().map(key).collect();
    let is_left = |(_, item): &(usize, Attributes)| left.contains(&Some(key_of(item)));
    if pending.iter().filter(|item| is_left(item)).count() != left.len() {
        return (pending, Pending::new());
    }
    pending.into_iter().partition(is_left)
}

fn key_of(item: &Attributes) -> Key {
    let reader = AttributeReader::new(item);
    let text = |name| reader.text(name).unwrap_or_default();
    (text("pk"), text("sk"))
}

fn put_request(item: &Attributes) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item.clone())).build();
    WriteRequest::builder().put_request(put.expect("the item is set")).build()
}
