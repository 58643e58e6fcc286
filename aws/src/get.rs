//! Many items at once by their keys.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::limits::BATCH_GET_KEYS_MAX;
use domain::ports::Failure;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::attributes::Attributes;
use crate::failure::failure;

/// How often keys that DynamoDB left out of an answer are asked for again.
const LEFT_OUT_ATTEMPTS: u32 = 5;
const LEFT_OUT_PAUSE: Duration = Duration::from_millis(50);

/// Calls that are under way at the same time. Ten thousand keys are a hundred calls, which one
/// after the other would take seconds.
const CALLS_AT_ONCE: usize = 8;

/// The items with these keys, as far as they exist, in any order; read consistently.
pub(crate) async fn get_all(
    client: &Client,
    table: &str,
    keys: Vec<Attributes>,
) -> Result<Vec<Attributes>, Failure> {
    let chunks = keys.chunks(BATCH_GET_KEYS_MAX);
    let calls: Vec<_> = chunks.map(|keys| get(client, table, keys.to_vec())).collect();
    let items = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE);
    let items: Vec<Vec<Attributes>> = items.try_collect().await?;
    Ok(items.into_iter().flatten().collect())
}

/// As many as one call may ask for.
async fn get(
    client: &Client,
    table: &str,
    mut wanted: Vec<Attributes>,
) -> Result<Vec<Attributes>, Failure> {
    let mut items = Vec::new();
    let mut attempts = 0;
    while !wanted.is_empty() {
        if attempts > 0 {
            if attempts > LEFT_OUT_ATTEMPTS {
                let left = wanted.len();
                return Err(Failure::Throttled(format!("{left} items of {table} left out")));
            }
            tokio::time::sleep(LEFT_OUT_PAUSE * 2_u32.pow(attempts)).await;
        }
        attempts += 1;
        let request = KeysAndAttributes::builder()
            .set_keys(Some(wanted))
            .consistent_read(true)
            .build()
            .expect("the keys are set");
        let get = client.batch_get_item().request_items(table, request);
        let mut answer = Box::pin(get.send()).await.map_err(|error| failure(&error))?;
        let found = answer.responses.as_mut().and_then(|all| all.remove(table));
        items.extend(found.unwrap_or_default());
        let left_out = answer.unprocessed_keys.as_mut().and_then(|all| all.remove(table));
        wanted = left_out.map(|request| request.keys).unwrap_or_default();
    }
    Ok(items)
}
