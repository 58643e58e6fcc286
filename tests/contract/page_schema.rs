//! Schemas on the page: their members, rules and alternatives.

use std::fmt::Write;

use serde_json::Value;

use crate::node::Node;
use crate::page::{escaped, inline, target};

/// Returns the section of a schema of the components.
pub(crate) fn schema_section(name: &str, schema: &'static Node) -> String {
    let mut html = format!(
        "<section aria-labelledby=\"schema-{name}\">\n<h3 id=\"schema-{name}\">{name}</h3>\n\
         <p>{}</p>\n",
        inline(schema.text_of("description"))
    );
    for (keyword, text) in [
        ("allOf", "All of these:"),
        ("anyOf", "One of these at least:"),
        ("oneOf", "One of these:"),
    ] {
        let alternatives = schema.get(keyword).map_or(&[][..], Node::elements);
        if alternatives.is_empty() {
            continue;
        }
        writeln!(html, "<p>{text}</p>\n<ul>").expect("memory");
        for alternative in alternatives {
            writeln!(html, "<li>{}</li>", alternative_text(alternative)).expect("memory");
        }
        html.push_str("</ul>\n");
    }
    html.push_str(&properties(name, schema));
    html.push_str("</section>\n");
    html
}

/// Returns the table of the members of an object, and of the objects inside it.
fn properties(name: &str, schema: &'static Node) -> String {
    let Some(properties) = schema.get("properties") else { return String::new() };
    let required = schema.get("required").map_or(&[][..], Node::elements);
    let rows = properties.members().iter().map(|(name, property)| {
        let is_required = required.iter().any(|other| other.text() == name);
        (format!("{name}{}", if is_required { " (required)" } else { "" }), property)
    });
    let mut html = members_table(&format!("Members of {name}"), rows);
    for (inner, property) in properties.members() {
        if property.get("properties").is_some() {
            let inner = format!("{name}.{inner}");
            writeln!(html, "<h4>{}</h4>", escaped(&inner)).expect("memory");
            html.push_str(&self::properties(&inner, property));
        }
    }
    html
}

/// Returns a table of members, parameters or headers with their rules.
pub(crate) fn members_table(
    title: &str,
    rows: impl Iterator<Item = (String, &'static Node)>,
) -> String {
    let mut html = format!(
        "<div class=\"wide\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n<table>\n\
         <thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Rule</th>\
         <th scope=\"col\">Meaning</th><th scope=\"col\">Example</th></tr></thead>\n<tbody>\n",
        escaped(title)
    );
    for (name, described) in rows {
        let schema = described.get("schema").unwrap_or(described);
        let (name, note) = name.split_once(' ').unwrap_or((&name, ""));
        writeln!(
            html,
            "<tr><th scope=\"row\"><code>{}</code> <span class=\"dim\">{}</span></th><td>{}</td>\
             <td>{}</td><td>{}</td></tr>",
            escaped(name),
            escaped(note),
            rule(schema),
            inline(described.text_of("description")),
            described.get("example").map(code).unwrap_or_default(),
        )
        .expect("memory");
    }
    html.push_str("</tbody>\n</table>\n</div>\n");
    html
}

fn code(value: &Node) -> String {
    let text = match value {
        Node::Scalar(Value::String(text)) => text.clone(),
        other => serde_json::to_string(other).expect("JSON"),
    };
    format!("<code>{}</code>", escaped(&text))
}

/// Returns a reference as a link, and any other schema as its rule.
pub(crate) fn schema_link(schema: &'static Node) -> String {
    if let Some(reference) = schema.get("$ref") {
        let name = reference.text().rsplit('/').next().unwrap_or_default();
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some([inner]) = schema.get("allOf").map(Node::elements) {
        return format!("{} ({})", schema_link(inner), escaped(schema.text_of("title")));
    }
    let either = |keyword| schema.get(keyword).map(Node::elements);
    if let Some(alternatives) = either("anyOf").or(either("oneOf")) {
        return alternatives.iter().map(schema_link).collect::<Vec<_>>().join(" or ");
    }
    rule(schema)
}

/// Returns type, range, pattern and words of a schema.
fn rule(schema: &'static Node) -> String {
    if schema.get("$ref").is_some() || schema.get("anyOf").is_some() {
        return schema_link(schema);
    }
    if let Some(items) = schema.get("items") {
        let most = schema.get("maxItems").map(|most| format!(", at most {}", code(most)));
        return format!("array of {}{}", schema_link(items), most.unwrap_or_default());
    }
    let mut parts = vec![escaped(schema.text_of("type"))];
    let format = schema.text_of("format");
    if !format.is_empty() {
        parts.push(escaped(format));
    }
    for (keyword, text) in [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("multipleOf", "multiple of"),
        ("minLength", "characters, at least"),
        ("maxLength", "characters, at most"),
        ("pattern", "pattern"),
    ] {
        if let Some(value) = schema.get(keyword) {
            parts.push(format!("{text} {}", code(value)));
        }
    }
    if let Some(words) = schema.get("enum") {
        let words: Vec<String> = words.elements().iter().map(code).collect();
        parts.push(words.join(" "));
    } else if schema.get("nullable").is_some() {
        parts.push("or null".to_owned());
    }
    parts.join(", ")
}

/// Returns an alternative of a schema: a reference, or its title with its kinds and required
/// members.
fn alternative_text(alternative: &'static Node) -> String {
    if alternative.get("$ref").is_some() {
        return schema_link(alternative);
    }
    if let Some(inner) = alternative.get("anyOf") {
        return inner.elements().iter().map(alternative_text).collect::<Vec<_>>().join("; or ");
    }
    let mut text = inline(alternative.text_of("title"));
    if let Some(kind) = alternative.get("properties").and_then(|members| members.get("kind")) {
        let words: Vec<String> =
            kind.get("enum").map_or(&[][..], Node::elements).iter().map(code).collect();
        write!(text, ": {}", words.join(" ")).expect("memory");
    }
    if let Some(required) = alternative.get("required") {
        let names: Vec<String> = required.elements().iter().map(code).collect();
        let separator = if text.is_empty() { "" } else { ", with " };
        write!(text, "{separator}{}", names.join(" ")).expect("memory");
    }
    if text.is_empty() { rule(target(alternative)) } else { text }
}
