//! The contract as a document: its operations and its references.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::node::Node;

/// Methods of HTTP that a path item may have.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Operation of the contract.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// Method in upper case.
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) value: &'static Value,
}

/// Root folder of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the text of the contract.
pub(crate) fn text() -> String {
    fs::read_to_string(root().join("api/openapi.yaml")).expect("the contract")
}

/// Returns the contract in the order of its file.
pub(crate) fn ordered() -> &'static Node {
    static ORDERED: OnceLock<Node> = OnceLock::new();
    ORDERED.get_or_init(|| serde_saphyr::from_str(&text()).expect("YAML"))
}

/// Returns the contract.
pub(crate) fn contract() -> &'static Value {
    static CONTRACT: OnceLock<Value> = OnceLock::new();
    CONTRACT.get_or_init(|| serde_json::to_value(ordered()).expect("JSON"))
}

/// Follows a reference within the contract.
#[track_caller]
pub(crate) fn resolved(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        None => value,
        Some(target) => {
            let pointer = target.strip_prefix('#').expect("a reference within the file");
            let found = contract().pointer(pointer);
            resolved(found.unwrap_or_else(|| panic!("{target} leads nowhere")))
        }
    }
}

/// Returns the members of an object; none if it is absent.
pub(crate) fn members(value: Option<&'static Value>) -> &'static Map<String, Value> {
    static NONE: OnceLock<Map<String, Value>> = OnceLock::new();
    value.and_then(|value| resolved(value).as_object()).unwrap_or(NONE.get_or_init(Map::new))
}

/// Returns all operations.
pub(crate) fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in members(contract().get("paths")) {
        for method in METHODS {
            if let Some(value) = item.get(method) {
                let method: &str = Box::leak(method.to_ascii_uppercase().into_boxed_str());
                operations.push(Operation { method, path, value });
            }
        }
    }
    operations
}

impl Operation {
    /// Returns the operation of a method and path.
    #[track_caller]
    pub(crate) fn of(method: &str, path: &str) -> Self {
        let wanted = |operation: &Self| operation.method == method && operation.path == path;
        operations().into_iter().find(wanted).unwrap_or_else(|| panic!("no {method} {path}"))
    }

    /// `true` if the operation is served there: `one-machine` or `aws`.
    pub(crate) fn runs_on(&self, place: &str) -> bool {
        let places = self.value["x-daymark-runs-on"].as_array().expect("places");
        places.iter().any(|other| other == place)
    }

    /// Returns the responses by status.
    pub(crate) fn responses(&self) -> impl Iterator<Item = (&'static str, &'static Value)> {
        let responses = members(self.value.get("responses"));
        responses.iter().map(|(status, response)| (status.as_str(), resolved(response)))
    }

    /// Returns the response with a status.
    pub(crate) fn response(&self, status: u16) -> Option<&'static Value> {
        let status = status.to_string();
        self.responses().find(|(other, _)| *other == status).map(|(_, response)| response)
    }
}
