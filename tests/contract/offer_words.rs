//! Words of an offer: one for each notion in `decide`, offer events, HTTP, CLI and table. The table
//! in `docs/glossary.md` maps them, and has every word of each side and no other.

use std::collections::BTreeSet;
use std::fs;

use pricing::contract::{answer_line, read, write};
use serde_json::{Map, Value, json};

use crate::document::{contract, members, root};

/// Attributes that keep a word of their own; docs/stored-formats.md has the reason.
const KEPT: [&str; 4] = ["slot", "unchanged_units", "unchanged_revenue", "unchanged_waste"];

/// Columns of a list of offers that describe the item, in the words of the catalogue.
const OF_THE_CATALOGUE: [&str; 2] = ["name", "category"];

/// Names of columns that no command has any more, each with its replacement.
const RETIRED: [(&str, &str); 9] = [
    ("date", "business_date"),
    ("from", "valid_from"),
    ("until", "valid_until"),
    ("regular", "regular_price"),
    ("was_price", "label_was_price"),
    ("percent_off", "label_percent_off"),
    ("step_percent", "discount_percent"),
    ("expected_left", "expected_waste"),
    ("decision", "action"),
];

/// Row of the mapping: a notion and its words on each side.
struct Notion {
    name: String,
    decide: Vec<String>,
    event: Vec<String>,
    http: Vec<String>,
    cli: Vec<String>,
    table: Vec<String>,
}

fn source(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the texts that follow a mark and end with a quotation mark.
fn quoted(text: &str, mark: &str) -> Vec<String> {
    let parts = text.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
    parts.map(str::to_owned).collect()
}

fn mapping() -> Vec<Notion> {
    let glossary = source("docs/glossary.md");
    let header = "| notion | `decide` | offer event | HTTP | CLI | table |";
    let (_, table) = glossary.split_once(header).expect("the mapping");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let notion = |row: &str| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [name, decide, event, http, cli, table] = cells[..] else { panic!("six cells: {row}") };
        let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Notion {
            name: name.trim().to_owned(),
            decide: words(decide),
            event: words(event),
            http: words(http),
            cli: words(cli),
            table: words(table),
        }
    };
    rows.map(notion).collect()
}

/// Returns the words of one side. No word has two notions.
fn mapped(side: impl Fn(&Notion) -> &Vec<String>) -> BTreeSet<String> {
    let mapping = mapping();
    let words: Vec<&String> = mapping.iter().flat_map(&side).collect();
    let unique: BTreeSet<String> = words.iter().map(|word| (*word).clone()).collect();
    assert_eq!(unique.len(), words.len(), "a word is in two rows: {words:?}");
    unique
}

fn columns_of(file: &str) -> Vec<String> {
    let text = source(file);
    let text = ["Number", "Amount", "Truth"]
        .iter()
        .fold(text, |text, kind| text.replace(&format!("Column::{kind}(\""), "Column::Text(\""));
    quoted(&text, "Column::Text(\"")
}

/// Returns a request with every field, as its writer stores it, and the answer to it.
fn decided() -> [Value; 2] {
    let request = json!({
        "request_id": "r-1", "store_id": "0042", "sku": "CHE-GOUDA", "currency": "EUR",
        "as_of": "2026-03-12T16:00:00+01:00", "closes_at": "2026-03-12T18:30:00+01:00",
        "on_hand": 23, "measure": { "unit": "KGM", "portion": "0.25", "on_hand": "5.939" },
        "regular_price": "9.60", "unit_cost": "4.10", "salvage_value": "-0.05",
        "current": { "price": "9.60", "discount_percent": 0 },
        "sales_today": [{ "start": "2026-03-12T15:55:00+01:00",
            "end": "2026-03-12T16:00:00+01:00", "units": 1, "price": "9.60" }],
        "profile": { "basis": "sku", "days": 28, "slots": [
            { "start": "15:45", "end": "18:30", "units": 9.3 }] },
        "elasticity": { "mean": 1.8, "sd": 0.4, "form": "constant" },
        "offer_history": [{ "discount_percent": 30, "expected_units": 6.1, "units": 11 }],
        "policy": { "ladder_percent": [0, 20, 40], "max_discount_percent": 30 },
    })
    .to_string();
    let line = read(request.as_bytes()).expect("a request");
    let answer = answer_line(request.as_bytes(), 1).expect("an answer");
    [write(&line.request), answer].map(|text| serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn the_mapping_has_the_words_of_the_decide_format() {
    let [request, answer] = decided();
    let mut words = BTreeSet::new();
    let mut add = |fields: &Value, prefix: &str| {
        let fields: &Map<String, Value> = fields.as_object().expect("an object");
        words.extend(fields.keys().map(|name| format!("{prefix}{name}")));
    };
    add(&request, "");
    add(&request["measure"], "measure.");
    add(&answer, "");
    add(&answer["if_unchanged"], "if_unchanged.");
    for step in answer["alternatives"].as_array().expect("steps") {
        add(step, "");
    }
    // The words within these have their own prefix, or are those of the answer.
    for name in ["measure", "if_unchanged", "alternatives"] {
        assert!(words.remove(name), "{name} in {words:?}");
    }
    assert_eq!(mapped(|notion| &notion.decide), words);
}

#[test]
fn the_mapping_has_the_words_of_an_offer_event() {
    let schema: Value =
        serde_json::from_str(&source("docs/offer-event.schema.json")).expect("JSON");
    let detail = schema.pointer("/properties/detail/properties").and_then(Value::as_object);
    let words: BTreeSet<String> = detail.expect("the fields").keys().cloned().collect();
    assert_eq!(mapped(|notion| &notion.event), words);
}

#[test]
fn the_mapping_has_the_words_of_http() {
    let properties = |schema: &str| {
        let pointer = format!("/components/schemas/{schema}/properties");
        members(contract().pointer(&pointer)).keys().cloned()
    };
    let envelope = properties("Offers").filter(|name| name != "offers");
    let words: BTreeSet<String> = envelope.chain(properties("Offer")).collect();
    assert_eq!(mapped(|notion| &notion.http), words);
}

#[test]
fn the_mapping_has_the_words_of_the_commands() {
    let listed = columns_of("src/offers/list.rs");
    let fields = source("pricing/src/offer_fields.rs");
    let (_, fields) = fields.split_once("pub fn fields(").expect("the fields of an offer");
    let fields = quoted(fields, "        (\"");
    assert_eq!(fields, listed[..fields.len()], "the columns, in the order of the fields");
    let listed = listed.into_iter().filter(|name| !OF_THE_CATALOGUE.contains(&&**name));
    // The caption above the steps says "expected" once.
    let of_steps = columns_of("src/offers/explain.rs");
    let of_steps = of_steps.into_iter().map(|name| match name.as_str() {
        "units" | "revenue" | "waste" | "value" => format!("expected_{name}"),
        _ => name,
    });
    let mut words: BTreeSet<String> = listed.chain(of_steps).collect();
    words.extend(columns_of("src/price.rs"));
    let others = ["src/stock.rs", "src/effect/tables.rs", "src/demo/report.rs"];
    let others = others.into_iter().flat_map(columns_of);
    let of_days = quoted(&source("analytics/src/tables/days.rs"), "Field::new(\"");
    let others: BTreeSet<String> = others.chain(of_days).collect();
    assert!(others.contains("business_date") && others.contains("store_id"), "{others:?}");
    let mapped = mapped(|notion| &notion.cli);
    words.extend(others.intersection(&mapped).cloned());
    assert_eq!(mapped, words);
}

#[test]
fn the_lines_of_an_explanation_begin_with_words_of_an_offer() {
    let mapping = mapping();
    let words: Vec<&String> =
        mapping.iter().flat_map(|notion| notion.cli.iter().chain(&notion.table)).collect();
    let lines = quoted(&source("src/offers/explain.rs"), "add(\"");
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines {
        let start = line.replace(' ', "_");
        let is_word = |word: &&String| **word == start || word.starts_with(&format!("{start}_"));
        assert!(words.iter().any(is_word), "{line:?} begins no word of docs/glossary.md");
    }
}

#[test]
fn the_mapping_has_the_attributes_of_a_stored_offer() {
    let text = source("aws/src/offers.rs");
    let (_, text) = text.split_once("fn item_of").expect("the attributes");
    let (text, _) = text.split_once("\n}\n").expect("their end");
    let mut words: BTreeSet<String> = quoted(text, "put(\"").into_iter().collect();
    words.extend(["pk", "sk"].map(str::to_owned));
    assert_eq!(mapped(|notion| &notion.table), words);
}

/// Words of public formats stay: those of events, else those of `decide` with `_` for a dot.
#[test]
fn each_notion_has_the_word_of_the_public_formats_everywhere() {
    for Notion { name, decide, event, http, cli, table } in mapping() {
        let of_decide: Vec<String> = decide.iter().map(|word| word.replace('.', "_")).collect();
        let public = [&event, &of_decide].into_iter().find(|words| !words.is_empty());
        let public = public.unwrap_or(&table);
        let other = [&http, &cli].into_iter().flatten().find(|word| !public.contains(word));
        assert_eq!(other, None, "{name}: HTTP and CLI say {public:?}");
        let is_kept = |word: &&String| KEPT.contains(&word.as_str());
        let is_public = |word: &&String| public.contains(word);
        let other = table.iter().find(|word| !is_public(word) && !is_kept(word));
        assert_eq!(other, None, "{name}: the table says {public:?}");
    }
}

#[test]
fn no_command_has_a_column_with_a_retired_word() {
    let mut texts = String::new();
    for source in crate::support::sources(&root().join("src")) {
        texts += &source.replace("Column::Number(\"", "Column::Text(\"");
    }
    let columns: BTreeSet<String> = quoted(&texts, "Column::Text(\"").into_iter().collect();
    assert!(columns.len() > 60, "{columns:?}");
    for (retired, replacement) in RETIRED {
        assert!(!columns.contains(retired), "say {replacement} instead of {retired}");
    }
}
