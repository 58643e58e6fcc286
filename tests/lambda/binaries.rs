//! The binaries under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Names of all binaries.
pub(crate) const ALL: [&str; 9] = [
    "ingest-lambda",
    "token-lambda",
    "processor-lambda",
    "pricing-lambda",
    "pricing-schedule-lambda",
    "offers-lambda",
    "figures-lambda",
    "day-close-lambda",
    "day-close-schedule-lambda",
];

/// Returns the path of a binary, built from the current sources.
///
/// The binaries belong to other packages, so cargo does not build them for this test, and binaries
/// in the target folder may be outdated. The test calls cargo with its own target folder and
/// profile. The command also names this test, so that every dependency has the same features and
/// only the binaries are linked. Without changes the command is fast.
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
    // Variables that cargo sets for this test. Dependencies that read them would be rebuilt.
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
