//! Allowed dependencies between the crates of the workspace, read from the manifests.

use crate::metadata::{Package, packages, tree};
use crate::{check, sources, sources_below};

/// Workspace crates that each crate may use in its library and binaries. Tests may use more.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("charts", &[]),
    ("in-memory", &["domain"]),
    ("stock-log", &["domain"]),
    ("demand", &["domain"]),
    ("analytics", &["domain"]),
    ("tuning", &["domain"]),
    ("aws", &["domain"]),
    ("local-kinesis", &["domain"]),
    ("event-source-mapping", &["domain"]),
    ("local", &["domain", "local-kinesis", "event-source-mapping"]),
    ("import", &["domain"]),
    ("replay", &["domain"]),
    ("load-generator", &["domain", "stock-log", "import"]),
    // `aws` is for the Lambda binaries alone, behind the feature `lambda`.
    ("ingest", &["domain", "aws"]),
    ("processors", &["domain", "stock-log", "demand", "aws"]),
    ("pricing", &["domain", "stock-log", "demand", "aws"]),
    ("pricing-simulator", &["domain", "demand", "pricing"]),
    // Reads what the components have stored, with their own queries.
    ("reader", &["domain", "stock-log", "analytics", "processors", "pricing", "aws"]),
];

/// Crates that may use every other crate: the program and the test-only crates.
const UNRESTRICTED: &[&str] = &["daymark", "peers", "simulation", "untrusted-input"];

/// Crates that are for tests alone.
const TEST_ONLY: &[&str] = &["simulation", "untrusted-input"];

/// Crates without I/O: no clock, environment, file or socket.
const PURE: &[&str] = &[
    "domain",
    "stock-log",
    "demand",
    "analytics",
    "tuning",
    "charts",
    "import",
    "pricing-simulator",
];

/// Packages whose library has another name.
const LIBRARY_NAMES: &[(&str, &str)] = &[("dynoxide-rs", "dynoxide"), ("md-5", "md5")];

/// Crates that do I/O.
const IMPURE_CRATES: &[&str] =
    &["tokio", "hyper", "axum", "reqwest", "aws-sdk-", "aws-config", "rusqlite", "lambda_", "mio"];

/// Standard library paths that do I/O or read a clock.
const IMPURE_PATHS: &[&str] =
    &["std::fs", "std::net", "std::env", "std::process", "SystemTime::now", "Instant::now"];

/// Components and the reader, each tested alone.
const COMPONENTS: &[&str] = &["ingest", "processors", "pricing", "reader"];

#[test]
fn each_crate_uses_only_the_crates_that_it_may_use() {
    let packages = packages();
    let mut findings = Vec::new();
    for package in &packages {
        if UNRESTRICTED.contains(&&*package.name) {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(name, _)| *name == package.name);
        let Some((_, allowed)) = allowed else {
            findings.push(format!("{} has no entry in ALLOWED", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.is_dev) {
            let name = &dependency.name;
            let is_member = packages.iter().any(|member| member.name == *name);
            let is_component = COMPONENTS.contains(&&*package.name);
            let is_required_sdk = is_component && name == "aws" && !dependency.is_optional;
            if is_member && !allowed.contains(&&**name) || is_required_sdk {
                findings.push(format!("{} depends on {name}", package.name));
            }
        }
    }
    check(findings, "components never use one another; read what the other stored");
}

#[test]
fn each_dependency_is_used() {
    let mut findings = Vec::new();
    for package in packages() {
        let (library, tests) = (library_text(&package), test_text(&package));
        for dependency in &package.dependencies {
            let renamed = LIBRARY_NAMES.iter().find(|(package, _)| *package == dependency.name);
            let name = renamed.map_or(&*dependency.name, |(_, library)| library).replace('-', "_");
            let is_used =
                names_crate(&library, &name) || dependency.is_dev && names_crate(&tests, &name);
            if !is_used {
                findings.push(format!("{}: {}", package.name, dependency.name));
            }
        }
    }
    check(findings, "remove the unused dependency from the manifest");
}

/// Text of `src/`.
fn library_text(package: &Package) -> String {
    joined(package, &["src"])
}

/// Text of tests, benches and examples.
fn test_text(package: &Package) -> String {
    joined(package, &["tests", "benches", "examples"])
}

fn joined(package: &Package, directories: &[&str]) -> String {
    let directories = directories.iter().map(|name| package.directory.join(name));
    let existing = directories.filter(|directory| directory.is_dir());
    existing.flat_map(|directory| sources_below(&directory, &[".rs"])).map(|s| s.text).collect()
}

/// `true` if the text has the crate's name as a whole word followed by a path or a macro.
fn names_crate(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let is_path = ["::", ";", " as "].iter().any(|next| after.starts_with(next));
        !before.ends_with(is_word) && is_path
    })
}

#[test]
fn nothing_that_is_shipped_uses_a_test_only_crate() {
    let mut findings = Vec::new();
    for package in ["daymark", "ingest", "processors", "pricing"] {
        let reached = tree(package, "normal", &["--all-features"]);
        let found = TEST_ONLY.iter().filter(|name| reached.iter().any(|other| other == *name));
        findings.extend(found.map(|name| format!("{package} reaches {name}")));
    }
    check(findings, "test-only crates use the others, never the other way round");
}

#[test]
fn pure_crates_do_no_io() {
    let mut findings = Vec::new();
    for package in packages().iter().filter(|package| PURE.contains(&&*package.name)) {
        let reached = tree(&package.name, "normal", &[]);
        let is_impure = |name: &&String| IMPURE_CRATES.iter().any(|io| name.starts_with(io));
        let found = reached.iter().filter(is_impure);
        findings.extend(found.map(|name| format!("{} reaches {name}", package.name)));
        for source in sources_below(&package.directory.join("src"), &[".rs"]) {
            let found = IMPURE_PATHS.iter().filter(|path| source.text.contains(**path));
            findings.extend(found.map(|path| format!("{} names {path}", source.path)));
        }
    }
    check(findings, "keep I/O out of pure crates; take the value as an argument");
}

#[test]
fn the_tests_of_a_component_link_neither_the_aws_sdk_nor_sqlite() {
    let mut findings = Vec::new();
    for component in COMPONENTS {
        let reached = tree(component, "normal,dev", &[]);
        let is_heavy = |name: &&String| name.starts_with("aws-") || name.contains("sqlite");
        let found = reached.iter().filter(is_heavy);
        findings.extend(found.map(|name| format!("{component} reaches {name}")));
    }
    check(findings, "test a component over the crate in-memory");
}

#[test]
fn only_aws_and_the_mapping_name_an_sdk_and_only_binaries_name_the_lambda_runtime() {
    let mut findings = Vec::new();
    for source in sources(&[".rs"]) {
        let in_library = source.path.contains("/src/") && !source.path.contains("/bin/");
        let may_poll = source.path.starts_with("local/event-source-mapping/src");
        let uses_sdk = source.path.starts_with("aws/src/") || may_poll;
        let reads_requests = source.path.starts_with("aws/src/lambda");
        for (line, number) in source.text.lines().zip(1..) {
            let names_sdk = line.contains("aws_sdk_") && !line.trim_start().starts_with("//");
            let names_runtime = line.contains("lambda_runtime::")
                || line.contains("lambda_http::") && !reads_requests;
            if in_library && (names_sdk && !uses_sdk || names_runtime) {
                findings.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    check(findings, "use the ports of domain, which aws implements");
}
