//! Random request bodies, in every format and compression of the contract.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::document::{contract, members};
use crate::event_generator::events;

/// Largest number of events in a body, before repetitions.
const EVENTS_MAX: usize = 6;

/// Format of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyFormat {
    One,
    Array,
    Lines,
    Enveloped,
    EnvelopedArray,
    /// CloudEvent whose envelope is in headers.
    Binary,
}

/// Request with the events of its body.
#[derive(Debug, Clone)]
pub(crate) struct RandomBody {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
    /// Events in their order, as the sender means them.
    pub(crate) events: Vec<Value>,
    pub(crate) has_lines: bool,
}

/// Repetition of an event in one body.
#[derive(Debug, Clone, Copy)]
enum Repetition {
    Same,
    OtherContent,
}

/// Choices that do not concern the events.
#[derive(Debug, Clone, Copy)]
struct Choices {
    encoding: &'static str,
    byte_order_mark: bool,
    idempotency_key: bool,
    id_in_envelope: bool,
    time_in_envelope: bool,
}

fn formats() -> BoxedStrategy<(&'static str, BodyFormat)> {
    let body = &contract()["components"]["requestBodies"]["Events"];
    let of = |media_type: &'static str| match media_type {
        "application/json" => vec![BodyFormat::One, BodyFormat::Array, BodyFormat::Binary],
        "application/cloudevents+json" => vec![BodyFormat::Enveloped],
        "application/cloudevents-batch+json" => vec![BodyFormat::EnvelopedArray],
        _ => vec![BodyFormat::Lines],
    };
    let all = members(body.get("content")).keys().flat_map(move |media_type| {
        of(media_type).into_iter().map(move |format| (media_type.as_str(), format))
    });
    select(all.collect::<Vec<_>>()).boxed()
}

fn choices() -> impl Strategy<Value = Choices> {
    let encodings = &contract()["components"]["parameters"]["ContentEncoding"]["schema"]["enum"];
    let encodings = encodings.as_array().expect("encodings").iter();
    let encodings: Vec<&'static str> = encodings.filter_map(Value::as_str).collect();
    (select(encodings), any::<[bool; 4]>()).prop_map(|(encoding, [mark, key, id, time])| Choices {
        encoding,
        byte_order_mark: mark,
        idempotency_key: key,
        id_in_envelope: id,
        time_in_envelope: time,
    })
}

/// Generates bodies.
pub(crate) fn bodies() -> impl Strategy<Value = RandomBody> {
    let repetition = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Repetition::Same)),
        1 => Just(Some(Repetition::OtherContent)),
    ];
    let events = vec((events(), repetition), 1..=EVENTS_MAX);
    (events, formats(), choices()).prop_map(|(events, (media_type, format), choices)| {
        let is_single =
            matches!(format, BodyFormat::One | BodyFormat::Enveloped | BodyFormat::Binary);
        let events = if is_single {
            vec![events.into_iter().next().expect("an event").0]
        } else {
            repeated(events)
        };
        body(events, media_type, format, choices)
    })
}

/// Puts the repetition of an event behind it.
fn repeated(events: Vec<(Value, Option<Repetition>)>) -> Vec<Value> {
    let mut all = Vec::new();
    for (event, repetition) in events {
        let mut again = event.clone();
        all.push(event);
        match repetition {
            None => {}
            Some(Repetition::Same) => all.push(again),
            Some(Repetition::OtherContent) => {
                let sku = again["sku"].as_str().expect("a sku");
                again["sku"] = json!(if sku == "other" { "another" } else { "other" });
                all.push(again);
            }
        }
    }
    all
}

fn body(events: Vec<Value>, media_type: &str, format: BodyFormat, choices: Choices) -> RandomBody {
    let mut headers = vec![("content-type".to_owned(), media_type.to_owned())];
    let envelopes = || events.iter().map(|event| envelope(event, choices));
    let text = match format {
        BodyFormat::One => events[0].to_string(),
        BodyFormat::Array => json!(events).to_string(),
        BodyFormat::Lines => events.iter().map(|event| format!("{event}\r\n\n")).collect(),
        BodyFormat::Enveloped => envelopes().next().expect("an event").to_string(),
        BodyFormat::EnvelopedArray => Value::from(envelopes().collect::<Vec<_>>()).to_string(),
        BodyFormat::Binary => {
            let envelope = envelope(&events[0], choices);
            for name in ["specversion", "id", "time", "source", "type"] {
                if let Some(value) = envelope[name].as_str() {
                    headers.push((format!("ce-{name}"), value.to_owned()));
                }
            }
            envelope["data"].to_string()
        }
    };
    if choices.encoding != "identity" {
        headers.push(("content-encoding".to_owned(), choices.encoding.to_owned()));
    }
    if choices.idempotency_key {
        headers.push(("idempotency-key".to_owned(), "key-1".to_owned()));
    }
    let mark = if choices.byte_order_mark { "\u{feff}" } else { "" };
    let bytes = encoded(format!("{mark}{text}").as_bytes(), choices.encoding);
    RandomBody { headers, bytes, events, has_lines: format == BodyFormat::Lines }
}

/// Returns a CloudEvent with the event. Its id and time may be in the envelope alone.
fn envelope(event: &Value, choices: Choices) -> Value {
    let mut data = event.clone();
    let mut envelope = json!({
        "specversion": "1.0", "id": "an envelope", "source": "/tills/t1", "type": "till.event",
    });
    let fields = data.as_object_mut().expect("an object");
    if choices.id_in_envelope {
        envelope["id"] = fields.remove("event_id").expect("an id");
    }
    if choices.time_in_envelope {
        envelope["time"] = fields.remove("occurred_at").expect("a time");
    }
    envelope["data"] = data;
    envelope
}

fn encoded(bytes: &[u8], encoding: &str) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).expect("memory");
            encoder.finish().expect("memory")
        }
        "zstd" => zstd::bulk::compress(bytes, 1).expect("memory"),
        _ => bytes.to_vec(),
    }
}
