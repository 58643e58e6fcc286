//! Concurrent tills, each with its own connection. They send unanswered events again, and some of
//! the answered ones, while the server may be killed.

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

use super::stored_events::{EventKey, EventLedger, key_of};
use super::{Random, UpProcess, event, eventually, now, run, sale, stamp};

const TILLS: u64 = 6;
const STORES: u64 = 3;
/// Number of items of each store.
const SKUS: u64 = 20;
/// Maximum number of new events in a request.
const NEW_MAX: u64 = 12;
/// Maximum number of events in a request that were sent before.
const AGAIN_MAX: u64 = 40;
/// Number of unanswered events at which a till creates no new ones.
const OPEN_MAX: usize = 200;
/// Delay after each request, which leaves processor time for the program.
const PAUSE: Duration = Duration::from_millis(10);
/// Maximum age of an event in minutes, which covers several windows.
const BACK_MAX: u64 = 20;

/// Tills that send until they are stopped.
pub(crate) struct Tills {
    api: Arc<Mutex<String>>,
    stopped: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    tills: Vec<JoinHandle<Till>>,
}

impl Tills {
    /// Starts the tills. They have no server yet.
    pub(crate) fn open(random: &mut Random) -> Self {
        let api = Arc::new(Mutex::new("http://127.0.0.1:9".to_owned()));
        let stopped = Arc::new(AtomicBool::new(false));
        let answers = Arc::new(AtomicU64::new(0));
        let tills = (0..TILLS).map(|number| {
            let (api, stopped) = (Arc::clone(&api), Arc::clone(&stopped));
            let mut till = Till::new(number, random.split(), Arc::clone(&answers));
            std::thread::spawn(move || {
                run(async {
                    while !stopped.load(Ordering::Relaxed) {
                        let api = api.lock().expect("a name").clone();
                        till.step(&api).await;
                        tokio::time::sleep(PAUSE).await;
                    }
                });
                till
            })
        });
        let tills = tills.collect();
        Self { api, stopped, answers, tills }
    }

    /// Waits until all tills together have `count` more answers.
    pub(crate) fn wait_for_answers(&self, count: u64) {
        let enough = self.answers.load(Ordering::Relaxed) + count;
        eventually("tills are answered", || match self.answers.load(Ordering::Relaxed) {
            answers if answers >= enough => Ok(()),
            answers => Err(format!("{answers} answers")),
        });
    }

    /// Sets the server of the tills.
    pub(crate) fn send_to(&self, up: &UpProcess) {
        self.api.lock().expect("a name").clone_from(&up.api);
    }

    /// Stops the tills.
    pub(crate) fn stop(self) -> StoppedTills {
        self.stopped.store(true, Ordering::Relaxed);
        let tills = self.tills.into_iter().map(|till| till.join().expect("a till")).collect();
        StoppedTills { tills }
    }
}

/// Tills that no longer send by themselves.
pub(crate) struct StoppedTills {
    tills: Vec<Till>,
}

impl StoppedTills {
    /// Returns the ledger of all tills.
    pub(crate) fn ledger(&self) -> EventLedger {
        let mut ledger = EventLedger::default();
        for till in &self.tills {
            ledger.sent.extend(till.ledger.sent.clone());
            ledger.acknowledged.extend(till.ledger.acknowledged.iter().cloned());
        }
        ledger
    }

    /// Sends every unanswered event until it is answered, some answered events again, and finally a
    /// new event of each till. When the new events are in their windows, all earlier ones are.
    pub(crate) fn send_the_rest(&mut self, up: &UpProcess) {
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
    ledger: EventLedger,
    /// Events without an answer, or with the answer `retry`.
    open: Vec<Value>,
}

impl Till {
    fn new(number: u64, random: Random, answers: Arc<AtomicU64>) -> Self {
        let store = format!("store-{}", number % STORES);
        let name = format!("t{number}");
        // No proxy between till and server.
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self {
            name,
            store,
            random,
            http,
            answers,
            ledger: EventLedger::default(),
            open: Vec::new(),
        }
    }

    fn new_event(&mut self) -> Value {
        let id = format!("{}-{}", self.name, self.ledger.sent.len());
        let sku = format!("sku-{}", self.random.below(SKUS));
        let back = TimeDelta::minutes(self.random.below(BACK_MAX) as i64);
        let at = now() - back;
        let mut event = match self.random.below(4) {
            0 => sale(&self.store, &id, &sku, "3.90", at),
            _ => event(&self.store, &id, &sku, at),
        };
        event["terminal_id"] = json!(self.name);
        event["lot"] = json!(format!("{:016x}", self.random.next()));
        self.ledger.sent.insert(key_of(&event), event.clone());
        event
    }

    /// Returns one in ten of all sent events.
    fn some_of_all(&mut self) -> Vec<Value> {
        let random = &mut self.random;
        self.ledger.sent.values().filter(|_| random.below(10) == 0).cloned().collect()
    }

    /// Sends new events, with some unanswered and some answered ones.
    async fn step(&mut self, api: &str) {
        let again = self.random.below(AGAIN_MAX.min(self.open.len() as u64) + 1) as usize;
        // The oldest events first, so that none waits forever.
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
            let sent: Vec<&Value> = self.ledger.sent.values().collect();
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
        let Some(results) = self.post(api, &batch).await else {
            // The events may be stored or not. Their ids make it safe to send them again.
            self.open.extend(batch);
            return;
        };
        for (event, result) in batch.into_iter().zip(&results) {
            match result["status"].as_str() {
                Some("stored" | "duplicate") => {
                    self.ledger.acknowledged.insert(key_of(&event));
                }
                Some("retry") => self.open.push(event),
                _ => panic!("{event} was answered {result}"),
            }
        }
    }

    /// Posts events and returns their results. `None` without a complete answer.
    async fn post(&mut self, api: &str, batch: &[Value]) -> Option<Vec<Value>> {
        let (content_type, body) = self.encode(batch);
        let (encoding, body) = self.compress(body.into_bytes());
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

    fn encode(&mut self, batch: &[Value]) -> (&'static str, String) {
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

    fn compress(&mut self, body: Vec<u8>) -> (&'static str, Vec<u8>) {
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

/// Returns a ledger in which the given events are sent and acknowledged.
pub(crate) fn ledger_of(events: &[Value]) -> EventLedger {
    let sent: BTreeMap<EventKey, Value> = events.iter().map(|e| (key_of(e), e.clone())).collect();
    let acknowledged = sent.keys().cloned().collect();
    EventLedger { sent, acknowledged }
}
