//! Clients that send too much, too slowly or nothing at all, over real sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::{ApiClient, UpProcess, event, eventually, now, numbered};

/// Timeout of a client, longer than those of the server.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(30);

fn connect(up: &UpProcess) -> TcpStream {
    let address = up.api.strip_prefix("http://").expect("an address");
    let socket = TcpStream::connect(address).expect("a connection");
    socket.set_read_timeout(Some(CLIENT_TIMEOUT)).expect("a timeout");
    socket
}

/// Sends the beginning of a request. The caller sends the other headers and the body.
fn begin(socket: &mut TcpStream, headers: &str) {
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}"
    );
    socket.write_all(head.as_bytes()).expect("sent");
}

/// Reads the head of a response and the first part of its body.
fn read_response(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&bytes).contains('}') {
        match socket.read(&mut buffer).expect("an answer and not a reset") {
            0 => break,
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[track_caller]
fn assert_serves(up: &UpProcess, id: &str) {
    assert_eq!(ApiClient::new(up).post(&event("corner", id, "rye", now())).stored(), 1);
}

#[test]
fn a_body_of_20_mb_is_answered_and_the_server_goes_on() {
    let up = UpProcess::start(&["--memory"]);
    let body = vec![b' '; 20_000_000];

    let mut announced = connect(&up);
    begin(&mut announced, &format!("content-length: {}\r\n\r\n", body.len()));
    announced.write_all(&body).expect("taken to its end");
    let output = read_response(&mut announced);
    assert!(output.starts_with("HTTP/1.1 413 "), "{output}");
    assert!(output.contains("at most 4194304"), "{output}");

    let mut in_chunks = connect(&up);
    begin(&mut in_chunks, "transfer-encoding: chunked\r\n\r\n");
    for chunk in body.chunks(1_000_000) {
        write!(in_chunks, "{:x}\r\n", chunk.len()).expect("sent");
        in_chunks.write_all(chunk).expect("taken to its end");
        in_chunks.write_all(b"\r\n").expect("sent");
    }
    in_chunks.write_all(b"0\r\n\r\n").expect("sent");
    let output = read_response(&mut in_chunks);
    assert!(output.starts_with("HTTP/1.1 413 "), "{output}");
    assert_serves(&up, "after");
}

#[test]
fn a_client_that_sends_a_byte_a_second_is_disconnected_while_others_are_served() {
    let up = UpProcess::start(&["--memory"]);
    let mut in_headers = connect(&up);
    begin(&mut in_headers, "x-slow: ");
    let mut in_body = connect(&up);
    begin(&mut in_body, "content-length: 100000\r\n\r\n");
    let drip = |mut socket: TcpStream| {
        std::thread::spawn(move || {
            let mut output = Vec::new();
            let mut buffer = [0; 4096];
            socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
            for _ in 0..CLIENT_TIMEOUT.as_secs() {
                // The server may have closed the connection, which the read detects.
                let _ = socket.write_all(b" ");
                match socket.read(&mut buffer) {
                    Ok(0) => return Some(output),
                    Ok(count) => output.extend_from_slice(&buffer[..count]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return Some(output),
                }
            }
            None
        })
    };
    let (in_headers, in_body) = (drip(in_headers), drip(in_body));
    assert_serves(&up, "meanwhile");
    let cut = |dripping: std::thread::JoinHandle<Option<Vec<u8>>>| {
        let output = dripping.join().expect("a client").expect("cut");
        String::from_utf8(output).expect("text")
    };
    cut(in_headers);
    let output = cut(in_body);
    assert!(output.starts_with("HTTP/1.1 408 "), "{output}");
    assert!(output.contains("10 s"), "{output}");
    assert_serves(&up, "afterwards");
}

#[test]
fn ten_thousand_events_in_one_request_are_stored_and_one_more_is_refused_whole() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let mut events: Vec<Value> = numbered("corner", 10_001, 50, at);
    let refused = ApiClient::new(&up).post_lines(&events);
    assert_eq!(refused.status, 413, "{}", refused.text);
    assert!(refused.text.contains("10000"), "{}", refused.text);
    events.pop();
    assert_eq!(ApiClient::new(&up).post_lines(&events).stored(), 10_000);
    eventually("every event is in its window", || {
        let stock = up.stock("corner", at.date_naive());
        let whole = stock.values().filter(|row| row["on_hand"] == "200").count();
        if whole == 50 { Ok(()) } else { Err(format!("{whole} of 50 items are whole")) }
    });
}

#[test]
fn half_open_connections_do_not_prevent_a_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let up = UpProcess::start(&["--data", &data]);
    let silent = connect(&up);
    let mut in_headers = connect(&up);
    begin(&mut in_headers, "x-half: ");
    let mut in_body = connect(&up);
    begin(&mut in_body, "content-length: 1000\r\n\r\n{");
    let others: Vec<TcpStream> = [&up.kinesis, &up.dynamodb]
        .into_iter()
        .map(|url| {
            let address = url.strip_prefix("http://").expect("an address");
            let mut socket = TcpStream::connect(address).expect("a connection");
            socket.write_all(b"POST / HTTP/1.1\r\ncontent-length: 9\r\n").expect("sent");
            socket
        })
        .collect();
    let at = now();
    assert_eq!(ApiClient::new(&up).post(&event("corner", "one", "rye", at)).stored(), 1);
    let ended = up.interrupt();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    drop((silent, in_headers, in_body, others));
    let up = UpProcess::start(&["--data", &data]);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
}
