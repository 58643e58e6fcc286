//! Payloads of Lambda's triggers, as the functions receive them.

use chrono::{DateTime, Utc};
use domain::{DueStore, Event, StoreId};
use serde_json::json;

/// Request of the ingest API, payload version 2.0 of API Gateway, whose sender may write for every
/// store.
pub(super) fn ingest_request(events: &[Event]) -> String {
    let lines: Vec<String> = events.iter().map(Event::canonical).collect();
    let claims = json!({ "client_id": "tune", "scope": "daymark/events:write", "stores": "*" });
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/v1/events",
        "rawQueryString": "",
        "headers": { "content-type": "application/x-ndjson" },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "authorizer": { "jwt": { "claims": claims, "scopes": ["daymark/events:write"] } },
            "domainName": "api.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "api",
            "http": {
                "method": "POST", "path": "/v1/events", "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "daymark-tune",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:15:20:00 +0000",
            "timeEpoch": 1_773_328_800_000_i64,
        },
        "body": lines.join("\n"),
        "isBase64Encoded": false,
    })
    .to_string()
}

/// Message of the queue of a schedule: one store that is due.
pub(super) fn due_message(store_id: &StoreId, due: DateTime<Utc>) -> String {
    let body = DueStore { store_id: store_id.clone(), due }.to_json();
    json!({
        "Records": [{
            "messageId": "m0",
            "receiptHandle": "handle",
            "body": body,
            "attributes": { "MessageGroupId": store_id.as_str() },
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:due.fifo",
            "awsRegion": "us-east-1",
        }],
    })
    .to_string()
}
