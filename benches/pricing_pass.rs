//! Time of a pricing pass over a store with 500 items, through the DynamoDB endpoint of this
//! machine: reading the inputs, deciding, and writing the offers.
//!
//! `cargo bench --bench pricing_pass` prints the time of each.

use std::collections::BTreeMap;
use std::time::Duration;

use aws::{AwsClients, Endpoints, ResourceNames};
use chrono::{DateTime, NaiveDate, Utc};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use domain::closed_day::DayContext;
use domain::history::HistorySubject;
use domain::ports::{CatalogTable, DaysTable, HistoryTable, LogEntry, StockLog};
use domain::stock::{CloseState, SETTLE, Segment, StockWindow, WindowKey};
use domain::{Acceptance, ClosedDay, DayKey, Event, History, Item, Sku, Version};
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::{self, ShopModel};
use local::dynamodb::{DynamoDb, TableStorage};
use local::http::HttpServer;
use local::service::ServiceThread;
use pricing::{Pricing, slot_of};
use tokio::runtime::{Builder, Runtime};

const ITEMS: usize = 500;
/// Number of events in a segment.
const BATCH: usize = 100;
/// Number of days in the history of every item.
const DAYS: usize = 14;

type Pass = Pricing<aws::Tables>;

fn date() -> NaiveDate {
    "2026-03-12".parse().expect("a date")
}

/// Returns a slot in the middle of an afternoon in Berlin.
fn slot() -> DateTime<Utc> {
    slot_of("2026-03-12T15:00:00Z".parse().expect("an instant"))
}

fn main_shop() -> ShopModel {
    shops::chain().swap_remove(0)
}

fn renamed(sku: &Sku, copy: usize) -> Sku {
    format!("{sku}-{copy}").parse().expect("a sku")
}

/// Returns the events of a day by item.
fn events(shop: &ShopModel, date: NaiveDate) -> BTreeMap<Sku, Vec<Event>> {
    let (events, _) = ShopDay::new(shop, date, 1).expect("open").play(|_| ShelfPrices::regular());
    let mut items: BTreeMap<Sku, Vec<Event>> = BTreeMap::new();
    for event in events {
        items.entry(event.sku().clone()).or_default().push(event);
    }
    items
}

fn windows(events: impl IntoIterator<Item = Event>) -> Vec<StockWindow> {
    let mut rows: BTreeMap<WindowKey, StockWindow> = BTreeMap::new();
    for event in events {
        let key = WindowKey::of(&event);
        rows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event);
    }
    rows.into_values().collect()
}

/// Returns the history of each item of the shop.
fn histories(shop: &ShopModel) -> BTreeMap<Sku, History> {
    let store = &shop.store;
    let dates = date().iter_days().rev().skip(1).filter(|date| store.day(*date).is_some());
    let mut rows: BTreeMap<Sku, Vec<ClosedDay>> = BTreeMap::new();
    for date in dates.take(DAYS) {
        for (sku, events) in events(shop, date) {
            let context = DayContext {
                before: None,
                span: store.span(date),
                opens_at: store.day(date).map(|day| day.opens_at),
                zone: store.zone,
                shelf_life_days: 1,
                is_stored: false,
            };
            let key = DayKey { store_id: store.store_id.clone(), sku: sku.clone(), date };
            let windows = windows(events);
            let windows: Vec<&StockWindow> = windows.iter().collect();
            rows.entry(sku).or_default().extend(ClosedDay::of(key, &context, &windows, &[]));
        }
    }
    let through = date().pred_opt().expect("a date");
    let of = |(sku, rows): (Sku, Vec<ClosedDay>)| {
        let history = demand::item_history(&store.store_id, &sku, through, &rows)?;
        Some((sku, history))
    };
    rows.into_iter().filter_map(of).collect()
}

/// Writes the store and its day up to the slot into the tables.
async fn fill(pass: &Pass) {
    let shop = main_shop();
    let (today, histories) = (events(&shop, date()), histories(&shop));
    pass.tables.put_store(&shop.store).await.expect("written");
    let mut day = Vec::new();
    let copies = (0..).flat_map(|copy| shop.items.iter().map(move |line| (copy, &line.item)));
    for (copy, item) in copies.take(ITEMS) {
        let sku = renamed(&item.sku, copy);
        pass.tables.put_item(&Item { sku: sku.clone(), ..item.clone() }).await.expect("written");
        if let Some(history) = histories.get(&item.sku) {
            let mut history = history.clone();
            history.key.subject = HistorySubject::Item(sku.clone());
            pass.tables.save_history(&history, None).await.expect("written");
        }
        let so_far = today[&item.sku].iter().filter(|event| event.occurred_at() < slot());
        let copied = so_far.map(|event| {
            let text = event.canonical().replacen(item.sku.as_str(), sku.as_str(), 1);
            let id = format!("\"event_id\":\"{copy}-");
            let text = text.replacen("\"event_id\":\"", &id, 1);
            Event::parse(&text, &Acceptance::at(slot())).expect("an event")
        });
        day.extend(copied);
    }
    append(pass, &shop, &day).await;
}

/// Appends events to the log in batches of a hundred, as the processor does.
async fn append(pass: &Pass, shop: &ShopModel, events: &[Event]) {
    let mut dates: BTreeMap<NaiveDate, Vec<&Event>> = BTreeMap::new();
    for event in events {
        dates.entry(event.occurred_at().date_naive()).or_default().push(event);
    }
    for (date, mut events) in dates {
        events.sort_by_key(|event| event.occurred_at());
        for batch in events.chunks(BATCH) {
            let arrived_at = batch.last().expect("an event").occurred_at();
            let segments = Segment::cut(&shop.store.store_id, date, arrived_at, batch.to_vec());
            let entries: Vec<LogEntry> = segments.into_iter().map(LogEntry::Segment).collect();
            assert!(pass.tables.append(&entries).await.iter().all(Result::is_ok), "appended");
        }
    }
}

/// Lets an item keep for 28 days, with a delivery and a closed day before.
async fn keep(pass: &Pass, item: &Item) {
    let shop = main_shop();
    let yesterday = date().pred_opt().expect("a date");
    let (span, store_id) = (shop.store.span(yesterday), shop.store.store_id.clone());
    let json = format!(
        r#"{{"event_id":"kept","kind":"receipt","store_id":"{store_id}","terminal_id":"t",
            "sku":"{}","quantity":"40","occurred_at":"{yesterday}T12:00:00Z"}}"#,
        item.sku
    );
    let event = Event::parse(&json, &Acceptance::at(slot())).expect("an event");
    append(pass, &shop, std::slice::from_ref(&event)).await;
    let context = DayContext {
        before: None,
        span,
        opens_at: shop.store.day(yesterday).map(|day| day.opens_at),
        zone: shop.store.zone,
        shelf_life_days: 28,
        is_stored: false,
    };
    let key = DayKey { store_id: store_id.clone(), sku: item.sku.clone(), date: yesterday };
    let windows = windows([event]);
    let row = ClosedDay::of(key, &context, &windows.iter().collect::<Vec<_>>(), &[]);
    pass.tables.save_day(&row.expect("a row"), None).await.expect("written");
    let state = CloseState {
        store_id,
        date: yesterday,
        read_at: span.ends_at + SETTLE,
        late: Version::of(b""),
        inputs: Version::of(b""),
        is_complete: true,
        revision: 1,
    };
    pass.tables.save_close_state(&state).await.expect("written");
    pass.tables.put_item(&Item { shelf_life_days: 28, ..item.clone() }).await.expect("written");
}

/// DynamoDB endpoint of the benchmark, with its client.
struct BenchEndpoint {
    clients: AwsClients,
    runtime: Runtime,
    _endpoint: ServiceThread,
}

impl BenchEndpoint {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let enter = runtime.enter();
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let url = format!("http://{}", server.local_addr());
        let database = DynamoDb::open(&TableStorage::Memory).expect("a database");
        let serve = move |stop| database.serve(server, stop);
        let endpoint = ServiceThread::start("dynamodb", serve).expect("a thread");
        let clients = AwsClients::local(&Endpoints { kinesis: url.clone(), dynamodb: url });
        drop(enter);
        Self { clients, runtime, _endpoint: endpoint }
    }

    fn pass(&self, prefix: &str) -> Pass {
        let client = &self.clients.dynamodb;
        let names = ResourceNames { table_prefix: prefix.to_owned(), ..ResourceNames::default() };
        self.runtime.block_on(aws::schema::create_tables(client, &names)).expect("the tables");
        Pricing { tables: aws::Tables::new(client.clone(), &names) }
    }
}

fn benches(criterion: &mut Criterion) {
    let endpoint = BenchEndpoint::start();
    let pass = endpoint.pass("shop-");
    endpoint.runtime.block_on(fill(&pass));
    let store_id = main_shop().store.store_id;
    let read = || {
        let read = pass.read(&store_id, slot());
        endpoint.runtime.block_on(read).expect("the tables answer").expect("an afternoon")
    };
    let afternoon = read();
    let decided = afternoon.decide();
    assert_eq!(afternoon.items.len(), ITEMS);
    assert!(decided.drafts.len() > ITEMS / 20, "an afternoon without offers measures nothing");

    let mut group = criterion.benchmark_group(format!("pass of {ITEMS} items"));
    group.measurement_time(Duration::from_secs(10)).sample_size(10);
    group.bench_function("read", |bencher| bencher.iter(read));
    let first = afternoon.items[0].clone();
    endpoint.runtime.block_on(keep(&pass, &first));
    group.bench_function("read with an item of 28 days", |bencher| bencher.iter(read));
    group.bench_function("decide", |bencher| bencher.iter(|| afternoon.decide()));
    let mut number = 0;
    group.bench_function(format!("write {} offers", decided.drafts.len()), |bencher| {
        let fresh = || {
            number += 1;
            (endpoint.pass(&format!("fresh-{number}-")), decided.clone())
        };
        let write = |(pass, decided): (Pass, _)| {
            let written = pass.write(&afternoon, decided, slot());
            let written = endpoint.runtime.block_on(written).expect("the tables answer");
            assert_eq!(written.already_decided, 0);
        };
        bencher.iter_batched(fresh, write, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(pricing_pass, benches);
criterion_main!(pricing_pass);
