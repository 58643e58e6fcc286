//! `daymark catalog`: import, list, show, export and removal of items and stores.

use std::fs;

use serde_json::json;

use crate::formats::rows_in_every_format;
use crate::offers::CornerStore;
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
        // The two stores without a country are warnings.
        let refused: Vec<&str> = message.lines().filter(|line| !line.contains("warning")).collect();
        assert_eq!(refused.len(), wrong.len(), "{message}");
        for (output, line) in wrong.iter().zip(refused) {
            assert!(line.contains(output), "{output} in {line}");
        }
        out
    };
    let list =
        |store: &[&str]| rows_in_every_format(&up, &[&["catalog", "list"][..], store].concat());
    let own = "item rye of store corner";
    let new = format!(
        "item rye: new\nitem sour: new\n{own}: new, with the rules of the chain's item\n\
         {own}: price 3.90 -> 4.10\n{own}: ladder_percent 0 10 20 30 -> none (cleared)\n\
         {own}: floor 2.00 -> none (cleared)\nstore corner: new\nstore square: new\n"
    );
    let checked = format!("{new}checked: 3 items, 2 stores; 5 refused\n");
    assert_eq!(import(&["--check"]), checked);
    assert!(list(&[]).is_empty(), "a check loads nothing");
    assert!(list(&["--store", "corner"]).is_empty(), "a check loads nothing");

    // A second import changes nothing.
    for new in [&*new, ""] {
        assert_eq!(import(&[]), format!("{new}loaded: 3 items, 2 stores; 5 refused\n"));
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
    assert_eq!(out, "item rye: new\nitem sour: new\nloaded: 2 items, 0 stores; 0 refused\n");
}

#[test]
fn a_file_that_is_no_catalogue_is_refused_with_its_name() {
    let up = UpProcess::start(&["--memory"]);
    let (_folder, paths) = files(&[
        ("items.xlsx", "PK"),
        ("items.json", "[{\"sku\":\"rye\","),
        ("items.csv", "sku,price,flor\nrye,3.90,1.20\n"),
    ]);
    for (path, expected) in [
        (paths[0].as_str(), ".csv, .json or .ndjson"),
        (paths[1].as_str(), "not a JSON array"),
        (paths[2].as_str(), "flor is no column of the catalogue; did you mean floor?"),
        ("no-such-file.csv", "No such file"),
    ] {
        let message = up.daymark(["catalog", "import", path]).failure();
        assert!(message.contains(path) && message.contains(expected), "{message}");
    }
}

/// Returns the standard output of an import without refused lines.
pub(crate) fn import(up: &UpProcess, text: &str, flags: &[&str]) -> String {
    let (_folder, paths) = files(&[("entries.ndjson", text)]);
    let words = ["catalog", "import", &paths[0]].into_iter().chain(flags.iter().copied());
    up.daymark(words).success()
}

#[test]
fn a_price_list_changes_the_prices_and_answers_which() {
    let up = UpProcess::start(&["--memory"]);
    let rye =
        r#"{"sku":"rye","category":"bread","price":"3.90","floor":"2.50","no_discount":true}"#;
    let bun = r#"{"sku":"bun","price":"0.60"}"#;
    import(&up, &format!("{rye}\n{bun}"), &[]);
    let (_folder, paths) = files(&[("prices.csv", "sku,price\nrye,3.80\nbun,0.60\n")]);
    let rye = || {
        let rows = rows_in_every_format(&up, &["catalog", "list", "--store", "corner"]);
        let rye = rows.into_iter().find(|row| row["sku"] == "rye").expect("rye");
        ["category", "price", "floor"].map(|column| rye[column].clone())
    };
    for (flag, word, price) in [("--check", "checked", "3.90"), ("", "loaded", "3.80")] {
        let words = ["catalog", "import", &paths[0], flag];
        let out = up.daymark(words.into_iter().filter(|word| !word.is_empty())).success();
        let changed = "item rye: price 3.90 -> 3.80\n";
        assert_eq!(out, format!("{changed}{word}: 2 items, 0 stores; 0 refused\n"));
        assert_eq!(rye(), ["bread", price, "2.50"]);
    }
    let cleared = import(&up, r#"{"sku":"rye","floor":null}"#, &[]);
    assert!(cleared.starts_with("item rye: floor 2.50 -> none (cleared)\n"), "{cleared}");
    assert_eq!(rye(), ["bread", "3.80", ""]);
}

#[test]
fn each_rule_in_force_is_shown_with_the_entry_that_sets_it() {
    let up = UpProcess::start(&["--memory"]);
    let entries = r#"{"chain":"Winterfeldt","enabled":false}
        {"store_id":"corner","zone":"Europe/Berlin","hours":"mon-sat 07:00-18:30","policy":
            {"max_changes":3,"min_price":"0.40","categories":{"bread":{"max_discount_percent":40}}}}
        {"sku":"rye","price":"3.90","category":"bread","floor":"1.20","ladder_percent":"0 20"}"#;
    let entries = entries.replace(":\n            {", ":{");
    import(&up, &entries, &[]);
    let show = |words: &[&str]| {
        let query = [&["catalog", "show", "--format", "json"], words].concat();
        let rows = up.daymark(query).rows();
        let rows = rows
            .into_iter()
            .map(|row| (row["rule"].clone(), format!("{} from {}", row["value"], row["source"])));
        rows.collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(show(&["chain"])["enabled"], "false from chain");
    let store = show(&["corner"]);
    assert_eq!(store["policy.enabled"], "false from chain");
    assert_eq!(store["policy.max_changes"], "3 from store");
    assert_eq!(store["policy.on_doubt"], "mark from default");
    assert_eq!(store["policy.categories.bread.max_discount_percent"], "40 from store");
    let item = show(&["rye", "--store", "corner"]);
    assert_eq!(show(&["rye"]), item, "there is one store");
    for (rule, expected) in [
        ("price", "3.90 from item"),
        ("shelf_life_days", "1 from default"),
        ("policy.ladder_percent", "0 20 from item"),
        ("policy.max_discount_percent", "40 from category bread"),
        ("policy.min_price", "1.20 from item"),
        ("policy.max_changes", "3 from store"),
        ("policy.elasticity", "2.2 from default"),
    ] {
        assert_eq!(item[rule], expected, "{rule}");
    }
    let missing = up.daymark(["catalog", "show", "cornr"]).failure();
    assert!(missing.contains("neither a store nor an item of the catalogue; did you mean corner?"));
}

#[test]
fn an_export_imports_again_unchanged_and_restores_what_was_removed() {
    let up = UpProcess::start(&["--memory"]);
    let entries = r#"{"chain":"Winterfeldt","perishables_exempt":"DE"}
        {"store_id":"corner","country":"DE","zone":"Europe/Berlin","hours":"mon-sat 07:00-24:00"}
        {"sku":"rye","price":"3.90","name":"Rye, \"dark\""}
        {"sku":"rye","price":"4.10","store_id":"corner"}"#;
    import(&up, entries, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let export = |to: &str, format: &str| {
        up.daymark(["catalog", "export", to, "--format", format]).success();
        let mut files: Vec<String> = fs::read_dir(to)
            .expect("exported")
            .map(|file| file.expect("a file").path().display().to_string())
            .collect();
        files.sort();
        files
    };
    let files = [export(&path("csv"), "csv"), export(&path("ndjson"), "ndjson")];
    let listed = up.daymark(["catalog", "list", "--format", "json"]).rows();
    assert!(listed[0]["hours"].ends_with("sat 07:00-24:00"), "{listed:?}");
    let import = |files: &[String]| {
        let words = ["catalog", "import"].into_iter().chain(files.iter().map(String::as_str));
        up.daymark(words).success()
    };
    for files in &files {
        assert_eq!(import(files), "loaded: 2 items, 1 stores, the chain; 0 refused\n");
    }
    let again = up.daymark(["catalog", "export", &path("csv")]).failure();
    assert!(again.contains("chain.csv"), "{again}");

    let remove = |words: &[&str]| {
        let words = ["catalog", "remove"].into_iter().chain(words.iter().copied());
        up.daymark(words).success()
    };
    let checked = remove(&["corner", "--check"]);
    assert!(checked.ends_with("checked: item rye of store corner, store corner\n"), "{checked}");
    assert!(checked.contains("item rye of store corner: price 4.10 -> none\n"), "{checked}");
    assert!(import(&files[0]).starts_with("loaded: "), "a check removes nothing");
    assert!(remove(&["corner"]).ends_with("removed: item rye of store corner, store corner\n"));
    assert!(remove(&["rye"]).ends_with("removed: item rye\n"));
    assert!(remove(&["chain"]).ends_with("removed: chain\n"));
    for target in ["corner", "rye", "chain"] {
        up.daymark(["catalog", "remove", target]).failure();
    }
    import(&files[1]);
    let restored = export(&path("restored"), "csv");
    for (before, after) in files[0].iter().zip(&restored) {
        assert_eq!(fs::read_to_string(before).unwrap(), fs::read_to_string(after).unwrap());
    }
}

#[test]
fn entries_of_stores_that_keep_their_price_are_counted() {
    let up = UpProcess::start(&["--memory"]);
    let ids = ["a", "b", "c", "d", "e", "f", "g"];
    let stores = ids.map(|id| {
        format!(
            r#"{{"store_id":"{id}","country":"DE","zone":"Europe/Berlin","hours":"mon 07:00-18:30"}}
            {{"sku":"rye","price":"4.10","store_id":"{id}"}}"#
        )
    });
    import(&up, &format!("{{\"sku\":\"rye\",\"price\":\"3.90\"}}\n{}", stores.join("\n")), &[]);
    let list = "sku,price,store_id\nrye,3.80,\nrye,3.80,a\n";
    let (_folder, paths) = files(&[("prices.csv", list)]);
    for flags in [&["--check"][..], &[]] {
        let words = ["catalog", "import", &paths[0]].into_iter().chain(flags.iter().copied());
        let ran = up.daymark(words);
        let told = "does not reach 6 own entries of stores: item rye of store b (price 4.10), item \
                    rye of store c (price 4.10), item rye of store d (price 4.10), item rye of \
                    store e (price 4.10), item rye of store f (price 4.10) and others; a column \
                    store_id changes them, and daymark catalog remove SKU --store STORE";
        assert!(ran.err.contains(told), "{}", ran.err);
        ran.success();
    }
    assert!(!up.daymark(["catalog", "import", &paths[0]]).err.contains("own entries"));
}

#[test]
fn files_of_other_programs_are_read_or_refused_with_their_line() {
    let up = UpProcess::start(&["--memory"]);
    let folder = tempfile::tempdir().expect("a folder");
    let run = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name).display().to_string();
        fs::write(&path, bytes).expect("written");
        up.daymark(["catalog", "import", &path])
    };
    for (name, text) in [
        ("mark.csv", "sku,price\nrye,3.90\n"),
        ("mark.json", "[{\"sku\":\"rye\",\"price\":3.90}]"),
        ("mark.ndjson", "{\"sku\":\"rye\",\"price\":\"3.90\"}\n"),
        ("lines.json", "{\n\"sku\":\"rye\",\n\"price\":\"3.90\"\n}\n"),
    ] {
        let out = run(name, format!("\u{feff}{text}").as_bytes()).success();
        assert!(out.ends_with("loaded: 1 items, 0 stores; 0 refused\n"), "{name}: {out}");
    }
    for (bytes, told) in [
        (&b""[..], "wrong.csv: the file is empty; expected a header and rows"),
        (
            b"sku,price,name\nbun,1,K\xC3\xA4se\nrye,3.90,K\xE4s\n",
            "wrong.csv:3: not a CSV line: it has bytes that are no character",
        ),
        (b"sku;price\nrye;3,90\n", "wrong.csv: line 1: semicolons separate the columns"),
    ] {
        let message = run("wrong.csv", bytes).failure();
        assert!(message.contains(told), "{message}");
    }
    for (bytes, told) in [
        (&b"\xFF\xFEs\0k\0u\0,\0p\0r\0i\0c\0e\0\n\0a\0,\x001\0"[..], "read as UTF-16LE"),
        (b"sku,price,name\nrye,3.90,K\xE4se\n", "read as windows-1252, such as \"Käse\" on line 2"),
    ] {
        let ran = run("other.csv", bytes);
        assert!(ran.err.contains(told), "{}", ran.err);
        assert!(ran.success().ends_with("loaded: 1 items, 0 stores; 0 refused\n"));
    }
    let header = run("header.csv", b"sku,price\n");
    assert!(header.err.contains("header.csv: warning: the file has no entry"), "{}", header.err);
    header.success();
    let open = run("open.csv", b"sku,name,price\nbun,\"Bun,0.60\nsour,\"Sour, large\",4.80\n");
    assert!(open.out.ends_with("item sour: new\nloaded: 1 items, 0 stores; 1 refused\n"));
    assert!(open.failure().contains("open.csv:2: not a CSV line: column 2 opens a quote"));
}

#[test]
fn a_name_of_a_store_and_an_item_needs_the_kind() {
    let up = UpProcess::start(&["--memory"]);
    let entries = r#"{"store_id":"rye","zone":"UTC","hours":"mon 07:00-18:00"}
        {"sku":"rye","price":"3.90"}"#;
    import(&up, entries, &[]);
    let ambiguous = up.daymark(["catalog", "remove", "rye"]).failure();
    assert!(ambiguous.contains("add --kind store or --kind item"), "{ambiguous}");
    let removed = up.daymark(["catalog", "remove", "rye", "--kind", "item"]).success();
    assert!(removed.ends_with("removed: item rye\n"), "{removed}");
    up.daymark(["catalog", "show", "rye"]).success();
}

#[test]
fn an_answer_shows_old_and_new_values_whole() {
    let up = UpProcess::start(&["--memory"]);
    let category = "slow-baked-bread-and-rolls-".repeat(4);
    let store = |sunday: &str| {
        format!(
            r#"{{"store_id":"corner","country":"DE","zone":"Europe/Berlin",
            "hours":"mon-fri 07:00-18:00, sat 08:00-14:00, sun {sunday}",
            "policy":{{"categories":{{"{category}":{{"min_price":"0.50"}}}}}}}}"#
        )
    };
    import(&up, &store("09:00-12:00"), &[]);
    let (_folder, paths) = files(&[("later.ndjson", &store("10:00-12:00"))]);
    let out = up.daymark(["catalog", "import", &paths[0]]).success();
    let [before, after] = ["09:00-12:00", "10:00-12:00"].map(|sunday| {
        let days = ["mon", "tue", "wed", "thu", "fri"].map(|day| format!("{day} 07:00-18:00"));
        format!("{}, sat 08:00-14:00, sun {sunday}", days.join(", "))
    });
    assert!(out.starts_with(&format!("store corner: hours {before} -> {after}\n")), "{out}");
    let removed = up.daymark(["catalog", "remove", "corner"]).success();
    assert!(removed.contains(&format!("hours {after} -> none\n")), "{removed}");
    let rule = format!("policy.categories.{category}.min_price 0.50 -> none\n");
    assert!(removed.contains(&rule), "{removed}");
}

#[test]
fn rules_that_bind_nothing_are_told_and_imported() {
    let up = UpProcess::start(&["--memory"]);
    let (_folder, paths) = files(&[("items.csv", "sku,price,floor\nrye,3.90,3.90\n")]);
    let ran = up.daymark(["catalog", "import", &paths[0]]);
    assert!(ran.err.contains("items.csv:2: warning: no discount can ever be made"), "{}", ran.err);
    assert!(ran.success().ends_with("loaded: 1 items, 0 stores; 0 refused\n"));
}

#[test]
fn a_removal_names_the_offers_that_stay() {
    let corner = CornerStore::open(&json!({}));
    corner.wait_for_offer(&[]);
    let remove = |words: &[&str]| {
        let ran = corner.up.daymark([&["catalog", "remove"], words].concat());
        let told = ran.err.clone();
        ran.success();
        told
    };
    assert!(!remove(&["bun", "--check"]).contains("offer"), "the buns have no offer");
    corner.import(&json!({ "sku": "rye", "store_id": "corner", "floor": "1.00" }));
    let offer = |told: &str, rest: &str| {
        let named = told.starts_with("store corner: the offer of rye, ");
        named && told.contains(&format!(" EUR, stays until the close at 20:00{rest}\n"))
    };
    let told = remove(&["rye", "--check"]);
    assert!(!told.contains("offer"), "the entry of the store stays: {told}");
    let told = remove(&["rye", "--store", "corner"]);
    assert!(offer(&told, "; the passes go on with the chain's item"), "{told}");
    for flags in [&["--check"][..], &[]] {
        let told = remove(&[&["rye"], flags].concat());
        assert!(offer(&told, ", and no pass changes it"), "{told}");
    }
    let told = remove(&["corner"]);
    let counted = "store corner: its offers of today (1) stay until the close at 20:00, and no \
                   pass changes them\n";
    assert!(told.contains(counted), "{told}");
}
