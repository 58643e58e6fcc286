//! Retired names: identifiers and files that the glossary replaced.

use crate::{check, sources};

/// Retired names of types, functions and modules, each with its replacement.
const RETIRED: &[(&str, &str)] = &[
    ("Fate", "PutOutcome"),
    ("Fault", "Violation, DecideError or InjectedFault"),
    ("Finding", "Validation"),
    ("Verdict", "the name of the result"),
    ("Shelf", "ShelfPrice, Availability or SimulatedStock"),
    ("Situation", "DecisionRequest"),
    ("situation", "decision_request"),
    ("Programme", "Solver"),
    ("programme", "solver"),
    ("Draft", "OfferDraft"),
    ("HeldBack", "SkipReason"),
    ("Weather", "FaultInjector"),
    ("weather", "faults"),
    ("Sky", "FaultInjector"),
    ("strikes", "injects"),
    ("Road", "CallInjector"),
    ("Trip", "CallPlan"),
    ("travel", "call"),
    ("Errand", "Scheduled"),
    ("Parcel", "Request"),
    ("Parcels", "Requests"),
    ("knock", "check"),
    ("twins", "in_memory"),
    ("Objection", "AuditViolation"),
    ("axe", "crash"),
    ("Axe", "Crash"),
    ("Door", "the name of the fuzz target"),
    ("doors", "untrusted_input"),
    ("Lane", "SubShard"),
    ("Lanes", "SubShards"),
    ("lanes", "sub_shards"),
    ("Prefix", "Watermark"),
    ("News", "Notify"),
    ("Bell", "Notify"),
    ("Board", "watch::Sender"),
    ("Clients", "AwsClients or ClientGrants"),
    ("Station", "the component"),
    ("Stations", "the components"),
    ("Deep", "the name of the future"),
    ("bring", "insert"),
    ("absorb", "insert"),
    ("Absorbed", "Added"),
    ("RowKey", "WindowKey"),
    ("signpost", "segment"),
    ("StockTable", "StockLog"),
    ("told", "the noun that is returned"),
    ("it", "the noun"),
];

/// Retired names of files and directories, without their endings.
const RETIRED_FILES: &[&str] = &[
    "axe",
    "bell",
    "board",
    "doors",
    "errand",
    "evening",
    "fate",
    "given",
    "house",
    "lanes",
    "listed",
    "members",
    "news",
    "parcel",
    "programme",
    "question",
    "road",
    "rows",
    "situation",
    "sky",
    "stations",
    "twins",
    "verdict",
    "watch",
    "weather",
    "words",
];

/// Keywords in front of a name that is defined.
const DEFINES: &[&str] = &["struct", "enum", "trait", "type", "fn", "mod"];

#[test]
fn no_definition_has_a_retired_name() {
    let mut findings = Vec::new();
    for source in sources(&[".rs"]) {
        for (line, number) in source.text.lines().zip(1..) {
            let Some(name) = defined_name(line) else { continue };
            if let Some((_, replacement)) = RETIRED.iter().find(|(retired, _)| *retired == name) {
                findings.push(format!("{}:{number}: {name}, say {replacement}", source.path));
            }
        }
    }
    check(findings, "use the word of docs/glossary.md");
}

/// The name that a line defines, for example `Event` in `pub struct Event {`.
fn defined_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("//") {
        return None;
    }
    let mut words = line.split_whitespace();
    words.find(|word| DEFINES.contains(word))?;
    let name = words.next()?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    Some(&name[..end]).filter(|name| !name.is_empty())
}

#[test]
fn no_file_has_a_retired_name() {
    let mut findings = Vec::new();
    for source in sources(&[".rs", ".ts"]) {
        let parts = source
            .path
            .split('/')
            .map(|part| part.trim_end_matches(".rs").trim_end_matches(".ts").replace('-', "_"));
        let found = parts.filter(|part| RETIRED_FILES.contains(&&**part));
        findings.extend(found.map(|part| format!("{}: {part}", source.path)));
    }
    check(findings, "name the file after the noun that is inside");
}

#[test]
fn a_definition_is_found_in_a_line() {
    for (line, name) in [
        ("pub(crate) struct Event {", Some("Event")),
        ("    async fn put_records(&self)", Some("put_records")),
        ("impl<T> Event<T> {", None),
        ("/// A struct Event.", None),
        ("mod names;", Some("names")),
    ] {
        assert_eq!(defined_name(line), name, "{line}");
    }
}
