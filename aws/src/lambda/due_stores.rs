//! Requests of EventBridge Scheduler to a schedule, and of the event source mapping of its queue to
//! the function that serves stores.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::DueStore;
use domain::ports::Failure;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::BatchResponse;

/// Tick of a schedule. Its due time decides the slot, so a late or repeated tick sends the same
/// stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ScheduleTick {
    /// Instant at which the tick was due.
    pub due: DateTime<Utc>,
}

/// Response of a schedule to its tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SentStores {
    /// Number of stores sent.
    pub stores: usize,
}

/// Messages of one invocation, in order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DueBatch {
    #[serde(rename = "Records")]
    messages: Vec<Message>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    body: String,
    attributes: MessageAttributes,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MessageAttributes {
    message_group_id: String,
}

impl DueBatch {
    /// Serves the stores in sequence. A failed message is delivered again, with all later messages
    /// of its group, because a group keeps its order. Other groups continue.
    pub async fn serve(
        self,
        serve: impl AsyncFn(DueStore) -> Result<(), Failure>,
    ) -> BatchResponse {
        let (mut failed, mut stopped) = (Vec::new(), HashSet::new());
        for Message { message_id, body, attributes } in self.messages {
            let group = attributes.message_group_id;
            if !stopped.contains(&group) {
                let served = match DueStore::parse(&body) {
                    Ok(due) => serve(due).await.map_err(|failure| failure.to_string()),
                    Err(error) => Err(format!("the message {error}")),
                };
                let Err(reason) = served else { continue };
                warn!(message.id = message_id, message.group = group, "not served: {reason}");
                stopped.insert(group);
            }
            failed.push(message_id);
        }
        BatchResponse::retry(failed)
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::pin::pin;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};

    use serde_json::{Value, json};

    use super::*;

    fn message(id: &str, store: &str) -> Value {
        let body = json!({ "store_id": store, "due": "2026-03-12T14:15:00Z" });
        json!({
            "messageId": id, "receiptHandle": "r", "body": body.to_string(),
            "attributes": { "MessageGroupId": store, "ApproximateReceiveCount": "1" },
            "messageAttributes": {}, "eventSource": "aws:sqs",
        })
    }

    /// Serves messages; messages of the store `bad` fail. Returns the served stores and the
    /// response.
    fn serve(messages: &[Value]) -> (Vec<String>, Value) {
        let batch: DueBatch = serde_json::from_value(json!({ "Records": messages })).unwrap();
        let served = Mutex::new(Vec::new());
        let work = batch.serve(async |due: DueStore| {
            served.lock().unwrap().push(due.to_string());
            let bad = || Err(Failure::Unavailable("away".to_owned()));
            ready(if due.store_id.as_str() == "bad" { bad() } else { Ok(()) }).await
        });
        let Poll::Ready(answer) = pin!(work).poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("serving never waits")
        };
        (served.into_inner().unwrap(), serde_json::to_value(answer).unwrap())
    }

    #[test]
    fn a_served_message_is_not_delivered_again() {
        let (served, answer) = serve(&[message("1", "s1"), message("2", "s2")]);
        assert_eq!(served, ["s1@2026-03-12T14:15:00Z", "s2@2026-03-12T14:15:00Z"]);
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
    }

    #[test]
    fn after_a_failure_its_group_waits_and_other_groups_continue() {
        let messages = [message("1", "bad"), message("2", "s2"), message("3", "bad")];
        let (served, answer) = serve(&messages);
        assert_eq!(served, ["bad@2026-03-12T14:15:00Z", "s2@2026-03-12T14:15:00Z"]);
        let failures = [json!({ "itemIdentifier": "1" }), json!({ "itemIdentifier": "3" })];
        assert_eq!(answer, json!({ "batchItemFailures": failures }));
    }

    #[test]
    fn an_unreadable_message_fails_alone() {
        let mut torn = message("1", "s1");
        torn["body"] = json!("{");
        let (served, answer) = serve(&[torn, message("2", "s2")]);
        assert_eq!(served, ["s2@2026-03-12T14:15:00Z"]);
        assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] }));
    }
}
