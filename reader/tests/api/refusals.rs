//! Refusals, and the stores of the caller.

use serde_json::Value;

use crate::{SPAN, Shops};

#[test]
fn each_refusal_is_a_problem_with_its_status_and_the_cure() {
    let shops = Shops::new();
    let other = shops.get("/v1/days?limit=1").json()["next_cursor"].clone();
    let other = other.as_str().expect("a cursor");
    let cursor = |text: &str| format!("/v1/sales?cursor={text}");
    for (path, status, kind, told) in [
        ("/v1/days?store=nowhere", 404, "no-such-store", "GET /v1/stores lists"),
        ("/v1/stores/nowhere/stock", 404, "no-such-store", "nowhere"),
        ("/v1/stores/%ff/stock", 400, "store-id", "no text in UTF-8"),
        ("/v1/stores/a%23b/stock", 400, "store-id", "the store id in the path"),
        ("/v1/days?from=2026-03-12", 400, "span", "send both"),
        ("/v1/days?from=2026-03-12&to=2026-03-11", 400, "span", "1 to 31 dates"),
        ("/v1/sales?from=2020-01-01&to=2026-03-11", 400, "span", "1 to 31 dates"),
        ("/v1/offers?date=2026-03-12&to=2026-03-13", 400, "span", "and not both"),
        ("/v1/offers?date=12.3.", 400, "span", "YYYY-MM-DD"),
        ("/v1/offers?date=-0001-03-12", 400, "span", "years 1 to 9999"),
        ("/v1/days?limit=0", 400, "parameter", "1 to 2000"),
        ("/v1/days?limit=2001", 400, "parameter", "1 to 2000"),
        ("/v1/days?limit=many", 400, "parameter", "1 to 2000"),
        ("/v1/days?store=a&store=b", 400, "parameter", "given twice"),
        ("/v1/days?stores=a", 400, "parameter", "there are store, sku, date"),
        ("/v1/days?store=%ff", 400, "parameter", "UTF-8"),
        ("/v1/days?sku=", 400, "parameter", "sku"),
        ("/v1/days?discounted=yes", 400, "parameter", "true or false"),
        ("/v1/effect?by=moon", 400, "parameter", "category, store, step"),
        ("/v1/offers?outcomes=true&shadows=true", 400, "parameter", "leave out"),
        ("/v1/stores/a/stock?at=noon", 400, "parameter", "with an offset"),
        ("/v1/stores/a/stock?date=2026-03-12&at=2026-03-12T12:00:00Z", 400, "parameter", "both"),
        (&cursor("%C3%A4"), 400, "cursor", "next_cursor"),
        (&cursor("e30"), 400, "cursor", "cannot be read"),
        (&cursor(other), 400, "cursor", "is of another question"),
    ] {
        let answer = shops.get(path);
        let body = answer.json();
        assert_eq!(answer.status, status, "{path}: {body}");
        assert_eq!(body["type"], format!("urn:daymark:problem:{kind}"), "{path}: {body}");
        let detail = body["detail"].as_str().expect("a detail");
        assert!(detail.contains(told), "{path}: {detail}");
    }
    let html = shops.get_as("/v1/days", Some("*"), &[("accept", "text/html")]);
    assert_eq!((html.status, &html.json()["title"]), (406, &"No format that is accepted".into()));
}

#[test]
fn a_caller_reads_the_granted_stores_and_no_total_with_another() {
    let shops = Shops::new();
    let of = |path: &str, stores: &str| shops.get_as(path, Some(stores), &[]);
    let stores = |answer: &crate::Answer| -> Vec<Value> {
        let mut stores: Vec<Value> =
            answer.rows().iter().map(|row| row["store_id"].clone()).collect();
        stores.dedup();
        stores
    };
    for path in ["/v1/stores?", "/v1/days?", "/v1/sales?", "/v1/prices/lowest?"] {
        let span = if path.contains("days") || path.contains("sales") { SPAN } else { "" };
        assert_eq!(stores(&of(&format!("{path}{span}"), "a c")), ["a", "c"], "{path}");
        assert_eq!(stores(&of(&format!("{path}{span}"), "*")), ["a", "b", "c"], "{path}");
    }
    for path in ["/v1/days", "/v1/sales", "/v1/offers", "/v1/effect", "/v1/prices/lowest"] {
        let foreign = of(&format!("{path}?store=b"), "a");
        assert_eq!(foreign.status, 403, "{path}");
        assert!(foreign.body.contains("which is a"), "{}", foreign.body);
        // A store outside the grant is foreign whether it is there or not.
        assert_eq!(of(&format!("{path}?store=nowhere"), "a").status, 403, "{path}");
        assert_eq!(shops.get_as(path, None, &[]).status, 401, "{path}");
    }
    assert_eq!(of("/v1/stores/b/stock", "a").status, 403);
    // The totals of a caller for `a` are those of `a`, and of one currency.
    let own = of(&format!("/v1/effect?{SPAN}"), "a");
    assert_eq!(own.json()["rows"], shops.get(&format!("/v1/effect?{SPAN}&store=a")).json()["rows"]);
    // A cursor names a place and grants nothing.
    let cursor = of(&format!("/v1/days?{SPAN}&limit=1"), "*").json()["next_cursor"].clone();
    let cursor = cursor.as_str().expect("a cursor");
    let next = of(&format!("/v1/days?{SPAN}&cursor={cursor}"), "c");
    assert_eq!(stores(&next), ["c"]);
}
