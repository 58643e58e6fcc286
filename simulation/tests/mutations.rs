//! The patches of `simulation/mutations` fit today's source.

use std::path::Path;
use std::process::Command;

#[test]
fn every_mutation_has_a_description_and_applies_cleanly() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut failures = Vec::new();
    for entry in std::fs::read_dir(root.join("simulation/mutations")).unwrap() {
        let patch = entry.unwrap().path();
        let text = std::fs::read_to_string(&patch).unwrap();
        if !text.lines().next().is_some_and(|line| line.ends_with('.')) {
            failures.push(format!("{}: begin with a sentence", patch.display()));
        }
        let mut apply = Command::new("git");
        let check = apply.arg("apply").arg("--check").arg(&patch).current_dir(&root);
        let output = check.output().unwrap();
        if !output.status.success() {
            failures.push(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
