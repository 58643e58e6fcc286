//! `PutRecord` and `PutRecords`. A record gets its sequence number once it is durable.

use std::collections::BTreeMap;

use domain::limits::{
    PARTITION_KEY_CHARS_MAX, PUT_RECORDS_BYTES_MAX, PUT_RECORDS_MAX, RECORD_BYTES_MAX,
};
use serde::Serialize;
use tokio::time::Instant;

use super::{hash_key, required, unless_dry_run};
use crate::ShardLimits;
use crate::api::{
    Blob, JsonObject, PutRecord, PutRecords, PutRecordsEntry, PutRecordsOutput, PutResult,
};
use crate::endpoint::{Endpoint, LiveStream, find};
use crate::error::{ApiError, ApiErrorCode};
use crate::log::{DurableReceipt, NewRecord};
use crate::sequence::Sequence;
use crate::stream::{ShardMetadata, StreamMetadata, hash_of, shard_id};

/// Valid record and the hash that selects its shard.
struct CheckedRecord {
    hash: u128,
    record: NewRecord,
}

impl CheckedRecord {
    fn bytes(&self) -> usize {
        self.record.data.len() + self.record.partition_key.len()
    }
}

fn check(
    field: &str,
    data: Option<Blob>,
    key: Option<String>,
    explicit: Option<String>,
) -> Result<CheckedRecord, ApiError> {
    let Blob(data) = required(data, &format!("{field}data"))?;
    let partition_key = required(key, &format!("{field}partitionKey"))?;
    let chars = partition_key.chars().count();
    if chars == 0 || chars > PARTITION_KEY_CHARS_MAX {
        let rule = format!(
            "Member must have length from 1 to {PARTITION_KEY_CHARS_MAX}; {chars} characters given"
        );
        let start: String = partition_key.chars().take(32).collect();
        return Err(ApiError::constraint(&format!("{field}partitionKey"), start, rule));
    }
    let bytes = data.len() + partition_key.len();
    if bytes > RECORD_BYTES_MAX {
        return Err(ApiError::argument(format!(
            "{field}data and partitionKey have {bytes} bytes together; a record of this stream \
             has at most {RECORD_BYTES_MAX}"
        )));
    }
    let hash = match explicit {
        Some(text) => hash_key(&text, &format!("{field}explicitHashKey"))?,
        None => hash_of(&partition_key),
    };
    Ok(CheckedRecord { hash, record: NewRecord { partition_key, data } })
}

fn check_all(entries: Vec<JsonObject<PutRecordsEntry>>) -> Result<Vec<CheckedRecord>, ApiError> {
    if entries.is_empty() || entries.len() > PUT_RECORDS_MAX {
        let given = format!("{} records", entries.len());
        let rule = format!("Member must have length from 1 to {PUT_RECORDS_MAX}");
        return Err(ApiError::constraint("records", given, rule));
    }
    let checked = entries
        .into_iter()
        .enumerate()
        .map(|(i, JsonObject(entry))| {
            let field = format!("records.{}.member.", i + 1);
            check(&field, entry.data, entry.partition_key, entry.explicit_hash_key)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let bytes: usize = checked.iter().map(CheckedRecord::bytes).sum();
    if bytes > PUT_RECORDS_BYTES_MAX {
        return Err(ApiError::argument(format!(
            "Records have {bytes} bytes, partition keys included; one PutRecords call takes at \
             most {PUT_RECORDS_BYTES_MAX}"
        )));
    }
    Ok(checked)
}

/// Queued records of one shard.
struct QueuedRecords {
    shard: u32,
    /// Indices of the records in the response, in order.
    places: Vec<usize>,
    receipt: DurableReceipt,
    first: Sequence,
}

fn failed_result(error: ApiError) -> PutResult {
    // In results of PutRecords the service names this code without its suffix.
    let code = match error.code {
        ApiErrorCode::InternalFailure => "InternalFailure",
        other => other.name(),
    };
    PutResult { error_code: Some(code), error_message: Some(error.message), ..PutResult::default() }
}

fn throttled(shard: &ShardMetadata, stream: &StreamMetadata) -> ApiError {
    let message = format!(
        "Rate exceeded for shard {} in stream {} under account 000000000000.",
        shard.id(),
        stream.name
    );
    ApiError::new(ApiErrorCode::ProvisionedThroughputExceeded, message)
}

impl Endpoint {
    /// Stores one record.
    pub(crate) async fn put_record(&self, request: PutRecord) -> Result<impl Serialize, ApiError> {
        let name = self.name(&request)?;
        if let Some(text) = &request.sequence_number_for_ordering
            && Sequence::parse(text).is_none()
        {
            // Every earlier number is below the next one, so the order holds without further work.
            return Err(ApiError::argument(format!(
                "SequenceNumberForOrdering {text:?} is not a sequence number of this endpoint"
            )));
        }
        let record = check("", request.data, request.partition_key, request.explicit_hash_key)?;
        let (mut results, _) = self.put(&name, vec![record], request.dry_run).await?;
        match results.pop() {
            Some(Ok(result)) => Ok(PutRecordOutput { result, encryption_type: "NONE" }),
            Some(Err(error)) => Err(error),
            None => Err(ApiError::internal("a put has no result")),
        }
    }

    /// Stores records. Each record succeeds or fails on its own.
    pub(crate) async fn put_records(
        &self,
        request: PutRecords,
    ) -> Result<PutRecordsOutput, ApiError> {
        let name = self.name(&request)?;
        let records = check_all(required(request.records, "records")?)?;
        let (results, failed_record_count) = self.put(&name, records, request.dry_run).await?;
        let records = results.into_iter().map(|r| r.unwrap_or_else(failed_result)).collect();
        Ok(PutRecordsOutput { failed_record_count, records, encryption_type: "NONE" })
    }

    /// Returns a result for each record, in order, and the number of failed records.
    async fn put(
        &self,
        name: &str,
        records: Vec<CheckedRecord>,
        dry_run: Option<bool>,
    ) -> Result<(Vec<Result<PutResult, ApiError>>, usize), ApiError> {
        let mut results = Vec::new();
        let queued = {
            let streams = self.streams.read().await;
            let live = find(&streams, name)?;
            unless_dry_run(dry_run)?;
            self.queue(live, records, &mut results)
        };
        for QueuedRecords { shard, places, receipt, first } in queued {
            let stored = receipt.await.map_err(|lost| lost.to_string());
            let stored = stored.and_then(|stored| stored.map_err(|error| error.to_string()));
            match stored {
                Ok(counter) => {
                    for (place, counter) in places.into_iter().zip(counter..) {
                        let sequence = Sequence { counter, ..first };
                        results[place] = Ok(PutResult {
                            sequence_number: Some(sequence.to_string()),
                            shard_id: Some(shard_id(shard)),
                            ..PutResult::default()
                        });
                    }
                }
                Err(cause) => {
                    let error = ApiError::internal(cause);
                    for place in places {
                        results[place] = Err(error.clone());
                    }
                }
            }
        }
        let failed = results.iter().filter(|result| result.is_err()).count();
        Ok((results, failed))
    }

    /// Routes records to shards, takes their cost from the budgets, and queues those within budget.
    fn queue(
        &self,
        live: &LiveStream,
        records: Vec<CheckedRecord>,
        results: &mut Vec<Result<PutResult, ApiError>>,
    ) -> Vec<QueuedRecords> {
        let now = Instant::now();
        let mut by_shard: BTreeMap<u32, (Vec<usize>, Vec<NewRecord>)> = BTreeMap::new();
        for (place, checked) in records.into_iter().enumerate() {
            let owner = live.stream.owner(checked.hash);
            let found = owner.and_then(|shard| Some((shard, live.shards.get(&shard.number)?)));
            let result = match found {
                None => {
                    Err(ApiError::internal(format!("no open shard contains hash {}", checked.hash)))
                }
                Some((shard, live_shard)) => {
                    let within_budget = self.limits == ShardLimits::Off
                        || live_shard.writes().take(checked.bytes(), now);
                    if within_budget {
                        let group = by_shard.entry(shard.number).or_default();
                        group.0.push(place);
                        group.1.push(checked.record);
                        Ok(PutResult::default())
                    } else {
                        Err(throttled(shard, &live.stream))
                    }
                }
            };
            results.push(result);
        }
        by_shard
            .into_iter()
            .filter_map(|(number, (places, records))| {
                let first = live.stream.sequence(live.stream.shard(number)?, 0);
                let receipt = live.shards.get(&number)?.log.append(records);
                Some(QueuedRecords { shard: number, places, receipt, first })
            })
            .collect()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecordOutput {
    #[serde(flatten)]
    result: PutResult,
    encryption_type: &'static str,
}
