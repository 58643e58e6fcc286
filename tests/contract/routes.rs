//! Routes: those of the contract, of the routers, and of the deployed API.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::api::{Api, Sent};
use crate::coverage::check_any_path;
use crate::document::{Operation, operations, root};
use crate::support::sources;

/// Folders with the routers of the public API. The endpoints of Kinesis and DynamoDB in `local/`
/// have the contracts of AWS, and a load run shows its report on a server of its own.
const ROUTER_FOLDERS: [&str; 5] =
    ["ingest/src", "pricing/src", "processors/src", "reader/src", "src/machine"];

fn name(method: &str, path: &str) -> String {
    format!("{method} {path}")
}

fn names(operations: impl IntoIterator<Item = Operation>) -> BTreeSet<String> {
    operations.into_iter().map(|operation| name(operation.method, operation.path)).collect()
}

/// Returns the routes in the text of a source: `.route("/path", get(…))`.
fn routes_in(text: &str) -> Vec<String> {
    let calls = text.split(".route(\"").skip(1);
    let route = |call: &str| {
        let (path, rest) = call.split_once("\", ").expect("a path and its handler");
        let method = rest.split('(').next().expect("a method");
        name(&method.to_ascii_uppercase(), path)
    };
    calls.map(route).collect()
}

#[test]
fn each_route_of_a_router_is_in_the_contract_and_the_other_way_round() {
    let texts = ROUTER_FOLDERS.iter().flat_map(|folder| sources(&root().join(folder)));
    let served: BTreeSet<String> = texts.flat_map(|text| routes_in(&text)).collect();
    assert_eq!(served, names(operations()));
    let here = operations().into_iter().filter(|operation| operation.runs_on("one-machine"));
    assert_eq!(served, names(here), "one machine serves every route");
}

/// Returns the way in which the contract protects an operation, as API Gateway names it.
fn protection(operation: &Operation) -> (&'static str, Vec<String>) {
    let requirements = operation.value["security"].as_array().expect("requirements");
    match requirements.first().and_then(Value::as_object).and_then(|first| first.iter().next()) {
        None => ("NONE", Vec::new()),
        Some((scheme, scopes)) if scheme == "Token" => {
            let scopes = scopes.as_array().expect("scopes").iter();
            ("JWT", scopes.map(|scope| scope.as_str().expect("a scope").to_owned()).collect())
        }
        Some((scheme, _)) => {
            assert_eq!(scheme, "Iam");
            ("AWS_IAM", Vec::new())
        }
    }
}

#[test]
fn the_deployed_api_has_the_routes_and_the_protection_of_the_contract() {
    let template = fs::read_to_string(root().join("cdk/test/snapshot.json")).expect("a template");
    let template: Value = serde_json::from_str(&template).expect("JSON");
    let resources = template["Resources"].as_object().expect("resources").values();
    let routes = resources.filter(|resource| resource["Type"] == "AWS::ApiGatewayV2::Route");
    let deployed: BTreeSet<_> = routes
        .map(|route| {
            let of = |name: &str| &route["Properties"][name];
            let scopes = of("AuthorizationScopes").as_array().into_iter().flatten();
            let scopes = scopes.map(|scope| scope.as_str().expect("a scope").to_owned()).collect();
            let text = |name: &str| of(name).as_str().expect("text").to_owned();
            (text("RouteKey"), text("AuthorizationType"), scopes)
        })
        .collect();
    let described: BTreeSet<_> = operations()
        .iter()
        .filter(|operation| operation.runs_on("aws"))
        .map(|operation| {
            let (kind, scopes) = protection(operation);
            (name(operation.method, operation.path), kind.to_owned(), scopes)
        })
        .collect();
    assert_eq!(deployed, described);
}

#[test]
fn each_other_path_and_method_is_a_problem_of_the_contract() {
    let api = Api::new();
    let mut checked = 0;
    for path in ["/", "/v1", "/v2/events", "/v1/events/", "/v1/stores/0042"] {
        let answer = api.answer(Sent::bare("GET", path));
        check_any_path("NotFound", 404, &answer);
    }
    let served: BTreeSet<String> = names(operations());
    for operation in operations().iter().filter(|operation| Api::serves(operation.path)) {
        let path = operation.path.replace("{store_id}", "0042");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            if !served.contains(&name(method, operation.path)) {
                let answer = api.answer(Sent::bare(method, &path));
                check_any_path("MethodNotAllowed", 405, &answer);
                let allowed = answer.header("allow").expect("the methods of the path");
                assert!(allowed.split(',').any(|other| other == operation.method), "{allowed}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 56);
}

#[test]
fn a_route_is_found_in_a_source() {
    let text = ".route(\"/a\", get(read))\n    .route(\"/a/{b}\", post(write::<L>))";
    assert_eq!(routes_in(text), ["GET /a", "POST /a/{b}"]);
}
