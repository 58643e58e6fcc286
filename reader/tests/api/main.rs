//! The reading API over tables in memory: pages, formats, refusals and stores of the caller.

mod pages;
mod refusals;

use std::future::Future;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use chrono::{DateTime, Utc};
use domain::ports::CatalogTable;
use domain::{Acceptance, Authority, Event, Item, Store};
use http_body_util::BodyExt;
use in_memory::Tables;
use processors::Closing;
use reader::api::{ReaderService, router};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Instant of every request, after the close of the last date.
const NOW: &str = "2026-03-14T20:00:00Z";
/// Dates with sales.
const DATES: [&str; 3] = ["2026-03-12", "2026-03-13", "2026-03-14"];
/// Span of these dates as parameters.
const SPAN: &str = "from=2026-03-12&to=2026-03-14";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}

/// Stores with sales on three dates.
struct Shops {
    tables: Tables,
}

/// Answer with its whole body.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    #[track_caller]
    fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()["rows"].as_array().expect("rows").clone()
    }
}

impl Shops {
    /// Creates the stores `a`, `b` and `c` with two items each; `c` sells in dollars.
    fn new() -> Self {
        let tables = Tables::default();
        let shops = Self { tables };
        for (store_id, currency) in [("a", "EUR"), ("b", "EUR"), ("c", "USD")] {
            let store = json!({ "store_id": store_id, "zone": "Europe/Berlin",
                "hours": "mon-sun 07:00-18:00" });
            let store = Store::parse(&store.to_string()).expect("a store");
            run(shops.tables.put_store(&store)).expect("stored");
            for (sku, name) in [("rye", "Rye loaf"), ("sum", "=1+1")] {
                let item = json!({ "store_id": store_id, "sku": sku, "name": name,
                    "price": "4.00", "currency": currency });
                let item = Item::parse(&item.to_string()).expect("an item");
                run(shops.tables.put_item(&item)).expect("stored");
                for date in DATES {
                    shops.receive(store_id, sku, &format!("{date}T06:30:00Z"));
                    shops.sell(store_id, sku, &format!("{date}T09:05:00Z"), currency);
                    shops.sell(store_id, sku, &format!("{date}T15:40:00Z"), currency);
                }
            }
        }
        DATES[..2].iter().for_each(|date| shops.close(date));
        shops
    }

    /// Stores a delivery of twenty units.
    fn receive(&self, store_id: &str, sku: &str, when: &str) {
        self.save(&json!({ "event_id": format!("r-{sku}-{when}"), "kind": "receipt", "sku": sku,
            "store_id": store_id, "terminal_id": "t1", "quantity": 20, "occurred_at": when }));
    }

    /// Stores a sale of three units.
    fn sell(&self, store_id: &str, sku: &str, when: &str, currency: &str) {
        self.save(&json!({ "event_id": format!("{sku}-{when}"), "kind": "sale", "sku": sku,
            "store_id": store_id, "terminal_id": "t1", "quantity": 3, "unit_price": "4.00",
            "currency": currency, "occurred_at": when }));
    }

    fn save(&self, event: &Value) {
        let event = Event::parse(&event.to_string(), &Acceptance::at(at(NOW)));
        let event = event.unwrap_or_else(|violation| panic!("{violation:?}"));
        run(self.tables.save_events([event])).expect("stored");
    }

    /// Closes a date of every store.
    fn close(&self, date: &str) {
        let closing = Closing { tables: self.tables.clone() };
        let date = date.parse().expect("a date");
        for store_id in ["a", "b", "c"] {
            let id = store_id.parse().expect("an id");
            let store = run(self.tables.load_store(&id)).expect("read").expect("a store");
            run(closing.close_dates(&store, date, date, at(NOW))).expect("closed");
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.get_as(path, Some("*"), &[])
    }

    /// Sends a request with headers, of a caller with these stores.
    fn get_as(&self, path: &str, stores: Option<&str>, headers: &[(&str, &str)]) -> Answer {
        let service = ReaderService { tables: self.tables.clone(), clock: Arc::new(|| at(NOW)) };
        let mut routes = router(Arc::new(service));
        if let Some(stores) = stores {
            routes = routes.layer(Extension::<Authority>(stores.parse().expect("stores")));
        }
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        run(async {
            let request = request.body(Body::empty()).expect("a request");
            let (head, body) = routes.oneshot(request).await.expect("an answer").into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            let body = String::from_utf8(body.to_vec()).expect("UTF-8");
            Answer { status: head.status.as_u16(), headers: head.headers, body }
        })
    }

    /// Follows the cursors from a question to its end. Returns the rows of each page.
    #[track_caller]
    fn pages(&self, path: &str) -> Vec<Vec<Value>> {
        let (mut pages, mut next) = (Vec::new(), path.to_owned());
        loop {
            let answer = self.get(&next);
            pages.push(answer.rows());
            let cursor = answer.json()["next_cursor"].clone();
            let link = answer.header("link");
            let Some(cursor) = cursor.as_str() else {
                assert_eq!(link, "", "no next page");
                return pages;
            };
            assert!(pages.len() < 200, "the pages of {path} have no end");
            let link = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
            next = link.expect("a link").to_owned();
            assert!(next.ends_with(&format!("cursor={cursor}")), "{next}");
        }
    }
}
