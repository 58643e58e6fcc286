//! Files that are generated from the contract: the schemas of events and the page.
//! `DAYMARK_TEST_WRITE_CONTRACT=1` writes them again.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::document::{contract, ordered, root};
use crate::node::Node;
use crate::page::{page, target};
use crate::schema::{Others, validator, violations};
use crate::support::env_number;

/// Compares a file with its generated text, or writes it.
#[track_caller]
fn check_file(path: &str, text: &str) {
    let file = root().join(path);
    if env_number("DAYMARK_TEST_WRITE_CONTRACT").is_some() {
        fs::write(&file, text).expect("written");
    }
    let stored = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == text,
        "{path} differs from api/openapi.yaml: \
         DAYMARK_TEST_WRITE_CONTRACT=1 cargo test --test contract generated"
    );
}

fn schema(name: &str) -> &'static Node {
    let components = ordered().get("components").expect("components");
    components.get("schemas").and_then(|schemas| schemas.get(name)).expect("a schema")
}

/// Converts a schema of OpenAPI to JSON Schema of any draft, without references. `nullable` becomes
/// a second type, and an example stands in a list.
fn json_schema(schema: &'static Node, with_examples: bool) -> Node {
    let schema = target(schema);
    let convert = |schema: &'static Node| json_schema(schema, with_examples);
    let is_nullable = schema.get("nullable").is_some();
    let mut converted = Vec::new();
    for (keyword, node) in schema.members() {
        let (keyword, node) = match (keyword.as_str(), node) {
            ("nullable", _) => continue,
            ("example", _) if !with_examples => continue,
            ("example", node) => ("examples", Node::List(vec![node.clone()])),
            ("type", node) if is_nullable => {
                ("type", Node::List(vec![node.clone(), Node::Scalar("null".into())]))
            }
            ("properties", Node::Map(properties)) => {
                let properties = properties.iter();
                let properties = properties.map(|(name, schema)| (name.clone(), convert(schema)));
                ("properties", Node::Map(properties.collect()))
            }
            (keyword @ ("allOf" | "anyOf" | "oneOf"), Node::List(schemas)) => {
                (keyword, Node::List(schemas.iter().map(convert).collect()))
            }
            ("items", node) => ("items", convert(node)),
            (keyword, node) => (keyword, node.clone()),
        };
        converted.push((keyword.to_owned(), node));
    }
    Node::Map(converted)
}

/// Returns the text of a schema in a file of its own.
fn file_text(draft: &str, name: &str, with_examples: bool) -> String {
    let Node::Map(converted) = json_schema(schema(name), with_examples) else { panic!("a schema") };
    let mut members = vec![("$schema".to_owned(), Node::Scalar(draft.into()))];
    if !converted.iter().any(|(keyword, _)| keyword == "title") {
        members.push(("title".to_owned(), Node::Scalar(name.into())));
    }
    members.extend(converted);
    serde_json::to_string_pretty(&Node::Map(members)).expect("JSON") + "\n"
}

#[test]
fn the_schema_of_events_is_that_of_the_contract() {
    let text = file_text("http://json-schema.org/draft-07/schema#", "Event", true);
    check_file("api/event.schema.json", &text);
    let stored: Value = serde_json::from_str(&text).expect("JSON");
    let stored = jsonschema::options().should_validate_formats(true).build(&stored);
    let (stored, event) =
        (stored.expect("a schema"), &contract()["components"]["schemas"]["Event"]);
    let original = validator(event, Others::Allowed);
    for (field, value) in [
        ("quantity", json!(2)),
        ("quantity", json!(null)),
        ("sku", json!("with blank")),
        ("kind", json!("gift")),
        ("unit", json!(null)),
        ("currency", json!("EURO")),
        ("reason", json!("expired")),
    ] {
        let mut changed = event["example"].clone();
        changed[field] = value.clone();
        let is_valid = violations(&original, &changed).is_empty();
        assert_eq!(stored.is_valid(&changed), is_valid, "{field} {value}");
    }
}

#[test]
fn the_schema_of_offer_events_is_that_of_the_contract() {
    // EventBridge takes draft 4, which has no examples.
    let text = file_text("http://json-schema.org/draft-04/schema#", "OfferEvent", false);
    check_file("docs/offer-event.schema.json", &text);
    let document = fs::read_to_string(root().join("docs/offer-events.md")).expect("a document");
    let example = document.split("```json").nth(1).and_then(|rest| rest.split("```").next());
    let example: Value = serde_json::from_str(example.expect("an example")).expect("JSON");
    let schema = &contract()["components"]["schemas"]["OfferEvent"];
    assert_eq!(violations(&validator(schema, Others::Refused), &example), [""; 0]);
}

#[test]
fn the_page_is_that_of_the_contract() {
    let page = page();
    check_file("api/openapi.html", &page);
    assert!(!page.contains("<script") && !page.contains("src="), "the page loads nothing");
    let ids: Vec<&str> =
        page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "an id is there twice");
    let links = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
    let broken: Vec<&str> = links.filter(|link| !unique.contains(link)).collect();
    assert!(broken.is_empty(), "links lead nowhere: {broken:?}");
}
