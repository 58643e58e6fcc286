//! Which room may know which.

use std::process::Command;

use crate::{check, root, sources};

/// What each room may name of the others, in its library.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("domain/src", &[]),
    ("demand/src", &["domain"]),
    ("ingest/src", &["domain"]),
    ("processors/src", &["domain", "demand"]),
    ("pricing/src", &["domain", "demand"]),
    ("aws/src", &["domain"]),
    ("local/src", &["domain", "local_kinesis", "event_source_mapping"]),
    ("local/kinesis/src", &["domain"]),
    ("local/event-source-mapping/src", &["domain"]),
    ("load-generator/src", &["domain"]),
    ("pricing/simulator/src", &["domain", "demand", "pricing"]),
    ("analytics/src", &["domain"]),
];
const ROOMS: &[&str] = &[
    "domain",
    "demand",
    "ingest",
    "processors",
    "pricing",
    "aws",
    "local",
    "local_kinesis",
    "event_source_mapping",
    "load_generator",
    "pricing_simulator",
    "analytics",
    "simulation",
];
/// The rooms that read no clock, no environment, no file and no socket.
const PURE: &[&str] = &["domain", "demand", "load-generator", "pricing-simulator", "analytics"];
const IMPURE_CRATES: &[&str] =
    &["tokio", "hyper", "axum", "reqwest", "aws-sdk-", "aws-config", "rusqlite", "lambda_", "mio"];

#[test]
fn imports_point_one_way() {
    let mut findings = Vec::new();
    for source in sources(&[".rs"]) {
        let room = MAY_NAME.iter().find(|(room, _)| source.path.starts_with(&format!("{room}/")));
        let Some((_, allowed)) = room else { continue };
        if source.path.contains("/bin/") {
            continue;
        }
        for (line, number) in source.text.lines().zip(1..) {
            let code = line.trim_start();
            if code.starts_with("//") {
                continue;
            }
            for other in ROOMS.iter().filter(|other| !allowed.contains(other)) {
                let named = format!("{other}::");
                let whole_word = line.match_indices(&named).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                });
                if whole_word {
                    findings.push(format!("{}:{number}: {code}", source.path));
                }
            }
        }
    }
    check(findings, "stations never import one another; read what the other stored");
}

#[test]
fn one_room_names_the_sdk_and_lambdas_requests_and_only_bins_name_the_lambda_runtime() {
    let mut findings = Vec::new();
    for source in sources(&[".rs"]) {
        let in_library = source.path.contains("/src/") && !source.path.contains("/bin/");
        let may_poll = source.path.starts_with("local/event-source-mapping/src/runner");
        let speaks_aws = source.path.starts_with("aws/src/") || may_poll;
        let reads_requests = source.path.starts_with("aws/src/lambda");
        for (line, number) in source.text.lines().zip(1..) {
            let names_sdk = line.contains("aws_sdk_") && !line.trim_start().starts_with("//");
            let names_runtime = line.contains("lambda_runtime::")
                || line.contains("lambda_http::") && !reads_requests;
            if in_library && (names_sdk && !speaks_aws || names_runtime) {
                findings.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    check(findings, "speak through domain's ports, which `aws` implements");
}

/// The program and the Lambda binaries, with everything that is compiled into them.
#[test]
fn nothing_that_is_shipped_knows_the_simulation() {
    for room in ["daymark", "ingest", "processors", "pricing"] {
        let tree = normal_dependencies(room, &["--all-features"]);
        let findings = tree
            .lines()
            .filter(|line| line.starts_with("simulation "))
            .map(|line| format!("{room} reaches {line}"))
            .collect();
        check(findings, "the simulation is for tests; let it know the others");
    }
}

#[test]
fn the_pure_rooms_reach_nothing_impure() {
    for room in PURE {
        let tree = normal_dependencies(room, &[]);
        let findings = tree
            .lines()
            .filter(|line| IMPURE_CRATES.iter().any(|impure| line.starts_with(impure)))
            .map(|line| format!("{room} reaches {line}"))
            .collect();
        check(findings, "keep I/O out of the pure rooms; take what is needed as an argument");
    }
}

/// What a room is built of, a line for each crate.
fn normal_dependencies(room: &str, options: &[&str]) -> String {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", room, "--edges", "normal", "--prefix", "none"])
        .args(["--locked", "--offline"])
        .args(options)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8(tree.stdout).expect("text");
    assert!(tree.contains("rust_decimal"), "the tree of {room} was not read: {tree:?}");
    tree
}
