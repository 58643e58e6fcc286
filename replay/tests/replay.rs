//! A replay gives the windows of the stock log, for any order, repetition and form of its input.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, Write};

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use domain::{Acceptance, Event, StoreDay, StoreId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use replay::{Format, Input, InvalidLine, Options, Summary, replay};
use serde_json::{Value, json};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Generates the JSON of valid events of a few stores, items, ids and dates. Many have one id.
fn events() -> impl Strategy<Value = Vec<Value>> {
    let minutes = prop_oneof![Just(0), 0..3_i64, 0..3_000_i64];
    let kind = select(vec![
        "sale",
        "sale",
        "return",
        "receipt",
        "waste",
        "count",
        "transfer_in",
        "transfer_out",
        "correction",
    ]);
    let money = select(vec![("2.40", "EUR"), ("0.05", "EUR"), ("240", "JPY"), ("1.125", "KWD")]);
    let quantity = select(vec!["0", "1", "2.50", "0.375", "1000000"]);
    let one = (0..9_u8, kind, 0..3_u8, 0..3_u8, minutes, money, quantity, 0..9_u8, any::<bool>());
    let one = (one, option::weighted(0.3, 1..3_u8)).prop_map(|(one, import)| {
        let (id, kind, store, sku, minutes, (price, currency), quantity, corrects, line) = one;
        let occurred_at = at("2026-03-11T20:00:00Z") + TimeDelta::minutes(minutes);
        let mut event = json!({
            "event_id": format!("e-{id}"), "kind": kind, "store_id": format!("s{store}"),
            "terminal_id": "t1", "sku": format!("i{sku}"), "quantity": quantity,
            "currency": currency, "corrects": format!("e-{corrects}"),
            "occurred_at": occurred_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        });
        event[if line { "amount" } else { "unit_price" }] = price.into();
        if let Some(import) = import {
            event["import_id"] = format!("import-{import}").into();
        }
        event
    });
    vec(one, 0..60)
}

/// Spellings of one event: as it is, with blanks, and with an escape.
fn spelled(event: &Value, spelling: u8) -> String {
    match spelling {
        0 => event.to_string(),
        1 => event.to_string().replace(',', " , "),
        _ => event.to_string().replacen("\"e-", "\"\\u0065-", 1),
    }
}

/// Returns the lines that the figures of the stock log make.
fn expected(events: &[Value]) -> (String, u64) {
    let anytime = Acceptance { age_max: None, ..Acceptance::at(at("2026-04-01T00:00:00Z")) };
    let mut days: BTreeMap<(StoreId, NaiveDate), StoreDay> = BTreeMap::new();
    for json in events {
        let event = Event::parse(&json.to_string(), &anytime).expect("a valid event");
        let key = (event.store_id().clone(), event.occurred_at().date_naive());
        let new = || StoreDay::new(key.0.clone(), key.1);
        days.entry(key.clone()).or_insert_with(new).insert(event);
    }
    let conflicts: std::collections::BTreeSet<_> = days
        .iter()
        .flat_map(|(key, day)| day.conflicting().map(move |event| (key, event.event_id())))
        .collect();
    let conflicts = conflicts.len() as u64;
    let mut lines = Vec::new();
    for window in days.into_values().flat_map(StoreDay::into_windows) {
        let (key, figures) = (window.key(), window.figures());
        if figures.events == 0 {
            continue;
        }
        let start = key.window.start().to_rfc3339_opts(SecondsFormat::Secs, true);
        let moved = figures.returned + figures.received + figures.transferred_in
            - (figures.sold + figures.wasted + figures.transferred_out);
        let revenue: Vec<_> = figures
            .revenue
            .iter()
            .map(|(code, sum)| (code.to_string(), sum.normalize().to_string()))
            .collect();
        let revenue = match &revenue[..] {
            [] => "\"0\"".to_owned(),
            [(_, sum)] => format!("\"{sum}\""),
            several => {
                let members = several.iter().map(|(code, sum)| format!("\"{code}\":\"{sum}\""));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        };
        let line = format!(
            "{{\"window_start\":\"{start}\",\"store_id\":\"{}\",\"sku\":\"{}\",\"events\":{},\
             \"units_sold\":\"{}\",\"units_received\":\"{}\",\"units_wasted\":\"{}\",\
             \"net_change\":\"{}\",\"revenue\":{revenue}}}\n",
            key.store_id,
            key.sku,
            figures.events,
            (figures.sold - figures.returned).normalize(),
            figures.received.normalize(),
            figures.wasted.normalize(),
            moved.normalize(),
        );
        lines.push(((start, key.store_id.clone(), key.sku.clone()), line));
    }
    lines.sort();
    (lines.into_iter().map(|(_, line)| line).collect(), conflicts)
}

fn input(bytes: &[u8]) -> Input {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("a file");
    file.rewind().expect("a file");
    Input::new(file).expect("an input")
}

fn replayed(input: Input, options: &Options) -> (String, Summary) {
    let mut output = Vec::new();
    let summary = replay(input, &mut output, options, |_| ()).expect("no error");
    (String::from_utf8(output).expect("text"), summary)
}

fn compressed(bytes: &[u8], form: u8) -> Vec<u8> {
    match form {
        0 => bytes.to_vec(),
        1 => zstd::bulk::compress(bytes, 1).expect("compresses"),
        _ => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(bytes).expect("compresses");
            gzip.finish().expect("compresses")
        }
    }
}

proptest! {
    #[test]
    fn a_replay_equals_the_stock_log(
        events in events(),
        spellings in vec(0..3_u8, 120),
        repeated in vec(any::<prop::sample::Index>(), 0..20),
        form in 0..3_u8,
        threads in 1..4_usize,
        memory_bytes in select(vec![0, 1 << 20]),
    ) {
        let mut sent = events.clone();
        if !events.is_empty() {
            sent.extend(repeated.iter().map(|place| place.get(&events).clone()));
        }
        let lines: String = sent
            .iter()
            .zip(&spellings)
            .map(|(event, spelling)| spelled(event, *spelling) + "\r\n")
            .collect();
        let options = Options { threads, memory_bytes, format: Format::Ndjson };
        let (output, summary) = replayed(input(&compressed(lines.as_bytes(), form)), &options);
        let (expected, conflicts) = expected(&events);
        prop_assert_eq!(&output, &expected);
        prop_assert_eq!(summary.events, sent.len() as u64);
        prop_assert_eq!(summary.windows, expected.lines().count() as u64);
        prop_assert_eq!((summary.conflicts, summary.invalid), (conflicts, 0));
    }
}

fn sale(id: usize) -> Value {
    json!({
        "event_id": format!("e-{id}"), "kind": "sale", "store_id": "0042", "terminal_id": "t1",
        "sku": "rye", "quantity": "1", "unit_price": "2.50", "currency": "EUR",
        "occurred_at": "2026-03-12T15:17:00Z",
    })
}

#[test]
fn invalid_lines_are_numbered_and_left_out() {
    // More lines than one block holds, so that several readers take part.
    let mut lines: Vec<String> = (0..12_000).map(|id| sale(id).to_string()).collect();
    lines[4] = "no event".to_owned();
    lines[5] = String::new();
    lines[11_990] = lines[11_990].replace("\"1\"", "\"-1\"");
    let options = Options { threads: 3, ..Options::default() };
    let (output, summary) = replayed(input(lines.join("\n").as_bytes()), &options);
    assert!(output.contains(r#""events":11997,"units_sold":"11997""#), "{output}");
    assert_eq!((summary.events, summary.invalid, summary.windows), (11_997, 2, 1));
    let [first, second] = &summary.first_invalid[..] else { panic!("{summary:?}") };
    assert_eq!(first.number, 5);
    assert!(first.message.contains("is not valid JSON"), "{first:?}");
    let message = "event e-11990: quantity \"-1\" is outside 0 to 1000000".to_owned();
    assert_eq!(second, &InvalidLine { number: 11_991, message });
}

#[test]
fn a_line_that_is_not_utf_8_is_one_invalid_line() {
    let mut bytes = format!("{}\n", sale(1)).into_bytes();
    bytes.extend_from_slice(b"\xFF\n");
    bytes.extend_from_slice(sale(2).to_string().as_bytes());
    let (output, summary) = replayed(input(&bytes), &Options::default());
    assert!(output.contains(r#""events":2"#), "{output}");
    assert_eq!(summary.first_invalid[0].message, "is not UTF-8 (byte 0 of the line)");
}

#[test]
fn several_currencies_are_an_object_in_csv_as_well() {
    let mut dollars = sale(2);
    dollars["currency"] = "USD".into();
    dollars["kind"] = "return".into();
    let lines = format!("{}\n{dollars}\n", sale(1));
    let options = Options { format: Format::Csv, ..Options::default() };
    let (output, _) = replayed(input(lines.as_bytes()), &options);
    assert_eq!(
        output,
        "window_start,store_id,sku,events,units_sold,units_received,units_wasted,net_change,\
         revenue\n2026-03-12T15:15:00Z,0042,rye,2,0,0,0,0,\"{\"\"EUR\"\":\"\"2.5\"\",\
         \"\"USD\"\":\"\"-2.5\"\"}\"\n"
    );
}

#[test]
fn a_pipe_is_read_as_a_file_is() {
    // The contents of the id differ, so the input is read twice.
    let mut other = sale(1);
    other["quantity"] = "2".into();
    let lines = format!("{other}\n{}\n", sale(1));
    let (from, mut to) = std::io::pipe().expect("a pipe");
    let writer = std::thread::spawn(move || to.write_all(lines.as_bytes()));
    let piped = Input::new(File::from(std::os::fd::OwnedFd::from(from))).expect("an input");
    let (output, summary) = replayed(piped, &Options::default());
    writer.join().expect("no panic").expect("written");
    assert!(output.contains(r#""events":1,"units_sold":"1""#), "{output}");
    assert_eq!((summary.conflicts, summary.repetitions), (1, 1));
}

#[test]
fn a_file_is_read_from_its_position_on() {
    let mut file = tempfile::tempfile().expect("a file");
    write!(file, "a title\n{}\n", sale(1)).expect("a file");
    file.seek(std::io::SeekFrom::Start(8)).expect("a file");
    let (_, summary) = replayed(Input::new(file).expect("an input"), &Options::default());
    assert_eq!((summary.events, summary.invalid), (1, 0));
}

#[test]
fn a_zstd_archive_may_begin_with_a_skippable_frame() {
    let mut bytes = b"\x50\x2A\x4D\x18\x04\0\0\0size".to_vec();
    bytes.extend(compressed(sale(1).to_string().as_bytes(), 1));
    let (_, summary) = replayed(input(&bytes), &Options::default());
    assert_eq!((summary.events, summary.invalid), (1, 0));
}

#[test]
fn an_endless_line_is_an_error_at_once() {
    let mut bytes = vec![b'x'; 17 << 20];
    bytes.push(b'\n');
    bytes.extend(sale(1).to_string().into_bytes());
    let error = replay(input(&bytes), &mut Vec::new(), &Options::default(), |_| ()).unwrap_err();
    assert!(error.to_string().contains("a line has more than 16777216 bytes"), "{error}");
}

#[test]
fn a_damaged_archive_is_an_error() {
    for form in [1, 2] {
        let whole = compressed(sale(1).to_string().repeat(100).as_bytes(), form);
        let cut = input(&whole[..whole.len() - 5]);
        assert!(replay(cut, &mut Vec::new(), &Options::default(), |_| ()).is_err());
    }
    let (output, summary) = replayed(input(b""), &Options::default());
    assert_eq!((output, summary), (String::new(), Summary::default()));
}
