//! Records: packed events and text of other producers open. Anything else is refused with a reason,
//! without a panic and within the memory of one record.

mod events;

use std::io::Write;

use domain::SequenceNumber;
use domain::limits::{RECORD_OPENED_BYTES_MAX, RECORD_TEXTS_MAX};
use domain::record::{Unopenable, open, pack, parts};
use events::any_event;
use md5::Digest;
use proptest::prelude::*;

const MIB: usize = 1024 * 1024;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packed_events_open_unchanged(
        events in prop::collection::vec(any_event(), 1..40),
        key in "[a-z]{1,8}",
    ) {
        let record = pack(&key, &events);
        prop_assert_eq!(&record.partition_key, &key);
        let canonical: Vec<String> = events.iter().map(|event| event.canonical()).collect();
        prop_assert!(record.data.len() <= canonical.join("\n").len());
        prop_assert_eq!(open(&record.data), Ok(canonical));
        prop_assert_eq!(pack(&key, &events), record);
    }

    #[test]
    fn any_bytes_open_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        opens_within_bounds(&bytes)?;
    }

    #[test]
    fn damaged_compression_opens_or_is_refused(
        text in "[ -~\n]{0,300}",
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = zstd(text.repeat(5).as_bytes());
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(4 + cut.index(bytes.len()));
        opens_within_bounds(&bytes)?;
    }

    #[test]
    fn any_text_opens_line_by_line(text in "[a-z{}\"\\[\\] \t\n]{0,200}") {
        opens_within_bounds(text.as_bytes())?;
    }

    #[test]
    fn sequence_numbers_are_ordered_as_numbers(
        a in (0..10_u128.pow(38), 0..4_usize),
        b in (0..10_u128.pow(38), 0..4_usize),
        small in 0..200_u128,
    ) {
        let spelled = |(number, zeros): (u128, usize)| {
            SequenceNumber::new(format!("{}{number}", "0".repeat(zeros)))
        };
        for (a, b) in [(a, b), (a, (small, b.1)), (a, (a.0 + 1 + small, b.1))] {
            if a.0 != b.0 {
                prop_assert_eq!(spelled(a).cmp(&spelled(b)), a.0.cmp(&b.0));
            }
        }
        prop_assert_eq!(spelled(a), spelled(a));
    }
}

/// Asserts that an opened record has only lines that are not blank, within the limits of a record.
fn opens_within_bounds(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(texts) = open(bytes) else { return Ok(()) };
    prop_assert!((1..=RECORD_TEXTS_MAX).contains(&texts.len()));
    prop_assert!(texts.iter().map(String::len).sum::<usize>() <= RECORD_OPENED_BYTES_MAX);
    for text in texts {
        prop_assert!(!text.is_empty() && text.trim() == text);
    }
    Ok(())
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).expect("compresses")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("compresses");
    encoder.finish().expect("compresses")
}

fn check(data: &[u8], expected: Result<&[&str], &str>) {
    let opened = open(data).map_err(|error| error.to_string());
    let expected =
        expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    assert_eq!(opened, expected.map_err(str::to_owned));
}

#[test]
fn text_of_another_producer_opens() {
    check(br#"{"a":1}"#, Ok(&[r#"{"a":1}"#]));
    check(b"{\"a\":1}\r\n\n  {\"b\":2}  \n", Ok(&[r#"{"a":1}"#, r#"{"b":2}"#]));
    check(b"{\n  \"a\": 1\n}\n", Ok(&["{\n  \"a\": 1\n}"]));
    check(b"no json\n{\"b\":2}", Ok(&["no json", r#"{"b":2}"#]));
    check(&zstd(br#"{"a":1}"#), Ok(&[r#"{"a":1}"#]));
    check(&[zstd(b"{\"a\":1}\n"), zstd(b"{\"b\":2}")].concat(), Ok(&[r#"{"a":1}"#, r#"{"b":2}"#]));
}

#[test]
fn a_refusal_states_its_reason() {
    check(b"", Err("the record is empty"));
    check(b" \r\n\t\n", Err("the record is empty"));
    check(&zstd(b""), Err("the record is empty"));
    check(b"[]", Err("the record is empty"));
    check(b"{\"a\":\"\xFF\"}", Err("the record is not UTF-8 (byte 6)"));
    check(&zstd(b"ab\xFF"), Err("the record is not UTF-8 (byte 2)"));
    let cut = &zstd(&b"{}".repeat(100))[..9];
    assert!(matches!(open(cut), Err(Unopenable::Compression("zstd", _))));
    assert!(matches!(open(b"\x28\xB5\x2F\xFDno frame"), Err(Unopenable::Compression("zstd", _))));
}

#[test]
fn any_arrangement_of_json_opens() {
    let (a, b, c) = (r#"{"a":1}"#, r#"{"b":[2]}"#, r#"{"c":"}{"}"#);
    for text in [
        format!("{a}{b}{c}"),
        format!("{a}\r\n{b}\r\n{c}\r\n"),
        format!("[{a},{b},\n{c}]"),
        format!("[{a}]\n[{b},{c}]"),
        format!("{a} [{b}]{c}"),
        format!("\u{feff}{a}\n{b}\n{c}"),
        format!("\u{feff}[\n  {a},\n  {b},\n  {c}\n]\n"),
    ] {
        let bytes = text.as_bytes();
        for data in [bytes.to_vec(), zstd(bytes), gzip(bytes)] {
            check(&data, Ok(&[a, b, c]));
        }
    }
    check(b"[{\"a\":1},{\"b\"", Ok(&[r#"[{"a":1},{"b""#]));
    check(b"[[{\"a\":1}],[[{\"b\":[2]}]],[]]", Ok(&[a, b]));
    check(&[gzip(b"{\"a\":1}\n"), gzip(b"{\"b\":2}")].concat(), Ok(&[a, r#"{"b":2}"#]));
    let cut = &gzip(&b"{}".repeat(100))[..14];
    assert!(matches!(open(cut), Err(Unopenable::Compression("gzip", _))));
}

#[test]
fn what_is_not_json_does_not_prevent_the_values_around_it() {
    let (a, b, c) = (r#"{"a":1}"#, r#"{"b":[2]}"#, "{\n  \"c\": 3\n}");
    for (text, expected) in [
        (format!("[{a},{b}]\n{a}\nx"), vec![a, b, a, "x"]),
        (format!("{c}\n{c}\nx\n{c}"), vec![c, c, "x", c]),
        (format!("{a}{b}\n{c}\nx"), vec![a, b, c, "x"]),
        (format!("x\n  y\n{a}"), vec!["x\n  y", a]),
        (format!("{{\n  \"a\" 1\n}}\n{c}"), vec!["{\n  \"a\" 1\n}", c]),
        (format!("[\n{a},\n{b},\n{a}"), vec!["[", a, b, a]),
        (format!("{a} {b}"), vec![a, b]),
    ] {
        check(text.as_bytes(), Ok(&expected));
    }
}

#[test]
fn the_work_is_in_proportion_to_the_size_of_a_record() {
    // Each line opens an object that the next lines continue.
    let text = "{\"a\":[\n".repeat(9_000) + "}";
    assert_eq!(open(text.as_bytes()).map(|texts| texts.len()), Ok(9_001));
}

/// Returns an aggregated record, written by hand after the description of the format.
fn aggregated(parts: &[&[u8]]) -> Vec<u8> {
    // Field 1, the table of partition keys, and field 3, each record: key index 0 and its data.
    let mut message = b"\x0A\x040042".to_vec();
    for part in parts {
        let length = u8::try_from(part.len()).expect("a short part");
        message.extend([0x1A, length + 4, 0x08, 0x00, 0x1A, length]);
        message.extend(*part);
    }
    let digest = md5::Md5::digest(&message);
    [b"\xF3\x89\x9A\xC2", &message[..], digest.as_slice()].concat()
}

#[test]
fn an_aggregated_record_has_the_parts_of_its_producer() {
    let compressed = gzip(b"{\"b\":2}");
    let data = aggregated(&[b"{\"a\":1}", &compressed, b""]);
    let found = parts(&data).unwrap();
    assert_eq!(found, [&b"{\"a\":1}"[..], &compressed, b""]);
    assert_eq!(parts(&compressed).unwrap(), [&compressed[..]]);

    let nested = aggregated(&[b"{\"c\":3}", &aggregated(&[b"{\"a\":1}", b"{\"b\":2}"])]);
    let inner = [&b"{\"c\":3}"[..], b"{\"a\":1}", b"{\"b\":2}"];
    assert_eq!(parts(&nested).unwrap(), inner);

    let message = |data: &[u8]| parts(data).unwrap_err().to_string();
    let starts = "the record starts like one of the Kinesis Producer Library, but ";
    assert_eq!(message(&data[..10]), format!("{starts}it is too short for its digest"));
    let mut damaged = data.clone();
    damaged[9] ^= 1;
    assert_eq!(message(&damaged), format!("{starts}its MD5 digest does not match"));
    assert_eq!(message(&aggregated(&[])), "the record is empty");
}

#[test]
fn a_record_holds_at_most_10_000_texts() {
    let lines = |count: usize| vec!["{}"; count].join("\n");
    let count = |text: &str| open(text.as_bytes()).map(|texts| texts.len());
    assert_eq!(count(&lines(10_000)), Ok(10_000));
    assert_eq!(count(&lines(10_000).replace('\n', "\n\n")), Ok(10_000));
    let message = "the record holds 10001 events; at most 10000 are allowed";
    check(lines(10_001).as_bytes(), Err(message));
    check(&zstd(format!("[{}]", lines(10_001).replace('\n', ",")).as_bytes()), Err(message));
}

#[test]
fn a_decompression_bomb_costs_no_more_than_a_record() {
    let fits = format!("\"{}\"", "x".repeat(RECORD_OPENED_BYTES_MAX - 2));
    assert_eq!(open(&zstd(fits.as_bytes())), Ok(vec![fits.clone()]));
    assert_eq!(open(&zstd(format!("{fits} ").as_bytes())), Err(Unopenable::TooLarge));
    // The stream limits a record that is not compressed.
    assert_eq!(open(format!("{fits} ").as_bytes()), Ok(vec![fits]));
    let bomb = zstd(&vec![b'1'; 256 * MIB]);
    assert!(bomb.len() < 64 * 1024);
    assert_eq!(open(&bomb), Err(Unopenable::TooLarge));
    // Inflation stops at the limit, so the damaged end is not reached.
    let unread = [&bomb[..], b"\x28\xB5\x2F\xFD broken"].concat();
    assert_eq!(open(&unread), Err(Unopenable::TooLarge));
}

#[test]
fn a_frame_that_requests_a_huge_window_is_refused() {
    let asking_for = |window_log: u32| {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window_log).unwrap();
        encoder.write_all(b"{}").unwrap();
        // Two writes, because the window of a frame written at once is its length.
        encoder.flush().unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(open(&asking_for(23)), Ok(vec!["{}".to_owned()]));
    assert!(matches!(open(&asking_for(27)), Err(Unopenable::Compression("zstd", _))));
}

#[test]
fn a_sequence_number_is_ordered_by_length_and_then_by_digits() {
    let number = |digits: &str| SequenceNumber::new(digits);
    let ascending = [
        "0",
        "5",
        "09",
        "10",
        "49590338271490256608559692538361571095921575989136588898",
        "49590338271490256608559692538361571095921575989136588899",
        &"9".repeat(128),
        &format!("1{}", "0".repeat(128)),
    ];
    assert!(ascending.iter().map(|digits| number(digits)).is_sorted_by(|a, b| a < b));
    // Two spellings of one number have an order, so that the order is total.
    assert!(number("007") < number("07") && number("07") < number("7"));
    assert_eq!(number("7").to_string(), "7");
}
