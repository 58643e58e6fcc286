//! Schemas of OpenAPI 3.0 as JSON Schema.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::document::{contract, members};

/// Members that an object may have beyond those of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// Any, as a client has to expect.
    Allowed,
    /// None, so that an undocumented member is found.
    Refused,
}

/// Returns the validator of a schema of the contract.
#[track_caller]
pub(crate) fn validator(schema: &Value, others: Others) -> Validator {
    let document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "components": { "schemas": components(others) },
        "allOf": [json_schema(schema, others)],
    });
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&document).unwrap_or_else(|error| panic!("{error}: {schema}"))
}

/// Returns the violations of a value, each with its place.
pub(crate) fn violations(validator: &Validator, value: &Value) -> Vec<String> {
    let place =
        |error: jsonschema::ValidationError<'_>| format!("{} {error}", error.instance_path());
    validator.iter_errors(value).map(place).collect()
}

fn components(others: Others) -> &'static Value {
    static OPEN: OnceLock<Value> = OnceLock::new();
    static CLOSED: OnceLock<Value> = OnceLock::new();
    let cell = if others == Others::Allowed { &OPEN } else { &CLOSED };
    cell.get_or_init(|| {
        let schemas = members(contract().pointer("/components/schemas")).iter();
        schemas.map(|(name, schema)| (name.clone(), json_schema(schema, others))).collect()
    })
}

/// Converts a schema. The keyword `nullable` becomes a second type; examples and texts are left
/// out.
fn json_schema(schema: &Value, others: Others) -> Value {
    let convert = |schema: &Value| json_schema(schema, others);
    let Some(schema) = schema.as_object() else { panic!("no schema: {schema}") };
    let mut converted = Map::new();
    for (keyword, value) in schema {
        let value = match (keyword.as_str(), value) {
            ("nullable" | "example" | "description" | "title" | "default", _) => continue,
            ("type", value) if schema.get("nullable") == Some(&true.into()) => {
                json!([value, "null"])
            }
            ("properties", Value::Object(properties)) => {
                properties.iter().map(|(name, schema)| (name.clone(), convert(schema))).collect()
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter().map(convert).collect()
            }
            ("items" | "not", schema) => convert(schema),
            (_, value) => value.clone(),
        };
        converted.insert(keyword.clone(), value);
    }
    if others == Others::Refused && converted.contains_key("properties") {
        converted.insert("additionalProperties".to_owned(), false.into());
    }
    Value::Object(converted)
}

#[test]
fn an_undocumented_member_of_an_answer_is_found_at_any_depth() {
    let schema = &contract()["components"]["schemas"]["EventsAnswer"];
    let answer = json!({
        "outcome": "stored",
        "counts": {"received": 1, "stored": 1, "duplicate": 0, "rejected": 0, "retry": 0},
        "results": [{
            "index": 0, "event_id": "a", "status": "stored", "shard_id": "shardId-000000000000",
            "sequence_number": "1",
        }],
    });
    let found = |others, answer: &Value| violations(&validator(schema, others), answer).len();
    assert_eq!(found(Others::Refused, &answer), 0);
    for place in ["", "/counts", "/results/0"] {
        let mut changed = answer.clone();
        changed.pointer_mut(place).expect("an object")["extra"] = json!(1);
        assert!(found(Others::Refused, &changed) > 0, "{place}");
        assert_eq!(found(Others::Allowed, &changed), 0, "{place}");
    }
}
