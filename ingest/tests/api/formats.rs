//! Formats and encodings of bodies, valid and malformed.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::scripted_log::{ScriptedApi, event, request};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn ndjson(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

fn cloud_event(id: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/stores/s1/t1", "type": "daymark.sale",
        "time": "2026-03-12T15:10:00Z", "datacontenttype": "application/json", "data": data,
    })
}

#[tokio::test]
async fn one_object_an_array_and_ndjson_are_accepted() {
    let three = [event(1), event(2), event(3)];
    let bodies = [
        ("application/json", event(1).to_string(), 1),
        ("application/json; charset=utf-8", json!(three).to_string(), 3),
        ("Application/JSON;charset=\"UTF-8\"", format!("\u{feff} {}", json!(three)), 3),
        ("application/x-ndjson", ndjson(&three), 3),
        ("application/ndjson", ndjson(&three).replace('\n', "\r\n\r\n"), 3),
        ("application/jsonlines", ndjson(&three).trim_end().to_owned(), 3),
        ("application/jsonl", ndjson(&three), 3),
    ];
    for (content_type, body, count) in bodies {
        let api = ScriptedApi::new();
        let answer = api.post(content_type, body).await;
        assert_eq!(answer.status, 202, "{content_type}: {answer:?}");
        assert_eq!(answer.json["outcome"], "stored");
        assert_eq!(answer.json["counts"]["stored"], count);
        assert_eq!(api.held_ids(), ["1", "2", "3"][..count]);
    }
}

#[tokio::test]
async fn an_empty_array_is_accepted() {
    let answer = ScriptedApi::new().post("application/json", "[]").await;
    assert_eq!((answer.status.as_u16(), &answer.json["counts"]["received"]), (202, &json!(0)));
}

#[tokio::test]
async fn the_id_and_time_of_a_cloud_event_replace_missing_fields() {
    let mut lacking = event("own");
    lacking.as_object_mut().unwrap().remove("event_id");
    lacking["occurred_at"] = Value::Null;
    let batch = json!([cloud_event("lent", lacking), cloud_event("unused", event("own"))]);
    let api = ScriptedApi::new();
    let answer = api.post("application/cloudevents-batch+json", batch.to_string()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.each("event_id"), ["lent", "own"]);
    let record = &api.service.log.held.lock().unwrap()[0];
    let events = domain::record::open(&record.data).unwrap();
    assert!(events[0].contains(r#""occurred_at":"2026-03-12T15:10:00.000Z""#), "{events:?}");
    assert!(events[1].contains(r#""occurred_at":"2026-03-12T15:15:00.000Z""#), "{events:?}");
}

#[tokio::test]
async fn a_single_cloud_event_is_accepted() {
    let api = ScriptedApi::new();
    let body = cloud_event("lent", event("own")).to_string();
    let answer = api.post("application/cloudevents+json", body.clone()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let answer = api.post("application/cloudevents-batch+json", body).await;
    answer.is_problem(400, "invalid-json", "expected an array of CloudEvents");
}

#[tokio::test]
async fn a_cloud_event_in_binary_mode_has_its_attributes_in_headers() {
    let mut lacking = event("own");
    lacking.as_object_mut().unwrap().remove("event_id");
    lacking["occurred_at"] = Value::Null;
    let binary = |version: &'static str, content_type: &'static str| {
        [
            ("content-type", content_type),
            ("ce-specversion", version),
            ("ce-id", "l%65nt"),
            ("ce-time", "2026-03-12T15:10:00Z"),
            ("ce-type", "daymark.sale"),
            ("ce-source", "/stores/s1/t1"),
        ]
    };
    let api = ScriptedApi::new();
    for content_type in ["application/json", "application/x-ndjson"] {
        let answer = api.send(request(&binary("1.0", content_type), lacking.to_string())).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.each("event_id"), ["lent"]);
    }
    let own = api.send(request(&binary("1.0", "application/json"), event("own").to_string()));
    assert_eq!(own.await.each("event_id"), ["own"]);

    let old = api.send(request(&binary("0.3", "application/json"), event("own").to_string()));
    let answer = old.await;
    answer.is_problem(422, "all-events-rejected", "nothing was stored");
    let message = answer.each("message")[0].to_string();
    assert!(message.contains("CloudEvents version taken"), "{message}");

    let two = json!([event(1), event(2)]).to_string();
    let answer = api.send(request(&binary("1.0", "application/json"), two)).await;
    answer.is_problem(400, "invalid-json", "the ce- headers describe one CloudEvent");
    assert_eq!(api.held_ids(), ["lent", "lent", "own"]);
}

#[tokio::test]
async fn only_the_event_of_an_invalid_envelope_is_rejected() {
    let mut old = cloud_event("old", event(1));
    old["specversion"] = json!("0.3");
    let mut binary = cloud_event("binary", Value::Null);
    binary["data_base64"] = json!("e30=");
    let batch =
        json!([old, binary, cloud_event("text", json!("{}")), 7, cloud_event("good", event(2))]);
    let api = ScriptedApi::new();
    let answer = api.post("application/cloudevents-batch+json", batch.to_string()).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.each("status"), ["rejected", "rejected", "rejected", "rejected", "stored"]);
    let rules = [
        r#"event 0 (event_id old): specversion "0.3" is not "1.0""#,
        "event 1 (event_id binary): data is required; data_base64 is not taken",
        r#"event 2 (event_id text): data "{}" is not a JSON object"#,
        "event 3: is not a CloudEvent",
    ];
    for (message, rule) in answer.each("message").into_iter().zip(rules) {
        assert!(message.starts_with(rule), "{message}");
    }
    assert_eq!(api.held_ids(), ["2"]);
}

#[tokio::test]
async fn only_the_beginning_of_a_long_attribute_is_repeated() {
    let mut long = cloud_event("endless", event(1));
    long["specversion"] = json!("1".repeat(100_000));
    let api = ScriptedApi::new();
    let answer = api.post("application/cloudevents+json", long.to_string()).await;
    answer.is_problem(422, "all-events-rejected", "nothing was stored");
    let given = answer.json["results"][0]["errors"][0]["given"].as_str().unwrap();
    assert_eq!((given.chars().count(), given.chars().last()), (81, Some('…')));
}

#[tokio::test]
async fn gzip_and_zstd_are_inflated() {
    let text = ndjson(&[event(1), event(2)]).into_bytes();
    let (first, second) = text.split_at(40);
    let zstd = |bytes: &[u8]| zstd::bulk::compress(bytes, 3).unwrap();
    let bodies = [
        ("identity", text.clone()),
        ("gzip", gzip(&text)),
        ("GZIP", [gzip(first), gzip(second)].concat()),
        ("zstd", zstd(&text)),
        ("zstd", [zstd(first), zstd(second)].concat()),
    ];
    for (encoding, body) in bodies {
        let api = ScriptedApi::new();
        let headers = [("content-type", "application/x-ndjson"), ("content-encoding", encoding)];
        let answer = api.send(request(&headers, body)).await;
        assert_eq!(answer.status, 202, "{encoding}: {answer:?}");
        assert_eq!(api.held_ids(), ["1", "2"]);
    }
}

#[tokio::test]
async fn malformed_compression_is_a_problem() {
    let text = event(1).to_string().into_bytes();
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let zstd = zstd::bulk::compress(&text, 3).unwrap();
    for (encoding, body) in
        [("gzip", cut(gzip(&text))), ("zstd", cut(zstd)), ("gzip", text.clone()), ("zstd", text)]
    {
        let api = ScriptedApi::new();
        let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
        let answer = api.send(request(&headers, body)).await;
        answer.is_problem(400, "broken-compression", encoding);
        assert!(api.held_ids().is_empty());
    }
}

#[tokio::test]
async fn another_content_type_is_answered_with_the_accepted_types() {
    for content_type in ["text/plain", "application/xml", "application/jsonx", ""] {
        let answer = ScriptedApi::new().post(content_type, event(1).to_string()).await;
        answer.is_problem(415, "content-type", "application/cloudevents-batch+json");
        assert_eq!(answer.json["accepted"].as_array().unwrap().len(), 7);
    }
    let answer = ScriptedApi::new().send(request(&[], event(1).to_string())).await;
    answer.is_problem(415, "content-type", "the content type is missing; send one of");
}

#[tokio::test]
async fn another_charset_or_encoding_is_refused() {
    let answer =
        ScriptedApi::new().post("application/json; charset=latin1", event(1).to_string()).await;
    answer.is_problem(415, "charset", "latin1");
    for encoding in ["br", "deflate", "gzip, gzip", "gzip, identity"] {
        let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
        let answer = ScriptedApi::new().send(request(&headers, event(1).to_string())).await;
        answer.is_problem(415, "content-encoding", encoding);
        assert_eq!(answer.header("accept-encoding"), "gzip, zstd, identity");
    }
}

#[tokio::test]
async fn an_empty_body_is_a_problem() {
    for content_type in
        ["application/json", "application/x-ndjson", "application/cloudevents-batch+json"]
    {
        for body in ["", " \r\n\n", "\u{feff}"] {
            let answer = ScriptedApi::new().post(content_type, body).await;
            answer.is_problem(400, "empty-body", "the body holds no event");
        }
    }
}

#[tokio::test]
async fn malformed_json_names_the_event_and_the_position_and_stores_nothing() {
    let whole = format!("[{},\n{},\n{}]", event(1), event(2), event(3));
    let third = whole.rfind('\n').unwrap() + 1;
    let cases = [
        (whole[..third + 20].to_owned(), 2, 3),
        (whole[..whole.len() - 1].to_owned(), 3, 3),
        (format!("{whole}]"), 3, 3),
        (whole.replacen("\"quantity\":1", "\"quantity\":1.", 1), 0, 1),
        (whole.replacen("},\n{", "}\n{", 1), 1, 2),
        (event(1).to_string()[..30].to_owned(), 0, 1),
        (format!("{}\n{}", event(1), event(2)), 0, 2),
        ("\n  nonsense".to_owned(), 0, 2),
        ("\"text\"".to_owned(), 0, 1),
    ];
    for (body, index, line) in cases {
        let api = ScriptedApi::new();
        let answer = api.post("application/json", body.clone()).await;
        answer.is_problem(400, "invalid-json", &format!("event {index} cannot be read"));
        let place = [&answer.json["index"], &answer.json["line"]];
        assert_eq!(place, [&json!(index), &json!(line)], "{body}: {answer:?}");
        let (column, byte) = (&answer.json["column"], &answer.json["byte"]);
        let (column, byte) = (column.as_u64().unwrap(), byte.as_u64().unwrap() as usize);
        assert!(byte <= body.len(), "{byte} of {}", body.len());
        let line_start = body[..byte].rfind('\n').map_or(0, |end| end + 1);
        assert_eq!(column as usize, byte - line_start, "{body}");
        assert!(api.held_ids().is_empty());
    }
}

#[tokio::test]
async fn ndjson_with_the_content_type_of_json_gets_a_hint() {
    let answer = ScriptedApi::new().post("application/json", ndjson(&[event(1), event(2)])).await;
    answer.is_problem(400, "invalid-json", "one per line, are application/x-ndjson");
}

#[tokio::test]
async fn a_malformed_line_is_rejected_by_its_number_and_the_rest_is_stored() {
    let cut = &event(3).to_string()[..25];
    let body = format!("{}\n\n{{\"event_id\":}}\nnonsense\n[]\n{}\n{cut}", event(1), event(2));
    let api = ScriptedApi::new();
    let answer = api.post("application/x-ndjson", body).await;
    assert_eq!(answer.status, 207, "{answer:?}");
    let expected = ["stored", "rejected", "rejected", "rejected", "stored", "rejected"];
    assert_eq!(answer.each("status"), expected);
    let lines: Vec<u64> =
        (0..6).map(|i| answer.json["results"][i]["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 3, 4, 5, 6, 7]);
    let messages = answer.each("message");
    assert!(
        messages[1].starts_with("event 1 (line 3): the line is not valid JSON: expected value")
    );
    assert!(messages[3].contains("(line 5)") && messages[3].contains("is not a JSON object"));
    assert!(messages[5].contains("(line 7)") && messages[5].contains("EOF"), "{messages:?}");
    assert!(messages.iter().all(|message| !message.contains("line 1")), "{messages:?}");
    assert_eq!(api.held_ids(), ["1", "2"]);
}

#[tokio::test]
async fn invalid_utf8_is_reported_with_its_offset() {
    for content_type in ["application/json", "application/x-ndjson"] {
        let mut body = event("Brot").to_string().into_bytes();
        body[15] = 0xE4;
        let answer = ScriptedApi::new().post(content_type, body).await;
        answer.is_problem(400, "not-utf8", "offset 15");
        assert_eq!(answer.json["byte"], 15);
    }
}
