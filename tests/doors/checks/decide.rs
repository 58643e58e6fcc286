//! The `decide` filter.

use pricing::contract::{answer, answer_line, read, write};
use pricing::decide;
use serde_json::Value;

use super::given::on_one_line;
use super::memory::within;

/// The programme of the largest ladder over the longest day.
const PROGRAMME_BYTES: usize = 256 << 20;
/// What parsed JSON takes for each of its bytes.
const BYTES_HELD_PER_BYTE: usize = 200;

pub(super) fn check(data: &[u8]) {
    let bytes_max = PROGRAMME_BYTES + BYTES_HELD_PER_BYTE * data.len();
    let Some(line) = within(bytes_max, || answer_line(data, 7)) else {
        assert!(data.trim_ascii().is_empty(), "a line is not answered");
        return;
    };
    on_one_line(&line);
    assert_eq!(answer_line(data, 7).as_ref(), Some(&line), "another answer to the same line");
    let said: Value = serde_json::from_str(&line).expect("an answer is JSON");
    let Ok(mut request) = read(data.trim_ascii()) else {
        let code = said["error"]["code"].as_str();
        let known = ["bad_json", "missing_field", "bad_value", "closed"];
        assert!(code.is_some_and(|code| known.contains(&code)), "{line}");
        assert_eq!(said["line"], 7);
        return;
    };
    keeps_its_rules(&said);
    // What an offer keeps of its inputs decides the same again.
    let again = read(write(&request.situation).as_bytes()).expect("what was written is read");
    assert_eq!(again.situation, request.situation);
    (request.request_id, request.as_of) = (again.request_id.clone(), again.as_of.clone());
    assert_eq!(
        answer(&again, &decide(&again.situation)),
        answer(&request, &decide(&request.situation))
    );
}

fn keeps_its_rules(said: &Value) {
    let shown = said["discount_percent"].as_u64();
    let alternatives = said["alternatives"].as_array().expect("every step");
    let chosen = alternatives.iter().find(|it| it["discount_percent"].as_u64() == shown);
    assert_eq!(chosen.expect("a step of the ladder")["allowed"], true, "{said}");
    assert!(said["expected_units"].as_f64() >= Some(0.0), "{said}");
    assert!(said["expected_waste"].as_f64() >= Some(0.0), "{said}");
    let reason = said["reason"].as_str().expect("a reason");
    assert!((1..=400).contains(&reason.chars().count()), "{reason}");
}
