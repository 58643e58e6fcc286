//! Every example of the contract is valid by its schema.

use serde_json::Value;

use crate::document::{contract, members, operations, resolved};
use crate::schema::{Others, validator, violations};

/// Example of the contract: its place, its value, and the schema that it has to follow.
struct Example {
    place: String,
    value: Value,
    schema: &'static Value,
    others: Others,
}

/// Returns the examples of a media type, a parameter or a header.
fn examples_of(place: &str, described: &'static Value, others: Others) -> Vec<Example> {
    let Some(schema) = described.get("schema") else { panic!("{place} has no schema") };
    let named = members(described.get("examples")).iter();
    let named = named.map(|(name, example)| (name.as_str(), &resolved(example)["value"]));
    let single = described.get("example").map(|value| ("example", value));
    let example = |(name, value): (&str, &Value)| Example {
        place: format!("{place}, {name}"),
        value: value.clone(),
        schema,
        others,
    };
    named.chain(single).map(example).collect()
}

/// Returns the examples of all media types of a body.
fn examples_in(place: &str, body: &'static Value, others: Others) -> Vec<Example> {
    let media_types = members(body.get("content")).iter();
    let of = |(media_type, described): (&String, &'static Value)| {
        let found = examples_of(&format!("{place}, {media_type}"), described, others);
        assert!(!found.is_empty(), "{place}, {media_type} has no example");
        found
    };
    media_types.flat_map(of).collect()
}

/// Returns the examples of requests, answers, parameters and headers.
fn examples() -> Vec<Example> {
    let mut found = Vec::new();
    for operation in operations() {
        let place = format!("{} {}", operation.method, operation.path);
        for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(parameter);
            found.extend(examples_of(&place, parameter, Others::Allowed));
        }
        if let Some(body) = operation.value.get("requestBody") {
            found.extend(examples_in(&place, resolved(body), Others::Allowed));
        }
        for (status, response) in operation.responses() {
            let place = format!("{place}, {status}");
            found.extend(examples_in(&place, response, Others::Refused));
        }
    }
    for (name, response) in members(contract().pointer("/components/responses")) {
        found.extend(examples_in(name, response, Others::Refused));
        for (name, header) in members(response.get("headers")) {
            found.extend(examples_of(name, resolved(header), Others::Refused));
        }
    }
    found
}

/// Adds the examples of a schema and of all schemas inside it.
fn add_schema_examples(place: &str, schema: &'static Value, found: &mut Vec<Example>) {
    if let Some(value) = schema.get("example") {
        let (place, value) = (place.to_owned(), value.clone());
        found.push(Example { place, value, schema, others: Others::Allowed });
    }
    for (name, property) in members(schema.get("properties")) {
        add_schema_examples(&format!("{place}.{name}"), property, found);
    }
    if let Some(items) = schema.get("items") {
        add_schema_examples(&format!("{place}[]"), items, found);
    }
}

#[test]
fn each_example_is_valid() {
    let mut all = examples();
    for (name, schema) in members(contract().pointer("/components/schemas")) {
        add_schema_examples(name, schema, &mut all);
    }
    assert!(all.len() > 200, "only {} examples are found", all.len());
    let mut findings = Vec::new();
    for Example { place, value, schema, others } in all {
        let found = violations(&validator(schema, others), &value);
        findings.extend(found.into_iter().map(|violation| format!("{place}: {violation}")));
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn each_line_of_an_example_is_an_event() {
    let event = validator(&contract()["components"]["schemas"]["Event"], Others::Allowed);
    let body = &contract()["components"]["requestBodies"]["Events"];
    let mut lines = 0;
    for (media_type, described) in members(body.get("content")) {
        for line in described["example"].as_str().into_iter().flat_map(str::lines) {
            let value = serde_json::from_str(line).expect("JSON");
            assert_eq!(violations(&event, &value), [""; 0], "{media_type}: {line}");
            lines += 1;
        }
    }
    assert_eq!(lines, 8);
}

/// Members that need no text of their own: they refer to a schema that has one.
fn undescribed(place: &str, schema: &'static Value) -> Vec<String> {
    let mut found = Vec::new();
    let properties = members(schema.get("properties"));
    for (name, property) in properties {
        let place = format!("{place}.{name}");
        if property.get("$ref").is_some() {
            continue;
        }
        let has_example = property.get("example").is_some()
            || property.get("properties").is_some()
            || property.pointer("/items/$ref").is_some();
        if property.get("description").is_none() || !has_example {
            found.push(place.clone());
        }
        found.extend(undescribed(&place, property));
    }
    found
}

#[test]
fn each_member_has_a_description_and_an_example() {
    let schemas = members(contract().pointer("/components/schemas"));
    let found: Vec<String> =
        schemas.iter().flat_map(|(name, schema)| undescribed(name, schema)).collect();
    assert!(found.is_empty(), "describe {}", found.join(", "));
}
