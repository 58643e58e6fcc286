//! The house is kept: imports point one way, the pure rooms stay pure, files stay readable.

mod imports;
mod tidy;

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project and its text.
struct Source {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project with one of these endings.
fn sources(endings: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let skipped = name.starts_with('.') && name != ".ci"
                || ["target", "node_modules", "daymark-data", "daymark-demo"].contains(&&*name);
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let relative = path.strip_prefix(root()).expect("below the root");
                let text = fs::read_to_string(&path).expect("a text");
                sources.push(Source { path: relative.display().to_string(), text });
            }
        }
    }
    assert!(!sources.is_empty(), "nothing ends in {endings:?}");
    sources
}

/// Fails with every finding, each with what to do.
fn check(findings: Vec<String>, remedy: &str) {
    assert!(findings.is_empty(), "{remedy}:\n  {}", findings.join("\n  "));
}
