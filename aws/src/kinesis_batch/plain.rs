//! Reader of a payload in the form that Lambda writes: these members in this order, without blanks
//! and escapes.

use std::borrow::Cow;

use super::{Arrival, MappedRecord, RecordContent};

/// Returns the records of a payload; `None` if it has another form.
pub(super) fn records(payload: &str) -> Option<Vec<MappedRecord<'_>>> {
    let mut rest = payload.strip_prefix(r#"{"Records":["#)?;
    let mut records = Vec::new();
    // The shard, and the members after the id, are equal in all records of a batch.
    let (mut shard, mut end) = ("", "");
    loop {
        let (kinesis, after) = content(rest)?;
        let before_id = r#"},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":""#;
        let id = after.strip_prefix(before_id)?;
        if end.is_empty() {
            let (event_id, after) = text(id)?;
            shard = event_id.strip_suffix(&*kinesis.sequence_number)?;
            end = end_of_record(after)?;
        }
        let after = id.strip_prefix(shard)?.strip_prefix(&*kinesis.sequence_number)?;
        let (event_id, _) = id.split_at(shard.len() + kinesis.sequence_number.len());
        rest = after.strip_prefix('"')?.strip_prefix(end)?;
        records.push(MappedRecord { event_id: Cow::Borrowed(event_id), kinesis });
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return (rest == "]}").then_some(records),
        }
    }
}

/// Reads the start of a record with the members of `kinesis`. Returns what follows them.
fn content(rest: &str) -> Option<(RecordContent<'_>, &str)> {
    let start = r#"{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":""#;
    let (partition_key, rest) = text(rest.strip_prefix(start)?)?;
    let (sequence_number, rest) = text(rest.strip_prefix(r#","sequenceNumber":""#)?)?;
    let rest = rest.strip_prefix(r#","data":""#)?;
    // Data that are no base64 are found when they are decoded.
    let (data, rest) = rest.split_at(memchr::memchr(b'"', rest.as_bytes())?);
    let rest = rest.strip_prefix(r#"","approximateArrivalTimestamp":"#)?;
    let is_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let (seconds, rest) = rest.split_at(rest.bytes().take_while(is_number).count());
    let content = RecordContent {
        partition_key: Cow::Borrowed(partition_key),
        sequence_number: Cow::Borrowed(sequence_number),
        data: Cow::Borrowed(data),
        approximate_arrival_timestamp: arrival(seconds)?,
    };
    Some((content, rest))
}

/// Returns the members after the id of a record, with the end of the record.
fn end_of_record(rest: &str) -> Option<&str> {
    let (_, after) =
        text(rest.strip_prefix(r#","eventName":"aws:kinesis:record","invokeIdentityArn":""#)?)?;
    let (_, after) = text(after.strip_prefix(r#","awsRegion":""#)?)?;
    let (_, after) = text(after.strip_prefix(r#","eventSourceARN":""#)?)?;
    rest.strip_suffix(after.strip_prefix('}')?)
}

/// Reads a text of printable ASCII without escapes, behind its first quote. Returns what follows
/// its last quote.
fn text(rest: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr(b'"', rest.as_bytes())?;
    let text = &rest[..end];
    // Without an early end, the bytes are checked with vector instructions.
    let is_plain = |byte: &u8| (*byte >= 0x20) & (*byte < 0x7F) & (*byte != b'\\');
    let are_plain = text.as_bytes().iter().fold(true, |all, byte| all & is_plain(byte));
    are_plain.then_some((text, &rest[end + 1..]))
}

/// Reads seconds with at most three digits after the point.
fn arrival(seconds: &str) -> Option<Arrival> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 3 {
        return None;
    }
    let zeros = u32::try_from(3 - fraction.len()).ok()?;
    let millis = fraction.parse::<Arrival>().ok()? * 10_i64.pow(zeros);
    whole.parse::<Arrival>().ok()?.checked_mul(1_000)?.checked_add(millis)
}
