//! `daymark export`: files that are whole, equal for equal rows, and never shrink without a word.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::analysts::{DATES, closed_chain};
use crate::support::{Disk, ProgramOutput, UpProcess, daymark, daymark_under, skipped};

/// Exports the dates of the chain.
fn export(up: &UpProcess, folder: &Path, more: &[&str]) -> ProgramOutput {
    let folder = folder.display().to_string();
    let [from, to] = DATES;
    let command = ["export", &folder, "--from", from, "--to", to];
    up.daymark(command.iter().copied().chain(more.iter().copied()))
}

/// Files below a folder, by their path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").to_owned();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

fn manifest(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn equal_rows_give_equal_bytes_and_the_manifest_tells_rows_and_digests() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    for format in ["parquet", "csv", "ndjson"] {
        let [first, second] = [&first, &second].map(|folder| folder.join(format));
        export(&up, &first, &["--format", format]).success();
        export(&up, &second, &["--format", format]).success();
        // A second run in the same folder changes nothing either.
        export(&up, &second, &["--format", format]).success();
        let written = files(&first);
        assert_eq!(written, files(&second), "{format}");
        let manifest = manifest(&first);
        let days = &manifest["files"][format!("days/month=2026-03/days.{format}")];
        assert_eq!((&days["rows"], &days["table"]), (&8.into(), &"days".into()));
        for (path, file) in manifest["files"].as_object().expect("files") {
            let bytes = &written[Path::new(path)];
            assert_eq!(file["sha256"], domain::sha256(bytes), "{path}");
            assert_eq!(file["bytes"], bytes.len(), "{path}");
        }
    }
    let csv = String::from_utf8(
        files(&first.join("csv"))[Path::new("days/month=2026-03/days.csv")].clone(),
    );
    let csv = csv.expect("UTF-8");
    assert!(csv.contains("2026-03-12,cake,Marble cake,sweet,EA,0,40,10"), "{csv}");
}

#[test]
fn a_month_never_loses_dates_or_stores_without_a_word() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("tables");
    export(&up, &place, &[]).success();
    let before = files(&place);
    let name = place.display().to_string();
    let date = DATES[1];
    let narrow = up.daymark(["export", &name, "--from", date, "--to", date]).failure();
    assert!(narrow.contains("holds 2026-03-12 to 2026-03-13"), "{narrow}");
    let one = export(&up, &place, &["--store", "north"]).failure();
    assert!(one.contains("is of other stores (2 instead of 1)"), "{one}");
    let none = export(&up, &place, &["--store", "nroth"]).failure();
    assert!(none.contains("did you mean north?"), "{none}");
    assert_eq!(files(&place), before);

    let table = export(&up, &place, &["--table", "sale"]).failure();
    assert!(table.contains("--table may be sales_by_slot, stock, days"), "{table}");
    let book = export(&up, &place, &["--format", "xlsx"]).failure();
    assert!(book.contains("--format xlsx writes one table"), "{book}");
    let years = up.daymark(["export", &name, "--from", "2010-01-01", "--to", date]).failure();
    assert!(years.contains("is not a span of 1 to 3660 dates"), "{years}");
    let future = up.daymark(["export", &name, "--from", date, "--to", "2999-01-01"]).failure();
    assert!(future.contains("is in the future"), "{future}");
    let other = folder.path().join("other");
    fs::create_dir(&other).expect("a folder");
    fs::write(other.join("letter.txt"), "mine").expect("written");
    let other = export(&up, &other, &[]).failure();
    assert!(other.contains("it is no export"), "{other}");
}

#[test]
fn what_a_killed_export_leaves_is_removed_and_whole_files_stay() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("tables");
    export(&up, &place, &[]).success();
    let before = files(&place);
    // A kill before the manifest: a file of this name, and no manifest.
    let unfinished = place.join("days/month=2026-03/.unfinished-Ab1");
    fs::write(&unfinished, "half").expect("written");
    fs::remove_file(place.join("manifest.json")).expect("removed");
    export(&up, &place, &[]).success();
    assert_eq!(files(&place), before);
}

#[test]
fn a_full_disk_leaves_the_files_of_before() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = Disk::mount_small(folder.path(), 64) else {
        return skipped("no disk can be mounted");
    };
    let place = folder.path().join("tables").display().to_string();
    let [from, to] = DATES;
    let enter = disk.enter();
    let wrapper: Vec<&str> = enter.iter().map(String::as_str).collect();
    let command = ["export", &place, "--from", from, "--to", to, "--dynamodb-url", &up.dynamodb];
    let message = daymark_under(&wrapper, &command).failure();
    assert!(message.contains("No space left"), "{message}");
    disk.grow(4096);
    daymark_under(&wrapper, &command).success();
}

#[test]
fn without_duckdb_or_an_export_sql_says_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().display().to_string();
    let sql = |more: &[&str]| {
        let command = ["sql", "select 1", "--dir", &place];
        daymark(command.iter().copied().chain(more.iter().copied()))
    };
    let message = sql(&[]).failure();
    assert!(message.contains("`daymark export DIR` writes one"), "{message}");
    fs::write(folder.path().join("views.duckdb.sql"), "").expect("written");
    let message = sql(&["--duckdb", "no-such-program"]).failure();
    assert!(message.contains("`pip install duckdb-cli` installs it"), "{message}");
    let listed = daymark(["sql", "--list", "--format", "json"]).json();
    assert_eq!(listed.len(), 20);
    assert!(listed.iter().all(|query| query["question"].as_str().is_some_and(|q| q.contains('?'))));
    let unknown = daymark(["sql", "--query", "21", "--dir", &place]).failure();
    assert!(unknown.contains("`daymark sql --list`"), "{unknown}");
}
