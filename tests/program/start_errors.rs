//! Errors at the start of the program, each with a remedy.

use std::fs;
use std::path::Path;

use crate::support::{ApiClient, Disk, UpProcess, daymark, daymark_under, event, now, skipped};

#[test]
fn a_taken_port_is_named() {
    let up = UpProcess::start(&["--memory"]);
    let port = up.api.rsplit(':').next().expect("a port").to_owned();
    let message = daymark(["up", "--memory", "--port", &port]).failure();
    assert!(message.contains(&format!("127.0.0.1:{port}")), "{message}");
    assert!(message.contains("the port is taken"), "{message}");
    assert_works(&up);
}

/// Asserts that the first program still works.
#[track_caller]
fn assert_works(up: &UpProcess) {
    let at = now();
    assert_eq!(ApiClient::new(up).post(&event("corner", "one", "rye", at)).stored(), 1);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
}

#[test]
fn a_port_without_two_ports_after_it_is_refused() {
    for port in ["65534", "65535", "65536", "-1", "http"] {
        let ran = daymark(["up", "--memory", &format!("--port={port}")]);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("--port"), "{}", ran.err);
    }
}

#[test]
fn a_second_program_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let up = UpProcess::start(&["--data", &data]);
    let message = daymark(["up", "--port", "0", "--data", &data]).failure();
    assert!(message.contains(&data) && message.contains("in use by another daymark"), "{message}");
    assert_works(&up);
    assert_eq!(up.interrupt().code, Some(0));
    assert_eq!(UpProcess::start(&["--data", &data]).interrupt().code, Some(0));
}

#[test]
fn a_file_where_a_folder_should_be_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "mine").expect("written");
    for data in [file.clone(), file.join("below")] {
        for command in [["up", "--port=0"], ["demo", "--pace=0"]] {
            let data = data.display().to_string();
            let message = daymark(command.into_iter().chain(["--data", &data])).failure();
            assert!(message.contains(&data), "{message}");
        }
    }
    let inside = ["kinesis", "dynamodb", "checkpoints"];
    for part in inside {
        let data = folder.path().join(format!("with-{part}"));
        fs::create_dir(&data).expect("a folder");
        fs::write(data.join(part), "mine").expect("written");
        assert_start_error(&data, &data.join(part));
    }
}

#[test]
fn a_folder_where_a_file_should_be_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    assert_eq!(
        UpProcess::start(&["--data", &data.display().to_string()]).interrupt().code,
        Some(0)
    );
    for (file, named) in [
        ("lock", ""),
        ("kinesis/lock", "kinesis"),
        ("dynamodb/tables.sqlite", "dynamodb/tables.sqlite"),
        ("checkpoints/daymark-events.json", "checkpoints/daymark-events.json"),
    ] {
        let (file, aside) = (data.join(file), folder.path().join("aside"));
        fs::rename(&file, &aside).expect("there");
        fs::create_dir(&file).expect("a folder");
        assert_start_error(&data, &data.join(named));
        fs::remove_dir(&file).expect("still empty");
        fs::rename(&aside, &file).expect("put back");
    }
}

/// Asserts that a start in the folder fails with the name of the cause and a remedy.
#[track_caller]
fn assert_start_error(data: &Path, cause: &Path) {
    let data = data.display().to_string();
    let message = daymark(["up", "--port", "0", "--data", &data]).failure();
    let cause = cause.display().to_string();
    let cause = cause.trim_end_matches('/');
    assert!(message.contains(cause), "{cause} is not in {message}");
    let remedies = ["would pass", "--data names another", "move that folder away"];
    assert!(remedies.iter().any(|words| message.contains(words)), "{message}");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_not_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dynamodb").join("tables.sqlite");
    fs::create_dir(file.parent().expect("a folder")).expect("a folder");
    fs::write(&file, "mine, and no database ".repeat(500)).expect("written");
    let data = folder.path().display().to_string();
    let message = daymark(["up", "--port", "0", "--data", &data]).failure();
    assert!(message.contains("tables.sqlite"), "{message}");
    assert!(fs::read_to_string(&file).expect("still there").starts_with("mine"));
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    // No user can create files there.
    assert_start_error(Path::new("/proc/daymark-data"), Path::new("/proc/daymark-data"));

    let folder = tempfile::tempdir().expect("a folder");
    let mut permissions = fs::metadata(folder.path()).expect("a folder").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.path(), permissions).expect("mine");
    if fs::write(folder.path().join("probe"), "").is_ok() {
        skipped("the user of the tests may write anywhere, as root does");
    } else {
        assert_start_error(folder.path(), folder.path());
    }

    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    assert_eq!(UpProcess::start(&["--data", &data]).interrupt().code, Some(0));
    let Some(disk) = Disk::mount_read_only(folder.path()) else {
        skipped("nothing can be mounted here");
        return;
    };
    let enter = disk.enter();
    let arguments = ["up", "--port", "0", "--data", &data];
    let message = daymark_under(&enter.each_ref().map(String::as_str), &arguments).failure();
    assert!(message.contains(&data) && message.contains("--data names another"), "{message}");
    assert!(message.contains("Read-only file system"), "{message}");
}

#[test]
fn settings_out_of_range_are_refused_with_the_range() {
    for (flag, range) in
        [("--batch-size=0", "1 to 10000"), ("--parallelization-factor=11", "1 to 10")]
    {
        let message = daymark(["up", "--port", "0", "--memory", flag]).failure();
        assert!(message.contains(range), "{message}");
    }
    for flag in ["--shards=0", "--shards=101"] {
        let ran = daymark(["up", "--port", "0", "--memory", flag]);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("1..=100"), "{}", ran.err);
    }
}

#[test]
fn without_a_server_every_command_names_the_remedy() {
    // Nothing listens on port 9.
    let nowhere = "http://127.0.0.1:9";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("items.json");
    fs::write(&file, r#"{"sku":"rye","price":"3.90"}"#).expect("written");
    let file = file.display().to_string();
    let table = ["--dynamodb-url", nowhere];
    let commands: [Vec<&str>; 11] = [
        ["stock", "--store", "corner"].into_iter().chain(table).collect(),
        ["offers", "--store", "corner"].into_iter().chain(table).collect(),
        ["offers", "explain", "2026-03-12/s/a/1"].into_iter().chain(table).collect(),
        ["offers", "replay", "2026-03-12/s/a/1"].into_iter().chain(table).collect(),
        ["gaps", "--store", "corner"].into_iter().chain(table).collect(),
        ["quarantine", "list"].into_iter().chain(table).collect(),
        ["quarantine", "show", "2026-03-12/shard#1"].into_iter().chain(table).collect(),
        ["quarantine", "replay", "--date=2026-03-12"].into_iter().chain(table).collect(),
        ["catalog", "list"].into_iter().chain(table).collect(),
        ["catalog", "import", &file].into_iter().chain(table).collect(),
        vec!["send", &file, "--api-url", nowhere],
    ];
    for words in commands {
        let message = daymark(words).failure();
        assert!(message.contains(nowhere), "{message}");
        assert!(message.contains("is `daymark up` running?"), "{message}");
    }
}
