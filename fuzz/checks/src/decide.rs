//! Check of the lines of `daymark decide`.

use pricing::contract::{answer, answer_line, read, write};
use pricing::decide;
use serde_json::Value;

use crate::assertions::on_one_line;
use crate::memory::within;

/// Memory of the solver for the largest ladder over the longest day.
const SOLVER_BYTES_MAX: usize = 256 << 20;
/// Memory of parsed JSON for each byte of its text.
const BYTES_PER_INPUT_BYTE: usize = 200;

/// Checks `pricing::contract::answer_line` with one line.
///
/// # Panics
/// Panics if memory is unbounded, the answer is malformed, breaks a rule or differs when the same
/// input is answered again.
pub fn check_decide(data: &[u8]) {
    let bytes_max = SOLVER_BYTES_MAX + BYTES_PER_INPUT_BYTE * data.len();
    let Some(line) = within(bytes_max, || answer_line(data, 7)) else {
        assert!(data.trim_ascii().is_empty(), "a line has no answer");
        return;
    };
    on_one_line(&line);
    assert_eq!(answer_line(data, 7).as_ref(), Some(&line), "another answer to the same line");
    let answered: Value = serde_json::from_str(&line).expect("an answer is JSON");
    let Ok(mut parsed) = read(data.trim_ascii()) else {
        let code = answered["error"]["code"].as_str();
        let known = ["bad_json", "missing_field", "bad_value", "closed"];
        assert!(code.is_some_and(|code| known.contains(&code)), "{line}");
        assert_eq!(answered["line"], 7);
        return;
    };
    keeps_its_rules(&answered);
    // The inputs that an offer stores lead to the same decision.
    let again = read(write(&parsed.request).as_bytes()).expect("a written request");
    assert_eq!(again.request, parsed.request);
    (parsed.request_id, parsed.as_of) = (again.request_id.clone(), again.as_of.clone());
    assert_eq!(answer(&again, &decide(&again.request)), answer(&parsed, &decide(&parsed.request)));
}

fn keeps_its_rules(answered: &Value) {
    let shown = answered["discount_percent"].as_u64();
    let alternatives = answered["alternatives"].as_array().expect("every step");
    let chosen = alternatives.iter().find(|step| step["discount_percent"].as_u64() == shown);
    assert_eq!(chosen.expect("a step of the ladder")["allowed"], true, "{answered}");
    assert!(answered["expected_units"].as_f64() >= Some(0.0), "{answered}");
    assert!(answered["expected_waste"].as_f64() >= Some(0.0), "{answered}");
    let reason = answered["reason"].as_str().expect("a reason");
    assert!((1..=400).contains(&reason.chars().count()), "{reason}");
}
