//! Runs the check of each fuzz target over its seeds, on a stable compiler.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The folder `fuzz`.
const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Lock held by each test: allocations are counted for the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[expect(clippy::print_stdout, reason = "the output of a failing test names the seed")]
fn check_seeds(target: &str, check: fn(&[u8])) {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(FUZZ).join("seeds").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("a folder of seeds")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        println!("{}", file.display());
        check(&fs::read(&file).expect("a readable file"));
    }
}

#[test]
fn an_accepted_event_survives_text_record_and_segment() {
    check_seeds("event", untrusted_input::check_event);
}

#[test]
fn unknown_fields_of_an_event_cost_no_memory() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let unknown: Vec<String> = (0..50_000).map(|number| format!("\"{number}\":0")).collect();
    untrusted_input::check_event(format!("{{{}}}", unknown.join(",")).as_bytes());
}

#[test]
fn every_event_of_a_record_is_stored_or_quarantined() {
    check_seeds("record", untrusted_input::check_record);
}

#[test]
fn a_segment_that_is_read_is_a_set_of_valid_events() {
    check_seeds("segment", untrusted_input::check_segment);
}

#[test]
fn kinesis_answers_every_request_and_returns_every_acknowledged_record() {
    check_seeds("kinesis", untrusted_input::check_kinesis);
}

#[test]
fn every_till_line_is_reported_once_with_its_own_number() {
    check_seeds("till_lines", untrusted_input::check_till_lines);
}

#[test]
fn every_catalogue_entry_is_read_or_refused_with_its_own_line() {
    check_seeds("catalogue", untrusted_input::check_catalogue);
}

#[test]
fn a_body_is_answered_within_bounds_whatever_its_compression() {
    check_seeds("body", untrusted_input::check_body);
}

#[test]
fn a_line_is_decided_reproducibly_or_refused_with_a_reason() {
    check_seeds("decide", untrusted_input::check_decide);
}

#[test]
fn every_fuzz_target_has_seeds_and_a_dictionary() {
    let names = |folder: &str| {
        let entries = fs::read_dir(Path::new(FUZZ).join(folder)).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let names = paths.map(|path| path.file_stem().expect("a name").to_owned());
        names.collect::<BTreeSet<_>>()
    };
    let targets = names("fuzz_targets");
    assert_eq!(names("dictionaries"), targets);
    assert_eq!(names("seeds"), targets);
}
