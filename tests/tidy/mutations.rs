//! Mutations of the simulation: each patch fits the source that it changes.

use crate::{check, sources};

#[test]
fn each_mutation_fits_the_source() {
    let rust = sources(&[".rs"]);
    let mut findings = Vec::new();
    for patch in sources(&[".patch"]) {
        // Lines of the source, without their first character: unchanged and removed lines.
        let before = |line: &str| match line.chars().next() {
            None => Some("\n".to_owned()),
            Some(' ' | '-') => Some(format!("{}\n", &line[1..])),
            Some(_) => None,
        };
        let mut files = patch.text.split("\n--- a/").skip(1).peekable();
        if files.peek().is_none() {
            findings.push(format!("{} changes no file", patch.path));
        }
        for changes in files {
            let target = changes.lines().next().unwrap_or_default();
            let source = rust.iter().find(|source| source.path == target);
            for hunk in changes.split("\n@@ ").skip(1) {
                let old: String = hunk.lines().skip(1).filter_map(before).collect();
                if source.is_none_or(|source| !source.text.contains(&old)) {
                    findings.push(format!("{} does not fit {target}", patch.path));
                }
            }
        }
    }
    check(findings, "write the patch again, so that `mutate` can apply it");
}
