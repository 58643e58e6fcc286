//! Components as a Lambda function runs them, over the endpoints of this machine, with a
//! measurement of each invocation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aws::{AwsClients, Endpoints, EventStream, ResourceNames, Tables};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::{Extension, Router};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{CatalogTable, EventLog, Failure, PutOutcome};
use domain::record::Record;
use domain::{Authority, Delivered, Event, SequenceNumber, Store, record};
use ingest::{IngestService, IngestSettings, router};
use local::dynamodb::{DynamoDb, TableStorage};
use local::http::HttpServer;
use local::service::ServiceThread;
use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};
use pricing::Pricing;
use processors::visit_store;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::capacity_counter::{CapacityCounter, Measurement, cpu_ms};
use crate::handler::Handler;
use crate::large_store::Batch;
use crate::scaled_shop::ScaledShop;

/// Components with their endpoints. The endpoints run on other threads, so that their processor
/// time is not counted.
pub(crate) struct Components {
    pub(crate) runtime: Runtime,
    clients: AwsClients,
    pub(crate) counter: CapacityCounter,
    _endpoints: [ServiceThread; 2],
}

/// Work of one request to the ingest API.
#[derive(Debug, Clone, Default)]
pub(crate) struct IngestMeasurement {
    pub(crate) cpu_ms: f64,
    /// Bytes of each record, partition key included.
    pub(crate) records: Vec<usize>,
    pub(crate) body_bytes: usize,
    pub(crate) reply_bytes: usize,
}

impl Components {
    pub(crate) fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let enter = runtime.enter();
        let (at_kinesis, at_dynamodb) = (bind(), bind());
        let url = |server: &HttpServer| format!("http://{}", server.local_addr());
        let urls = Endpoints { kinesis: url(&at_kinesis), dynamodb: url(&at_dynamodb) };
        let database = DynamoDb::open(&TableStorage::Memory).expect("a database");
        let dynamodb =
            ServiceThread::start("dynamodb", move |stop| database.serve(at_dynamodb, stop));
        let kinesis = ServiceThread::start("kinesis", move |stop| async move {
            let kinesis = Kinesis::open(KinesisSettings {
                storage: KinesisStorage::Memory,
                limits: ShardLimits::Off,
                clock: Arc::new(now),
                region: "local".to_owned(),
            });
            at_kinesis.serve(kinesis.expect("a stream").router(), stop).await;
        });
        let counter = CapacityCounter::default();
        let local = AwsClients::local(&urls);
        let counted = local.dynamodb.config().to_builder().interceptor(counter.clone()).build();
        let dynamodb_client = aws_sdk_dynamodb::Client::from_conf(counted);
        let clients = AwsClients { dynamodb: dynamodb_client, kinesis: local.kinesis };
        drop(enter);
        let endpoints = [dynamodb.expect("a thread"), kinesis.expect("a thread")];
        Self { runtime, clients, counter, _endpoints: endpoints }
    }

    /// Creates empty tables.
    pub(crate) fn tables(&self, prefix: &str) -> MeasuredTables<'_> {
        let names =
            ResourceNames { table_prefix: format!("{prefix}-"), ..ResourceNames::default() };
        let created = aws::schema::create_tables(&self.clients.dynamodb, &names);
        self.runtime.block_on(created).expect("the tables");
        let tables = Tables::new(self.clients.dynamodb.clone(), &names);
        let handler = Handler::new(tables.clone());
        MeasuredTables { components: self, names, tables, handler }
    }

    /// Runs and measures an invocation.
    pub(crate) fn measure<T>(&self, run: impl Future<Output = T>) -> (T, Measurement) {
        self.counter.take();
        let before = cpu_ms();
        let result = self.runtime.block_on(run);
        let cpu_ms = cpu_ms() - before;
        (result, Measurement { invocations: 1.0, cpu_ms, ..self.counter.take() })
    }

    /// Sends events through the ingest API, `in_request` events in each request.
    pub(crate) fn ingest(&self, events: &[Event], in_request: usize) -> Vec<IngestMeasurement> {
        let names = ResourceNames::default();
        let stream = EventStream::new(self.clients.kinesis.clone(), &names);
        self.runtime.block_on(stream.create(4)).expect("a stream");
        let log = Arc::new(MeasuredStream { stream, sizes: Mutex::default() });
        let router = ingest_router(Arc::clone(&log));
        let requests = events.chunks(in_request).map(|chunk| {
            let body: Vec<String> = chunk.iter().map(Event::canonical).collect();
            let body = body.join("\n");
            let body_bytes = body.len();
            let request = Request::post("/v1/events")
                .header("content-type", "application/x-ndjson")
                .body(Body::from(body))
                .expect("a request");
            let ((status, reply), work) = self.measure(async {
                let response = router.clone().oneshot(request).await.expect("an answer");
                let status = response.status();
                (status, to_bytes(response.into_body(), usize::MAX).await.expect("bytes"))
            });
            assert!(status.is_success(), "{status}");
            IngestMeasurement {
                cpu_ms: work.cpu_ms,
                records: std::mem::take(&mut *log.sizes.lock().expect("no thread panicked")),
                body_bytes,
                reply_bytes: reply.len(),
            }
        });
        requests.collect()
    }
}

fn bind() -> HttpServer {
    HttpServer::bind(([127, 0, 0, 1], 0).into()).expect("a free port")
}

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn ingest_router(log: Arc<MeasuredStream>) -> Router {
    let settings = IngestSettings { age_max: None, ..IngestSettings::default() };
    let start = std::time::Instant::now();
    let service = IngestService {
        log: SharedStream(log),
        settings,
        clock: Arc::new(now),
        monotonic: Arc::new(move || start.elapsed()),
        entropy: Arc::new(|| 0),
    };
    router(Arc::new(service)).layer(Extension(Authority::everything()))
}

/// Stream that collects the sizes of its records.
struct MeasuredStream {
    stream: EventStream,
    sizes: Mutex<Vec<usize>>,
}

struct SharedStream(Arc<MeasuredStream>);

impl EventLog for SharedStream {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
        let sizes = records.iter().map(|record| record.data.len() + record.partition_key.len());
        self.0.sizes.lock().expect("no thread panicked").extend(sizes);
        self.0.stream.put_records(records).await
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        self.0.stream.check_ready().await
    }
}

/// Tables of one measurement.
pub(crate) struct MeasuredTables<'a> {
    components: &'a Components,
    names: ResourceNames,
    /// Tables of all invocations, as an execution environment has them. The items are those of the
    /// store, so each pass reads them, and of the chain's items the version.
    tables: Tables,
    /// Warm stock processor.
    handler: Handler<Tables>,
}

impl MeasuredTables<'_> {
    pub(crate) fn tables(&self) -> Tables {
        self.tables.clone()
    }

    pub(crate) fn name(&self, table: &str) -> String {
        self.names.table(table)
    }

    /// Puts a store into the catalogue.
    pub(crate) fn open(&self, shop: ScaledShop) -> Store {
        let store = shop.store();
        self.components.runtime.block_on(async {
            let tables = self.tables();
            tables.put_store(&store).await.expect("written");
            for item in shop.items() {
                tables.put_item(&item).await.expect("written");
            }
        });
        store
    }

    /// Measures one invocation of the stock processor, with `in_record` events in each record. The
    /// clock is that of the first event: late marks are a part of the cost model of their own.
    pub(crate) fn process(&self, events: &[Event], in_record: usize) -> Measurement {
        let records: Vec<Delivered> = events.chunks(in_record).map(delivered).collect();
        let invoked_at = events.iter().map(Event::occurred_at).min();
        let batch = Batch { invoked_at: invoked_at.expect("an event"), records };
        self.components.measure(self.handler.handle(&batch)).1
    }

    /// Measures a pricing pass. Returns the number of offers too.
    pub(crate) fn price(&self, store: &Store, slot: DateTime<Utc>) -> (usize, Measurement) {
        let pricing = Pricing { tables: self.tables() };
        let run = async { pricing.price_store(&store.store_id, slot, slot).await };
        let (pass, work) = self.components.measure(run);
        (pass.expect("the tables answer").published.len(), work)
    }

    /// Measures a visit of the close of day: the rollup of the windows, and the close.
    pub(crate) fn visit(&self, store: &Store, at: DateTime<Utc>) -> Measurement {
        let tables = self.tables();
        let run = async { visit_store(&tables, &store.store_id, at).await };
        let (visited, work) = self.components.measure(run);
        visited.expect("the tables answer");
        work
    }
}

fn delivered(events: &[Event]) -> Delivered {
    // Each record of a shard has a number of its own.
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let (first, last) = (&events[0], &events[events.len() - 1]);
    let record = record::pack(first.store_id().as_str(), events);
    Delivered {
        shard_id: "shardId-000000000000".to_owned(),
        sequence_number: SequenceNumber::new(number.to_string()),
        partition_key: record.partition_key,
        arrived_at: last.occurred_at() + TimeDelta::seconds(1),
        data: record.data,
    }
}
