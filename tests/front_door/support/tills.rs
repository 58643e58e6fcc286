//! Many tills at once, each with a connection of its own, that send what they have whatever the
//! server does: what was not answered is sent again, and some of what was.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::TimeDelta;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Value, json};

use super::audit::{Books, Id, id_of};
use super::{Random, Up, event, eventually, now, run, sale, stamp};

const TILLS: u64 = 6;
const STORES: u64 = 3;
/// Items of each store.
const SKUS: u64 = 20;
/// Most new events of a request.
const NEW_MAX: u64 = 12;
/// Most events of a request that were sent before.
const AGAIN_MAX: u64 = 40;
/// A till that has so many events without an answer makes no more.
const OPEN_MAX: usize = 200;
/// Pause after each request, so that the machine is not only busy with tills.
const PAUSE: Duration = Duration::from_millis(10);
/// How far back an event may lie, in minutes: several windows.
const BACK_MAX: u64 = 20;

/// Tills that send until they are told to rest.
pub(crate) struct Tills {
    api: Arc<Mutex<String>>,
    rest: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    tills: Vec<JoinHandle<Till>>,
}

impl Tills {
    /// Opens them; they have nowhere to send to yet.
    pub(crate) fn open(random: &mut Random) -> Self {
        let api = Arc::new(Mutex::new("http://127.0.0.1:9".to_owned()));
        let rest = Arc::new(AtomicBool::new(false));
        let answers = Arc::new(AtomicU64::new(0));
        let tills = (0..TILLS).map(|number| {
            let (api, rest) = (Arc::clone(&api), Arc::clone(&rest));
            let mut till = Till::new(number, random.split(), Arc::clone(&answers));
            std::thread::spawn(move || {
                run(async {
                    while !rest.load(Ordering::Relaxed) {
                        let api = api.lock().expect("a name").clone();
                        till.step(&api).await;
                        tokio::time::sleep(PAUSE).await;
                    }
                });
                till
            })
        });
        let tills = tills.collect();
        Self { api, rest, answers, tills }
    }

    /// Waits until they had so many more answers, all together.
    pub(crate) fn wait_for_answers(&self, count: u64) {
        let enough = self.answers.load(Ordering::Relaxed) + count;
        eventually("tills are answered", || match self.answers.load(Ordering::Relaxed) {
            answers if answers >= enough => Ok(()),
            answers => Err(format!("{answers} answers")),
        });
    }

    /// Where they send from now on.
    pub(crate) fn send_to(&self, up: &Up) {
        self.api.lock().expect("a name").clone_from(&up.api);
    }

    /// Ends their day.
    pub(crate) fn rest(self) -> Rested {
        self.rest.store(true, Ordering::Relaxed);
        let tills = self.tills.into_iter().map(|till| till.join().expect("a till")).collect();
        Rested { tills }
    }
}

/// Tills that send nothing by themselves any more.
pub(crate) struct Rested {
    tills: Vec<Till>,
}

impl Rested {
    /// What all of them know.
    pub(crate) fn books(&self) -> Books {
        let mut books = Books::default();
        for till in &self.tills {
            books.sent.extend(till.books.sent.clone());
            books.acknowledged.extend(till.books.acknowledged.iter().cloned());
        }
        books
    }

    /// Sends what has no answer until it has, some of the rest once more, and last of all an event
    /// of each till: when those are in their windows, all before them was counted.
    pub(crate) fn send_the_rest(&mut self, up: &Up) {
        for till in &mut self.tills {
            run(async {
                for event in till.some_of_all() {
                    till.open.push(event);
                }
                till.finish(&up.api).await;
                let last = till.new_event();
                till.open.push(last);
                till.finish(&up.api).await;
            });
        }
    }
}

struct Till {
    name: String,
    store: String,
    random: Random,
    http: reqwest::Client,
    answers: Arc<AtomicU64>,
    books: Books,
    /// What was sent and not answered, or answered `retry`.
    open: Vec<Value>,
}

impl Till {
    fn new(number: u64, random: Random, answers: Arc<AtomicU64>) -> Self {
        let store = format!("store-{}", number % STORES);
        let name = format!("t{number}");
        // Nothing of the last connection, nor of a proxy between.
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { name, store, random, http, answers, books: Books::default(), open: Vec::new() }
    }

    fn new_event(&mut self) -> Value {
        let id = format!("{}-{}", self.name, self.books.sent.len());
        let sku = format!("sku-{}", self.random.below(SKUS));
        let back = TimeDelta::minutes(self.random.below(BACK_MAX) as i64);
        let at = now() - back;
        let mut event = match self.random.below(4) {
            0 => sale(&self.store, &id, &sku, "3.90", at),
            _ => event(&self.store, &id, &sku, at),
        };
        event["terminal_id"] = json!(self.name);
        event["lot"] = json!(format!("{:016x}", self.random.next()));
        self.books.sent.insert(id_of(&event), event.clone());
        event
    }

    /// One event in ten of all that were ever sent.
    fn some_of_all(&mut self) -> Vec<Value> {
        let random = &mut self.random;
        self.books.sent.values().filter(|_| random.below(10) == 0).cloned().collect()
    }

    /// New events, with some that have no answer and some that have: cut anew each time.
    async fn step(&mut self, api: &str) {
        let again = self.random.below(AGAIN_MAX.min(self.open.len() as u64) + 1) as usize;
        // The oldest first: what is never answered must not pile up behind what is.
        let mut batch: Vec<Value> = self.open.drain(..again).collect();
        for _ in 0..=self.random.below(NEW_MAX) {
            if self.open.len() < OPEN_MAX {
                batch.push(self.new_event());
            }
        }
        if batch.is_empty() {
            return;
        }
        if self.random.below(8) == 0 {
            let sent: Vec<&Value> = self.books.sent.values().collect();
            batch.push(sent[self.random.below(sent.len() as u64) as usize].clone());
        }
        self.send(api, batch).await;
    }

    async fn finish(&mut self, api: &str) {
        while !self.open.is_empty() {
            let rest = self.open.split_off(self.open.len().saturating_sub(200));
            self.send(api, rest).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn send(&mut self, api: &str, batch: Vec<Value>) {
        let Some(told) = self.post(api, &batch).await else {
            // It may be stored or not; the ids make it safe to send it again.
            self.open.extend(batch);
            return;
        };
        for (event, result) in batch.into_iter().zip(&told) {
            match result["status"].as_str() {
                Some("stored" | "duplicate") => {
                    self.books.acknowledged.insert(id_of(&event));
                }
                Some("retry") => self.open.push(event),
                _ => panic!("{event} was answered {result}"),
            }
        }
    }

    /// The results, one for each event; `None` without a whole answer.
    async fn post(&mut self, api: &str, batch: &[Value]) -> Option<Vec<Value>> {
        let (content_type, body) = self.written(batch);
        let (encoding, body) = self.packed(body.into_bytes());
        let request = self.http.post(format!("{api}/v1/events"));
        let request = request.header(CONTENT_TYPE, content_type);
        let request = request.header(CONTENT_ENCODING, encoding).body(body);
        let text = request.send().await.ok()?.text().await.ok()?;
        let answer: Value = serde_json::from_str(&text).expect("an answer is JSON");
        let results = answer["results"].as_array().unwrap_or_else(|| panic!("refused: {text}"));
        assert_eq!(results.len(), batch.len(), "a result for each event: {text}");
        self.answers.fetch_add(1, Ordering::Relaxed);
        Some(results.clone())
    }

    fn written(&mut self, batch: &[Value]) -> (&'static str, String) {
        match (self.random.below(3), batch) {
            (0, [one]) => ("application/json", one.to_string()),
            (0, many) => ("application/json", json!(many).to_string()),
            (1, _) => {
                let enveloped = batch.iter().map(|event| {
                    json!({ "specversion": "1.0", "type": "till", "source": self.name,
                            "id": event["event_id"], "time": stamp(now()), "data": event })
                });
                let enveloped: Vec<Value> = enveloped.collect();
                ("application/cloudevents-batch+json", json!(enveloped).to_string())
            }
            _ => ("application/x-ndjson", batch.iter().map(|event| format!("{event}\n")).collect()),
        }
    }

    fn packed(&mut self, body: Vec<u8>) -> (&'static str, Vec<u8>) {
        match self.random.below(3) {
            0 => {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
                gzip.write_all(&body).expect("written");
                ("gzip", gzip.finish().expect("packed"))
            }
            1 => ("zstd", zstd::encode_all(body.as_slice(), 1).expect("packed")),
            _ => ("identity", body),
        }
    }
}

/// Events of one item by hand, in the books of whoever sent them.
pub(crate) fn books_of(events: &[Value]) -> Books {
    let sent: BTreeMap<Id, Value> = events.iter().map(|e| (id_of(e), e.clone())).collect();
    let acknowledged = sent.keys().cloned().collect();
    Books { sent, acknowledged }
}
