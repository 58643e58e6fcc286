//! Size of a record in a batch and in the payload of an invocation.

use domain::record::Delivered;

use super::cut::Weight;

/// Room for the names and fixed values of one record in the event, in bytes.
const RECORD_METADATA_BYTES: usize = 400;

/// What a record adds to a batch; never less than what the invocation payload makes of it.
pub(crate) fn weigh(record: &Delivered, stream_arn: &str) -> Weight {
    let raw = record.data.len();
    // A character of a key may be escaped as \u and four digits.
    let key = record.partition_key.len() * 6;
    let numbers = 2 * record.sequence_number.as_str().len() + record.shard_id.len();
    let names = 2 * stream_arn.len();
    Weight { raw, payload: raw.div_ceil(3) * 4 + key + numbers + names + RECORD_METADATA_BYTES }
}
