//! `daymark catalog`: import and list of items and stores.

use crate::formats::rows_in_every_format;
use crate::support::UpProcess;

const ITEMS: &str = "\
sku,price,cost,name,category,shelf_life_days,ladder_percent,floor,store_id
rye,3.90,1.10,Rye bread,bread,1,0 10 20 30,2.00,
no-price,,1.00,,,,,,
seed,4.50,cheap,,,,,,
sour,4.80,1.50,\"Sourdough, large\",bread,2,,,
rye,4.10,1.10,Rye bread,bread,1,,,corner
too,few
";

const STORES: &str = r#"[
  {"store_id": "corner", "zone": "Europe/Berlin", "hours": "mon-sat 07:00-18:30", "name": "Corner"},
  {"store_id": "moon", "zone": "Luna/Tycho", "hours": "mon-sun 00:00-12:00"},
  {"store_id": "late", "zone": "Europe/Lisbon", "hours": "mon-fri 18:00-07:00 or so"},

  {"store_id": "square", "zone": "Europe/Dublin", "hours": "mon-sun 08:00-20:00",
   "policy": {"afternoon_starts": "15:30", "max_discount_percent": 40}}
]"#;

fn files(all: &[(&str, &str)]) -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |(name, text): &(&str, &str)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let paths = all.iter().map(write).collect();
    (folder, paths)
}

#[test]
fn invalid_entries_are_reported_by_line_and_the_others_are_loaded() {
    let up = UpProcess::start(&["--memory"]);
    let (_folder, paths) = files(&[("items.csv", ITEMS), ("stores.json", STORES)]);
    let wrong = [
        "items.csv:3: price",
        "items.csv:4: cost \"cheap\"",
        "items.csv:7: ",
        "stores.json:3: zone \"Luna/Tycho\"",
        "stores.json:4: hours",
    ];
    let import = |flags: &[&str]| {
        let words = ["catalog", "import"].into_iter().chain(paths.iter().map(String::as_str));
        let ran = up.daymark(words.chain(flags.iter().copied()));
        let out = ran.out.clone();
        let message = ran.failure();
        assert_eq!(message.lines().count(), wrong.len(), "{message}");
        for (output, line) in wrong.iter().zip(message.lines()) {
            assert!(line.contains(output), "{output} in {line}");
        }
        out
    };
    let list =
        |store: &[&str]| rows_in_every_format(&up, &[&["catalog", "list"][..], store].concat());
    assert_eq!(import(&["--check"]), "checked: 3 items, 2 stores; 5 refused\n");
    assert!(list(&[]).is_empty(), "a check loads nothing");
    assert!(list(&["--store", "corner"]).is_empty(), "a check loads nothing");

    // Existing entries are replaced.
    for _ in 0..2 {
        assert_eq!(import(&[]), "loaded: 3 items, 2 stores; 5 refused\n");
    }
    let stores = list(&[]);
    let ids: Vec<&str> = stores.iter().map(|row| row["store_id"].as_str()).collect();
    assert_eq!(ids, ["corner", "square"]);
    assert_eq!(
        (stores[0]["name"].as_str(), stores[0]["zone"].as_str()),
        ("Corner", "Europe/Berlin")
    );
    let prices = |store: &str| -> Vec<(String, String)> {
        let rows = list(&["--store", store]);
        rows.into_iter().map(|row| (row["sku"].clone(), row["price"].clone())).collect()
    };
    let pair = |sku: &str, price: &str| (sku.to_owned(), price.to_owned());
    assert_eq!(prices("corner"), [pair("rye", "4.10"), pair("sour", "4.80")]);
    assert_eq!(prices("square"), [pair("rye", "3.90"), pair("sour", "4.80")]);
}

#[test]
fn one_object_on_each_line_is_accepted() {
    let up = UpProcess::start(&["--memory"]);
    let lines = "{\"sku\":\"rye\",\"price\":\"3.90\"}\n\n{\"sku\":\"sour\",\"price\":\"4.80\"}\n";
    let (_folder, paths) = files(&[("items.ndjson", lines)]);
    let out = up.daymark(["catalog", "import", &paths[0]]).success();
    assert_eq!(out, "loaded: 2 items, 0 stores; 0 refused\n");
}

#[test]
fn a_file_that_is_no_catalogue_is_refused_with_its_name() {
    let up = UpProcess::start(&["--memory"]);
    let (_folder, paths) = files(&[("items.xlsx", "PK"), ("items.json", "[{\"sku\":\"rye\",")]);
    for (path, expected) in [
        (paths[0].as_str(), ".csv, .json or .ndjson"),
        (paths[1].as_str(), "not a JSON array"),
        ("no-such-file.csv", "No such file"),
    ] {
        let message = up.daymark(["catalog", "import", path]).failure();
        assert!(message.contains(path) && message.contains(expected), "{message}");
    }
}
