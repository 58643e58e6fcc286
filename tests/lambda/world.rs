//! Kinesis and DynamoDB endpoints for the functions, on loopback.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aws::{AwsClients, Endpoints, EventStream, ResourceNames, Tables};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kinesis::types::ShardIteratorType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::ports::{LogEntry, StockLog};
use domain::stock::Segment;
use domain::{Delivered, Event, SequenceNumber};
use local::dynamodb::{DynamoDb, TableStorage};
use local::http::HttpServer;
use local::service::ServiceThread;
use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::function::RunningFunction;

/// Empty endpoints.
pub(crate) struct World {
    pub(crate) clients: AwsClients,
    endpoints: Endpoints,
    /// Services, stopped on drop.
    _threads: [ServiceThread; 2],
}

impl World {
    pub(crate) fn start() -> Self {
        let (kinesis, dynamodb) = (bind(), bind());
        let endpoints = Endpoints { kinesis: url(&kinesis), dynamodb: url(&dynamodb) };
        let threads = [serve_kinesis(kinesis), serve_dynamodb(dynamodb)];
        Self { clients: AwsClients::local(&endpoints), endpoints, _threads: threads }
    }

    /// URL of DynamoDB.
    pub(crate) fn dynamodb(&self) -> &str {
        &self.endpoints.dynamodb
    }

    /// Creates the tables whose names begin with `prefix`.
    pub(crate) fn tables(&self, prefix: &str) -> Tables {
        Tables::new(self.clients.dynamodb.clone(), &names(prefix))
    }

    pub(crate) async fn create_tables(&self, prefix: &str) {
        aws::schema::create_tables(&self.clients.dynamodb, &names(prefix))
            .await
            .expect("the tables");
    }

    pub(crate) async fn create_stream(&self) -> EventStream {
        let stream = EventStream::new(self.clients.kinesis.clone(), &names(""));
        stream.create(2).await.expect("the stream");
        stream
    }

    /// Starts a function with the stream and the tables with this prefix.
    pub(crate) async fn function(&self, binary: &str, prefix: &str) -> RunningFunction {
        self.function_with(binary, prefix, &[]).await
    }

    /// Starts a function with additional variables.
    pub(crate) async fn function_with(
        &self,
        binary: &str,
        prefix: &str,
        variables: &[(&str, &str)],
    ) -> RunningFunction {
        function(binary, prefix, &self.endpoints, variables).await
    }

    /// Starts a function whose tables do not answer.
    pub(crate) async fn function_without_dynamodb(&self, binary: &str) -> RunningFunction {
        let endpoints = Endpoints { dynamodb: url(&bind()), ..self.endpoints.clone() };
        function(binary, "", &endpoints, &[]).await
    }

    /// Starts a function whose first call of a table hangs; the second is answered.
    pub(crate) async fn function_with_a_hung_call(
        &self,
        binary: &str,
        prefix: &str,
    ) -> RunningFunction {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let tables = self.endpoints.dynamodb.trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            let (_silent, _) = listener.accept().await.expect("a connection");
            while let Ok((mut caller, _)) = listener.accept().await {
                let mut answering = TcpStream::connect(&tables).await.expect("the tables");
                // A close of either side closes both.
                let _ = copy_bidirectional(&mut caller, &mut answering).await;
            }
        });
        self.function_with(binary, prefix, &[("AWS_ENDPOINT_URL_DYNAMODB", &url)]).await
    }

    /// Returns all items of a table with all attributes, sorted by key.
    pub(crate) async fn items(&self, table: &str) -> Vec<HashMap<String, AttributeValue>> {
        let scan = self.clients.dynamodb.scan().table_name(table).send().await;
        let mut items = scan.expect("the items").items.expect("some");
        let text = |value: &AttributeValue| value.as_s().expect("a key").clone();
        items.sort_by_key(|item| [text(&item["pk"]), text(&item["sk"])]);
        items
    }

    /// Returns all records of the stream.
    pub(crate) async fn records(&self) -> Vec<Delivered> {
        let (client, stream) = (&self.clients.kinesis, names("").stream);
        let shards = client.list_shards().stream_name(&stream).send().await.expect("the shards");
        let mut records = Vec::new();
        for shard in shards.shards.expect("some") {
            let iterator = client
                .get_shard_iterator()
                .stream_name(&stream)
                .shard_id(&shard.shard_id)
                .shard_iterator_type(ShardIteratorType::TrimHorizon)
                .send()
                .await
                .expect("an iterator");
            let read = client.get_records().set_shard_iterator(iterator.shard_iterator);
            for record in read.send().await.expect("records").records {
                records.push(Delivered {
                    shard_id: shard.shard_id.clone(),
                    sequence_number: SequenceNumber::new(record.sequence_number),
                    partition_key: record.partition_key.expect("a key"),
                    arrived_at: now(),
                    data: record.data.into_inner(),
                });
            }
        }
        records
    }
}

async fn function(
    binary: &str,
    prefix: &str,
    endpoints: &Endpoints,
    more: &[(&str, &str)],
) -> RunningFunction {
    let names = names(prefix);
    let variables = [
        ("AWS_ENDPOINT_URL_KINESIS", endpoints.kinesis.as_str()),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoints.dynamodb.as_str()),
        ("DAYMARK_STREAM", &names.stream),
        ("DAYMARK_TABLE_PREFIX", prefix),
    ];
    RunningFunction::start(binary, &[&variables, more].concat()).await
}

pub(crate) fn names(prefix: &str) -> ResourceNames {
    ResourceNames { stream: "till-events".to_owned(), table_prefix: prefix.to_owned() }
}

fn bind() -> HttpServer {
    HttpServer::bind(([127, 0, 0, 1], 0).into()).expect("a free port")
}

fn url(server: &HttpServer) -> String {
    format!("http://{}", server.local_addr())
}

fn serve_kinesis(server: HttpServer) -> ServiceThread {
    let clock = Arc::new(now);
    let (storage, region) = (KinesisStorage::Memory, "eu-west-1".to_owned());
    let settings = KinesisSettings { storage, limits: ShardLimits::Off, clock, region };
    let kinesis = Kinesis::open(settings).expect("it opens");
    let serve = async move |stop| server.serve(kinesis.router(), stop).await;
    ServiceThread::start("kinesis", serve).expect("a thread")
}

fn serve_dynamodb(server: HttpServer) -> ServiceThread {
    let database = DynamoDb::open(&TableStorage::Memory).expect("a database");
    let serve = move |stop| database.serve(server, stop);
    ServiceThread::start("dynamodb", serve).expect("a thread")
}

/// Appends events of one store to its log, each date as one batch that arrived at an instant.
pub(crate) async fn append_events(tables: &Tables, events: &[Event], arrived_at: DateTime<Utc>) {
    let mut dates: BTreeMap<_, Vec<&Event>> = BTreeMap::new();
    for event in events {
        dates.entry(event.occurred_at().date_naive()).or_default().push(event);
    }
    let store_id = events[0].store_id();
    let segments = dates
        .into_iter()
        .flat_map(|(date, events)| Segment::cut(store_id, date, arrived_at, events));
    let entries: Vec<LogEntry> = segments.map(LogEntry::Segment).collect();
    let appended = tables.append(&entries).await;
    assert!(appended.iter().all(Result::is_ok), "{appended:?}");
}

/// Current time with milliseconds.
#[expect(clippy::disallowed_methods, reason = "the binaries read the clock as well")]
pub(crate) fn now() -> DateTime<Utc> {
    let now = DateTime::<Utc>::from(std::time::SystemTime::now());
    DateTime::from_timestamp_millis(now.timestamp_millis()).expect("an instant")
}

/// Event in the form of a request of a till.
pub(crate) fn event(event_id: &str, sku: &str, occurred_at: DateTime<Utc>) -> Value {
    json!({
        "event_id": event_id, "kind": "receipt", "store_id": "s1", "terminal_id": "t1", "sku": sku,
        "quantity": "12.5", "unit": "KGM",
        "occurred_at": occurred_at.to_rfc3339(),
    })
}

/// Request of Lambda with these records.
pub(crate) fn kinesis_event(records: &[Delivered]) -> Value {
    let entry = |record: &Delivered| {
        json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record.partition_key,
                "sequenceNumber": record.sequence_number.as_str(),
                "data": STANDARD.encode(&record.data),
                "approximateArrivalTimestamp": record.arrived_at.timestamp_millis() as f64 / 1e3,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": format!("{}:{}", record.shard_id, record.sequence_number),
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/daymark",
            "awsRegion": "eu-west-1",
            "eventSourceARN": "arn:aws:kinesis:eu-west-1:000000000000:stream/till-events",
        })
    };
    json!({ "Records": records.iter().map(entry).collect::<Vec<_>>() })
}
