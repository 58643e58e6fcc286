//! Mutations of the simulation: each patch fits the source that it changes.

use crate::{check, sources};

#[test]
fn each_mutation_fits_the_source() {
    let rust = sources(&[".rs"]);
    let mut findings = Vec::new();
    for patch in sources(&[".patch"]) {
        let target = patch.text.lines().find_map(|line| line.strip_prefix("--- a/"));
        let source = rust.iter().find(|source| Some(source.path.as_str()) == target);
        // Lines of the source, without their first character: unchanged and removed lines.
        let before = |line: &str| match line.chars().next() {
            None => Some("\n".to_owned()),
            Some(' ' | '-') => Some(format!("{}\n", &line[1..])),
            Some(_) => None,
        };
        for hunk in patch.text.split("\n@@ ").skip(1) {
            let old: String = hunk.lines().skip(1).filter_map(before).collect();
            if source.is_none_or(|source| !source.text.contains(&old)) {
                let target = target.unwrap_or("a file");
                findings.push(format!("{} does not fit {target}", patch.path));
            }
        }
    }
    check(findings, "write the patch again, so that `mutate` can apply it");
}
