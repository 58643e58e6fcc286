//! The contract as one page of HTML without scripts, for `/docs`.

use std::fmt::Write;

use crate::document::ordered;
use crate::node::Node;
use crate::page_schema::{members_table, schema_link, schema_section};

const STYLE: &str = include_str!("page.css");

/// Replaces the characters that have a meaning in HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Returns text with `code` and **bold** as HTML.
pub(crate) fn inline(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            write!(html, "<code>{}</code>", escaped(part)).expect("memory");
            continue;
        }
        for (index, part) in part.split("**").enumerate() {
            let tag = if index % 2 == 1 { ("<strong>", "</strong>") } else { ("", "") };
            write!(html, "{}{}{}", tag.0, escaped(part), tag.1).expect("memory");
        }
    }
    html
}

/// Returns paragraphs and lists.
fn blocks(text: &str) -> String {
    let mut html = String::new();
    for block in text.trim().split("\n\n") {
        if let Some(list) = block.strip_prefix("- ") {
            html.push_str("<ul>\n");
            for item in list.split("\n- ") {
                writeln!(html, "<li>{}</li>", inline(item)).expect("memory");
            }
            html.push_str("</ul>\n");
        } else {
            writeln!(html, "<p>{}</p>", inline(block)).expect("memory");
        }
    }
    html
}

/// Follows a reference within the contract.
pub(crate) fn target(node: &'static Node) -> &'static Node {
    let Some(reference) = node.get("$ref") else { return node };
    let names = reference.text().split('/').skip(1);
    let found = names.fold(ordered(), |node, name| node.get(name).expect("a reference that leads"));
    target(found)
}

/// Returns the members of a node at a path; none if it is absent.
fn at(node: &'static Node, name: &str) -> &'static [(String, Node)] {
    node.get(name).map_or(&[], |node| target(node).members())
}

fn anchor(method: &str, path: &str) -> String {
    let path = path.replace(['/', '{', '}', '.'], "-");
    format!("{method}{path}")
}

/// Returns the operations: path, method, operation.
fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Node)> {
    let of = |(path, item): &'static (String, Node)| {
        item.members().iter().map(move |(method, operation)| (&**path, &**method, operation))
    };
    at(ordered(), "paths").iter().flat_map(of)
}

/// Returns the page.
pub(crate) fn page() -> String {
    let info = ordered().get("info").expect("info");
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: HTTP API</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}: HTTP API</h1>\n<p class=\"dim\">Version {version}, OpenAPI \
         {openapi}: <a href=\"/docs/openapi.yaml\">openapi.yaml</a></p>\n</header>\n",
        title = escaped(info.text_of("title")),
        version = escaped(info.text_of("version")),
        openapi = escaped(ordered().text_of("openapi")),
    );
    html.push_str("<nav aria-label=\"Contents\">\n<ul>\n");
    for (path, method, operation) in operations() {
        writeln!(
            html,
            "<li><a href=\"#{}\"><code>{} {}</code></a> {}</li>",
            anchor(method, path),
            method.to_uppercase(),
            escaped(path),
            inline(operation.text_of("summary"))
        )
        .expect("memory");
    }
    html.push_str(
        "<li><a href=\"#answers\">Answers of every path</a></li>\n\
         <li><a href=\"#security\">Sign-in</a></li>\n\
         <li><a href=\"#schemas\">Schemas</a></li>\n</ul>\n</nav>\n<main>\n",
    );
    html.push_str(&blocks(info.text_of("description")));
    html.push_str("<h2 id=\"operations\">Operations</h2>\n");
    for (path, method, node) in operations() {
        html.push_str(&operation(path, method, node));
    }
    html.push_str("<h2 id=\"answers\">Answers of every path</h2>\n");
    for name in ["NotFound", "MethodNotAllowed"] {
        let status = if name == "NotFound" { "404" } else { "405" };
        let answers = ordered().get("components").and_then(|parts| parts.get("responses"));
        html.push_str(&response(status, answers.and_then(|all| all.get(name)).expect(name)));
    }
    html.push_str("<h2 id=\"security\">Sign-in</h2>\n<dl>\n");
    let components = ordered().get("components").expect("components");
    for (name, scheme) in at(components, "securitySchemes") {
        let text = inline(scheme.text_of("description"));
        writeln!(html, "<dt><strong>{}</strong></dt>\n<dd>{text}</dd>", escaped(name))
            .expect("memory");
    }
    html.push_str("</dl>\n<h2 id=\"schemas\">Schemas</h2>\n");
    for (name, schema) in at(components, "schemas") {
        html.push_str(&schema_section(name, schema));
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn operation(path: &str, method: &str, operation: &'static Node) -> String {
    let mut html = format!(
        "<section aria-labelledby=\"{id}\">\n<h3 id=\"{id}\"><code>\
         <span class=\"method\">{}</span> {}</code></h3>\n<p>{}.</p>\n",
        method.to_uppercase(),
        escaped(path),
        inline(operation.text_of("summary")),
        id = anchor(method, path),
    );
    html.push_str(&blocks(operation.text_of("description")));
    let places = operation.get("x-daymark-runs-on").map_or(&[][..], Node::elements);
    let places: Vec<&str> = places.iter().map(Node::text).collect();
    writeln!(
        html,
        "<p class=\"dim\">Served by: {}. On AWS: {}.</p>",
        places.join(", ").replace('-', " ").replace("aws", "AWS"),
        if places.contains(&"aws") { protection(operation) } else { "not served".to_owned() }
    )
    .expect("memory");
    let parameters = operation.get("parameters").map_or(&[][..], Node::elements);
    if !parameters.is_empty() {
        html.push_str("<h4>Parameters</h4>\n");
        html.push_str(&parameters_table(parameters));
    }
    if let Some(body) = operation.get("requestBody").map(target) {
        html.push_str("<h4>Body</h4>\n");
        html.push_str(&blocks(body.text_of("description")));
        html.push_str(&content(body));
    }
    html.push_str("<h4>Answers</h4>\n");
    for (status, node) in at(operation, "responses") {
        html.push_str(&response(status, node));
    }
    html.push_str("</section>\n");
    html
}

/// Returns the sign-in that an operation requires.
fn protection(operation: &Node) -> String {
    let requirements = operation.get("security").map_or(&[][..], Node::elements);
    let named = |requirement: &Node| {
        let (name, scopes) = requirement.members().first().expect("a scheme");
        let scopes: Vec<&str> = scopes.elements().iter().map(Node::text).collect();
        let scopes =
            if scopes.is_empty() { String::new() } else { format!(" with {}", scopes.join(", ")) };
        format!("<a href=\"#security\">{}</a>{}", escaped(name), escaped(&scopes))
    };
    requirements.first().map_or_else(|| "without sign-in".to_owned(), named)
}

fn parameters_table(parameters: &'static [Node]) -> String {
    let row = |parameter: &'static Node| {
        let parameter = target(parameter);
        let place = format!("{} ({})", parameter.text_of("name"), parameter.text_of("in"));
        (place, parameter)
    };
    members_table("Parameters", parameters.iter().map(row))
}

fn response(status: &str, response: &'static Node) -> String {
    let response = target(response);
    let mut html = format!(
        "<details>\n<summary><strong class=\"s{}\">{status}</strong> {}</summary>\n",
        &status[..1],
        inline(response.text_of("description"))
    );
    let headers = at(response, "headers");
    if !headers.is_empty() {
        let rows = headers.iter().map(|(name, header)| (name.clone(), target(header)));
        html.push_str(&members_table("Headers", rows));
    }
    html.push_str(&content(response));
    html.push_str("</details>\n");
    html
}

/// Returns the media types of a body with their schemas and examples.
fn content(body: &'static Node) -> String {
    let mut html = String::new();
    for (media_type, described) in at(body, "content") {
        let schema = described.get("schema").map(schema_link).unwrap_or_default();
        writeln!(html, "<p><code>{}</code>: {schema}</p>", escaped(media_type)).expect("memory");
        for (name, named) in at(described, "examples") {
            let named = target(named);
            let value = named.get("value").expect("a value");
            let title = format!("{}: {}", name, named.text_of("summary"));
            html.push_str(&example(&title, value));
        }
        if let Some(value) = described.get("example") {
            html.push_str(&example("Example", value));
        }
    }
    html
}

fn example(title: &str, value: &Node) -> String {
    let text = match value {
        Node::Scalar(serde_json::Value::String(text)) => text.clone(),
        other => serde_json::to_string_pretty(other).expect("JSON"),
    };
    format!(
        "<details>\n<summary>{}</summary>\n<pre tabindex=\"0\"><code>{}</code></pre>\n</details>\n",
        escaped(title),
        escaped(&text)
    )
}
