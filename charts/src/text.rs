//! Numbers and paragraphs as text.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Formats a number with at most one decimal place.
pub(crate) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Adding 0 turns a negative zero positive.
    format!("{}", rounded + 0.0)
}

/// Breaks text into lines of at most `width` columns. A word that is wider than a line is broken
/// before its wide characters, as Chinese and Japanese are; without them it has a longer line.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let words = text.split_whitespace().flat_map(|word| pieces(word, width));
    for (piece, gap) in words {
        match lines.last_mut() {
            Some(line) if line.width() + gap.len() + piece.width() <= width => {
                line.push_str(gap);
                line.push_str(&piece);
            }
            _ => lines.push(piece),
        }
    }
    lines
}

/// Splits a word into pieces, each with the space before it.
fn pieces(word: &str, width: usize) -> Vec<(String, &'static str)> {
    if word.width() <= width {
        return vec![(word.to_owned(), " ")];
    }
    let mut pieces: Vec<(String, &'static str)> = Vec::new();
    for character in word.chars() {
        match pieces.last_mut() {
            Some((piece, _)) if character.width() != Some(2) => piece.push(character),
            Some(_) => pieces.push((character.to_string(), "")),
            None => pieces.push((character.to_string(), " ")),
        }
    }
    pieces
}
