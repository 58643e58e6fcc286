//! DynamoDB calls that the tables share.

use std::fmt::Display;
use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use domain::Version;
use domain::limits::BATCH_GET_KEYS_MAX;
use domain::ports::{Failure, Saved};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::Tables;
use crate::attributes::{Attributes, text};
use crate::failure::failure;

/// Maximum number of repeated requests for what DynamoDB left unprocessed.
const UNPROCESSED_RETRIES_MAX: u32 = 5;
/// Delay before the first of these requests. It doubles with each one: 100 ms to 1.6 s, 3.1 s in
/// total. The SDK doubles its delays between attempts as well, which it makes for a call that was
/// throttled as a whole.
const UNPROCESSED_DELAY: Duration = Duration::from_millis(100);

/// Concurrent calls. Ten thousand keys need a hundred calls, which would take seconds in sequence.
pub(crate) const CONCURRENT_CALLS_MAX: usize = 8;

/// Repeated requests for what DynamoDB left unprocessed, because a partition is throttled. Source:
/// "BatchWriteItem" and "BatchGetItem", API reference: exponential backoff is strongly recommended;
/// "Exponential Backoff And Jitter", AWS Architecture Blog.
#[derive(Debug, Default)]
pub(crate) struct Unprocessed {
    /// Number of repeated requests.
    retries: u32,
}

impl Unprocessed {
    /// Waits before the next request for `left` items: between half of the delay and all of it, so
    /// that callers that were throttled together do not return together.
    ///
    /// # Errors
    /// Returns [`Failure::Throttled`] after the last request.
    pub(crate) async fn wait(&mut self, table: &str, left: usize) -> Result<(), Failure> {
        if self.retries == UNPROCESSED_RETRIES_MAX {
            let message = format!("{left} items of {table} left unprocessed");
            return Err(Failure::Throttled(message));
        }
        let delay = UNPROCESSED_DELAY * 2_u32.pow(self.retries);
        self.retries += 1;
        tokio::time::sleep(delay.mul_f64(0.5 + 0.5 * fastrand::f64())).await;
        Ok(())
    }
}

impl Tables {
    /// Loads one item.
    pub(crate) async fn get(
        &self,
        table: &str,
        key: Attributes,
    ) -> Result<Option<Attributes>, Failure> {
        let get = self.client.get_item().table_name(table).consistent_read(true);
        let loaded = Box::pin(get.set_key(Some(key)).send()).await;
        Ok(loaded.map_err(|error| failure(&error))?.item)
    }

    /// Loads the items with these keys, in any order. Missing keys are skipped.
    pub(crate) async fn get_all(
        &self,
        table: &str,
        keys: Vec<Attributes>,
    ) -> Result<Vec<Attributes>, Failure> {
        let chunks = keys.chunks(BATCH_GET_KEYS_MAX);
        let calls: Vec<_> = chunks.map(|keys| self.get_chunk(table, keys.to_vec())).collect();
        let items = stream::iter(calls).buffer_unordered(CONCURRENT_CALLS_MAX);
        let items: Vec<Vec<Attributes>> = items.try_collect().await?;
        Ok(items.into_iter().flatten().collect())
    }

    /// Loads at most [`BATCH_GET_KEYS_MAX`] items.
    async fn get_chunk(
        &self,
        table: &str,
        mut keys: Vec<Attributes>,
    ) -> Result<Vec<Attributes>, Failure> {
        let mut items = Vec::new();
        let mut unprocessed = Unprocessed::default();
        while !keys.is_empty() {
            let request = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .expect("the keys are set");
            let get = self.client.batch_get_item().request_items(table, request);
            let mut answer = Box::pin(get.send()).await.map_err(|error| failure(&error))?;
            let loaded = answer.responses.as_mut().and_then(|tables| tables.remove(table));
            items.extend(loaded.unwrap_or_default());
            let left = answer.unprocessed_keys.as_mut().and_then(|tables| tables.remove(table));
            keys = left.map(|request| request.keys).unwrap_or_default();
            if !keys.is_empty() {
                unprocessed.wait(table, keys.len()).await?;
            }
        }
        Ok(items)
    }

    /// Builds a consistent query of one partition. A caller may narrow the key condition.
    pub(crate) fn query(&self, table: &str, partition: impl Display) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(partition))
    }

    /// Puts an item unconditionally.
    pub(crate) async fn put(&self, table: &str, item: Attributes) -> Result<(), Failure> {
        let put = self.client.put_item().table_name(table).set_item(Some(item));
        Box::pin(put.send()).await.map(|_| ()).map_err(|error| failure(&error))
    }

    /// Puts an item if the stored item still has the version `read`, or does not exist for `None`.
    /// After a conflict, `read_item` decodes the stored item.
    pub(crate) async fn put_if<T>(
        &self,
        table: &str,
        item: Attributes,
        read: Option<&Version>,
        read_item: impl Fn(&Attributes) -> Result<T, Failure>,
    ) -> Result<Saved<T>, Failure> {
        let put = self.conditional_put(table, item);
        let put = match read {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(version) => put
                .condition_expression("version = :read")
                .expression_attribute_values(":read", text(version)),
        };
        saved(put, read_item).await
    }

    /// Builds a put whose condition the caller sets, for [`saved`].
    pub(crate) fn conditional_put(&self, table: &str, item: Attributes) -> PutItemFluentBuilder {
        self.client
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Deletes an item and returns its last content.
    pub(crate) async fn delete(
        &self,
        table: &str,
        key: Attributes,
    ) -> Result<Option<Attributes>, Failure> {
        let delete = self.client.delete_item().table_name(table).set_key(Some(key));
        let deleted = Box::pin(delete.return_values(ReturnValue::AllOld).send()).await;
        Ok(deleted.map_err(|error| failure(&error))?.attributes)
    }
}

/// Puts an item if its condition holds. After a conflict, `read_item` decodes the stored item.
pub(crate) async fn saved<T>(
    put: PutItemFluentBuilder,
    read_item: impl Fn(&Attributes) -> Result<T, Failure>,
) -> Result<Saved<T>, Failure> {
    let Err(error) = Box::pin(put.send()).await else { return Ok(Saved::Done) };
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(conflict)) => {
            Ok(Saved::Conflict(conflict.item().map(read_item).transpose()?))
        }
        _ => Err(failure(&error)),
    }
}

/// Runs a query to its last page and decodes each item.
pub(crate) async fn query_all<T>(
    query: QueryFluentBuilder,
    read_item: impl Fn(&Attributes) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut items = query.into_paginator().items().send();
    let mut decoded = Vec::new();
    while let Some(item) = items.next().await {
        decoded.push(read_item(&item.map_err(|error| failure(&error))?)?);
    }
    Ok(decoded)
}
