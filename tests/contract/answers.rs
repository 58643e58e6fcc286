//! Requests that provoke every answer of the contract: each status, code and kind of problem.

use std::io::{Error, Read, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use domain::limits::{BODY_BYTES_MAX, INFLATED_BYTES_MAX, REQUEST_EVENTS_MAX};
use hyper::body::Frame;
use serde_json::{Value, json};

use crate::api::{Answer, Api, BUSY_STORE, STORE, Sent, UNREACHABLE_STORE};
use crate::coverage::Coverage;
use crate::document::{Operation, contract, members, operations};
use crate::support::{UpProcess, eventually};

const EVENT_PATHS: [&str; 3] = ["/v1/events", "/v1/internal/events", "/v1/validate"];

/// Body that breaks off, or never comes.
enum BadBody {
    Broken,
    Silent,
}

impl HttpBody for BadBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match *self {
            Self::Broken => Poll::Ready(Some(Err(Error::other("connection reset")))),
            Self::Silent => Poll::Pending,
        }
    }
}

fn event(id: &str, store: &str) -> Value {
    json!({
        "event_id": id, "kind": "receipt", "store_id": store, "terminal_id": "t1", "sku": "rye",
        "quantity": 2, "occurred_at": "2026-03-12T15:15:00Z",
    })
}

fn wrong(id: &str) -> Value {
    let mut wrong = event(id, STORE);
    wrong["quantity"] = json!("1.2345");
    wrong
}

fn other_content(id: &str) -> Value {
    let mut other = event(id, STORE);
    other["quantity"] = json!(3);
    other
}

/// Returns the requests to a path for events, with the headers and the body of each.
fn requests_with_events(path: &str) -> Vec<Sent> {
    let post = |headers: &[(&str, &str)], body: Body| Sent::new("POST", path, headers, body);
    let json =
        |value: Value| post(&[("content-type", "application/json")], value.to_string().into());
    let of_type =
        |content_type: &str, body: Vec<u8>| post(&[("content-type", content_type)], body.into());
    let encoded = |encoding: &str, body: Vec<u8>| {
        let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
        post(&headers, body.into())
    };
    let many: Vec<Value> =
        (0..=REQUEST_EVENTS_MAX).map(|id| event(&id.to_string(), STORE)).collect();
    let bomb = vec![b' '; INFLATED_BYTES_MAX + 1];
    let bomb = zstd::bulk::compress(&bomb, 3).expect("compressed");
    let lines = format!("{}\n\n{}\nnot JSON\n", event("a", STORE), other_content("a"));
    vec![
        json(event("a", STORE)),
        json(json!([event("a", STORE), event("a", STORE)])),
        json(json!([])),
        json(json!([event("a", STORE), wrong("b"), other_content("a")])),
        json(json!([event("a", STORE), event("b", BUSY_STORE), event("c", UNREACHABLE_STORE)])),
        json(wrong("a")),
        json(json!([17, {}, {"event_id": "x"}])),
        json(event("a", BUSY_STORE)),
        json(event("a", UNREACHABLE_STORE)),
        json(event("a", STORE)).by(Some("0007")),
        json(json!([event("a", STORE), event("b", "0007")])).by(Some("0007")),
        json(event("a", STORE)).by(None),
        of_type("application/x-ndjson", lines.into_bytes()),
        of_type("application/json", b" \n".to_vec()),
        of_type("application/json", br#"[{"event_id":"a"}, {"event_id":}]"#.to_vec()),
        of_type("application/json", b"{\"sku\":\"\xff\"}".to_vec()),
        of_type("application/cloudevents+json", b"[]".to_vec()),
        of_type("application/json", vec![b' '; BODY_BYTES_MAX + 1]),
        json(json!(many)),
        of_type("text/csv", Vec::new()),
        of_type("application/json; charset=latin1", Vec::new()),
        encoded("br", Vec::new()),
        encoded("gzip", b"no gzip".to_vec()),
        encoded("zstd", bomb),
        post(&[("content-type", "application/json")], Body::new(BadBody::Broken)),
        post(&[("content-type", "application/json")], Body::new(BadBody::Silent)),
    ]
}

/// Questions about figures that have rows, each with the path of its operation.
const FIGURES: [(&str, &str); 11] = [
    ("/v1/stores", ""),
    ("/v1/stores/{store_id}/stock", "date=2026-03-11"),
    ("/v1/stores/{store_id}/stock", "windows=true&at=2026-03-11T18:00:00%2B01:00"),
    ("/v1/offers", "from=2026-03-11&to=2026-03-12&revisions=true"),
    ("/v1/offers", "outcomes=true&date=2026-03-11"),
    ("/v1/days", "discounted=true"),
    ("/v1/sales", "sku=BRT-1180"),
    ("/v1/prices/lowest", "date=2026-03-12"),
    ("/v1/effect", "store=0042"),
    ("/v1/effect", "store=0042&by=category"),
    ("/v1/effect", "store=0042&by=step"),
];

/// Sends questions about figures, and those that are refused.
fn check_figures(seen: &mut Coverage, api: &Api, cut_off: &Api) {
    for (described, query) in FIGURES {
        let operation = Operation::of("GET", described);
        let path = described.replace("{store_id}", STORE);
        let question = format!("{path}?{query}");
        let get = |query: &str, headers: &[(&str, &str)]| {
            Sent::new("GET", &format!("{path}?{query}"), headers, Body::empty())
        };
        let answer = api.answer(Sent::bare("GET", &question));
        seen.check(&operation, &answer);
        assert_ne!(answer.json()["rows"], json!([]), "{question} has rows");
        for accepted in ["application/x-ndjson", "text/csv"] {
            seen.check(&operation, &api.answer(get(query, &[("accept", accepted)])));
        }
        let tag = answer.header("etag").expect("a tag");
        let again = api.answer(get(query, &[("if-none-match", tag)]));
        assert_eq!(again.status, 304);
        seen.check(&operation, &again);
        for sent in [
            get("limit=0", &[]),
            get("cursor=none", &[]),
            get(query, &[("accept", "text/html")]),
            get(query, &[]).by(None),
        ] {
            seen.check(&operation, &api.answer(sent));
        }
        seen.check(&operation, &cut_off.answer(get(query, &[])));
        let is_known = |name: &str| {
            let parameters = operation.value["parameters"].as_array().expect("parameters");
            parameters.iter().any(|parameter| crate::document::resolved(parameter)["name"] == name)
        };
        if is_known("date") {
            seen.check(&operation, &api.answer(get("date=12.3.", &[])));
        }
        for store in if described == "/v1/stores" { &[][..] } else { &["nowhere"] } {
            let path = described.replace("{store_id}", store);
            let query = if is_known("store") { "store=nowhere" } else { "" };
            let sent = || Sent::bare("GET", &format!("{path}?{query}"));
            seen.check(&operation, &api.answer(sent()));
            seen.check(&operation, &api.answer(sent().by(Some("0007"))));
        }
    }
    let operation = Operation::of("GET", "/v1/effect");
    seen.check(&operation, &api.answer(Sent::bare("GET", "/v1/effect?date=2026-03-11")));
    let operation = Operation::of("GET", "/v1/stores/{store_id}/stock");
    seen.check(&operation, &api.answer(Sent::bare("GET", "/v1/stores/00%2342/stock")));
}

/// Sends the requests to the routers.
fn check_routers(seen: &mut Coverage) {
    let (api, cut_off) = (Api::new(), Api::cut_off());
    for path in EVENT_PATHS {
        let operation = Operation::of("POST", path);
        for sent in requests_with_events(path) {
            seen.check(&operation, &api.answer(sent));
        }
    }
    let offers = "/v1/stores/{store_id}/offers";
    let operation = Operation::of("GET", offers);
    let path = |store: &str, query: &str| format!("{}{query}", offers.replace("{store_id}", store));
    let get = |path: &str| Sent::bare("GET", path);
    for sent in [
        get(&path(STORE, "")),
        get(&path(STORE, "?date=2026-03-12")),
        get(&path(STORE, "?date=2026-03-11")),
        get(&path(STORE, "?date=12.3.")),
        get(&path(STORE, "?day=2026-03-12")),
        get(&path("00%2342", "")),
        get(&path("%ff", "")),
        get(&path("nowhere", "")),
        get(&path(STORE, "")).by(Some("0007")),
        get(&path(STORE, "")).by(None),
    ] {
        seen.check(&operation, &api.answer(sent));
    }
    seen.check(&operation, &cut_off.answer(get(&path(STORE, ""))));
    check_figures(seen, &api, &cut_off);
    for path in ["/v1/limits", "/healthz", "/readyz"] {
        seen.check(&Operation::of("GET", path), &api.answer(get(path)));
    }
    seen.check(&Operation::of("GET", "/readyz"), &cut_off.answer(get("/readyz")));
}

/// Sends one request to the program. `caller` is the header `Host`, and others.
fn send(up: &UpProcess, method: &str, path: &str, caller: &str) -> Answer {
    send_body(up, method, path, caller, "")
}

/// Sends one request with a body to the program.
fn send_body(up: &UpProcess, method: &str, path: &str, caller: &str, body: &str) -> Answer {
    let address = up.api.strip_prefix("http://").expect("an address");
    let mut socket = TcpStream::connect(address).expect("a connection");
    let head = format!("{method} {path} HTTP/1.1\r\n{caller}\r\nconnection: close\r\n\r\n");
    socket.write_all(format!("{head}{body}").as_bytes()).expect("sent");
    let mut response = String::new();
    socket.read_to_string(&mut response).expect("an answer");
    let (head, body) = response.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").expect("a header");
        let name = name.parse::<HeaderName>().expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    };
    Answer {
        status: status.parse().expect("a number"),
        headers: lines.map(header).collect::<HeaderMap>(),
        body: body.as_bytes().to_vec(),
    }
}

/// Sends requests of a foreign host and of a foreign web page to each operation, and reads the
/// pages.
fn check_program(seen: &mut Coverage) {
    let up = UpProcess::start(&["--memory"]);
    for operation in operations() {
        let path = operation.path.replace("{store_id}", STORE);
        for foreign in ["host: attacker.example", "host: localhost\r\norigin: https://page.example"]
        {
            let answer = send(&up, operation.method, &path, foreign);
            assert_eq!(answer.status, 403, "{answer:?}");
            seen.check(&operation, &answer);
        }
        let answer = send(&up, operation.method, &path, "host: localhost:notaport");
        assert_eq!(answer.status, 400, "{answer:?}");
        seen.check(&operation, &answer);
        if !Api::serves(operation.path) {
            seen.check(&operation, &send(&up, operation.method, &path, "host: localhost"));
            let answer = send(&up, "POST", &path, "host: localhost");
            crate::coverage::check_any_path("MethodNotAllowed", 405, &answer);
        }
    }
}

/// Sends a small event while large bodies have the whole budget of the machine.
fn check_overloaded(seen: &mut Coverage) {
    let up = UpProcess::start(&["--memory"]);
    let address = up.api.strip_prefix("http://").expect("an address");
    let body = "content-type: application/json\r\ncontent-length: 4194304\r\n\r\n[";
    let large = format!("POST /v1/validate HTTP/1.1\r\nhost: localhost\r\n{body}");
    let unfinished = |_| {
        let mut socket = TcpStream::connect(address).expect("a connection");
        socket.write_all(large.as_bytes()).expect("sent");
        socket
    };
    let _open: Vec<TcpStream> = (0..16).map(unfinished).collect();
    for path in EVENT_PATHS {
        let caller = "host: localhost\r\ncontent-type: application/json\r\ncontent-length: 1";
        let answer = eventually("the budget is exhausted", || {
            let answer = send_body(&up, "POST", path, caller, "{");
            if answer.status == 503 { Ok(answer) } else { Err(answer.status.to_string()) }
        });
        seen.check(&Operation::of("POST", path), &answer);
    }
}

#[test]
fn each_answer_is_in_the_contract_and_the_contract_has_no_other() {
    let mut seen = Coverage::default();
    check_routers(&mut seen);
    check_program(&mut seen);
    check_overloaded(&mut seen);
    assert_eq!(seen.unseen(), [""; 0], "provoke these answers");
}

#[test]
fn the_examples_of_requests_are_accepted() {
    let api = Api::new();
    let body = &contract()["components"]["requestBodies"]["Events"];
    for (media_type, described) in members(body.get("content")) {
        let named = members(described.get("examples")).values().map(|example| &example["value"]);
        for example in named.chain(described.get("example")) {
            let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            let headers = [("content-type", media_type.as_str()), ("idempotency-key", "k-1")];
            let answer = api.answer(Sent::new("POST", "/v1/events", &headers, text));
            assert_eq!(answer.status, 202, "{media_type}: {}", answer.json());
        }
    }
}

#[test]
fn the_limits_are_those_of_the_example() {
    let answer = Api::new().answer(Sent::bare("GET", "/v1/limits")).json();
    let operation = Operation::of("GET", "/v1/limits");
    let response = operation.response(200).expect("limits");
    assert_eq!(answer, response["content"]["application/json"]["example"]);
    let body = &contract()["components"]["requestBodies"]["Events"];
    let mut described: Vec<&str> =
        members(body.get("content")).keys().map(String::as_str).collect();
    let mut accepted: Vec<&str> = answer["request"]["content_types"]
        .as_array()
        .map(|types| types.iter().filter_map(Value::as_str).collect())
        .expect("content types");
    described.sort_unstable();
    accepted.sort_unstable();
    assert_eq!(accepted, described);
}

#[test]
fn an_event_in_binary_mode_takes_id_and_time_from_the_headers() {
    let mut event = event("a", STORE);
    for field in ["event_id", "occurred_at"] {
        event.as_object_mut().expect("an object").remove(field);
    }
    let headers = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "t1-0001"),
        ("ce-time", "2026-03-12T16:15:00+01:00"),
        ("ce-source", "/tills/t1"),
        ("ce-type", "till.receipt"),
    ];
    let answer = Api::new().answer(Sent::new("POST", "/v1/events", &headers, event.to_string()));
    assert_eq!(answer.status, 202, "{}", answer.json());
    assert_eq!(answer.json()["results"][0]["event_id"], "t1-0001");
}
