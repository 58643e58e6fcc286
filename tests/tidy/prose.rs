//! Doc comments: they begin with a noun or a verb, and each crate shows an example.

use std::collections::BTreeMap;

use crate::{Source, check, sources};

/// First words that make a riddle of a doc comment: the subject is missing.
const QUESTION_WORDS: &[&str] = &["what", "who", "whose", "how", "whether", "where"];

/// Largest share of doc comments that may begin with one of [`QUESTION_WORDS`], in percent.
const SHARE_MAX: f64 = 3.0;

/// A doc comment: its place and its first line.
struct DocComment {
    place: String,
    first_line: String,
}

/// All doc comments of a file. Consecutive lines are one comment.
fn doc_comments(source: &Source) -> Vec<DocComment> {
    let mut comments = Vec::new();
    let mut is_inside = false;
    for (line, number) in source.text.lines().zip(1..) {
        let line = line.trim_start();
        let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let Some(text) = text.filter(|text| !text.starts_with('/')) else {
            is_inside = false;
            continue;
        };
        if !is_inside && !text.trim().is_empty() {
            let place = format!("{}:{number}", source.path);
            comments.push(DocComment { place, first_line: text.trim().to_owned() });
        }
        is_inside = true;
    }
    comments
}

fn first_word(line: &str) -> String {
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words.into_iter().find(|word| !word.is_empty()).unwrap_or_default().to_lowercase()
}

/// `cargo test --test tidy doc_comments -- --nocapture` prints the most frequent first words.
#[expect(clippy::print_stdout, reason = "the share is for the reader of the test's output")]
#[test]
fn doc_comments_begin_with_a_noun_or_a_verb() {
    let comments: Vec<DocComment> = sources(&[".rs"]).iter().flat_map(doc_comments).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    for DocComment { place, first_line } in &comments {
        let word = first_word(first_line);
        if QUESTION_WORDS.contains(&&*word) {
            findings.push(format!("{place}: {first_line}"));
        }
        *counts.entry(word).or_default() += 1;
    }
    let share = 100.0 * findings.len() as f64 / comments.len() as f64;
    let mut counts: Vec<(usize, String)> = counts.into_iter().map(|(w, n)| (n, w)).collect();
    counts.sort_by(|a, b| b.cmp(a));
    println!("{} doc comments, {share:.2} % begin with a question word", comments.len());
    counts.iter().take(20).for_each(|(count, word)| println!("{count:>6} {word}"));
    if share > SHARE_MAX {
        check(findings, "begin with a noun or a verb");
    }
}

#[test]
fn every_library_shows_an_example() {
    let libraries = sources(&["/lib.rs", "lib.rs"]).into_iter();
    let libraries = libraries.filter(|source| source.path.ends_with("src/lib.rs"));
    let silent = libraries
        .filter(|source| !source.text.lines().any(|line| line.trim_start().starts_with("//! ```")));
    let findings = silent.map(|source| source.path);
    let findings = findings.filter(|path| !path.starts_with("fuzz/src/")).collect();
    check(findings, "show an example in the crate's documentation");
}
