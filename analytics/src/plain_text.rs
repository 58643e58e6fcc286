//! Texts of others in an output: a terminal, a spreadsheet and a reader must take them for texts.

use std::borrow::Cow;
use std::fmt::Write;

use rust_decimal::Decimal;

/// Characters that reorder the text around them. Source: Unicode 16, `Bidi_Control`.
const fn is_bidi_control(char: char) -> bool {
    matches!(
        char,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Returns a text whose control characters, except line feeds and the colours of a chart, and
/// controls of direction are escaped as in JSON: `\u001b`, `\u202e`.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    let is_harmful = |char: char| is_bidi_control(char) || char.is_control() && char != '\n';
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        if is_harmful(char) && !is_colour(&text[at..]) {
            // Writing to a String does not fail.
            let _ = write!(plain, "\\u{:04x}", u32::from(char));
        } else {
            plain.push(char);
        }
    }
    Cow::Owned(plain)
}

/// Returns `true` if a text begins with a sequence like `ESC [ 32 m`.
fn is_colour(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("\u{1b}[") else { return false };
    rest.trim_start_matches(|char: char| char.is_ascii_digit() || char == ';').starts_with('m')
}

/// Returns the value of a text column in CSV, plain as in a table. A spreadsheet takes one that
/// begins with `=`, `+`, `-`, `@` or a tab for a formula, unless an apostrophe precedes it. Numbers
/// stay as they are. Source: OWASP, "CSV Injection".
#[must_use]
pub fn csv_text(text: &str) -> String {
    let text = plain(text);
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula && text.parse::<Decimal>().is_err() {
        format!("'{text}")
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_controls_of_direction_are_shown_and_colours_stay() {
        for (text, shown) in [
            ("Crème brûlée\n\u{1b}[32mgreen\u{1b}[0m", "Crème brûlée\n\u{1b}[32mgreen\u{1b}[0m"),
            ("\u{1b}[2Jgone", "\\u001b[2Jgone"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("rye\u{202e}etadpu", "rye\\u202eetadpu"),
            ("a\rb\u{9b}c\u{200f}", "a\\u000db\\u009bc\\u200f"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn a_formula_is_a_text_and_a_number_a_number() {
        for (text, cell) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("-2.50", "-2.50"),
            ("rye\u{202e}", "rye\\u202e"),
            ("", ""),
        ] {
            assert_eq!(csv_text(text), cell);
        }
    }
}
