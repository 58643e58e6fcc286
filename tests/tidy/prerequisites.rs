//! Preflight of `./check`: everything that is missing is named at once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

/// Runs `tests/prerequisites` with these programs only. Returns the lines on standard error, or
/// `None` if nothing is missing.
fn missing(programs: &[(&str, &str)]) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, prints) in programs {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!{}\necho '{prints}'\n", bash().display())).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an executable");
    }
    let mut preflight = Command::new(bash());
    preflight.arg(root().join("tests/prerequisites")).env_clear().env("PATH", folder.path());
    let ran = preflight.output().expect("bash runs");
    let text = String::from_utf8(ran.stderr).expect("UTF-8");
    match ran.status.code() {
        Some(0) => None,
        Some(1) => Some(text.lines().map(str::to_owned).collect()),
        other => panic!("{other:?}: {text}"),
    }
}

fn bash() -> PathBuf {
    let path = std::env::var_os("PATH").expect("a search path");
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = folders.iter().map(|folder| folder.join("bash")).find(|bash| bash.exists());
    found.expect("bash is installed")
}

/// Every program, with its output for `--version`.
fn all() -> Vec<(&'static str, &'static str)> {
    let rust = include_str!("../../rust-toolchain.toml");
    let rust = rust.lines().find_map(|line| line.strip_prefix("channel = ")).expect("a channel");
    let rustc = format!("rustc {} (of a test)", rust.trim_matches('"')).leak();
    vec![
        ("cargo", "cargo"),
        ("rustc", rustc),
        ("cc", ""),
        ("strip", ""),
        ("git", ""),
        ("curl", ""),
        ("node", "v20.10.0"),
        ("npm", "10.0.0"),
        ("python3", "Python 3.10.0"),
    ]
}

#[test]
fn nothing_is_missing_where_every_program_is_there_in_its_oldest_version() {
    assert_eq!(missing(&all()), None);
}

#[test]
fn every_missing_program_is_named_at_once() {
    let lines = missing(&[]).expect("everything is missing");
    for (name, _) in all().iter().filter(|(name, _)| *name != "rustc") {
        assert!(lines.iter().any(|line| line.trim().starts_with(name)), "{name}: {lines:#?}");
    }
}

#[test]
fn a_program_that_is_too_old_is_named_with_its_version() {
    for (name, prints, told) in [
        ("rustc", "rustc 1.80.1 (3f5fd8dd4 2024-08-06)", "found: rustc 1.80.1"),
        ("node", "v18.20.4", "node 20.10 or later, for cdk/ and a client (found: v18.20.4)"),
        ("node", "node: not found", "node 20.10 or later"),
        ("python3", "Python 3.9.19", "(found: Python 3.9.19)"),
    ] {
        let mut programs = all();
        programs.retain(|(known, _)| *known != name);
        programs.push((name, prints));
        let lines = missing(&programs).expect("it is too old");
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[1].contains(told), "{lines:#?}");
    }
}

/// The first step, so that an hour of checks does not end with the news that a program is missing.
#[test]
fn check_begins_with_the_preflight() {
    let text = fs::read_to_string(Path::new(root()).join("check")).expect("./check");
    let first = text.lines().find(|line| line.starts_with("step ")).expect("a step");
    assert_eq!(first, "step \"preflight\"");
    assert!(text.contains("\nstep \"preflight\"\ntests/prerequisites\n"), "{text}");
}
