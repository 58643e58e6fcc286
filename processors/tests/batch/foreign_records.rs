//! Records of producers that write to the stream themselves: each event counts, in any arrangement
//! of JSON, compressed or aggregated. Earlier refusals of such records are replayed.

use std::io::Write;

use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record::Delivered;
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::Digest;
use serde_json::json;

use crate::poison::line;
use crate::{TestProcessor, date, delivered, evening, run};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("compresses");
    encoder.finish().expect("compresses")
}

/// Returns a record in the aggregation format of the Kinesis Producer Library, written by hand.
fn aggregated(parts: &[&[u8]]) -> Vec<u8> {
    let varint = |mut value: usize| {
        let mut bytes = Vec::new();
        while value > 0x7F {
            bytes.push((value & 0x7F) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    let mut message = b"\x0A\x040042".to_vec();
    for part in parts {
        let record = [&[0x08, 0x00, 0x1A][..], &varint(part.len()), part].concat();
        message.extend([&[0x1A][..], &varint(record.len()), &record].concat());
    }
    let digest = md5::Md5::digest(&message);
    [b"\xF3\x89\x9A\xC2", &message[..], digest.as_slice()].concat()
}

fn cloud_event(id: &str) -> String {
    let data = json!({
        "kind": "receipt", "store_id": "0042", "terminal_id": "t", "sku": "rye", "quantity": 2,
    });
    json!({
        "specversion": "1.0", "id": id, "source": "/t", "type": "till.receipt",
        "time": "2026-03-12T09:00:00Z", "data": data,
    })
    .to_string()
}

fn event(id: &str) -> String {
    line(id, "09:00:00")
}

/// Returns the ids of the stored events, sorted.
fn stored_ids(processor: &TestProcessor) -> Vec<String> {
    let windows = processor.windows();
    let mut ids: Vec<String> = windows
        .iter()
        .flat_map(|window| window.events().map(|event| event.event_id().to_string()))
        .collect();
    ids.sort();
    ids
}

#[test]
fn every_arrangement_counts() {
    let (a, b, c) = (event("a"), event("b"), event("c"));
    let pretty = serde_json::to_string_pretty(&json!([
        serde_json::from_str::<serde_json::Value>(&a).expect("JSON"),
        serde_json::from_str::<serde_json::Value>(&b).expect("JSON"),
        serde_json::from_str::<serde_json::Value>(&c).expect("JSON"),
    ]))
    .expect("JSON");
    for data in [
        format!("[{a},{b},{c}]").into_bytes(),
        format!("\u{feff}{a}\r\n{b}\r\n{c}\r\n").into_bytes(),
        format!("{a}{b}{c}").into_bytes(),
        pretty.into_bytes(),
        gzip(&format!("{a}\n{b}\n{c}")),
        format!("[{},{}]\n{}", cloud_event("a"), cloud_event("b"), cloud_event("c")).into_bytes(),
        aggregated(&[a.as_bytes(), &gzip(&format!("{b}\n{c}"))]),
    ] {
        let processor = TestProcessor::new();
        let outcome = processor.process(&[delivered(4, data.clone())]);
        assert_eq!((outcome.written, outcome.quarantined), (3, 0), "{data:?}");
        assert_eq!(stored_ids(&processor), ["a", "b", "c"]);
    }
}

#[test]
fn five_hundred_lines_count() {
    let lines: Vec<String> = (0..500).map(|number| event(&format!("e-{number}"))).collect();
    let processor = TestProcessor::new();
    let outcome = processor.process(&[delivered(4, lines.join("\n").into_bytes())]);
    assert_eq!((outcome.written, outcome.quarantined), (500, 0));
}

#[test]
fn a_record_with_many_invalid_texts_is_one_entry_and_its_events_count() {
    let processor = TestProcessor::new();
    let text = format!("{}\n{}", event("a"), vec!["{}"; 5_000].join("\n"));
    let outcome = processor.process(&[delivered(4, text.clone().into_bytes())]);
    assert_eq!((outcome.written, outcome.quarantined), (1, 1));
    let [kept] = &processor.0.tables.quarantine.kept()[..] else { panic!("one entry") };
    assert_eq!(kept.id.key, "shardId-000000000000#100");
    assert_eq!(kept.bytes, text.into_bytes());
    let start = "5000 of 5001 texts are no valid events, kept as one entry; the first, number 1: ";
    assert!(kept.message.starts_with(start), "{}", kept.message);
    let replayed = run(processor.0.replay(kept)).expect("processed");
    assert_eq!((replayed.written, replayed.stays), (1, true));
    assert_eq!(processor.0.tables.quarantine.kept().len(), 1);
}

#[test]
fn what_is_refused_of_an_aggregated_record_has_a_key_of_its_own_and_is_replayed() {
    let processor = TestProcessor::new();
    let (bad, two_bad) = (line("x", "25:00:00"), line("y", "26:00:00"));
    let two = format!("{}\n{two_bad}", event("b"));
    let data = aggregated(&[event("a").as_bytes(), bad.as_bytes(), b"\xFF", two.as_bytes()]);
    let outcome = processor.process(&[delivered(4, data)]);
    assert_eq!((outcome.written, outcome.quarantined), (2, 3));
    let kept = || -> Vec<(String, QuarantineReason)> {
        let kept = processor.0.tables.quarantine.kept();
        kept.into_iter().map(|kept| (kept.id.key, kept.reason)).collect()
    };
    let key = |part: &str| format!("shardId-000000000000#100#{part}");
    let expected = [
        (key("0001#0000"), QuarantineReason::InvalidEvent),
        (key("0002"), QuarantineReason::Unopenable),
        (key("0003#0001"), QuarantineReason::InvalidEvent),
    ];
    assert_eq!(kept(), expected);
    for kept in processor.0.tables.quarantine.kept() {
        let replayed = run(processor.0.replay(&kept)).expect("processed");
        assert!(replayed.stays, "{replayed:?}");
    }
    assert_eq!(kept(), expected);
}

/// Entry that an earlier version of the program wrote.
fn refused(record: &Delivered, key: &str, reason: QuarantineReason) -> Quarantined {
    Quarantined {
        id: QuarantineId { date: date(), key: format!("shardId-000000000000#100{key}") },
        reason,
        message: "as an earlier version said".to_owned(),
        at: evening(),
        bytes: record.data.clone(),
    }
}

#[test]
fn earlier_refusals_are_replayed() {
    let array = format!("[{},{}]", event("a"), event("b"));
    for (data, key, reason) in [
        (array.into_bytes(), "#0000", QuarantineReason::InvalidEvent),
        (gzip(&format!("{}\n{}", event("a"), event("b"))), "", QuarantineReason::Unopenable),
        (
            aggregated(&[event("a").as_bytes(), event("b").as_bytes()]),
            "",
            QuarantineReason::Unopenable,
        ),
    ] {
        let processor = TestProcessor::new();
        let kept = refused(&delivered(4, data), key, reason);
        run(processor.0.tables.put_quarantined(&kept)).expect("kept");
        let replayed = run(processor.0.replay(&kept)).expect("processed");
        assert_eq!((replayed.written, replayed.stays), (2, false));
        assert_eq!(processor.0.tables.quarantine.kept(), []);
    }
}

/// Returns an event that inflates to some 4 MiB, most of them blanks.
fn large(event_id: &str) -> Vec<u8> {
    gzip(&format!("{}{}", event(event_id), " ".repeat((4 << 20) - 1024)))
}

#[test]
fn a_batch_that_inflates_to_much_more_than_its_size_loses_nothing() {
    // Several rounds: within an aggregated record, after it, and over records.
    let parts: Vec<Vec<u8>> = (0..20).map(|number| large(&format!("part-{number}"))).collect();
    let parts: Vec<&[u8]> = parts.iter().map(|part| &**part).collect();
    let mut records = vec![delivered(1, aggregated(&parts))];
    for number in 2..22 {
        records.push(delivered(number, large(&format!("record-{number}"))));
    }
    records.push(delivered(30, b"no event".to_vec()));
    let processor = TestProcessor::new();
    let outcome = processor.process(&records);
    assert_eq!((outcome.written, outcome.quarantined, outcome.retry_from), (40, 1, None));
}
