//! Entry point of the image that runs a part of a load run on Fargate, with folders for S3.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use chrono::{SecondsFormat, TimeDelta};

use super::{assert_equal, record, start};
use crate::support::{UpProcess, now};

/// Entry point of the image.
const RUN_PART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cdk/load-runs/run-part");

const SCENARIO: &str = "[[stage]]\nshape = \"constant\"\nrate = 300\nfor = \"2s\"\n";

/// `aws s3 cp` between folders. `s3://records` is the folder `BUCKET`.
const AWS: &str = r#"#!/bin/bash
options=() paths=()
for word in "${@:3}"; do
  case $word in
    --recursive) options=(-r) ;;
    s3://records/*) paths+=("BUCKET/${word#s3://records/}") ;;
    --*) ;;
    *) paths+=("$word") ;;
  esac
done
mkdir -p "$(dirname "${paths[1]}")" && cp "${options[@]}" "${paths[@]}"
"#;

/// `daymark` with the tables of this machine in place of those of a stage.
const DAYMARK: &str = r#"#!/bin/bash
words=()
while (($#)); do
  case $1 in --stage | --budget) shift 2 ;; *) words+=("$1") && shift ;; esac
done
exec PROGRAM "${words[@]}" --dynamodb-url TABLES
"#;

fn write_program(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a program");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

/// Folder with the programs that the entry point calls, and the bucket.
struct Image {
    folder: tempfile::TempDir,
    up: UpProcess,
}

impl Image {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bucket = folder.path().join("bucket");
        std::fs::create_dir_all(bucket.join("scenarios")).expect("a folder");
        std::fs::write(bucket.join("scenarios/s.toml"), SCENARIO).expect("a scenario");
        let up = UpProcess::start(&["--memory"]);
        let program = env!("CARGO_BIN_EXE_daymark");
        let daymark = DAYMARK.replace("PROGRAM", program).replace("TABLES", &up.dynamodb);
        write_program(&folder.path().join("daymark"), &daymark);
        let aws = AWS.replace("BUCKET", &bucket.display().to_string());
        write_program(&folder.path().join("aws"), &aws);
        Self { folder, up }
    }

    fn run_part(&self, part: &str, starts_at: &str) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", r#"PATH="$0:$PATH" exec "$@""#]).arg(self.folder.path());
        command.args([RUN_PART, "friday", part, starts_at, "60", "s.toml", "1"]);
        command.env("TMPDIR", self.folder.path());
        command.env("DAYMARK_LOAD_BUCKET", "records").env("DAYMARK_LOAD_STAGE", "loadtest");
        command.env("DAYMARK_LOAD_TARGET", &self.up.api);
        start(command)
    }

    fn records(&self, part: u32) -> PathBuf {
        self.folder.path().join(format!("bucket/runs/friday/part-{part}"))
    }
}

#[test]
fn parts_that_the_image_sends_are_merged_from_the_bucket() {
    let image = Image::new();
    let starts_at = (now() + TimeDelta::seconds(4)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let parts = ["1/2", "2/2"].map(|part| image.run_part(part, &starts_at));
    for (mut part, number) in parts.into_iter().zip(1..) {
        let code = part.wait().expect("a status").code();
        let recorded = record(&image.records(number))["exit_code"].as_i64();
        assert_eq!(code.map(i64::from), recorded, "part {number}");
    }
    let merged = image.folder.path().join("merged").display().to_string();
    let [first, second] = [1, 2].map(|number| image.records(number).display().to_string());
    image.up.daymark(["load", "merge", &first, &second, "--report", &merged]);
    assert_equal(&record(merged.as_ref()));
}

#[test]
fn a_part_of_the_image_that_starts_late_leaves_no_record() {
    let image = Image::new();
    let code = image.run_part("1/2", "2026-01-01T00:00:00Z").wait().expect("a status").code();
    assert_eq!(code, Some(2));
    assert!(!image.records(1).join("run.json").exists());
}
