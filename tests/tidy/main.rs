//! Rules of the repository: allowed dependencies between crates, pure crates, retired names, doc
//! comments and readable files.

mod files;
mod layering;
mod metadata;
mod mutations;
mod names;
mod prerequisites;
mod prose;

use std::fs;
use std::path::{Path, PathBuf};

/// File of the repository with its text.
struct Source {
    /// Path relative to the repository root, with `/`.
    path: String,
    text: String,
}

/// Directories without sources of this repository.
const SKIPPED: &[&str] =
    &["target", "node_modules", "daymark-data", "daymark-demo", "artifacts", "seeds", "corpus"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository with one of these suffixes.
fn sources(suffixes: &[&str]) -> Vec<Source> {
    let sources = sources_below(root(), suffixes);
    assert!(!sources.is_empty(), "no file ends in {suffixes:?}");
    sources
}

/// Every file below a directory with one of these suffixes.
fn sources_below(directory: &Path, suffixes: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut directories: Vec<PathBuf> = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a readable directory").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let skipped = name.starts_with('.') && name != ".ci" || SKIPPED.contains(&&*name);
            if path.is_dir() {
                if !skipped {
                    directories.push(path);
                }
            } else if suffixes.iter().any(|suffix| name.ends_with(suffix)) {
                let relative = path.strip_prefix(root()).expect("below the root");
                let text = fs::read_to_string(&path).expect("a text file");
                sources.push(Source { path: relative.display().to_string(), text });
            }
        }
    }
    sources
}

/// Fails with every finding and the remedy.
#[track_caller]
fn check(findings: Vec<String>, remedy: &str) {
    assert!(findings.is_empty(), "{remedy}:\n  {}", findings.join("\n  "));
}
