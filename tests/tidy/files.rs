//! Readable files: a first line that says the content, bounded lengths, working links.

use std::path::Path;

use crate::{check, root, sources};

/// Lines per file.
const FILE_LINES_MAX: usize = 400;
const LINE_CHARS_MAX: usize = 100;

#[test]
fn every_file_starts_with_its_description() {
    let silent = |text: &str| !text.trim_start_matches("#![").starts_with("//!");
    let findings =
        sources(&[".rs"]).into_iter().filter(|source| silent(&source.text)).map(|s| s.path);
    check(findings.collect(), "start the file with a //! line");
}

#[test]
fn files_and_lines_stay_readable() {
    let mut findings = Vec::new();
    for source in sources(&[".rs"]) {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            findings.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", source.path));
        }
        for (line, number) in source.text.lines().zip(1..) {
            let chars = line.chars().count();
            if chars > LINE_CHARS_MAX {
                findings.push(format!("{}:{number}: {chars} characters", source.path));
            }
        }
    }
    check(findings, "split the file by idea, and the line by clause");
}

#[test]
fn nothing_is_left_for_later_without_an_owner() {
    // Spelled in halves, so that this file does not find itself.
    let words = [["TO", "DO"], ["FIX", "ME"]].map(|halves| halves.concat());
    let mut findings = Vec::new();
    for source in sources(&[".rs", ".md", ".toml"]) {
        for (line, number) in source.text.lines().zip(1..) {
            if words.iter().any(|word| line.contains(word.as_str())) {
                findings.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    check(findings, "do it, or open an issue");
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    let mut findings = Vec::new();
    for source in sources(&[".md"]) {
        for target in source.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let outside = target.contains("://") || file.is_empty();
            let folder = Path::new(&source.path).parent().unwrap_or(Path::new(""));
            if !outside && !root().join(folder).join(file).exists() {
                findings.push(format!("{}: {target}", source.path));
            }
        }
    }
    check(findings, "mend the link");
}
