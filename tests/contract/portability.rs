//! The contract uses nothing that API Gateway refuses or that OpenAPI 3.0 lacks.
//!
//! Source: API Gateway developer guide, "Amazon API Gateway important notes".

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{contract, members, operations, resolved, text};
use crate::support::walk;

/// Keywords of later versions of JSON Schema, and those that API Gateway does not read.
const FOREIGN: [&str; 12] = [
    "$defs",
    "const",
    "contentEncoding",
    "dependentRequired",
    "discriminator",
    "else",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "patternProperties",
    "readOnly",
    "writeOnly",
];

/// Calls `visit` with a schema and with all schemas inside it.
fn walk_schemas(schema: &'static Value, visit: &mut impl FnMut(&'static Value)) {
    visit(schema);
    let properties = members(schema.get("properties")).values();
    let lists = ["allOf", "anyOf", "oneOf"].map(|keyword| schema[keyword].as_array());
    let inner = ["items", "not"].map(|keyword| schema.get(keyword));
    let schemas = lists.into_iter().flatten().flatten().chain(inner.into_iter().flatten());
    for schema in properties.chain(schemas) {
        if schema.get("$ref").is_none() {
            walk_schemas(schema, visit);
        }
    }
}

#[test]
fn each_schema_is_one_of_openapi_3_0() {
    assert_eq!(contract()["openapi"], "3.0.3");
    let mut findings = Vec::new();
    for (name, schema) in members(contract().pointer("/components/schemas")) {
        let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric());
        assert!(is_plain, "{name}: a model of API Gateway has letters and digits");
        walk_schemas(schema, &mut |schema| {
            let foreign = FOREIGN.iter().filter(|keyword| schema.get(**keyword).is_some());
            findings.extend(foreign.map(|keyword| format!("{name} uses {keyword}")));
            if schema.get("type").is_some_and(|kind| !kind.is_string()) {
                findings.push(format!("{name} has several types; use nullable"));
            }
            let is_nullable = schema["nullable"] == true;
            let words = schema["enum"].as_array();
            if words.is_some_and(|words| words.contains(&Value::Null) != is_nullable) {
                findings.push(format!("{name}: null is in enum if and only if it is nullable"));
            }
            if is_nullable && schema.get("type").is_none() {
                findings.push(format!("{name}: nullable needs a type"));
            }
        });
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn each_reference_is_within_the_file_and_each_component_is_used() {
    let mut used = BTreeSet::new();
    walk(contract(), &mut |value| {
        let reference = value.get("$ref").and_then(Value::as_str);
        used.extend(reference.map(str::to_owned));
    });
    for reference in &used {
        let pointer = reference.strip_prefix('#').expect("a reference within the file");
        assert!(contract().pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    // Published as a file, and answers that any path may have.
    let others = ["schemas/Event", "schemas/OfferEvent", "responses/NotFound"];
    let others = others.into_iter().chain(["responses/MethodNotAllowed"]);
    used.extend(others.map(|name| format!("#/components/{name}")));
    for (kind, components) in members(contract().get("components")) {
        if kind == "securitySchemes" {
            continue;
        }
        for name in members(Some(components)).keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&reference), "{reference} is not used");
        }
    }
}

#[test]
fn each_operation_is_complete() {
    let mut ids = BTreeSet::new();
    let schemes = members(contract().pointer("/components/securitySchemes"));
    let tags = contract()["tags"].as_array().expect("tags");
    for operation in operations() {
        let place = format!("{} {}", operation.method, operation.path);
        for segment in operation.path.split('/').skip(1) {
            let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
            assert!(name.unwrap_or(segment).chars().all(allowed), "{place}: {segment}");
            let parameters = operation.value["parameters"].as_array().into_iter().flatten();
            let is_described = |name| {
                let mut names = parameters.map(|parameter| &resolved(parameter)["name"]);
                names.any(|other| other == name)
            };
            assert!(name.is_none_or(is_described), "{place} does not describe {segment}");
        }
        let id = operation.value["operationId"].as_str().expect("an id");
        assert!(ids.insert(id), "{id} is there twice");
        assert!(operation.value["summary"].is_string(), "{place} has no summary");
        let tag = &operation.value["tags"][0];
        assert!(tags.iter().any(|other| other["name"] == *tag), "{place}: {tag}");
        for requirement in operation.value["security"].as_array().expect("security") {
            for (scheme, scopes) in requirement.as_object().expect("a scheme") {
                let flows = &schemes[scheme]["flows"]["clientCredentials"]["scopes"];
                for scope in scopes.as_array().expect("scopes") {
                    let scope = scope.as_str().expect("a scope");
                    assert!(flows[scope].is_string(), "{place}: {scope}");
                }
            }
        }
    }
}

#[test]
fn the_file_has_neither_anchors_nor_tabs() {
    // Some readers of YAML lack anchors.
    let is_anchor = |line: &&str| {
        let value = line.split_once(": ").map_or("", |(_, value)| value);
        value.starts_with(['&', '*', '!']) || line.contains('\t')
    };
    let text = text();
    let found: Vec<&str> = text.lines().filter(is_anchor).collect();
    assert_eq!(found, [""; 0]);
}
