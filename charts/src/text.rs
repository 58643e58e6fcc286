//! Numbers and paragraphs as text.

/// Formats a number with at most one decimal place.
pub(crate) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Adding 0 turns a negative zero positive.
    format!("{}", rounded + 0.0)
}

/// Breaks text into lines of at most `width` characters. A longer word has a line of its own.
/// Own code because `textwrap` would be the only dependency of the crate, for these lines.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
