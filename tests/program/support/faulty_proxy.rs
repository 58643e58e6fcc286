//! Proxy before the ingest API that injects the faults of networks, gateways and a busy stream.
//!
//! It answers `retry` for events that the server has stored as well, as the server does when an
//! acknowledgement is lost. It asserts that no request comes before a `Retry-After` has passed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::{Random, UpProcess, eventually};

/// Number of times that each fault occurs.
const TIMES: usize = 2;
/// Number of requests without a fault among those with one.
const UNDISTURBED: usize = 6;
/// Delay of a late request and of its answer.
const LATE: Duration = Duration::from_millis(200);
/// Value of `Retry-After` in the injected answers, in seconds.
const RETRY_AFTER: u64 = 1;
/// Tolerance for timers that end early.
const TIMER_TOLERANCE: Duration = Duration::from_millis(5);

/// Fault that a request meets.
#[derive(Debug, Clone, Copy)]
enum InjectedFault {
    Undisturbed,
    /// Closes the connection before the server has the request.
    CutBefore,
    /// Closes the connection after the server has answered.
    CutAfter,
    /// Answers with the first half of the body.
    CutAnswer,
    Late,
    /// Answers `retry` for every event, and the server has none of them.
    Busy,
    /// Answers `retry` for every second event that the server has stored.
    LostAcknowledgements,
    /// Answers in place of the server: status line, content type and body.
    Answered(&'static str, &'static str, &'static str),
}

/// Each fault once. The answers without Daymark's members are those of API Gateway, of a load
/// balancer, and of the sign-in page of a network.
const FAULTS: [InjectedFault; 14] = [
    InjectedFault::CutBefore,
    InjectedFault::CutAfter,
    InjectedFault::CutAnswer,
    InjectedFault::Late,
    InjectedFault::Busy,
    InjectedFault::LostAcknowledgements,
    InjectedFault::Answered("429 Too Many Requests", JSON, r#"{"message":"Too Many Requests"}"#),
    InjectedFault::Answered(
        "503 Service Unavailable",
        JSON,
        r#"{"message":"Service Unavailable"}"#,
    ),
    InjectedFault::Answered(
        "504 Gateway Timeout",
        HTML,
        "<html><h1>504 Gateway Time-out</h1></html>",
    ),
    InjectedFault::Answered("401 Unauthorized", JSON, r#"{"message":"Unauthorized"}"#),
    InjectedFault::Answered("403 Forbidden", JSON, r#"{"message":"Forbidden"}"#),
    InjectedFault::Answered(
        "408 Request Timeout",
        PROBLEM,
        r#"{"type":"urn:daymark:problem:read-timeout","title":"The body came too slowly"}"#,
    ),
    InjectedFault::Answered("302 Found", HTML, "<html>Sign in to this network</html>"),
    InjectedFault::Answered("200 OK", HTML, "<html>Sign in to this network</html>"),
];
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const HTML: &str = "text/html";

/// Running proxy.
pub(crate) struct FaultyProxy {
    pub(crate) url: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// Faults of the next requests, the next one last.
    faults: Vec<InjectedFault>,
    requests: usize,
    /// Instant before which no request may come.
    not_before: Option<Instant>,
    /// Violations of the contract by the client.
    violations: Vec<String>,
}

impl FaultyProxy {
    /// Starts a proxy whose schedule is drawn from `random`.
    pub(crate) fn start(up: &UpProcess, random: &mut Random) -> Self {
        let mut faults = FAULTS.repeat(TIMES);
        faults.extend([InjectedFault::Undisturbed; UNDISTURBED]);
        for last in (1..faults.len()).rev() {
            faults.swap(last, random.below(last as u64 + 1) as usize);
        }
        let shared = Arc::new(Mutex::new(Shared { faults, ..Shared::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = up.api.strip_prefix("http://").expect("an address").to_owned();
        let for_connections = Arc::clone(&shared);
        // Ends with the test process.
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (shared, server) = (Arc::clone(&for_connections), server.clone());
                std::thread::spawn(move || serve(client, &server, &shared));
            }
        });
        Self { url, shared }
    }

    /// Number of requests that have arrived.
    pub(crate) fn requests(&self) -> usize {
        self.shared.lock().expect("the state").requests
    }

    /// Waits until `count` more requests have arrived.
    pub(crate) fn wait_for_requests(&self, count: usize) {
        let enough = self.requests() + count;
        eventually("the client sends", || match self.requests() {
            requests if requests >= enough => Ok(()),
            requests => Err(format!("{requests} requests")),
        });
    }

    /// Forgets the last `Retry-After`, as a restarted client does.
    pub(crate) fn forget_retry_after(&self) {
        self.shared.lock().expect("the state").not_before = None;
    }

    /// Asserts that every fault has occurred and that the client has kept the contract.
    #[track_caller]
    pub(crate) fn assert_all_faults_were_met(&self) {
        let shared = self.shared.lock().expect("the state");
        assert_eq!(shared.violations, Vec::<String>::new());
        assert!(shared.faults.is_empty(), "{} requests: {:?}", shared.requests, shared.faults);
    }
}

impl Shared {
    /// Counts a request and returns its fault.
    fn next(&mut self, now: Instant) -> InjectedFault {
        self.requests += 1;
        if let Some(not_before) = self.not_before.take().filter(|at| now + TIMER_TOLERANCE < *at) {
            let early = not_before - now;
            self.violations.push(format!("request {} came {early:?} early", self.requests));
        }
        self.faults.pop().unwrap_or(InjectedFault::Undisturbed)
    }
}

/// Serves a connection until the client or a fault closes it.
#[expect(clippy::disallowed_methods, reason = "a server sees when a request comes")]
fn serve(mut client: TcpStream, server: &str, shared: &Mutex<Shared>) {
    while let Some(request) = Message::read(&mut client) {
        let fault = shared.lock().expect("the state").next(Instant::now());
        let Some(answer) = answer(fault, &request, server) else { break };
        if answer.head.contains("retry-after: ") {
            let wait = Duration::from_secs(RETRY_AFTER);
            shared.lock().expect("the state").not_before = Some(Instant::now() + wait);
        }
        let length =
            answer.body.len() / if matches!(fault, InjectedFault::CutAnswer) { 2 } else { 1 };
        // The client may have been killed.
        let _ = client.write_all(answer.head.as_bytes());
        let _ = client.write_all(&answer.body[..length]);
        if length < answer.body.len() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// Returns the answer to a request, or `None` if the connection ends without one.
fn answer(fault: InjectedFault, request: &Message, server: &str) -> Option<Message> {
    match fault {
        InjectedFault::CutBefore => None,
        InjectedFault::CutAfter => {
            request.forward(server);
            None
        }
        InjectedFault::Answered(status, content_type, body) => {
            Some(Message::answer(status, content_type, body.as_bytes().to_vec()))
        }
        InjectedFault::Late => {
            sleep(LATE);
            let answer = request.forward(server);
            sleep(LATE);
            Some(answer)
        }
        InjectedFault::Busy => Some(busy(request)),
        InjectedFault::LostAcknowledgements => {
            Some(without_acknowledgements(request.forward(server)))
        }
        InjectedFault::Undisturbed | InjectedFault::CutAnswer => Some(request.forward(server)),
    }
}

/// Answers `retry` for each event of a request.
fn busy(request: &Message) -> Message {
    let mut events = String::new();
    GzDecoder::new(&*request.body).read_to_string(&mut events).expect("NDJSON in gzip");
    let results: Vec<Value> = (0..events.lines().count()).map(retry).collect();
    let body = json!({ "outcome": "not_stored", "results": results });
    Message::answer("429 Too Many Requests", PROBLEM, body.to_string().into_bytes())
}

fn retry(index: usize) -> Value {
    json!({ "index": index, "status": "retry", "code": "throttled", "message": "busy" })
}

/// Answers `retry` for every second stored event, as if the stream had not acknowledged it.
fn without_acknowledgements(answer: Message) -> Message {
    let mut body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let Some(results) = body["results"].as_array_mut() else { return answer };
    let stored = results.iter_mut().filter(|result| result["status"] == "stored");
    let mut kept = 0;
    for (number, result) in stored.enumerate() {
        if number % 2 == 0 {
            let index = result["index"].as_u64().expect("a number");
            *result = retry(index as usize);
        } else {
            kept += 1;
        }
    }
    let status = if kept > 0 { "207 Multi-Status" } else { "503 Service Unavailable" };
    Message::answer(status, JSON, body.to_string().into_bytes())
}

/// Request or answer.
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    /// Reads a message with `Content-Length`. Returns `None` if the connection ends before.
    fn read(from: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            from.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("text");
        let lower = head.to_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("a length").parse().expect("a number")];
        from.read_exact(&mut body).ok()?;
        Some(Self { head, body })
    }

    /// Sends a request to the server and returns its answer.
    fn forward(&self, server: &str) -> Self {
        let mut server = TcpStream::connect(server).expect("a connection");
        server.write_all(self.head.as_bytes()).expect("sent");
        server.write_all(&self.body).expect("sent");
        Self::read(&mut server).expect("an answer")
    }

    /// Creates an answer. Errors of the stream and of the gateway have a `Retry-After`.
    fn answer(status: &str, content_type: &str, body: Vec<u8>) -> Self {
        let length = body.len();
        let waits = ["207", "429", "503"].iter().any(|code| status.starts_with(code));
        let retry_after =
            if waits { format!("retry-after: {RETRY_AFTER}\r\n") } else { String::new() };
        let location = if status.starts_with("302") { "location: /sign-in\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\n{retry_after}{location}\
             content-length: {length}\r\n\r\n"
        );
        Self { head, body }
    }
}
