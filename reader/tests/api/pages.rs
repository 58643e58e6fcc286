//! Pages and formats.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{SPAN, Shops};

/// Every question over several stores.
fn questions() -> Vec<String> {
    let of = |path: &str| format!("{path}{SPAN}");
    vec![
        "/v1/stores?".to_owned(),
        of("/v1/days?"),
        "/v1/sales?date=2026-03-12&sku=rye".to_owned(),
        of("/v1/offers?"),
        of("/v1/offers?outcomes=true&"),
        "/v1/prices/lowest?date=2026-03-14".to_owned(),
        "/v1/stores/a/stock?date=2026-03-12".to_owned(),
        "/v1/stores/a/stock?windows=true&date=2026-03-12".to_owned(),
        of("/v1/effect?store=a&"),
        of("/v1/effect?store=a&by=category&"),
    ]
}

#[test]
fn pages_of_any_size_have_the_rows_of_one_page() {
    let shops = Shops::new();
    for question in questions() {
        let whole = shops.get(&question).rows();
        for limit in [1, 2, 3, 7, 2000] {
            let pages = shops.pages(&format!("{question}&limit={limit}"));
            assert!(pages.iter().all(|page| page.len() <= limit), "{question}");
            assert_eq!(pages.concat(), whole, "{question}, limit {limit}");
        }
    }
    assert_eq!(shops.get(&format!("/v1/days?{SPAN}")).rows().len(), 12);
    assert_eq!(shops.get("/v1/stores?").rows().len(), 3);
}

#[test]
fn a_late_correction_between_two_pages_neither_repeats_nor_hides_other_rows() {
    let shops = Shops::new();
    let question = format!("/v1/days?{SPAN}&limit=1");
    let before: Vec<Value> = shops.pages(&question).concat();
    for place in 0..before.len() {
        let shops = Shops::new();
        let mut seen = Vec::new();
        let mut next = question.clone();
        for page in 0.. {
            if page == place {
                // Items that were sold without an entry in the catalogue, before and behind others.
                for (store_id, sku) in [("a", "bun"), ("b", "bun"), ("a", "tea"), ("b", "tea")] {
                    shops.sell(store_id, sku, "2026-03-12T10:00:00Z", "EUR");
                }
                shops.close("2026-03-12");
            }
            let answer = shops.get(&next);
            seen.extend(answer.rows());
            let cursor = answer.json()["next_cursor"].clone();
            let Some(cursor) = cursor.as_str() else { break };
            next = format!("{question}&cursor={cursor}");
        }
        let key =
            |row: &Value| ["store_id", "business_date", "sku"].map(|name| row[name].to_string());
        let keys: Vec<_> = seen.iter().map(key).collect();
        let unique: BTreeSet<_> = keys.iter().cloned().collect();
        assert_eq!(unique.len(), keys.len(), "a row twice, place {place}");
        let missing = before.iter().map(key).find(|key| !unique.contains(key));
        assert_eq!(missing, None, "place {place}");
    }
}

#[test]
fn csv_and_ndjson_have_the_rows_of_json() {
    let shops = Shops::new();
    for question in questions() {
        let as_json = shops.get(&question);
        let rows = as_json.rows();
        let lines = shops.get_as(&question, Some("*"), &[("accept", "application/x-ndjson")]);
        assert_eq!(lines.header("content-type"), "application/x-ndjson");
        let parsed: Vec<Value> =
            lines.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(parsed, rows, "{question}");
        let table = shops.get_as(&question, Some("*"), &[("accept", "text/csv")]);
        assert!(table.header("content-type").starts_with("text/csv"));
        assert_eq!(table.body.lines().count(), rows.len() + 1, "{question}");
        let names = table.body.lines().next().expect("a header").split(',');
        for row in &rows {
            assert_eq!(row.as_object().map(|row| row.len()), Some(names.clone().count()));
        }
        let tags: BTreeSet<&str> =
            [&as_json, &lines, &table].map(|answer| answer.header("etag")).into();
        assert_eq!(tags.len(), 3, "each format has a tag of its own");
    }
    let table = shops.get_as("/v1/prices/lowest", Some("*"), &[("accept", "text/csv")]);
    assert!(table.body.contains(",'=1+1,"), "a spreadsheet sees no formula: {}", table.body);
}

#[test]
fn a_caller_that_has_the_rows_already_gets_304_until_they_change() {
    let shops = Shops::new();
    let question = format!("/v1/days?{SPAN}");
    let tag = shops.get(&question).header("etag").to_owned();
    for given in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = shops.get_as(&question, Some("*"), &[("if-none-match", &given)]);
        assert_eq!((again.status, &*again.body), (304, ""), "{given}");
        assert_eq!(again.header("etag"), tag);
    }
    shops.sell("b", "rye", "2026-03-12T10:00:00Z", "EUR");
    shops.close("2026-03-12");
    let changed = shops.get_as(&question, Some("*"), &[("if-none-match", &tag)]);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
}

#[test]
fn dates_that_are_not_closed_or_not_there_yet_are_said() {
    let shops = Shops::new();
    let answer = shops.get("/v1/days?from=2026-03-13&to=2026-03-20&store=a");
    let body = answer.json();
    assert_eq!(body["not_closed"], json!([{ "store_id": "a", "dates": ["2026-03-14"] }]));
    assert_eq!(body["notes"], json!(["dates after 2026-03-14 are in the future"]));
    assert_eq!((&body["from"], &body["to"]), (&json!("2026-03-13"), &json!("2026-03-20")));
    let told = "store a is not closed on 2026-03-14; dates after 2026-03-14 are in the future";
    assert_eq!(answer.header("x-incomplete"), told);
    let complete = shops.get("/v1/days?from=2026-03-12&to=2026-03-13&store=a");
    assert_eq!(complete.header("x-incomplete"), "");
    // Eight dates by default, of which the first are before the store's first event.
    let usual = shops.get("/v1/days?store=a").json();
    assert_eq!((&usual["from"], &usual["to"]), (&json!("2026-03-07"), &json!("2026-03-14")));
}

#[test]
fn currencies_stay_apart() {
    let shops = Shops::new();
    let days = shops.get(&format!("/v1/days?{SPAN}")).rows();
    for day in days {
        let own = if day["store_id"] == "c" { "USD" } else { "EUR" };
        assert_eq!((&day["revenue"], &day["currency"]), (&json!("24.00"), &json!(own)));
    }
    let effect = shops.get(&format!("/v1/effect?{SPAN}"));
    assert_eq!(effect.status, 400);
    assert!(effect.body.contains("EUR and USD"), "{}", effect.body);
}

#[test]
fn a_question_over_many_stores_without_rows_ends_after_a_few_pages() {
    let shops = Shops::new();
    for number in 0..40 {
        let store = json!({ "store_id": format!("d{number:02}"), "zone": "UTC",
            "hours": "mon-sun 07:00-18:00" });
        let store = domain::Store::parse(&store.to_string()).expect("a store");
        crate::run(domain::ports::CatalogTable::put_store(&shops.tables, &store)).expect("stored");
    }
    let pages = shops.pages(&format!("/v1/days?{SPAN}&sku=sum"));
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [6, 0, 0], "16 stores a page");
    assert_eq!(shops.pages("/v1/stores").concat().len(), 43);
}
