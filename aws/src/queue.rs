//! Queue between a schedule and the function that serves stores: the port [`DueQueue`] with
//! `SendMessageBatch` to an SQS FIFO queue.
//!
//! Each store is a message group: passes of a store never overlap, and a failed pass does not block
//! other stores. Store and slot are the deduplication id, so that a schedule may send twice.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::DueStore;
use domain::limits::SEND_MESSAGES_MAX;
use domain::ports::{DueQueue, Failure};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::failure::{failure, temporary};

/// Concurrent calls. Ten thousand stores need a thousand calls.
const CONCURRENT_CALLS_MAX: usize = 16;
/// Maximum number of attempts for messages that SQS did not accept.
const ATTEMPTS: u32 = 5;
/// Base of the exponential delay between attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Queue of due stores in SQS.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// Creates the queue with the URL `url`.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends at most [`SEND_MESSAGES_MAX`] stores.
    async fn send_chunk(&self, stores: &[DueStore]) -> Result<(), Failure> {
        let mut entries: Vec<_> = stores.iter().enumerate().map(entry).collect();
        let mut reason = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await;
            }
            let send = self.client.send_message_batch().queue_url(&self.url);
            let send = send.set_entries(Some(entries.clone())).send();
            let answer = Box::pin(send).await.map_err(|error| failure(&error))?;
            let mut left = HashSet::new();
            for failed in answer.failed {
                reason = format!("{}: {}", failed.code, failed.message.unwrap_or_default());
                if failed.sender_fault && temporary(&failed.code, String::new()).is_none() {
                    return Err(Failure::Refused(reason));
                }
                left.insert(failed.id);
            }
            entries.retain(|entry| left.contains(&entry.id));
            if entries.is_empty() {
                return Ok(());
            }
        }
        Err(Failure::Throttled(format!("{} stores not taken: {reason}", entries.len())))
    }
}

impl DueQueue for SqsQueue {
    async fn send_due(&self, stores: &[DueStore]) -> Result<(), Failure> {
        let calls = stores.chunks(SEND_MESSAGES_MAX).map(|stores| self.send_chunk(stores));
        let calls: Vec<_> = calls.collect();
        stream::iter(calls).buffer_unordered(CONCURRENT_CALLS_MAX).try_collect().await
    }
}

fn entry((index, store): (usize, &DueStore)) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(store.to_json())
        .message_group_id(store.store_id.as_str())
        .message_deduplication_id(store.to_string())
        .build()
        .expect("id and body are set")
}
