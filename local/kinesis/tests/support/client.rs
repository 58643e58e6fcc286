//! Client of one stream with the AWS SDK, and the calls that many tests need.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::types::{
    Record, Shard, ShardIteratorType, StreamDescriptionSummary, StreamStatus,
};

use super::{blob, ending, start_of, texts};

/// Client without retries, with fake credentials, and its stream.
#[derive(Clone)]
pub(crate) struct TestClient {
    pub(crate) client: Client,
    pub(crate) stream: String,
    /// URL of the endpoint, such as `http://127.0.0.1:4567`.
    pub(crate) url: String,
}

impl TestClient {
    pub(crate) fn new(url: &str, stream: &str) -> Self {
        let config = aws_sdk_kinesis::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .endpoint_url(url)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Self { client: Client::from_conf(config), stream: stream.to_owned(), url: url.to_owned() }
    }

    /// Creates the stream and waits until it is active.
    pub(crate) async fn create(&self, shards: i32) {
        let request = self.client.create_stream().stream_name(&self.stream).shard_count(shards);
        request.send().await.expect("created");
        self.active().await;
    }

    pub(crate) async fn summary(&self) -> StreamDescriptionSummary {
        let asked = self.client.describe_stream_summary().stream_name(&self.stream);
        let summary = asked.send().await.expect("described").stream_description_summary;
        summary.expect("there")
    }

    /// Waits until the stream is active.
    pub(crate) async fn active(&self) {
        while self.summary().await.stream_status != StreamStatus::Active {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Splits a shard at a hash and waits until the stream is active.
    pub(crate) async fn split(&self, shard: &str, at: u128) {
        let request = self.client.split_shard().stream_name(&self.stream).shard_to_split(shard);
        request.new_starting_hash_key(at.to_string()).send().await.expect("split");
        self.active().await;
    }

    /// Puts one record with an explicit hash and returns its sequence number and shard.
    pub(crate) async fn put_at(&self, hash: u128, data: &str) -> (String, String) {
        let put = self.client.put_record().stream_name(&self.stream).partition_key("key");
        let put = put.explicit_hash_key(hash.to_string()).data(blob(data));
        let put = put.send().await.expect("stored");
        (put.sequence_number, put.shard_id)
    }

    pub(crate) async fn put(&self, data: &str) -> String {
        self.put_at(0, data).await.0
    }

    pub(crate) async fn shards(&self) -> Vec<Shard> {
        let listed = self.client.list_shards().stream_name(&self.stream).send().await;
        listed.expect("listed").shards.expect("some")
    }

    pub(crate) async fn open_shards(&self) -> Vec<Shard> {
        let mut open = self.shards().await;
        open.retain(|shard| ending(shard).is_none());
        open.sort_by_key(start_of);
        open
    }

    pub(crate) async fn iterator(&self, shard: &str, kind: ShardIteratorType) -> String {
        let request = self.client.get_shard_iterator().stream_name(&self.stream).shard_id(shard);
        let given = request.shard_iterator_type(kind).send().await.expect("an iterator");
        given.shard_iterator.expect("named")
    }

    /// Returns an iterator at or after a sequence number.
    pub(crate) async fn iterator_from(
        &self,
        shard: &str,
        kind: ShardIteratorType,
        sequence: &str,
    ) -> String {
        let request = self.client.get_shard_iterator().stream_name(&self.stream).shard_id(shard);
        let request = request.shard_iterator_type(kind).starting_sequence_number(sequence);
        request.send().await.expect("an iterator").shard_iterator.expect("named")
    }

    pub(crate) async fn get(&self, iterator: &str) -> GetRecordsOutput {
        self.client.get_records().shard_iterator(iterator).send().await.expect("records")
    }

    /// Reads all records of a shard.
    pub(crate) async fn all(&self, shard: &str) -> Vec<Record> {
        let mut next = Some(self.iterator(shard, ShardIteratorType::TrimHorizon).await);
        let mut records = Vec::new();
        while let Some(iterator) = next {
            let page = self.get(&iterator).await;
            records.extend(page.records);
            next = page.next_shard_iterator.filter(|_| page.millis_behind_latest != Some(0));
        }
        records
    }

    pub(crate) async fn texts(&self, shard: &str) -> Vec<String> {
        texts(&self.all(shard).await)
    }
}
