//! The binaries under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// All of them.
pub(crate) const ALL: [&str; 8] = [
    "ingest-lambda",
    "token-lambda",
    "processor-lambda",
    "pricing-lambda",
    "pricing-schedule-lambda",
    "offers-lambda",
    "day-close-lambda",
    "day-close-schedule-lambda",
];

/// Where a binary is, built from the sources as they are now.
///
/// They belong to other packages than this test, so cargo does not build them for it, and what
/// lies in the target folder may be of yesterday. Cargo knows: it is asked to build them as it
/// built this test, for the same folder and profile. This test is named in the same command so
/// that every dependency has the features it has here and nothing but the binaries is linked;
/// when nothing changed it takes a moment.
pub(crate) fn path(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build).join(name)
}

fn build() -> PathBuf {
    // <target>/<profile>/deps/lambda-<hash>
    let executable = std::env::current_exe().expect("this test is a file");
    let folder = executable.ancestors().nth(2).expect("a profile's folder");
    let target = folder.parent().expect("a target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--all-features", "--test", "lambda"]);
    cargo.args(ALL.iter().flat_map(|name| ["--bin", *name]));
    cargo.args(["--profile", profile]).arg("--target-dir").arg(target).current_dir(root);
    // What cargo says of this test's package to this test; dependencies that look at it would be
    // built anew, here and after.
    let of_this_test =
        |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(of_this_test) {
            cargo.env_remove(name);
        }
    }
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "the Lambda binaries do not build: {status}");
    folder.to_owned()
}
