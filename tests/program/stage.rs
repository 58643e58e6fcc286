//! `--stage`: the commands over the tables of a deployed stage. The tables of the stage are in the
//! endpoint of a `daymark up`, and environment variables lead the SDK there.

use std::process::Command;

use serde_json::json;

use crate::dynamodb_stub::start_stub;
use crate::support::{UpProcess, command, run};
use crate::up::clients;

/// Returns a command with the environment of an operator who can reach AWS.
fn at_stage(up: &UpProcess, arguments: &[&str]) -> Command {
    let mut command = command(arguments);
    command
        .env("DAYMARK_STAGE", "test")
        .env("AWS_ENDPOINT_URL", &up.dynamodb)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    command
}

fn run_command(mut command: Command) -> (Option<i32>, String, String) {
    let output = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn create_tables(up: &UpProcess) {
    let names = aws::ResourceNames::of_stage("test");
    run(aws::schema::create_tables(&clients(up).dynamodb, &names)).expect("the tables");
}

#[test]
fn verbs_read_and_write_the_tables_of_the_stage_alone() {
    let up = UpProcess::start(&["--memory"]);
    create_tables(&up);
    let file = tempfile::Builder::new().suffix(".json").tempfile().expect("a file");
    let store =
        json!({ "store_id": "s1", "zone": "Europe/Berlin", "hours": "mon-sun 06:00-20:00" });
    std::fs::write(file.path(), store.to_string()).expect("room");
    let import = ["catalog", "import", file.path().to_str().expect("a path")];
    let (code, out, err) = run_command(at_stage(&up, &import));
    assert_eq!(
        (code, &*out),
        (Some(0), "store s1: new\nloaded: 0 items, 1 stores; 0 refused\n"),
        "{err}"
    );

    let (code, out, err) = run_command(at_stage(&up, &["catalog", "list", "--format", "csv"]));
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("s1,,Europe/Berlin,"), "{out}");
    assert!(up.daymark(["catalog", "list", "--format", "json"]).rows().is_empty());

    for command in [
        &["stock", "--store", "s1"][..],
        &["offers", "--store", "s1"],
        &["days", "--store", "s1"],
        &["history", "--store", "s1"],
        &["rebuild", "history"],
        &["quarantine", "list"],
        &["clients", "grant", "6qr3", "--store", "s1"],
        &["clients", "list"],
    ] {
        let (code, _, err) = run_command(at_stage(&up, command));
        assert_eq!(code, Some(0), "{command:?}: {err}");
    }
    assert!(up.daymark(["clients", "list", "--format", "json"]).rows().is_empty());
}

#[test]
fn errors_name_the_stage_and_the_region() {
    let up = UpProcess::start(&["--memory"]);
    let list = ["catalog", "list"];
    let failed = |command: Command| {
        let (code, _, err) = run_command(command);
        assert_eq!(code, Some(1), "{err}");
        err
    };
    let output = failed(at_stage(&up, &list));
    assert!(output.contains("stage test has no such table in eu-west-1"), "{output}");

    let mut lost = at_stage(&up, &list);
    lost.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_MAX_ATTEMPTS", "1");
    let output = failed(lost);
    assert!(output.contains("does not answer for stage test in eu-west-1"), "{output}");

    let mut nowhere = at_stage(&up, &list);
    nowhere.env_remove("AWS_REGION").env("AWS_EC2_METADATA_DISABLED", "true");
    nowhere.env("AWS_CONFIG_FILE", "/dev/null").env_remove("AWS_DEFAULT_REGION");
    let output = failed(nowhere);
    assert!(
        output.starts_with("daymark: stage test cannot be reached: no region is known"),
        "{output}"
    );
}

#[test]
fn missing_or_refused_credentials_are_reported_with_a_remedy() {
    let up = UpProcess::start(&["--memory"]);
    let list = ["catalog", "list"];
    let failed = |command: Command| {
        let (code, _, err) = run_command(command);
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains("aws sts get-caller-identity"), "{err}");
        assert!(err.contains("aws configure export-credentials --format env"), "{err}");
        err
    };
    for (code, expected) in [
        ("AccessDeniedException", "not allowed to do this in stage test in eu-west-1"),
        ("ExpiredTokenException", "stage test in eu-west-1 are expired or wrong"),
        ("UnrecognizedClientException", "stage test in eu-west-1 are expired or wrong"),
    ] {
        let mut refused = at_stage(&up, &list);
        refused.env("AWS_ENDPOINT_URL", start_stub("", code));
        let err = failed(refused);
        assert!(err.contains(expected) && err.contains(code), "{err}");
    }

    let folder = tempfile::tempdir().expect("a folder");
    let signed_on = "[default]\nsso_session = chain\nsso_account_id = 000000000000\n\
                     sso_role_name = operator\n[sso-session chain]\nsso_region = eu-west-1\n\
                     sso_start_url = https://chain.example\n";
    for (name, profile) in [("none", ""), ("signed-on", signed_on)] {
        let file = folder.path().join(name);
        std::fs::write(&file, profile).expect("room");
        let mut without = at_stage(&up, &list);
        without.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        without.env("AWS_CONFIG_FILE", &file).env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        without.env("AWS_EC2_METADATA_DISABLED", "true");
        let err = failed(without);
        assert!(err.contains("stage test in eu-west-1 cannot be asked without"), "{err}");
    }
}

#[test]
fn a_stage_is_one_word_and_excludes_a_dynamodb_url() {
    let up = UpProcess::start(&["--memory"]);
    let two_places = ["catalog", "list", "--dynamodb-url", &up.dynamodb];
    let (code, _, err) = run_command(at_stage(&up, &two_places));
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("cannot be used with"), "{err}");
    let (code, _, err) = run_command(at_stage(&up, &["catalog", "list", "--stage", "Prod!"]));
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("expected 1 to 16 of a-z and 0-9"), "{err}");
}
