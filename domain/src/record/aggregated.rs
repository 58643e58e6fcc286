//! Aggregated records: several records of a producer in one Kinesis record. Source: "KPL Aggregated
//! Record Format" of the Kinesis Producer Library, aggregation-format.md.

use std::borrow::Cow;

use md5::{Digest, Md5};
use prost::Message;

use super::Unopenable;

/// First bytes of an aggregated record.
const MAGIC: &[u8] = &[0xF3, 0x89, 0x9A, 0xC2];
/// Size of the MD5 digest at the end.
const DIGEST_BYTES: usize = 16;

/// Protocol Buffers message between the first bytes and the digest. The keys are not read: rows do
/// not depend on the shard of an event.
#[derive(Clone, PartialEq, Message)]
struct AggregatedRecord {
    #[prost(message, repeated, tag = "3")]
    records: Vec<UserRecord>,
}

/// Record of the producer.
#[derive(Clone, PartialEq, Message)]
struct UserRecord {
    #[prost(bytes = "vec", required, tag = "3")]
    data: Vec<u8>,
}

/// `true` if a record starts like an aggregated one.
#[must_use]
pub fn is_aggregated(data: &[u8]) -> bool {
    data.starts_with(MAGIC)
}

/// Returns the parts of a record: the records of the producer in an aggregated record, and in an
/// aggregated record within it, or else the record itself.
///
/// ```
/// let parts = domain::record::parts(b"{}")?;
/// assert_eq!(parts, [&b"{}"[..]]);
/// # Ok::<(), domain::record::Unopenable>(())
/// ```
///
/// # Errors
/// Returns [`Unopenable::Aggregated`] if an aggregated record is damaged, and
/// [`Unopenable::Empty`] if it has no part.
pub fn parts(data: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, Unopenable> {
    if !data.starts_with(MAGIC) {
        return Ok(vec![Cow::Borrowed(data)]);
    }
    let records = records(data)?;
    // A record within a record that is no aggregated one is refused as it is.
    let inner = records.into_iter().flat_map(|data| {
        let nested = if data.starts_with(MAGIC) { self::records(&data).ok() } else { None };
        nested.unwrap_or_else(|| vec![data])
    });
    Ok(inner.map(Cow::Owned).collect())
}

fn records(data: &[u8]) -> Result<Vec<Vec<u8>>, Unopenable> {
    let body = data.strip_prefix(MAGIC).unwrap_or_default();
    let Some((message, digest)) = body.split_last_chunk::<DIGEST_BYTES>() else {
        return Err(Unopenable::Aggregated("it is too short for its digest"));
    };
    if Md5::digest(message).as_slice() != digest {
        return Err(Unopenable::Aggregated("its MD5 digest does not match"));
    }
    let aggregated = AggregatedRecord::decode(message)
        .map_err(|_| Unopenable::Aggregated("it is not the message of that format"))?;
    if aggregated.records.is_empty() {
        return Err(Unopenable::Empty);
    }
    Ok(aggregated.records.into_iter().map(|record| record.data).collect())
}
