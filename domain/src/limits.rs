//! Limits of the system with their sources, and the relations between them.
//!
//! Error messages print these constants, so a rule and its message always agree.

use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

// The event. Source: docs/events.md.

/// Longest identifier (event, store, terminal, sku, offer), in characters.
pub const ID_CHARS_MAX: usize = 64;
/// Largest number of decimal places of a quantity: grams of a kilogram.
pub const QUANTITY_SCALE_MAX: u32 = 3;
/// Largest quantity of one event, in its unit.
pub const QUANTITY_MAX: u64 = 1_000_000;
/// Largest unit price, in the currency's main unit. Every amount stays far below the 38 digits of
/// DynamoDB.
pub const UNIT_PRICE_MAX: u64 = 1_000_000;
/// Largest amount of one line of a receipt, in the currency's main unit: a thousand times the
/// largest unit price.
pub const LINE_AMOUNT_MAX: u64 = 1_000_000_000;
/// Largest difference between an amount and price times quantity that rounding explains, in minor
/// units. Source: scales in Switzerland round a line to 0.05 francs.
pub const LINE_ROUNDING_MINOR_UNITS: i64 = 5;
/// Largest number of a line of a receipt.
pub const RECEIPT_LINE_MAX: u32 = 1_000_000;
/// Longest lot number, in characters. Source: GS1 General Specifications, AI (10).
pub const LOT_CHARS_MAX: usize = 20;
/// Default of the largest age of an event when it is received.
pub const EVENT_AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Default of the largest time by which an event may be ahead of the receiver's clock.
pub const EVENT_AHEAD_MAX: Duration = Duration::from_secs(5 * 60);
/// Largest canonical event, in bytes: every field at its limit, with room to spare.
pub const EVENT_BYTES_MAX: usize = 2 * KIB;

// The request.

/// Largest request body as sent, in bytes. Lambda's synchronous payload is 6 MB; it holds the
/// headers and a compressed body in base64 (4/3), or a JSON body as an escaped string, which grows
/// less. API Gateway accepts 10 MB. Source: AWS Lambda quotas, "Invocation payload (synchronous)";
/// API Gateway quotas of HTTP APIs.
pub const BODY_BYTES_MAX: usize = 4 * MIB;
/// Largest inflated request body, in bytes: a full request of events of the largest usual size.
pub const INFLATED_BYTES_MAX: usize = 16 * MIB;
/// Largest number of events in one request.
pub const REQUEST_EVENTS_MAX: usize = 10_000;
/// Time limit for the headers of a request, and again for its body.
pub const REQUEST_READ_MAX: Duration = Duration::from_secs(10);
/// Time limit for storing the events of a request. The events that are not stored by then are
/// answered `retry`. Together with [`REQUEST_READ_MAX`] it stays below [`API_GATEWAY_TIMEOUT`].
pub const REQUEST_STORE_MAX: Duration = Duration::from_secs(15);
/// Integration timeout of API Gateway for HTTP APIs. Source: API Gateway quotas.
pub const API_GATEWAY_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest synchronous payload of Lambda, in bytes. Source: AWS Lambda quotas.
pub const LAMBDA_PAYLOAD_BYTES_MAX: usize = 6 * 1000 * 1000;

// A client's token.

/// Limit of API Gateway for the request line and the values of all headers, in bytes. Source: API
/// Gateway quotas of HTTP APIs, "Total combined size of request line and header values".
pub const API_GATEWAY_HEADERS_BYTES_MAX: usize = 10_240;
/// Largest claim with the stores of a client, in bytes. It is part of a token in a header of every
/// request; the claims of a token are in base64 (4/3).
pub const STORES_CLAIM_BYTES_MAX: usize = 4 * KIB;
/// Size of the rest of a token, in bytes: its header, other claims and a signature of 2,048 bits.
pub const TOKEN_REST_BYTES: usize = 2 * KIB;
/// Room for the other headers of a request, in bytes.
pub const OTHER_HEADERS_BYTES: usize = 2 * KIB;

// Kinesis. Source: Kinesis Data Streams "Quotas and limits" and the API reference.

/// Largest number of records in one `PutRecords` call.
pub const PUT_RECORDS_MAX: usize = 500;
/// Largest size of one `PutRecords` call, in bytes, including partition keys.
pub const PUT_RECORDS_BYTES_MAX: usize = 10 * MIB;
/// Largest record of a stream with default settings, in bytes (`MaxRecordSizeInKiB` 1,024).
pub const RECORD_BYTES_MAX: usize = MIB;
/// Longest partition key, in characters.
pub const PARTITION_KEY_CHARS_MAX: usize = 256;
/// Number of records that a shard accepts per second.
pub const SHARD_WRITE_RECORDS_PER_SECOND: u32 = 1_000;
/// Number of bytes that a shard accepts per second.
pub const SHARD_WRITE_BYTES_PER_SECOND: usize = MIB;
/// Number of `GetRecords` calls that a shard answers per second.
pub const SHARD_READ_CALLS_PER_SECOND: u32 = 5;
/// Number of bytes that a shard returns per second.
pub const SHARD_READ_BYTES_PER_SECOND: usize = 2 * MIB;
/// Largest number of records that one `GetRecords` call returns.
pub const GET_RECORDS_MAX: usize = 10_000;
/// Largest number of bytes that one `GetRecords` call returns.
pub const GET_RECORDS_BYTES_MAX: usize = 10 * MIB;
/// Lifetime of a shard iterator.
pub const SHARD_ITERATOR_LIFE: Duration = Duration::from_secs(5 * 60);
/// Range of the retention, in hours (a day to a year).
pub const RETENTION_HOURS: std::ops::RangeInclusive<u32> = 24..=8_760;

// Daymark's Kinesis record.

/// Largest number of events in one record. A record is the unit of retry and quarantine.
pub const RECORD_EVENTS_MAX: usize = 400;
/// Largest number of events that a record of another producer may hold: that of a request. The
/// smallest event has some 100 bytes, so a record of 1 MiB with more texts has none.
pub const RECORD_TEXTS_MAX: usize = REQUEST_EVENTS_MAX;
/// Largest inflated record of another producer, in bytes: 10,000 events of the usual size.
pub const RECORD_OPENED_BYTES_MAX: usize = 4 * MIB;
/// Largest inflated record, in bytes. It is below [`RECORD_BYTES_MAX`], so that a record that does
/// not compress fits into the stream.
pub const RECORD_INFLATED_BYTES_MAX: usize = RECORD_BYTES_MAX - 4 * KIB;

// DynamoDB. Source: "Quotas in Amazon DynamoDB" and the API reference.

/// Largest item, in bytes, including attribute names.
pub const ITEM_BYTES_MAX: usize = 400 * KIB;
/// Largest number of keys in one `BatchGetItem` call.
pub const BATCH_GET_KEYS_MAX: usize = 100;

// SQS. Source: Amazon SQS API reference, SendMessageBatch.

/// Largest number of messages in one `SendMessageBatch` call.
pub const SEND_MESSAGES_MAX: usize = 10;

// Daymark's rows.

/// Largest number of entries in one `BatchWriteItem` call.
pub const BATCH_WRITE_MAX: usize = 25;
/// Largest number of deliveries that a day row holds. 400 of them are about 20 KB.
pub const KEPT_DELIVERIES_MAX: usize = 400;
/// Largest sum of the figures in one row of a window, in bytes. The rest of the item is for its
/// keys and plain attributes.
pub const WINDOW_ROW_BYTES_MAX: usize = ITEM_BYTES_MAX - 8 * KIB;
/// Largest item in a row of a window without its revenue, in bytes: an identifier, eleven names and
/// numbers of at most 21 bytes.
pub const WINDOW_ITEM_BYTES_MAX: usize = 512;
/// Largest revenue of one item in one currency in a row of a window, in bytes.
pub const WINDOW_REVENUE_BYTES_MAX: usize = 40;
/// Lifetime of the rows of windows after their window.
pub const WINDOW_ROWS_KEPT: Duration = Duration::from_secs(35 * 24 * 3600);
/// Default of the lifetime of the stock log after its date.
pub const STOCK_LOG_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
/// Shortest lifetime of the stock log. Histories are folded from 56 dates.
pub const STOCK_LOG_KEPT_MIN: Duration = Duration::from_secs(60 * 24 * 3600);
/// Largest part of a refused record in one quarantine row, in bytes; a larger record takes several
/// rows. The rest of the row is for its message: a dozen violations, each with 80 characters of the
/// given value.
pub const QUARANTINE_BYTES_MAX: usize = ITEM_BYTES_MAX - 16 * KIB;

// Daymark's stock log.

/// Largest segment of the stock log, in bytes.
pub const SEGMENT_BYTES_MAX: usize = 64 * KIB;
/// Largest segment of one event, in bytes: nine texts of 64 characters, an offer id with
/// two more, and a few bytes a column.
pub const SEGMENT_OF_ONE_BYTES_MAX: usize = KIB;
/// Memory of an unpacked event without its identifiers, in bytes, with room to spare.
pub const SEGMENT_EVENT_BYTES: usize = 512;
/// Largest memory of the events of one segment, and largest size of its inflated columns, in bytes.
/// A segment of 64 KiB with usual events takes some 1.5 MiB.
pub const SEGMENT_UNPACKED_BYTES_MAX: usize = 4 * MIB;

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

/// Largest number of steps of a discount ladder.
pub const LADDER_STEPS_MAX: usize = 100;
/// Deepest discount, in percent.
pub const DISCOUNT_PERCENT_MAX: u8 = 95;
/// Largest value of the shortest time between two changes of one price, in minutes: a week.
pub const CHANGE_MINUTES_MAX: u32 = 7 * 24 * 60;
/// Largest value of the limit of changes per day or hour.
pub const CHANGES_MAX: u32 = 1_000;
/// Length of a slot of the pricing grid, in minutes.
pub const SLOT_MINUTES: u32 = 15;

const _: () = {
    assert!(BODY_BYTES_MAX / 3 * 4 < LAMBDA_PAYLOAD_BYTES_MAX, "a base64 body fits a payload");
    assert!(BODY_BYTES_MAX < INFLATED_BYTES_MAX);
    assert!(RECORD_INFLATED_BYTES_MAX + PARTITION_KEY_CHARS_MAX * 4 < RECORD_BYTES_MAX);
    assert!(RECORD_EVENTS_MAX * EVENT_BYTES_MAX < RECORD_INFLATED_BYTES_MAX);
    assert!(RECORD_BYTES_MAX < BATCH_BYTES_MAX, "one record always fits a batch");
    assert!(BATCH_BYTES_MAX / 3 * 4 <= LAMBDA_PAYLOAD_BYTES_MAX);
    assert!(RECORD_BYTES_MAX <= PUT_RECORDS_BYTES_MAX);
    assert!(SEGMENT_OF_ONE_BYTES_MAX <= SEGMENT_BYTES_MAX, "the largest event is a segment");
    assert!(2 * SEGMENT_BYTES_MAX <= ITEM_BYTES_MAX, "a segment and its keys are an item");
    assert!(
        SEGMENT_EVENT_BYTES + 16 * ID_CHARS_MAX <= SEGMENT_UNPACKED_BYTES_MAX,
        "the largest event is read again"
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
        EVENT_AGE_MAX.as_secs() < STOCK_LOG_KEPT_MIN.as_secs(),
        "no segment is expired when it is written"
    );
};
