//! What cannot work is told in a sentence that says what to do.

use std::fs;

use crate::support::{Up, daymark};

#[test]
fn a_taken_port_is_named() {
    let up = Up::start(&["--memory"]);
    let port = up.api.rsplit(':').next().expect("a port").to_owned();
    let message = daymark(["up", "--memory", "--port", &port]).refused();
    assert!(message.contains(&format!("127.0.0.1:{port}")), "{message}");
    assert!(message.contains("the port is taken"), "{message}");
}

#[test]
fn a_port_without_two_behind_it_is_refused() {
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
    let up = Up::start(&["--data", &data]);
    let message = daymark(["up", "--port", "0", "--data", &data]).refused();
    assert!(message.contains(&data) && message.contains("in use by another daymark"), "{message}");
    assert_eq!(up.interrupt().code, Some(0));
    assert_eq!(Up::start(&["--data", &data]).interrupt().code, Some(0));
}

#[test]
fn a_file_where_a_folder_should_be_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "mine").expect("written");
    for data in [file.clone(), file.join("below")] {
        for verb in [["up", "--port=0"], ["demo", "--pace=0"]] {
            let data = data.display().to_string();
            let message = daymark(verb.into_iter().chain(["--data", &data])).refused();
            assert!(message.contains(&data), "{message}");
        }
    }
    let inside = ["kinesis", "dynamodb", "checkpoints"];
    for part in inside {
        let data = folder.path().join(format!("with-{part}"));
        fs::create_dir(&data).expect("a folder");
        fs::write(data.join(part), "mine").expect("written");
        let shown = data.display().to_string();
        let message = daymark(["up", "--port", "0", "--data", &shown]).refused();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dynamodb").join("tables.sqlite");
    fs::create_dir(file.parent().expect("a folder")).expect("a folder");
    fs::write(&file, "mine, and no database ".repeat(500)).expect("written");
    let data = folder.path().display().to_string();
    let message = daymark(["up", "--port", "0", "--data", &data]).refused();
    assert!(message.contains("tables.sqlite"), "{message}");
    assert!(fs::read_to_string(&file).expect("still there").starts_with("mine"));
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut permissions = fs::metadata(folder.path()).expect("a folder").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.path(), permissions).expect("mine");
    if fs::write(folder.path().join("probe"), "").is_ok() {
        // Whoever runs the tests may write anywhere, as root does.
        return;
    }
    let data = folder.path().display().to_string();
    let message = daymark(["up", "--port", "0", "--data", &data]).refused();
    assert!(message.contains(&data), "{message}");
}

#[test]
fn settings_out_of_range_are_refused_with_the_range() {
    for (flag, range) in
        [("--batch-size=0", "1 to 10000"), ("--parallelization-factor=11", "1 to 10")]
    {
        let message = daymark(["up", "--port", "0", "--memory", flag]).refused();
        assert!(message.contains(range), "{message}");
    }
    for flag in ["--shards=0", "--shards=101"] {
        let ran = daymark(["up", "--port", "0", "--memory", flag]);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("1..=100"), "{}", ran.err);
    }
}

#[test]
fn without_a_server_every_verb_says_how_to_get_one() {
    // Port 9 is where nothing answers.
    let nowhere = "http://127.0.0.1:9";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("items.json");
    fs::write(&file, r#"{"sku":"rye","price":"3.90"}"#).expect("written");
    let file = file.display().to_string();
    let table = ["--dynamodb-url", nowhere];
    let typed: [Vec<&str>; 5] = [
        ["stock", "--store", "corner"].into_iter().chain(table).collect(),
        ["offers", "--store", "corner"].into_iter().chain(table).collect(),
        ["catalog", "list"].into_iter().chain(table).collect(),
        ["catalog", "import", &file].into_iter().chain(table).collect(),
        vec!["send", &file, "--api-url", nowhere],
    ];
    for words in typed {
        let message = daymark(words).refused();
        assert!(message.contains(nowhere), "{message}");
        assert!(message.contains("is `daymark up` running?"), "{message}");
    }
}
