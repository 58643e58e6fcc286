//! Wire protocol of DynamoDB, AWS JSON 1.0, in front of the calls of dynoxide. Its own HTTP server
//! answers any web page, and has no place for a guard.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use dynoxide::auth_material::{self, AuthMaterial};
use dynoxide::errors::DynoxideError;
use dynoxide::{Database, errors};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest request body, in bytes. Source: `BatchWriteItem`, API reference.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
const JSON: &str = "application/x-amz-json-1.0";
const TARGET_PREFIXES: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];

struct Endpoint {
    database: Database,
    /// Location of the tables, for logs.
    place: String,
    /// Number of answered requests.
    count: AtomicU64,
}

/// Routes all requests to one handler, because the operation is in a header.
pub(super) fn router(database: Database, place: String) -> Router {
    let endpoint = Endpoint { database, place, count: AtomicU64::new(0) };
    Router::new().fallback(handle).with_state(Arc::new(endpoint))
}

/// JSON of a response, or of an error with its status.
type Answer = Result<String, (StatusCode, String)>;

async fn handle(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let (status, json) = match process(&endpoint, &head, body).await {
        Ok(json) => (StatusCode::OK, json),
        Err((status, json)) => {
            let file = &endpoint.place;
            if status.is_server_error() {
                tracing::error!(%file, %status, error = json, "dynamodb: a request failed");
            } else {
                tracing::debug!(%file, %status, error = json, "dynamodb: a request was refused");
            }
            (status, json)
        }
    };
    let number = endpoint.count.fetch_add(1, Ordering::Relaxed);
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, JSON)
        .header(CONTENT_LENGTH, json.len())
        .header("x-amzn-requestid", format!("{number:052X}"))
        // Some SDKs verify the checksum.
        .header("x-amz-crc32", crc32fast::hash(json.as_bytes()))
        .body(Body::from(json))
        .expect("valid headers")
}

async fn process(endpoint: &Endpoint, head: &Parts, body: Body) -> Answer {
    if head.method == Method::GET && head.uri.path() == "/" {
        return Ok("healthy: dynamodb".to_owned());
    }
    let target = text(&head.headers, "x-amz-target");
    let operation = TARGET_PREFIXES.iter().find_map(|prefix| target?.strip_prefix(prefix));
    let Some(operation) = operation.filter(|_| head.method == Method::POST) else {
        let type_name = "com.amazon.coral.service#UnknownOperationException";
        let message = "DynamoDB accepts POST / with the operation in X-Amz-Target";
        let json = serde_json::json!({ "__type": type_name, "message": message });
        return Err((StatusCode::BAD_REQUEST, json.to_string()));
    };
    let credentials = AuthMaterial {
        authorization: text(&head.headers, AUTHORIZATION.as_str()),
        query: head.uri.query().unwrap_or_default(),
        has_date_header: head.headers.contains_key("x-amz-date") || head.headers.contains_key(DATE),
    };
    if let Some(json) = auth_material::validate(credentials) {
        return Err((StatusCode::BAD_REQUEST, json));
    }
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|cause| {
        let message = format!("the body could not be read, of at most {BODY_BYTES_MAX} bytes");
        error_answer(&DynoxideError::SerializationException(format!("{message}: {cause}")))
    })?;
    call(&endpoint.database, operation, &body).map_err(|error| error_answer(&error))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn error_answer(error: &DynoxideError) -> (StatusCode, String) {
    let status = StatusCode::from_u16(error.status_code());
    (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error.to_json())
}

/// Selects the call of an operation. Its name follows from the type of the request.
macro_rules! select {
    ($database:ident, $operation:ident, $body:ident, $($name:literal: $call:ident,)*) => {
        match $operation {
            $($name => answer($body, |request| $database.$call(request)),)*
            _ => Err(DynoxideError::ValidationException(format!(
                "the operation {} is not supported here", $operation
            ))),
        }
    };
}

fn call(database: &Database, operation: &str, body: &[u8]) -> errors::Result<String> {
    select!(
        database, operation, body,
        "BatchExecuteStatement": batch_execute_statement,
        "BatchGetItem": batch_get_item,
        "BatchWriteItem": batch_write_item,
        "CreateTable": create_table,
        "DeleteItem": delete_item,
        "DeleteTable": delete_table,
        "DescribeStream": describe_stream,
        "DescribeTable": describe_table,
        "DescribeTimeToLive": describe_time_to_live,
        "ExecuteStatement": execute_statement,
        "ExecuteTransaction": execute_transaction,
        "GetItem": get_item,
        "GetRecords": get_records,
        "GetShardIterator": get_shard_iterator,
        "ListStreams": list_streams,
        "ListTables": list_tables,
        "ListTagsOfResource": list_tags_of_resource,
        "PutItem": put_item,
        "Query": query,
        "Scan": scan,
        "TagResource": tag_resource,
        "TransactGetItems": transact_get_items,
        "TransactWriteItems": transact_write_items,
        "UntagResource": untag_resource,
        "UpdateItem": update_item,
        "UpdateTable": update_table,
        "UpdateTimeToLive": update_time_to_live,
    )
}

fn answer<Q: DeserializeOwned, R: Serialize>(
    body: &[u8],
    call: impl FnOnce(Q) -> errors::Result<R>,
) -> errors::Result<String> {
    let request = serde_json::from_slice(body).map_err(|error| malformed(&error.to_string()))?;
    let response = call(request)?;
    serde_json::to_string(&response)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Error for a body that is no such request. The readers of dynoxide mark broken rules with the
/// class of the error, like `VALIDATION:`.
fn malformed(message: &str) -> DynoxideError {
    let (class, rule) = match message.split_once(':') {
        Some((class, rule)) if class.starts_with("VALIDATION") => ("VALIDATION", rule),
        Some((class, rule)) if class.starts_with("SERIALIZATION") => ("SERIALIZATION", rule),
        _ => ("SERIALIZATION", message),
    };
    let is_missing = message.contains("missing field") || message.contains("unknown variant");
    if class == "VALIDATION" || is_missing || message.contains("Supplied AttributeValue") {
        DynoxideError::ValidationException(rule.to_owned())
    } else {
        DynoxideError::SerializationException(rule.to_owned())
    }
}
