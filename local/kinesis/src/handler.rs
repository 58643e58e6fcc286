//! HTTP interface of the actions: AWS JSON 1.1.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::api::JsonObject;
use super::endpoint::Endpoint;
use super::error::{ApiError, ApiErrorCode};

const JSON: &str = "application/x-amz-json-1.1";
const TARGET: &str = "x-amz-target";
const TARGET_PREFIX: &str = "Kinesis_20131202.";
/// Longest request body, in bytes: the largest `PutRecords` in base64 (4/3 of 10 MiB), 500 longest
/// partition keys and hash keys, and the JSON around them.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

const _: () = assert!(
    domain::limits::PUT_RECORDS_BYTES_MAX / 3 * 4
        + domain::limits::PUT_RECORDS_MAX * (domain::limits::PARTITION_KEY_CHARS_MAX * 6 + 256)
        < BODY_BYTES_MAX,
    "the largest valid PutRecords call fits"
);

/// Routes all requests to one handler, because the action is in a header.
pub(super) fn router(endpoint: Arc<Endpoint>) -> Router {
    Router::new().fallback(handle).with_state(endpoint)
}

async fn handle(State(endpoint): State<Arc<Endpoint>>, request: Request<Body>) -> Response<Body> {
    // A separate task: a caller that disconnects must not stop a change half-way.
    let work = tokio::spawn(async move { process(&endpoint, request).await });
    let outcome = work.await.unwrap_or_else(|cause| Err(ApiError::internal(cause)));
    respond(outcome)
}

async fn process(endpoint: &Arc<Endpoint>, request: Request<Body>) -> Result<Vec<u8>, ApiError> {
    let (head, body) = request.into_parts();
    if head.method != Method::POST || head.uri.path() != "/" {
        return Err(ApiError::new(
            ApiErrorCode::UnknownOperation,
            format!("{} {}: Kinesis accepts POST /", head.method, head.uri.path()),
        ));
    }
    check_content_type(&head.headers)?;
    if !head.headers.contains_key(AUTHORIZATION) {
        return Err(ApiError::new(
            ApiErrorCode::MissingAuthenticationToken,
            "Missing Authentication Token: sign the request, with any credentials (signatures are \
             not verified here)",
        ));
    }
    let target = head.headers.get(TARGET).and_then(|target| target.to_str().ok());
    let action = target.and_then(|target| target.strip_prefix(TARGET_PREFIX)).ok_or_else(|| {
        let message = format!("The header X-Amz-Target must be {TARGET_PREFIX} and an action");
        ApiError::new(ApiErrorCode::UnknownOperation, message)
    })?;
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(body_error)?;
    endpoint.check_open()?;
    dispatch(endpoint, action, &body).await
}

fn body_error(cause: axum::Error) -> ApiError {
    let inner = std::error::Error::source(&cause);
    if inner.is_some_and(|inner| inner.is::<http_body_util::LengthLimitError>()) {
        let message = format!("The body is over {BODY_BYTES_MAX} bytes, the most of a request");
        ApiError::new(ApiErrorCode::RequestEntityTooLarge, message)
    } else {
        ApiError::new(ApiErrorCode::Serialization, format!("The body could not be read: {cause}"))
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or("none");
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(JSON) {
        return Ok(());
    }
    Err(ApiError::new(
        ApiErrorCode::UnsupportedMediaType,
        format!(
            "Content-Type {given} is not supported, only {JSON}. An AWS SDK for Java sends CBOR \
             unless told otherwise: start it with -Daws.cborEnabled=false or CBOR_ENABLED=false \
             (version 2), or AWS_CBOR_DISABLE=true (version 1)"
        ),
    ))
}

/// Calls the action with this name.
async fn dispatch(
    endpoint: &Arc<Endpoint>,
    action: &str,
    body: &[u8],
) -> Result<Vec<u8>, ApiError> {
    match action {
        "CreateStream" => write(endpoint.create_stream(read(body)?).await?),
        "DecreaseStreamRetentionPeriod" => write(endpoint.decrease_retention(read(body)?).await?),
        "DeleteStream" => write(endpoint.delete_stream(read(body)?).await?),
        "DescribeStream" => write(endpoint.describe_stream(read(body)?).await?),
        "DescribeStreamSummary" => write(endpoint.describe_stream_summary(read(body)?).await?),
        "GetRecords" => write(endpoint.get_records(read(body)?).await?),
        "GetShardIterator" => write(endpoint.get_shard_iterator(read(body)?).await?),
        "IncreaseStreamRetentionPeriod" => write(endpoint.increase_retention(read(body)?).await?),
        "ListShards" => write(endpoint.list_shards(read(body)?).await?),
        "ListStreams" => write(endpoint.list_streams(read(body)?).await?),
        "MergeShards" => write(endpoint.merge_shards(read(body)?).await?),
        "PutRecord" => write(endpoint.put_record(read(body)?).await?),
        "PutRecords" => write(endpoint.put_records(read(body)?).await?),
        "SplitShard" => write(endpoint.split_shard(read(body)?).await?),
        "UpdateShardCount" => write(endpoint.update_shard_count(read(body)?).await?),
        other => Err(ApiError::new(
            ApiErrorCode::UnknownOperation,
            format!(
                "{other:?} is not an action of this endpoint. Its actions: CreateStream, \
                 DecreaseStreamRetentionPeriod, DeleteStream, DescribeStream, \
                 DescribeStreamSummary, GetRecords, GetShardIterator, \
                 IncreaseStreamRetentionPeriod, ListShards, ListStreams, MergeShards, PutRecord, \
                 PutRecords, SplitShard, UpdateShardCount"
            ),
        )),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let refused = |cause: &dyn Display| {
        ApiError::new(ApiErrorCode::Serialization, format!("The body: {cause}"))
    };
    // The whole body must be UTF-8. The JSON reader accepts any bytes in unknown members.
    let text = std::str::from_utf8(body).map_err(|cause| refused(&cause))?;
    serde_json::from_str(text).map(|JsonObject(request)| request).map_err(|cause| refused(&cause))
}

fn write(answer: impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(&answer).map_err(ApiError::internal)
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    #[serde(rename = "__type")]
    code: &'a str,
    message: &'a str,
}

fn respond(outcome: Result<Vec<u8>, ApiError>) -> Response<Body> {
    let (status, error, body) = match outcome {
        Ok(body) => (http::StatusCode::OK, None, body),
        Err(error) => {
            let (code, status) = (error.code.name(), error.code.status());
            tracing::debug!(code, message = %error.message, "kinesis: refused");
            let body = ErrorBody { code, message: &error.message };
            (status, Some(code), serde_json::to_vec(&body).unwrap_or_default())
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    if let Some(code) = error {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// Request id, unique within the process, in the format of a UUID.
fn request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("00000000-0000-4000-8{:03x}-{:012x}", (count >> 48) & 0xfff, count & 0xffff_ffff_ffff)
}
