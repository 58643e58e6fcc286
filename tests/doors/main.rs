//! The doors of the house, where bytes of strangers come in: each is given every file of its
//! corpus and must keep its promise. The fuzz targets in `fuzz/` call the same checks.

mod checks;

// `checks` includes files of the program that need it here.
#[path = "../../src/rows.rs"]
mod rows;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What a door allocates is measured for the whole process, so the doors are opened one by one.
static ALONE: Mutex<()> = Mutex::new(());

#[expect(clippy::print_stdout, reason = "a failing file is named")]
fn every_file_of_the_corpus(door: &str) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(ROOT).join("tests/doors/corpus").join(door);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("a corpus")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        // Shown only when the check fails: it names the file before the reason.
        println!("{}", file.display());
        checks::knock(door, &fs::read(&file).expect("a readable file"));
    }
}

#[test]
fn an_event_that_is_accepted_stays_the_same_event() {
    every_file_of_the_corpus("event");
}

#[test]
fn fields_that_nobody_asked_for_cost_no_memory() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let strange: Vec<String> = (0..50_000).map(|number| format!("\"{number}\":0")).collect();
    checks::knock("event", format!("{{{}}}", strange.join(",")).as_bytes());
}

#[test]
fn a_record_is_stock_or_in_quarantine_to_the_last_event() {
    every_file_of_the_corpus("record");
}

#[test]
fn a_stored_row_that_is_read_is_written_again_unchanged() {
    every_file_of_the_corpus("row");
}

#[test]
fn kinesis_answers_every_request_and_gives_back_what_it_acknowledged() {
    every_file_of_the_corpus("kinesis");
}

#[test]
fn till_lines_are_numbered_as_they_stand_and_none_is_lost() {
    every_file_of_the_corpus("till_lines");
}

#[test]
fn catalogue_entries_are_told_by_their_line_and_none_is_lost() {
    every_file_of_the_corpus("catalogue");
}

#[test]
fn a_body_is_answered_within_bounds_however_it_is_compressed() {
    every_file_of_the_corpus("body");
}

#[test]
fn a_line_is_decided_the_same_again_or_refused_with_its_reason() {
    every_file_of_the_corpus("decide");
}

#[test]
fn every_door_has_a_corpus_a_dictionary_and_a_fuzz_target() {
    let names = |folder: &str| {
        let entries = fs::read_dir(Path::new(ROOT).join(folder)).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let names = paths.map(|path| path.file_stem().expect("a name").to_owned());
        names.collect::<BTreeSet<_>>()
    };
    let doors = names("tests/doors/corpus");
    assert_eq!(names("fuzz/dictionaries"), doors);
    assert_eq!(names("fuzz/fuzz_targets"), doors);
}
