//! Every cap of the system, each with its source, and the relations that must hold between them.
//!
//! Error messages print these constants, so a rule and its message cannot drift apart.

use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

// The event. Source: docs/events.md.

/// Longest identifier (event, store, terminal, sku, offer), in characters.
pub const ID_CHARS_MAX: usize = 64;
/// Most digits after the decimal point of a quantity: grams of a kilogram.
pub const QUANTITY_SCALE_MAX: u32 = 3;
/// Largest quantity of one event, in its unit.
pub const QUANTITY_MAX: u64 = 1_000_000;
/// Largest unit price, in the currency's main unit. Keeps every amount far inside DynamoDB's
/// 38 digits.
pub const UNIT_PRICE_MAX: u64 = 1_000_000;
/// Longest lot number, in characters. Source: GS1 General Specifications, AI (10).
pub const LOT_CHARS_MAX: usize = 20;
/// How old an event may be when it is received. Default; a setting of the receiver.
pub const EVENT_AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// How far ahead of the receiver's clock an event may be. Default; a setting of the receiver.
pub const EVENT_AHEAD_MAX: Duration = Duration::from_secs(5 * 60);
/// Largest canonical event, in bytes: every field at its cap, with room to spare.
pub const EVENT_BYTES_MAX: usize = 2 * KIB;

// The request.

/// Largest request body as it travels, in bytes. Lambda's synchronous payload is 6 MB with a
/// compressed body in base64 (4/3), and the headers need room. A JSON body travels as an escaped
/// text, to which the quotes of our events add less than that. API Gateway takes 10 MB.
/// Source: AWS Lambda quotas, "Invocation payload (synchronous)"; API Gateway quotas of HTTP APIs.
pub const BODY_BYTES_MAX: usize = 4 * MIB;
/// Largest request body once inflated, in bytes: the events of a full request at their largest
/// usual size.
pub const INFLATED_BYTES_MAX: usize = 16 * MIB;
/// Most events in one request.
pub const REQUEST_EVENTS_MAX: usize = 10_000;
/// How long a client may take to send its headers, and again to send its body.
pub const REQUEST_READ_MAX: Duration = Duration::from_secs(10);
/// How long storing a request's events may take before the rest is answered as `retry`.
/// With the reading above it stays inside API Gateway's 30 s for HTTP APIs.
pub const REQUEST_STORE_MAX: Duration = Duration::from_secs(15);
/// API Gateway's fixed integration timeout for HTTP APIs. Source: API Gateway quotas.
pub const API_GATEWAY_TIMEOUT: Duration = Duration::from_secs(30);
/// Lambda's synchronous payload. Source: AWS Lambda quotas.
pub const LAMBDA_PAYLOAD_BYTES_MAX: usize = 6 * 1000 * 1000;

// A client's token.

/// API Gateway's limit for the request line and the values of all headers. Source: API Gateway
/// quotas of HTTP APIs, "Total combined size of request line and header values".
pub const API_GATEWAY_HEADERS_BYTES_MAX: usize = 10_240;
/// Largest claim that names the stores of a client, in bytes: it travels in a header of every
/// request, within a token whose claims are in base64 (4/3).
pub const STORES_CLAIM_BYTES_MAX: usize = 4 * KIB;
/// The rest of a token: its head, its other claims and a signature of 2,048 bits.
pub const TOKEN_REST_BYTES: usize = 2 * KIB;
/// What a sender's other headers may need.
pub const OTHER_HEADERS_BYTES: usize = 2 * KIB;

// Kinesis. Source: Kinesis Data Streams "Quotas and limits" and the API reference.

/// Most records in one `PutRecords` call.
pub const PUT_RECORDS_MAX: usize = 500;
/// Most bytes in one `PutRecords` call, partition keys included.
pub const PUT_RECORDS_BYTES_MAX: usize = 10 * MIB;
/// Largest record of a stream that was not told otherwise, in bytes (`MaxRecordSizeInKiB` 1,024).
pub const RECORD_BYTES_MAX: usize = MIB;
/// Longest partition key, in characters.
pub const PARTITION_KEY_CHARS_MAX: usize = 256;
/// Records a shard takes in a second.
pub const SHARD_WRITE_RECORDS_PER_SECOND: u32 = 1_000;
/// Bytes a shard takes in a second.
pub const SHARD_WRITE_BYTES_PER_SECOND: usize = MIB;
/// `GetRecords` calls a shard answers in a second.
pub const SHARD_READ_CALLS_PER_SECOND: u32 = 5;
/// Bytes a shard gives in a second.
pub const SHARD_READ_BYTES_PER_SECOND: usize = 2 * MIB;
/// Most records one `GetRecords` call gives.
pub const GET_RECORDS_MAX: usize = 10_000;
/// Most bytes one `GetRecords` call gives.
pub const GET_RECORDS_BYTES_MAX: usize = 10 * MIB;
/// How long a shard iterator lives.
pub const SHARD_ITERATOR_LIFE: Duration = Duration::from_secs(5 * 60);
/// Shortest and longest retention, in hours (a day, a year).
pub const RETENTION_HOURS: std::ops::RangeInclusive<u32> = 24..=8_760;

// Our record in Kinesis.

/// Most events packed into one record: one record is the unit that is retried or quarantined.
pub const RECORD_EVENTS_MAX: usize = 400;
/// Largest record once inflated, in bytes. Below [`RECORD_BYTES_MAX`], so that a record fits
/// its stream even when compression gains nothing.
pub const RECORD_INFLATED_BYTES_MAX: usize = RECORD_BYTES_MAX - 4 * KIB;

// DynamoDB. Source: "Quotas in Amazon DynamoDB" and the API reference.

/// Largest item, attribute names included, in bytes.
pub const ITEM_BYTES_MAX: usize = 400 * KIB;
/// Most keys in one `BatchGetItem` call.
pub const BATCH_GET_KEYS_MAX: usize = 100;

// SQS. Source: Amazon SQS API reference, SendMessageBatch.

/// Most messages in one `SendMessageBatch` call.
pub const SEND_MESSAGES_MAX: usize = 10;

// Our rows.

/// Room kept in a stock row for its keys and plain attributes, in bytes: some 1 KiB, and at most
/// 40 bytes for the revenue in each of ISO 4217's 170-odd currencies.
pub const STOCK_ROW_OVERHEAD_BYTES: usize = 12 * KIB;
/// Largest event in its packed form, in bytes: six texts of 64 characters, an offer's id with two
/// more, a GTIN, a lot and the numbers.
pub const PACKED_EVENT_BYTES_MAX: usize = 600;
/// Most events of one row; with one more it is split. A number of events and not of bytes, so that
/// it does not depend on the order of arrival which rows are split; and no larger than the largest
/// events allow. A row of usual events is split at some 60 KB, which also bounds what one more
/// event costs to write.
pub const STOCK_ROW_EVENTS_MAX: usize = 640;
/// Largest piece of a refused record kept in one quarantine row, in bytes; a larger record takes
/// several. The rest is for its message: a dozen faults, each with 80 characters of what was given.
pub const QUARANTINE_BYTES_MAX: usize = ITEM_BYTES_MAX - 16 * KIB;
/// How often a save is tried again after a version conflict.
pub const SAVE_ATTEMPTS_MAX: u32 = 8;
/// How long stock rows are kept after their window.
pub const STOCK_KEPT: Duration = Duration::from_secs(400 * 24 * 3600);

// Lambda's event source mapping for Kinesis. Source: AWS Lambda API reference,
// CreateEventSourceMapping.

/// Largest batch, in records.
pub const BATCH_SIZE_MAX: usize = 10_000;
/// Largest parallelization factor.
pub const PARALLELIZATION_FACTOR_MAX: usize = 10;
/// Longest batching window.
pub const BATCHING_WINDOW_MAX: Duration = Duration::from_secs(300);
/// Largest raw batch, in bytes: the 6 MB payload holds the records in base64 with their metadata.
pub const BATCH_BYTES_MAX: usize = 4_500_000;

// Pricing.

/// Most steps of a discount ladder.
pub const LADDER_STEPS_MAX: usize = 100;
/// Deepest discount, in percent.
pub const DISCOUNT_PERCENT_MAX: u8 = 95;
/// Longest time between two changes of one price, in minutes: a week.
pub const CHANGE_MINUTES_MAX: u32 = 7 * 24 * 60;
/// Most changes of one price a day that can be told as a limit.
pub const CHANGES_MAX: u32 = 1_000;
/// The pricing grid.
pub const SLOT_MINUTES: u32 = 15;

const _: () = {
    assert!(BODY_BYTES_MAX / 3 * 4 < LAMBDA_PAYLOAD_BYTES_MAX, "a base64 body fits a payload");
    assert!(BODY_BYTES_MAX < INFLATED_BYTES_MAX);
    assert!(RECORD_INFLATED_BYTES_MAX + PARTITION_KEY_CHARS_MAX * 4 < RECORD_BYTES_MAX);
    assert!(RECORD_EVENTS_MAX * EVENT_BYTES_MAX < RECORD_INFLATED_BYTES_MAX);
    assert!(RECORD_BYTES_MAX < BATCH_BYTES_MAX, "one record always fits a batch");
    assert!(BATCH_BYTES_MAX / 3 * 4 <= LAMBDA_PAYLOAD_BYTES_MAX);
    assert!(RECORD_BYTES_MAX <= PUT_RECORDS_BYTES_MAX);
    assert!(
        STOCK_ROW_EVENTS_MAX * PACKED_EVENT_BYTES_MAX + STOCK_ROW_OVERHEAD_BYTES <= ITEM_BYTES_MAX,
        "a row of the largest events is an item"
    );
    assert!(2 * ID_CHARS_MAX < PARTITION_KEY_CHARS_MAX, "a store and an item make a key");
    assert!(
        REQUEST_READ_MAX.as_secs() + REQUEST_STORE_MAX.as_secs() < API_GATEWAY_TIMEOUT.as_secs(),
        "a request is answered before the gateway gives up"
    );
    assert!(
        STORES_CLAIM_BYTES_MAX / 3 * 4 + TOKEN_REST_BYTES + OTHER_HEADERS_BYTES
            < API_GATEWAY_HEADERS_BYTES_MAX,
        "a token with the largest claim fits the headers"
    );
    assert!(60 % SLOT_MINUTES == 0);
    assert!(
        EVENT_AGE_MAX.as_secs() < STOCK_KEPT.as_secs(),
        "no row is expired when its last event arrives"
    );
};
