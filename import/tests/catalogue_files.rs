//! Catalogue files as programs and people write them: wrong quotes, other separators, empty files,
//! and texts that no label holds. A wrong line is refused, and no other line is lost with it.

use std::path::Path;

use import::{CatalogEntry, CatalogFile, Catalogue, Change, catalog_entries, plan};

/// Returns the keys that a file changes, and its refused lines. A file that is refused as a whole
/// counts as line 0.
fn import(name: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let entries = catalog_entries(Path::new(name), text);
    let entries = entries.unwrap_or_else(|message| vec![(0.into(), Err(message))]);
    let file = CatalogFile { name: name.to_owned(), entries };
    let plan = plan(&mut Catalogue::default(), &[file]);
    let keys = plan.changes.iter().map(|change| change.key.to_string()).collect();
    (keys, plan.refused.iter().map(ToString::to_string).collect())
}

fn refused(name: &str, text: &str) -> String {
    let (_, refused) = import(name, text);
    let [message] = refused.as_slice() else { panic!("{refused:?}") };
    message.clone()
}

#[test]
fn a_quote_that_is_not_closed_takes_no_other_line() {
    let others = ["item bun", "item sour"];
    for (line, told) in [
        ("rye,\"Rye bread,3.90", "column 2 opens a quote that is not closed; close it"),
        ("rye,Rye bread,\"3.90", "column 3 opens a quote that is not closed; close it"),
        ("rye,\"Rye\" bread,3.90", "column 2 has text after its closing quote"),
        ("rye,Rye \"dark\",3.90", "column 2 has a quote inside and does not begin with one"),
    ] {
        // The last name has quotes, so a quote that is open until then would be closed by it.
        let text = format!("sku,name,price\nbun,Bun,0.60\n{line}\nsour,\"Sour, large\",4.80\n");
        let (changed, refused) = import("a.csv", &text);
        assert_eq!(changed, others, "{line}");
        let [message] = refused.as_slice() else { panic!("{refused:?}") };
        assert!(message.starts_with(&format!("a.csv:3: not a CSV line: {told}")), "{message}");
    }
    // A name with a line break is refused as one row.
    let (changed, refused) = import("a.csv", "sku,name,price\nrye,\"Rye\nbread\",3.90\nbun,,1\n");
    assert_eq!(changed, ["item bun"]);
    let [message] = refused.as_slice() else { panic!("{refused:?}") };
    assert!(
        message.starts_with("a.csv:2: name \"Rye\\nbread\" holds the control character"),
        "{message}"
    );
}

#[test]
fn a_line_with_other_columns_than_the_header_is_refused_alone() {
    let (changed, refused) = import("a.csv", "sku,price\nrye,3,90\nbun\nsour,4.80\n");
    assert_eq!(changed, ["item sour"]);
    let columns = |line: u8, given: u8| {
        format!("a.csv:{line}: not a CSV line: it has {given} columns, and the header 2")
    };
    assert_eq!(refused, [columns(2, 3), columns(3, 1)]);
}

#[test]
fn a_table_with_another_separator_is_named_with_the_one_that_passes() {
    for (text, found) in [
        ("sku;price\nrye;3,90\n", "semicolons"),
        ("\"sku\";\"price\"\n\"rye\";\"3,90\"\n", "semicolons"),
        ("sku\tprice\nrye\t3,90\n", "tabs"),
    ] {
        assert_eq!(
            refused("a.csv", text),
            format!(
                "a.csv:0: line 1: {found} separate the columns; expected commas, and numbers with \
                 a point like 3.90; save the file as CSV with commas"
            )
        );
    }
}

#[test]
fn an_empty_file_is_refused_and_a_header_alone_is_not() {
    for name in ["a.csv", "a.json", "a.ndjson"] {
        for text in ["", "\n", " \r\n"] {
            let message = refused(name, text);
            assert!(message.contains("the file is empty; expected a header and rows"), "{message}");
        }
    }
    for (name, text) in [("a.csv", "sku,price\n"), ("a.json", "[]")] {
        assert_eq!(import(name, text), (Vec::new(), Vec::new()));
    }
}

#[test]
fn one_object_may_stand_on_several_lines() {
    let text = "\n{\n  \"sku\": \"rye\",\n  \"price\": \"free\"\n}\n";
    assert!(refused("a.json", text).starts_with("a.json:2: price \"free\" is not a decimal"));
    assert_eq!(import("a.json", &text.replace("free", "3.90")).0, ["item rye"]);
    // The last line is cut off.
    let (changed, refused) =
        import("a.ndjson", "{\"sku\":\"rye\",\"price\":\"3.90\"}\n{\"sku\":\"bun\",\"pri");
    assert_eq!(changed, ["item rye"]);
    assert!(refused[0].starts_with("a.ndjson:2: {\"sku\":\"bun\",\"pri is not valid JSON"));
}

#[test]
fn an_element_of_an_array_on_one_line_is_named_by_its_position() {
    let rye = r#"{"sku":"rye","price":"3.90"}"#;
    let free = r#"{"sku":"bun","price":"free"}"#;
    let (changed, refused) =
        import("a.json", &format!("[{rye}, {free},\n{}]", free.replace("bun", "sour")));
    assert_eq!(changed, ["item rye"]);
    assert!(refused[0].starts_with("a.json:1: element 2 of the array: price \"free\" is not"));
    assert!(refused[1].starts_with("a.json:2: price \"free\" is not"), "{refused:?}");
    let (_, refused) = import("a.json", &format!("[{rye},{},{rye}]", rye.replace("rye", "bun")));
    let twice = "item rye stands more than once in the file, first as element 1 of the array and \
                 last as element 3 of the array; keep one";
    let places = [1, 3].map(|n| format!("a.json:1: element {n} of the array: {twice}"));
    assert_eq!(refused, places);
}

#[test]
fn a_category_has_a_name_and_is_trimmed_like_that_of_an_item() {
    let store = |name: &str| {
        format!(
            r#"{{"store_id":"s","zone":"UTC","hours":"mon 07:00-18:00",
               "policy":{{"categories":{{{name}:{{"exclude":true}}}}}}}}"#
        )
    };
    let entries = catalog_entries(Path::new("a.json"), &store("\" rye \"")).expect("entries");
    let mut catalogue = Catalogue::default();
    let file = CatalogFile { name: "a.json".to_owned(), entries };
    assert!(plan(&mut catalogue, &[file]).refused.is_empty());
    let stored: Vec<_> = catalogue.stores.values().collect();
    assert!(stored[0].policy.categories["rye"].exclude);
    for name in ["\"\"", "\"  \""] {
        let message = refused("a.json", &store(name));
        assert!(message.starts_with("a.json:1: policy.categories has an empty name"), "{message}");
    }
    let twice = store("\"rye\":{\"exclude\":true},\" rye\"");
    assert_eq!(refused("a.json", &twice), "a.json:1: policy.categories.rye stands twice; keep one");
    let columns = "store_id,policy.categories.bread.exclude,policy.categories. bread .exclude\n";
    assert!(refused("a.csv", columns).contains("set the same field; keep one"));
    let empty = refused("a.csv", "store_id,policy.categories. .exclude\ns,true\n");
    assert!(empty.contains("column policy.categories. .exclude has an empty name"), "{empty}");
}

#[test]
fn a_text_is_short_and_on_one_line() {
    let long = "x".repeat(501);
    for (name, told) in [
        ("Rye\\nbread", "name \"Rye\\nbread\" holds the control character \\n; remove it"),
        ("Rye\\u0000", "holds the control character \\0; remove it"),
        (&*long, "has 501 characters; at most 500 are allowed"),
    ] {
        let entry = format!(r#"{{"sku":"rye","price":"3.90","name":"{name}"}}"#);
        let message = refused("a.json", &entry);
        assert!(message.starts_with("a.json:1: name \"") && message.contains(told), "{message}");
    }
    assert!(refused("a.csv", "sku,price,name\nrye,3.90,R\0e\n").contains("character \\0"));
    let countries = ["DE"; 300].join(" ");
    let chain = format!(r#"{{"chain":"W","perishables_exempt":"{countries}"}}"#);
    assert_eq!(import("a.json", &chain).0, ["chain"], "a list has no such limit");
}

#[test]
fn a_new_currency_leaves_no_amount_in_the_old_one_without_a_warning() {
    let mut catalogue = Catalogue::default();
    let mut warned = |text: &str| {
        let entries = catalog_entries(Path::new("a.csv"), text).expect("entries");
        let plan = plan(&mut catalogue, &[CatalogFile { name: "a.csv".to_owned(), entries }]);
        assert!(plan.refused.is_empty(), "{:?}", plan.refused);
        plan.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(warned("sku,price,cost,floor\nrye,3.90,1.10,2.00\n").is_empty());
    assert_eq!(
        warned("sku,price,currency\nrye,16.80,PLN\n"),
        ["a.csv:2: currency EUR -> PLN: the file leaves out cost 1.10, floor 2.00, which keep \
          their numbers in the new currency"]
    );
    assert!(warned("sku,price,cost,floor,currency\nrye,3.90,1.10,2.00,EUR\n").is_empty());
}

#[test]
fn a_change_of_the_chains_item_is_compared_with_the_entry_of_a_store() {
    let mut catalogue = Catalogue::default();
    let mut change = |text: &str| {
        let entries = catalog_entries(Path::new("a.csv"), text).expect("entries");
        plan(&mut catalogue, &[CatalogFile { name: "a.csv".to_owned(), entries }]).changes.remove(0)
    };
    change("sku,price\nrye,3.90\n");
    let own = change("sku,price,store_id,floor\nrye,4.10,corner,2.00\n").entry;
    let CatalogEntry::Item(own) = own else { panic!("an item") };
    let kept = |change: Change| change.kept_by(&own);
    let price = ("price", "4.10".to_owned());
    assert_eq!(kept(change("sku,price\nrye,3.80\n")), [price]);
    assert_eq!(kept(change("sku,price\nrye,4.10\n")), []);
    assert_eq!(kept(change("sku,cost\nrye,1\n")), [("cost", "none".to_owned())]);
}

#[test]
fn a_price_is_a_plain_number() {
    for price in ["3,90", "€3.90", "3.90 EUR", "1 000", "1'000", "+3", ".5", "0x3", "NaN"] {
        let message = refused("a.csv", &format!("sku,price\nrye,\"{price}\"\n"));
        let told = format!("a.csv:2: price \"{price}\" is not a decimal number");
        assert!(message.starts_with(&told), "{message}");
    }
    assert_eq!(import("a.json", r#"{"sku":"rye","price":3.90}"#).0, ["item rye"]);
}

#[test]
fn a_name_becomes_the_id_that_a_till_export_gives_it() {
    let (changed, refused) =
        import("a.csv", "sku,store_id,price\nHot chocolate,Main Street,3.90\n");
    let (item, store) = (import::id_of_name("Hot chocolate"), import::id_of_name("Main Street"));
    assert_eq!(changed, [format!("item {item} of store {store}")]);
    assert_eq!(refused, Vec::<String>::new());
    let (changed, _) = import("a.json", r#"[{"sku":"소금빵","price":"3.90"}]"#);
    assert_eq!(changed, [format!("item {}", import::id_of_name("소금빵"))]);
    // A text that is no name stays what it is.
    let (_, refused) = import("a.json", r#"[{"sku":{"name":"rye bread"},"price":"3.90"}]"#);
    assert_eq!(refused.len(), 1, "{refused:?}");
}
