//! Sources, values and the program as a process.

#[path = "../deployed/support/eventually.rs"]
mod eventually;
#[path = "../program/support/http.rs"]
#[expect(dead_code, reason = "the tests of the program use the rest")]
mod http;
#[path = "../program/support/program.rs"]
#[expect(dead_code, reason = "the tests of the program use the rest")]
mod program;

use std::fs;
use std::path::Path;

use serde_json::Value;

pub(crate) use eventually::eventually;
pub(crate) use http::ApiClient;
pub(crate) use program::UpProcess;

/// Returns the texts of the Rust sources below a folder.
pub(crate) fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(fs::read_to_string(&path).expect("a source"));
        }
    }
    texts
}

/// Calls `visit` with a value and with all values inside it.
pub(crate) fn walk(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        Value::Array(elements) => elements.iter().for_each(|element| walk(element, visit)),
        _ => {}
    }
}

/// Returns the number in an environment variable.
pub(crate) fn env_number(name: &str) -> Option<u64> {
    std::env::var_os(name).and_then(|given| given.to_str()?.parse().ok())
}
