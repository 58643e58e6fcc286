//! The way from a schedule to the function that serves stores: [`DueQueue`] by `SendMessageBatch`
//! to an SQS FIFO queue.
//!
//! A store is its own message group, so that its passes never overlap and one that fails holds up
//! no other; store and slot are the deduplication id, so that a schedule may send twice.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::DueStore;
use domain::limits::SEND_MESSAGES_MAX;
use domain::ports::{DueQueue, Failure};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::failure::failure;

/// Calls that are under way at the same time: ten thousand stores are a thousand calls.
const CALLS_AT_ONCE: usize = 16;
/// How often messages are sent that SQS did not take.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// The queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue at `url`.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends as many as one call may take.
    async fn send_some(&self, stores: &[DueStore]) -> Result<(), Failure> {
        let mut entries: Vec<_> = stores.iter().enumerate().map(entry).collect();
        let mut why = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await;
            }
            let send = self.client.send_message_batch().queue_url(&self.url);
            let send = send.set_entries(Some(entries.clone())).send();
            let answer = Box::pin(send).await.map_err(|error| failure(&error))?;
            let mut left = HashSet::new();
            for failed in answer.failed {
                why = format!("{}: {}", failed.code, failed.message.unwrap_or_default());
                if failed.sender_fault {
                    return Err(Failure::Refused(why));
                }
                left.insert(failed.id);
            }
            entries.retain(|entry| left.contains(&entry.id));
            if entries.is_empty() {
                return Ok(());
            }
        }
        Err(Failure::Throttled(format!("{} stores not taken: {why}", entries.len())))
    }
}

impl DueQueue for SqsQueue {
    async fn send_due(&self, stores: &[DueStore]) -> Result<(), Failure> {
        let calls = stores.chunks(SEND_MESSAGES_MAX).map(|stores| self.send_some(stores));
        let calls: Vec<_> = calls.collect();
        stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).try_collect().await
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
