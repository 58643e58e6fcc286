//! `daymark decide`: one decision for each line.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{command, eventually};

/// Running `daymark decide`, killed on drop.
struct Filter {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Drop for Filter {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Filter {
    fn start() -> Self {
        let mut child = command(["decide"]).stdin(Stdio::piped()).spawn().expect("a process");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, stdin, stdout }
    }

    /// Sends bytes and leaves the pipe open.
    fn send(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("open");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("written");
    }

    /// Waits for one line.
    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("text");
        assert!(line.ends_with('\n'), "a whole line: {line:?}");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"))
    }

    /// Closes the input and returns the rest of the output. Asserts exit code 0.
    fn end(mut self) -> String {
        drop(self.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        let status = self.child.wait().expect("a status");
        let mut err = String::new();
        let stderr = self.child.stderr.as_mut().expect("a pipe");
        stderr.read_to_string(&mut err).expect("text");
        assert_eq!(status.code(), Some(0), "{err}");
        assert!(!err.contains("panicked"), "{err}");
        rest
    }
}

/// Returns a request with a number.
fn request(number: usize) -> Value {
    json!({
        "request_id": format!("r-{number}"), "store_id": "0042", "sku": "BRT-1180",
        "as_of": "2026-03-12T16:00:00+01:00", "closes_at": "2026-03-12T18:30:00+01:00",
        "on_hand": number % 40, "regular_price": "2.40", "unit_cost": "0.85",
        "profile": { "basis": "sku", "days": 28, "slots": [
            { "start": "16:00", "end": "18:30", "units": 9.5 },
        ] },
        "policy": { "ladder_percent": [0, 10, 20, 30, 50], "price_endings": ["0", "5"] },
    })
}

fn line(number: usize) -> String {
    format!("{}\n", request(number))
}

/// Returns the answers to an input, one on each line.
fn answers(input: &[u8]) -> Vec<Value> {
    let mut filter = Filter::start();
    filter.send(input);
    let out = filter.end();
    assert!(out.is_empty() || out.ends_with('\n'), "whole lines");
    out.lines().map(|line| serde_json::from_str(line).expect("nothing but JSON")).collect()
}

#[test]
fn each_line_is_answered_before_the_next_is_sent() {
    let mut filter = Filter::start();
    for number in 0..20 {
        filter.send(line(number).as_bytes());
        assert_eq!(filter.answer()["request_id"], format!("r-{number}"));
    }
    filter.send(b"not json\n");
    assert_eq!(filter.answer()["error"]["code"], "bad_json");
    assert_eq!(filter.end(), "");
}

#[test]
fn thousands_of_lines_may_be_sent_before_an_answer_is_read() {
    const LINES: usize = 2_000;
    let mut filter = Filter::start();
    let mut stdin = filter.stdin.take().expect("open");
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let sender = std::thread::spawn(move || {
        for number in 0..LINES {
            stdin.write_all(line(number).as_bytes()).expect("written");
            counted.store(number + 1, Ordering::Relaxed);
        }
    });
    // No answer is read before the last line is sent, although both pipes are full.
    eventually("all is sent", || match sent.load(Ordering::Relaxed) {
        LINES => Ok(()),
        sent => Err(format!("{sent} lines are sent")),
    });
    sender.join().expect("sent");
    for number in 0..LINES {
        assert_eq!(filter.answer()["request_id"], format!("r-{number}"));
    }
    assert_eq!(filter.end(), "");
}

#[test]
fn lines_that_cannot_be_decided_are_answered_in_their_place_with_their_number() {
    let long = format!("{{\"note\":\"{}\"}}\n", "x".repeat(3 << 20));
    let closed = {
        let mut closed = request(3);
        closed["closes_at"] = closed["as_of"].clone();
        format!("{closed}\n")
    };
    let input = [
        line(1).as_bytes(),
        b"\n   \n\r\n",
        b"{\"request_id\":\"half\n",
        line(2).trim_end().as_bytes(),
        b"\r\n",
        b"\"\xff\"\n",
        closed.as_bytes(),
        long.as_bytes(),
        line(4).as_bytes(),
        b"{\"request_id\":\"r-5\"}\n",
        // The last line has no line end.
        line(6).trim_end().as_bytes(),
    ]
    .concat();
    let mut found: Vec<(Value, Value, Value)> = answers(&input)
        .into_iter()
        .map(|a| (a["request_id"].clone(), a["error"]["code"].clone(), a["line"].clone()))
        .collect();
    // The error code of a line beyond the size limit is not specified.
    assert!(found[5].1.is_string(), "{found:?}");
    found[5].1 = Value::Null;
    let none = Value::Null;
    let decided = |number: usize| (json!(format!("r-{number}")), none.clone(), none.clone());
    let expected = [
        decided(1),
        (none.clone(), json!("bad_json"), json!(5)),
        decided(2),
        (none.clone(), json!("bad_json"), json!(7)),
        (json!("r-3"), json!("closed"), json!(8)),
        (none.clone(), none.clone(), json!(9)),
        decided(4),
        (json!("r-5"), json!("missing_field"), json!(11)),
        decided(6),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_same_lines_have_the_same_answers_byte_for_byte() {
    let lines: Vec<String> = (0..60).map(line).collect();
    let forth = lines.concat();
    let back: String = lines.iter().rev().map(String::as_str).collect();
    let run = |input: &str| {
        let mut filter = Filter::start();
        filter.send(input.as_bytes());
        filter.end()
    };
    let (first, again, reversed) = (run(&forth), run(&forth), run(&back));
    assert_eq!(first, again);
    assert_eq!(first.lines().rev().collect::<Vec<_>>(), reversed.lines().collect::<Vec<_>>());
}

#[test]
fn an_empty_input_has_no_output() {
    assert!(answers(b"").is_empty());
    assert!(answers(b"\n\n \n").is_empty());
}
