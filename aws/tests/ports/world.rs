//! Endpoints on loopback that stop with the test, or the DynamoDB of an environment variable.

use std::collections::HashMap;
use std::env;
use std::fmt::Write;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws::{AwsClients, Endpoints, EventStream, ResourceNames, Tables};
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::DateTime;
use local::dynamodb::{DynamoDb, TableStorage};
use local::http::HttpServer;
use local::service::ServiceThread;
use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};

use crate::observed_calls::ObservedCalls;

/// Attributes of an item, as the SDK represents them.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// Variable with the URL of another DynamoDB, like `http://127.0.0.1:5000`. The tables of the tests
/// stay there.
const FOREIGN: &str = "DAYMARK_CONFORMANCE_DYNAMODB";

/// Empty tables.
pub(crate) struct World {
    pub(crate) clients: AwsClients,
    pub(crate) names: ResourceNames,
    url: String,
    /// Endpoint, stopped on drop.
    _endpoint: Option<ServiceThread>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let world = Self::without_tables();
        aws::schema::create_tables(&world.clients.dynamodb, &world.names)
            .await
            .expect("the tables");
        world
    }

    pub(crate) fn without_tables() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let table_prefix = format!("daymark-{}-{count:03}-", process::id());
        let names = ResourceNames { table_prefix, ..ResourceNames::default() };
        if let Some(url) = foreign() {
            return Self { clients: clients(&url), names, url, _endpoint: None };
        }
        let server = bind();
        let url = url(&server);
        let database = DynamoDb::open(&TableStorage::Memory).expect("a database");
        let serve = move |stop| database.serve(server, stop);
        let endpoint = ServiceThread::start("dynamodb", serve).expect("a thread");
        Self { clients: clients(&url), names, url, _endpoint: Some(endpoint) }
    }

    pub(crate) fn tables(&self) -> Tables {
        Tables::new(self.clients.dynamodb.clone(), &self.names)
    }

    /// Returns the tables with a client whose calls are observed.
    pub(crate) fn tables_with(&self, calls: &ObservedCalls) -> Tables {
        Tables::new(calls.client(&self.clients.dynamodb), &self.names)
    }

    /// Returns the tables with a client that shares no connection with the others.
    pub(crate) fn tables_of_other_process(&self) -> Tables {
        Tables::new(clients(&self.url).dynamodb, &self.names)
    }

    /// Returns all items of a table, sorted by key.
    pub(crate) async fn items(&self, table: &str) -> Vec<Attributes> {
        let scan = self.clients.dynamodb.scan().table_name(self.names.table(table));
        let pages = scan.into_paginator().items().send();
        let mut items = pages.collect::<Result<Vec<_>, _>>().await.expect("the items");
        let key = |item: &Attributes| [item["pk"].clone(), item["sk"].clone()].map(text);
        items.sort_by_key(key);
        items
    }

    /// Returns the only item of a table.
    pub(crate) async fn item(&self, table: &str) -> Attributes {
        let items = self.items(table).await;
        assert_eq!(items.len(), 1, "{items:?}");
        items.into_iter().next().expect("one")
    }

    /// Writes an item without a condition.
    pub(crate) async fn put(&self, table: &str, item: Attributes) {
        let put = self.clients.dynamodb.put_item().table_name(self.names.table(table));
        put.set_item(Some(item)).send().await.expect("it is written");
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, read in this place")]
fn foreign() -> Option<String> {
    env::var(FOREIGN).ok()
}

fn text(value: AttributeValue) -> String {
    value.as_s().expect("a text").clone()
}

/// Endpoint with a stream.
pub(crate) struct StreamWorld {
    pub(crate) stream: EventStream,
    pub(crate) client: aws_sdk_kinesis::Client,
    pub(crate) names: ResourceNames,
    _endpoint: ServiceThread,
}

impl StreamWorld {
    /// Starts an endpoint without the stream.
    pub(crate) fn without_stream(limits: ShardLimits) -> Self {
        let server = bind();
        let clients = clients(&url(&server));
        let clock = Arc::new(|| DateTime::UNIX_EPOCH);
        let settings = KinesisSettings {
            storage: KinesisStorage::Memory,
            limits,
            clock,
            region: "eu-west-1".to_owned(),
        };
        let kinesis = Kinesis::open(settings).expect("it opens");
        let serve = async move |stop| {
            server.serve(kinesis.router(), stop).await;
            kinesis.close().await;
        };
        let names = ResourceNames::default();
        Self {
            stream: EventStream::new(clients.kinesis.clone(), &names),
            client: clients.kinesis,
            names,
            _endpoint: ServiceThread::start("kinesis", serve).expect("a thread"),
        }
    }

    pub(crate) async fn start(limits: ShardLimits, shards: i32) -> Self {
        let world = Self::without_stream(limits);
        world.stream.create(shards).await.expect("the stream");
        world
    }
}

/// Binds a free port.
pub(crate) fn bind() -> HttpServer {
    HttpServer::bind(([127, 0, 0, 1], 0).into()).expect("a free port")
}

pub(crate) fn url(server: &HttpServer) -> String {
    format!("http://{}", server.local_addr())
}

/// Clients with the same URL for both services.
pub(crate) fn clients(url: &str) -> AwsClients {
    AwsClients::local(&Endpoints { kinesis: url.to_owned(), dynamodb: url.to_owned() })
}

/// Clients of a port without a listener.
pub(crate) fn clients_of_nobody() -> AwsClients {
    clients(&url(&bind()))
}

/// Returns the size of an item for quotas and capacity. Source: "Item sizes and formats", Amazon
/// DynamoDB developer guide.
pub(crate) fn bytes_of(item: &Attributes) -> usize {
    item.iter().map(|(name, value)| name.len() + bytes_of_value(value)).sum()
}

fn bytes_of_value(value: &AttributeValue) -> usize {
    use AttributeValue::{B, Bool, L, M, N, Null, S, Ss};
    match value {
        S(text) => text.len(),
        N(number) => number.bytes().filter(u8::is_ascii_digit).count().div_ceil(2) + 1,
        B(bytes) => bytes.as_ref().len(),
        Bool(_) | Null(_) => 1,
        L(list) => 3 + list.iter().map(|value| 1 + bytes_of_value(value)).sum::<usize>(),
        M(map) => 3 + map.len() + bytes_of(map),
        Ss(texts) => texts.iter().map(String::len).sum(),
        other => panic!("no format uses {other:?}"),
    }
}

/// Formats an item: each attribute by name, with its type; long values take several lines.
pub(crate) fn readable(item: &Attributes) -> String {
    let mut text = String::new();
    for line in readable_lines(item) {
        writeln!(text, "{}", wrapped(&line)).expect("room");
    }
    text
}

fn readable_lines(item: &Attributes) -> Vec<String> {
    let mut names: Vec<&String> = item.keys().collect();
    names.sort();
    names.iter().map(|name| format!("{name} {}", readable_value(&item[*name]))).collect()
}

fn readable_value(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) => format!("S {text}"),
        AttributeValue::N(number) => format!("N {number}"),
        AttributeValue::B(bytes) if bytes.as_ref().is_ascii() && bytes.as_ref()[0] >= b' ' => {
            format!("B {}", String::from_utf8_lossy(bytes.as_ref()))
        }
        AttributeValue::B(bytes) => {
            let hex = |eight: &[u8]| eight.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("B {}", bytes.as_ref().chunks(8).map(hex).collect::<Vec<String>>().join(" "))
        }
        AttributeValue::M(map) => format!("M {}", readable_lines(map).join(", ")),
        AttributeValue::L(list) => {
            format!("L {}", list.iter().map(readable_value).collect::<Vec<_>>().join(", "))
        }
        AttributeValue::Ss(texts) => format!("SS {}", texts.join(", ")),
        AttributeValue::Bool(truth) => format!("BOOL {truth}"),
        AttributeValue::Null(_) => "NULL".to_owned(),
        other => panic!("no format uses {other:?}"),
    }
}

fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for piece in text.split_inclusive([' ', ',']) {
        match lines.last_mut() {
            Some(line) if line.len() + piece.len() <= 90 => line.push_str(piece),
            _ => lines.push(format!("    {piece}")),
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}
