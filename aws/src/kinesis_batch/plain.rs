//! Reader of a payload in the form that Lambda writes: no escapes, each member once.

use std::borrow::Cow;

use domain::JsonCursor;

use super::{PayloadRecord, RecordContent};

/// Returns the records of a payload; `None` if it has another form.
pub(super) fn records(payload: &str) -> Option<Vec<PayloadRecord<'_>>> {
    let mut from = JsonCursor::new(payload);
    let is_start = from.take(b'{') && from.text()? == "Records" && from.take(b':');
    if !is_start || !from.take(b'[') {
        return None;
    }
    let mut records = Vec::new();
    loop {
        records.push(record(&mut from)?);
        if !from.take(b',') {
            break;
        }
    }
    (from.take(b']') && from.take(b'}') && from.is_at_end()).then_some(records)
}

fn record<'a>(from: &mut JsonCursor<'a>) -> Option<PayloadRecord<'a>> {
    let (mut event_id, mut kinesis) = (None, None);
    members(from, |name, from| match name {
        "eventID" => once(&mut event_id, from.text()),
        "kinesis" => once(&mut kinesis, content(from)),
        _ => from.skip_scalar(),
    })?;
    Some(PayloadRecord { event_id: Cow::Borrowed(event_id?), kinesis: kinesis? })
}

fn content<'a>(from: &mut JsonCursor<'a>) -> Option<RecordContent<'a>> {
    let (mut partition_key, mut sequence_number) = (None, None);
    let (mut data, mut arrived_at) = (None, None);
    members(from, |name, from| match name {
        "partitionKey" => once(&mut partition_key, from.text()),
        "sequenceNumber" => once(&mut sequence_number, from.text()),
        "data" => once(&mut data, from.long_text()),
        "approximateArrivalTimestamp" => {
            once(&mut arrived_at, from.number().and_then(|number| number.parse().ok()))
        }
        _ => from.skip_scalar(),
    })?;
    Some(RecordContent {
        partition_key: Cow::Borrowed(partition_key?),
        sequence_number: Cow::Borrowed(sequence_number?),
        data: Cow::Borrowed(data?),
        approximate_arrival_timestamp: arrived_at?,
    })
}

/// Reads an object. `value` reads the value of a name.
fn members<'a>(
    from: &mut JsonCursor<'a>,
    mut value: impl FnMut(&str, &mut JsonCursor<'a>) -> Option<()>,
) -> Option<()> {
    from.take(b'{').then_some(())?;
    loop {
        let name = from.text()?;
        from.take(b':').then_some(())?;
        value(name, from)?;
        if !from.take(b',') {
            return from.take(b'}').then_some(());
        }
    }
}

fn once<T>(member: &mut Option<T>, value: Option<T>) -> Option<()> {
    (member.is_none() && value.is_some()).then(|| *member = value)
}
