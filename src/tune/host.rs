//! Binaries and processor of this machine.

use std::fs;
use std::path::{Path, PathBuf};

use crate::CommandError;

/// Finds a binary in the folder that `./lambdas` or cargo writes.
pub(super) fn binary(folder: &Path, name: &str) -> Result<PathBuf, CommandError> {
    let found = [folder.join(name).join("bootstrap"), folder.join(name)];
    let found = found.into_iter().find(|file| file.is_file()).ok_or_else(|| {
        format!(
            "{} holds no {name}; `./lambdas --arch {}` builds it into target/lambda, and \
             `cargo build --release --workspace --all-features --bins` into target/release",
            folder.display(),
            architecture()
        )
    })?;
    // The process has no PATH.
    Ok(fs::canonicalize(found)?)
}

/// Name of this machine's architecture at Lambda.
pub(super) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    }
}

pub(super) fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    format!("{}, {}", model.unwrap_or("unknown"), std::env::consts::ARCH)
}
