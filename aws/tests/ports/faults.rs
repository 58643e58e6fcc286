//! Faults of Kinesis, DynamoDB and SQS as every call meets them: each documented code, over HTTP
//! and through the SDK. A repetition can succeed after some; others need a person.

use aws::{AwsClients, EventStream, ResourceNames, Tables};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::ports::{
    CatalogTable, EventLog, Failure, PutOutcome, QuarantineTable, StockLog, WindowsTable,
};
use domain::record::Record;
use futures_util::future::join_all;
use local::service::ServiceThread;
use serde_json::json;

use crate::samples::{at, entries, item, sale, store};
use crate::windows::row_of;
use crate::world::{bind, clients, url};

/// Reaction of a caller to a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reaction {
    /// Repeats the call more slowly.
    SlowDown,
    /// Repeats the call.
    Repeat,
    /// Gives up.
    GiveUp,
}

use Reaction::{GiveUp, Repeat, SlowDown};

/// HTTP status and code of an error. Without a code the body is not of an AWS service.
type ErrorResponse = (u16, &'static str, Reaction);

/// Faults of every service, and of anything between. Sources: "Common Errors" of the API
/// references; "Retry behavior" in the AWS SDKs and Tools reference guide.
const COMMON: &[ErrorResponse] = &[
    (500, "", Repeat),
    (502, "", Repeat),
    (503, "", Repeat),
    (504, "", Repeat),
    (408, "", Repeat),
    (429, "", SlowDown),
    (500, "InternalFailure", Repeat),
    (500, "UnknownError", Repeat),
    (503, "ServiceUnavailable", Repeat),
    (503, "ServiceUnavailableException", Repeat),
    (408, "RequestTimeout", Repeat),
    (400, "RequestTimeout", Repeat),
    (400, "RequestTimeoutException", Repeat),
    (400, "Throttling", SlowDown),
    (400, "ThrottlingException", SlowDown),
    (400, "ThrottledException", SlowDown),
    (400, "RequestThrottledException", SlowDown),
    (400, "BandwidthLimitExceeded", SlowDown),
    (400, "PriorRequestNotComplete", SlowDown),
    (429, "TooManyRequestsException", SlowDown),
    (503, "SlowDown", SlowDown),
    (400, "AccessDeniedException", GiveUp),
    (403, "AccessDeniedException", GiveUp),
    (403, "ExpiredTokenException", GiveUp),
    (400, "IncompleteSignature", GiveUp),
    (403, "InvalidClientTokenId", GiveUp),
    (403, "InvalidSignatureException", GiveUp),
    (403, "MissingAuthenticationToken", GiveUp),
    (400, "NotAuthorized", GiveUp),
    (403, "OptInRequired", GiveUp),
    (400, "RequestExpired", GiveUp),
    (400, "UnknownOperationException", GiveUp),
    (400, "UnrecognizedClientException", GiveUp),
    (400, "ValidationError", GiveUp),
    (400, "ValidationException", GiveUp),
];

/// Source: `PutRecords` and `DescribeStreamSummary` in the Kinesis Data Streams API reference.
const KINESIS: &[ErrorResponse] = &[
    (500, "InternalFailureException", Repeat),
    (400, "ProvisionedThroughputExceededException", SlowDown),
    (400, "LimitExceededException", SlowDown),
    (400, "KMSThrottlingException", SlowDown),
    (400, "InvalidArgumentException", GiveUp),
    (400, "KMSAccessDeniedException", GiveUp),
    (400, "KMSDisabledException", GiveUp),
    (400, "KMSInvalidStateException", GiveUp),
    (400, "KMSNotFoundException", GiveUp),
    (400, "KMSOptInRequired", GiveUp),
    (400, "ResourceNotFoundException", GiveUp),
];

/// Sources: the calls in the DynamoDB API reference; "Error handling with DynamoDB" in its guide.
const DYNAMODB: &[ErrorResponse] = &[
    (500, "InternalServerError", Repeat),
    (400, "LimitExceededException", SlowDown),
    (400, "ProvisionedThroughputExceededException", SlowDown),
    (400, "ReplicatedWriteConflictException", SlowDown),
    (400, "RequestLimitExceeded", SlowDown),
    (400, "TransactionCanceledException", SlowDown),
    (400, "TransactionConflictException", SlowDown),
    (400, "TransactionInProgressException", SlowDown),
    (400, "IdempotentParameterMismatchException", GiveUp),
    (400, "ItemCollectionSizeLimitExceededException", GiveUp),
    (400, "ResourceNotFoundException", GiveUp),
];

/// Answers a request to `/INDEX` with the fault of that index.
async fn answer(State(faults): State<Vec<ErrorResponse>>, uri: Uri) -> Response {
    let index: usize = uri.path().trim_matches('/').parse().expect("the index of a fault");
    let (status, code, _) = faults[index];
    let status = StatusCode::from_u16(status).expect("a status");
    if code.is_empty() {
        return (status, "<html>").into_response();
    }
    let headers = [
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amzn-query-error", format!("{code};Sender")),
    ];
    let body = json!({ "__type": format!("com.amazonaws#{code}"), "message": "told by the test" });
    (status, headers, body.to_string()).into_response()
}

fn reaction(failure: &Failure) -> Reaction {
    match failure {
        Failure::Throttled(_) => SlowDown,
        Failure::Unavailable(_) => Repeat,
        Failure::Refused(_) | Failure::Unreadable(_) => GiveUp,
    }
}

/// Plays each fault to each of the calls, which return their failures by name.
async fn play<C, F>(faults: &[&[ErrorResponse]], calls: C)
where
    C: Fn(String) -> F,
    F: Future<Output = Vec<(&'static str, Failure)>>,
{
    let faults = faults.concat();
    let server = bind();
    let endpoint = url(&server);
    let router = Router::new().fallback(answer).with_state(faults.clone());
    let _service = ServiceThread::start("faults", move |stop| server.serve(router, stop));
    let played = (0..faults.len()).map(|index| calls(format!("{endpoint}/{index}")));
    let mut wrong = Vec::new();
    for (fault, failures) in faults.iter().zip(join_all(played).await) {
        for (call, failure) in failures {
            if reaction(&failure) != fault.2 {
                wrong.push(format!("{call} met {fault:?}: {failure}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn after_each_documented_fault_of_kinesis_a_caller_knows_if_a_repetition_can_succeed() {
    play(&[COMMON, KINESIS], async |url| {
        let AwsClients { kinesis, .. } = clients(&url);
        let stream = EventStream::new(kinesis, &ResourceNames::default());
        vec![
            ("PutRecords", stream.put_records(&[]).await.unwrap_err()),
            ("DescribeStreamSummary", stream.check_ready().await.unwrap_err()),
        ]
    })
    .await;
}

/// Source: `PutRecordsResultEntry` in the Kinesis Data Streams API reference.
#[tokio::test]
async fn a_record_with_a_documented_code_can_be_put_again() {
    let codes =
        ["ProvisionedThroughputExceededException", "InternalFailure", "KMSThrottlingException"];
    let record = |code| json!({ "ErrorCode": code, "ErrorMessage": "told by the test" });
    let answer = json!({ "FailedRecordCount": 3, "Records": codes.map(record) }).to_string();
    let server = bind();
    let stream = EventStream::new(clients(&url(&server)).kinesis, &ResourceNames::default());
    let router = Router::new().fallback(async move || answer);
    let _service = ServiceThread::start("faults", move |stop| server.serve(router, stop));
    let records = codes.map(|code| Record { partition_key: code.to_owned(), data: vec![1] });
    let puts = stream.put_records(&records).await.unwrap();
    let reactions: Vec<_> = puts
        .iter()
        .map(|put| match put {
            PutOutcome::Failed(failure) => reaction(failure),
            PutOutcome::Stored { .. } => panic!("{put:?}"),
        })
        .collect();
    assert_eq!(reactions, [SlowDown, Repeat, SlowDown]);
}

#[tokio::test]
async fn after_each_documented_fault_of_dynamodb_a_caller_knows_if_a_repetition_can_succeed() {
    play(&[COMMON, DYNAMODB], async |url| {
        let tables = Tables::new(clients(&url).dynamodb, &ResourceNames::default());
        let event = sale("e1", "rye", at("2026-03-12T15:17:00Z"));
        let (entries, row) = (entries([&event]), row_of(1, [event.clone()]));
        let (shop, item) =
            (store("s1"), item(&json!({ "store_id": "s1", "sku": "rye", "price": 3 })));
        let quarantined = "2026-03-12/shardId-000000000000#4959".parse().unwrap();
        let date = event.occurred_at().date_naive();
        let stores = [shop.store_id.clone()];
        let (mut appended, loaded, saved, queried, put, both, got, removed) = tokio::join!(
            tables.append(&entries),
            tables.load_stores(&stores),
            tables.put_window(&row),
            tables.query_segments(&shop.store_id, date, None),
            tables.put_item(&item),
            tables.put_store(&shop),
            tables.load_store(&shop.store_id),
            tables.remove_quarantined(&quarantined),
        );
        vec![
            ("BatchWriteItem", appended.remove(0).unwrap_err()),
            ("BatchGetItem", loaded.unwrap_err()),
            ("PutItem with a condition", saved.unwrap_err()),
            ("Query", queried.unwrap_err()),
            ("PutItem", put.unwrap_err()),
            ("TransactWriteItems", both.unwrap_err()),
            ("GetItem", got.unwrap_err()),
            ("DeleteItem", removed.unwrap_err()),
        ]
    })
    .await;
}

/// Queue of due stores: only the Lambda binaries have it.
#[cfg(feature = "lambda")]
mod queue {
    use aws::SqsQueue;
    use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
    use domain::DueStore;
    use domain::ports::DueQueue;

    use super::*;

    /// Source: `SendMessageBatch` in the SQS API reference, by the codes of its query protocol,
    /// which the SDK reads.
    const SQS: &[ErrorResponse] = &[
        (403, "RequestThrottled", SlowDown),
        (400, "KMS.ThrottlingException", SlowDown),
        (400, "KmsThrottled", SlowDown),
        (500, "InternalError", Repeat),
        (400, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", GiveUp),
        (400, "AWS.SimpleQueueService.BatchRequestTooLong", GiveUp),
        (400, "AWS.SimpleQueueService.EmptyBatchRequest", GiveUp),
        (400, "AWS.SimpleQueueService.InvalidBatchEntryId", GiveUp),
        (400, "AWS.SimpleQueueService.NonExistentQueue", GiveUp),
        (400, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", GiveUp),
        (400, "AWS.SimpleQueueService.UnsupportedOperation", GiveUp),
        (404, "InvalidAddress", GiveUp),
        (403, "InvalidSecurity", GiveUp),
        (400, "KMS.AccessDeniedException", GiveUp),
        (400, "KMS.DisabledException", GiveUp),
        (400, "KMS.InvalidKeyUsageException", GiveUp),
        (400, "KMS.InvalidStateException", GiveUp),
        (400, "KMS.NotFoundException", GiveUp),
        (403, "KMS.OptInRequired", GiveUp),
    ];

    #[tokio::test]
    async fn after_each_documented_fault_of_sqs_a_caller_knows_if_a_repetition_can_succeed() {
        play(&[COMMON, SQS], async |url| {
            let config = aws_sdk_sqs::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .credentials_provider(Credentials::new("local", "local", None, None, "test"))
                .endpoint_url(&url)
                .region(Region::new("local"))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build();
            let client = aws_sdk_sqs::Client::from_conf(config);
            let queue = SqsQueue::new(client, format!("{url}/due.fifo"));
            let due = DueStore { store_id: "s1".parse().unwrap(), due: at("2026-03-12T15:15:00Z") };
            vec![("SendMessageBatch", queue.send_due(&[due]).await.unwrap_err())]
        })
        .await;
    }
}
