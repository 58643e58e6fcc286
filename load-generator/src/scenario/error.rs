//! Errors of a scenario file.

use import::nearest;

/// Error of a scenario. Its message says where, which value was given, and what would pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioError(String);

impl ScenarioError {
    pub(crate) fn rule(name: &str, given: &str, rule: &str, hint: &str) -> Self {
        let hint = if hint.is_empty() { String::new() } else { format!("; {hint}") };
        Self(format!("{name} is {given}: {rule}{hint}"))
    }

    /// Describes a syntax error, an unknown word or a wrong type of a TOML file.
    pub(crate) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let line = error
            .span()
            .map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        let message = error.message().replace('\n', " ");
        Self(format!("line {line}: {message}{}", proposal(&message)))
    }
}

/// Returns a proposal for an unknown word. serde's messages quote the given word first and then
/// the known ones.
fn proposal(message: &str) -> String {
    if !message.starts_with("unknown ") {
        return String::new();
    }
    let mut words = message.split('`').skip(1).step_by(2);
    let Some(given) = words.next() else { return String::new() };
    let nearest = nearest(given, words);
    nearest.map_or(String::new(), |word| format!("; did you mean {word}?"))
}
