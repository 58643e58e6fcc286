//! Catalogue files: names that are unknown, entries that stand twice, and rules that bind nothing.

use std::path::Path;

use import::{CatalogFile, Catalogue, Plan, catalog_entries, plan};

/// Imports files by name and text. A file that is refused as a whole counts as line 0.
fn import(catalogue: &mut Catalogue, files: &[(&str, &str)]) -> Plan {
    let read = |(name, text): &(&str, &str)| {
        let entries = catalog_entries(Path::new(name), text);
        let entries = entries.unwrap_or_else(|message| vec![(0.into(), Err(message))]);
        CatalogFile { name: (*name).to_owned(), entries }
    };
    plan(catalogue, &files.iter().map(read).collect::<Vec<_>>())
}

fn refused(files: &[(&str, &str)]) -> Vec<String> {
    texts(import(&mut Catalogue::default(), files).refused)
}

fn warned(files: &[(&str, &str)]) -> Vec<String> {
    let plan = import(&mut Catalogue::default(), files);
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    texts(plan.warnings)
}

fn texts(located: Vec<import::Located>) -> Vec<String> {
    located.iter().map(ToString::to_string).collect()
}

fn changes(plan: &Plan) -> Vec<String> {
    let of = |change: &import::Change| {
        let key = change.key.to_string();
        change.rules.iter().map(move |rule| format!("{key}: {rule}")).collect::<Vec<_>>()
    };
    plan.changes.iter().flat_map(of).collect()
}

const STORE: &str = r#"{"store_id":"corner","zone":"Europe/Berlin","hours":"mon-sat 07:00-18:30"}"#;

const GERMAN: &str =
    r#"{"store_id":"corner","country":"DE","zone":"Europe/Berlin","hours":"mon-sat 07:00-18:30"}"#;

#[test]
fn a_missing_column_keeps_a_rule_and_an_empty_cell_clears_it() {
    let mut catalogue = Catalogue::default();
    let all = "sku,name,category,price,cost,floor,no_discount\nrye,Rye,bread,3.90,1.15,2.50,true\n";
    import(&mut catalogue, &[("items.csv", all)]);
    let plan = import(&mut catalogue, &[("prices.csv", "sku,price\nrye,3.80\n")]);
    assert_eq!(changes(&plan), ["item rye: price 3.90 -> 3.80"]);
    let plan = import(&mut catalogue, &[("floors.csv", "sku,floor,no_discount\nrye,,\n")]);
    let cleared =
        ["item rye: floor 2.50 -> none (cleared)", "item rye: no_discount true -> false (cleared)"];
    assert_eq!(changes(&plan), cleared);
    let plan = import(&mut catalogue, &[("same.json", r#"{"sku":"rye","cost":1.150}"#)]);
    assert!(plan.changes[0].is_none(), "{:?}", plan.changes);
}

#[test]
fn rules_inside_a_policy_change_one_by_one() {
    let mut catalogue = Catalogue::default();
    import(&mut catalogue, &[("stores.json", STORE)]);
    let mut policy = |policy: &str| {
        let entry = format!(r#"{{"store_id":"corner","policy":{policy}}}"#);
        changes(&import(&mut catalogue, &[("stores.ndjson", &entry)]))
    };
    let bread = r#"{"categories":{"bread":{"min_price":"0.40"},"tobacco":{"exclude":true}}}"#;
    assert_eq!(
        policy(bread),
        [
            "store corner: policy.categories.bread.exclude none -> false",
            "store corner: policy.categories.bread.min_price none -> 0.40",
            "store corner: policy.categories.tobacco.exclude none -> true",
        ]
    );
    let experiment = r#"{"experiment":{"salt":"a","control_percent":10},"max_changes":3}"#;
    assert_eq!(
        policy(experiment),
        [
            "store corner: policy.max_changes 6 -> 3",
            "store corner: policy.experiment.salt none -> a",
            "store corner: policy.experiment.control_percent 0 -> 10",
        ]
    );
    assert_eq!(
        policy(r#"{"categories":{"tobacco":null},"experiment":{"salt":"b"}}"#),
        [
            "store corner: policy.experiment.salt a -> b",
            "store corner: policy.categories.tobacco.exclude true -> none (cleared)",
        ]
    );
    let plan = import(
        &mut catalogue,
        &[(
            "stores.csv",
            "store_id,policy.categories.bread.min_price,policy.max_changes\ncorner,0.50,\n",
        )],
    );
    assert_eq!(
        changes(&plan),
        [
            "store corner: policy.max_changes 3 -> 6 (cleared)",
            "store corner: policy.categories.bread.min_price 0.40 -> 0.50",
        ]
    );
}

#[test]
fn a_new_item_of_a_store_starts_with_the_rules_of_the_chain() {
    let mut catalogue = Catalogue::default();
    import(&mut catalogue, &[("items.csv", "sku,price,floor\nrye,3.90,2.50\n")]);
    let plan = import(&mut catalogue, &[("own.csv", "sku,store_id,price\nrye,corner,4.10\n")]);
    assert_eq!(changes(&plan), ["item rye of store corner: price 3.90 -> 4.10"]);
    let item = catalogue.item(&"corner".parse().unwrap(), &"rye".parse().unwrap()).unwrap();
    assert_eq!(item.floor.map(|floor| floor.to_string()).as_deref(), Some("2.50"));
}

#[test]
fn unknown_names_are_refused_with_the_nearest_one() {
    for (name, text, expected) in [
        (
            "a.csv",
            "sku,price,flor\nrye,3.90,1.20\n",
            "a.csv:0: flor is no column of the catalogue; did you mean floor?",
        ),
        (
            "a.csv",
            "Sku,price\nrye,3.90\n",
            "a.csv:0: the header has none of the columns sku, chain and store_id; it is Sku,price",
        ),
        (
            "a.csv",
            "sku,price,floor,floor\nrye,3.90,1,2\n",
            "a.csv:0: the columns floor and floor set the same field; keep one",
        ),
        ("a.csv", "sku,price,\nrye,3.90,x\n", "a.csv:0: column 3 has cells and no name"),
        (
            "a.csv",
            "store_id,zone,hours,policy.max_discount\ns,UTC,mon 07:00-18:00,30\n",
            "a.csv:0: policy.max_discount is no column of the catalogue; did you mean \
             policy.max_discount_percent?",
        ),
        (
            "a.csv",
            "store_id,policy.categories.bread.exlude\ns,true\n",
            "a.csv:0: policy.categories.bread.exlude is no column of the catalogue; did you mean \
             policy.categories.bread.exclude?",
        ),
        (
            "a.csv",
            "store_id,policy.categories.bread\ns,true\n",
            "a.csv:0: column policy.categories.bread needs a field, like \
             policy.categories.bread.exclude",
        ),
        (
            "a.csv",
            "store_id,policy.experiment,policy.experiment.salt\ns,,a\n",
            "a.csv:0: the columns policy.experiment and policy.experiment.salt set the same \
             field; keep one",
        ),
        (
            "a.json",
            r#"{"chain":"W","enabeld":false}"#,
            "a.json:1: enabeld is no field of the catalogue; did you mean enabled?",
        ),
        (
            "a.json",
            r#"{"sku":"rye","price":"1","price":"2"}"#,
            "a.json:1: price stands twice; keep one",
        ),
        (
            "a.json",
            r#"{"store_id":"s","policy":{"categories":{"bread":{"max_discont_percent":20}}}}"#,
            "a.json:1: policy.categories.bread.max_discont_percent is no field of the catalogue; \
             did you mean policy.categories.bread.max_discount_percent?",
        ),
        (
            "a.csv",
            "store_id,policy.categories\ns,\"{\"\"bread\"\":{\"\"exlude\"\":true}}\"\n",
            "a.csv:2: policy.categories.bread.exlude is no field of the catalogue; did you mean \
             policy.categories.bread.exclude?",
        ),
        (
            "a.json",
            r#"{"store_id":"s","policy":{"experiment":{"rule":[{"at":"17:00","discount":30}]}}}"#,
            "a.json:1: policy.experiment.rule.discount is no field of the catalogue; did you \
             mean policy.experiment.rule.discount_percent?",
        ),
        (
            "a.json",
            r#"{"skuu":"rye"}"#,
            "a.json:1: one of sku, chain and store_id is required; skuu is no field of the \
             catalogue; the fields are store_id, name, country, zone, hours, policy",
        ),
        ("a.json", "[1]", "a.json:1: 1 is not a JSON object; expected a single object"),
    ] {
        assert_eq!(refused(&[(name, text)]), [expected], "{text}");
    }
    // A spreadsheet may add columns without names and cells.
    assert!(refused(&[("a.csv", "sku,price,,\nrye,3.90,,\n")]).is_empty());
}

#[test]
fn an_entry_that_stands_twice_in_a_file_is_refused_on_both_lines() {
    let twice =
        "rye stands more than once in the file, first on line 2 and last on line 4; keep one";
    assert_eq!(
        refused(&[("a.csv", "sku,price\nrye,3.90\nbun,1\nrye,4.90\n")]),
        [format!("a.csv:2: item {twice}"), format!("a.csv:4: item {twice}")]
    );
    let own = "sku,price,store_id\nrye,3.90,\nrye,4.90,corner\n";
    assert!(refused(&[("a.csv", own)]).is_empty(), "the store's entry is another one");
    assert!(
        refused(&[("a.csv", "sku,price\nrye,3.90\n"), ("b.csv", "sku,cost\nrye,1\n")]).is_empty()
    );
}

#[test]
fn a_currency_is_not_left_out_where_others_are_not_in_euro() {
    let store =
        |country: &str| STORE.replace("\"zone\"", &format!("\"country\":\"{country}\",\"zone\""));
    let own = "sku,price,store_id\nrye,3000,corner\n";
    let left_out = |line: &str, source: &str| {
        format!(
            "{line}: currency is left out and would be EUR, but {source}; give the item a currency"
        )
    };
    // The order of the files does not count.
    assert_eq!(
        refused(&[("b.csv", own), ("a.json", &store("KR"))]),
        [left_out("b.csv:2", "the country of the store, KR, has KRW")]
    );
    assert_eq!(
        refused(&[("a.json", &store("GB")), ("b.csv", "sku,price\nrye,3.00\n")]),
        [left_out("b.csv:2", "the countries of the stores have GBP")]
    );
    let mixed = "sku,price,currency\nrye,3000,KRW\nbun,1000,\n";
    assert_eq!(
        refused(&[("b.csv", mixed)]),
        [left_out("b.csv:3", "the other items of the chain have KRW")]
    );
    assert!(refused(&[("a.json", &store("DE")), ("b.csv", own)]).is_empty());
    // A stored currency stays.
    let mut catalogue = Catalogue::default();
    import(&mut catalogue, &[("b.csv", "sku,price,currency\nrye,3000,KRW\n")]);
    let plan = import(&mut catalogue, &[("c.csv", "sku,price\nrye,3100\n")]);
    assert_eq!(changes(&plan), ["item rye: price 3000 -> 3100"]);
}

#[test]
fn rules_that_bind_nothing_are_warnings() {
    let store = |policy: &str| GERMAN.replace('}', &format!(r#","policy":{policy}}}"#));
    let items = "sku,price,category\nrye,3.90,bread\n";
    for (policy, items, expected) in [
        (
            "{}",
            "sku,price,floor\nrye,3.90,3.90\n",
            "b.csv:2: no discount can ever be made: the lowest price 3.90 is above the first \
             step, 10 % off 3.90",
        ),
        (
            r#"{"min_price":"3.80"}"#,
            items,
            "b.csv:2: no discount can ever be made: the lowest price 3.80 is above the first \
             step, 10 % off 3.90",
        ),
        (
            r#"{"min_margin_percent":20}"#,
            items,
            "b.csv:2: no discount can ever be made: min_margin_percent 20 needs a cost, and the \
             item has none",
        ),
        (
            r#"{"min_margin_percent":80}"#,
            "sku,price,cost\nrye,3.90,1\n",
            "b.csv:2: no discount can ever be made: min_margin_percent 80 with cost 1.00 needs \
             more than the first step, 10 % off 3.90",
        ),
        ("{}", "sku,price,cost\nrye,3,90\n", "b.csv:2: cost 90.00 is above the price 3.00"),
        (
            r#"{"max_discount_percent":5}"#,
            items,
            "a.json:1: policy: no discount can ever be made: the first step of ladder_percent is \
             10, and max_discount_percent 5",
        ),
        (
            r#"{"categories":{"breads":{"exclude":true}}}"#,
            items,
            "a.json:1: policy.categories.breads: no item of the store has this category; did you \
             mean bread?",
        ),
        (
            r#"{"afternoon_starts":"19:00"}"#,
            items,
            "a.json:1: policy.afternoon_starts 19:00 is after the close on every day; no price \
             ever changes",
        ),
        (
            r#"{"experiment":{"rule":[{"at":"17:00","discount_percent":30}]}}"#,
            items,
            "a.json:1: policy.experiment.rule binds nothing while control_percent is 0",
        ),
        (
            r#"{"experiment":{"control_percent":20}}"#,
            items,
            "a.json:1: policy.experiment.control_percent 20 has no policy.experiment.rule, so the \
             control group has no discount at all; give the rule that the store had before, like \
             [{\"at\": \"17:00\", \"discount_percent\": 30}]",
        ),
        (
            r#"{"enabled":false,"experiment":{"exploration_percent":5}}"#,
            items,
            "a.json:1: policy.experiment binds nothing while policy.enabled is false",
        ),
        (
            "{}",
            "sku,price,store_id\nrye,3.90,coner\n",
            "b.csv:2: store_id coner is no store of the catalogue; did you mean corner?",
        ),
        ("{}", "sku,price,category\nrye,3.90,bread\nbun,1,Bread\n", ""),
    ] {
        let found = warned(&[("a.json", &store(policy)), ("b.csv", items)]);
        if expected.is_empty() {
            let case = "differs only by letter case from";
            let rule = "a rule for one does not bind the other";
            assert_eq!(
                found,
                [
                    format!("b.csv:2: category bread {case} Bread; {rule}"),
                    format!("b.csv:3: category Bread {case} bread; {rule}")
                ]
            );
        } else {
            assert_eq!(found, [expected], "{policy} {items}");
        }
    }
    let chain = r#"{"chain":"W","perishables_exempt":["DE","IE"]}"#;
    assert_eq!(
        warned(&[("a.json", GERMAN), ("c.json", chain)]),
        ["c.json:1: perishables_exempt: no store has the country IE"]
    );
    assert!(warned(&[("a.json", GERMAN), ("b.csv", items)]).is_empty());
    let unplaced = warned(&[("a.json", STORE)]);
    assert!(
        unplaced[0].contains("no country, so each label names the lowest price"),
        "{unplaced:?}"
    );
    let off = STORE.replace('}', r#","policy":{"enabled":false}}"#);
    assert!(warned(&[("a.json", &off)]).is_empty());
}

#[test]
fn a_warning_counts_the_stores_in_which_an_item_has_no_discount() {
    let stores = ["a", "b", "c"].map(|id| {
        let least = if id == "a" { "0.10" } else { "5" };
        let store = GERMAN.replace("corner", id);
        store.replace('}', &format!(r#","policy":{{"min_price":"{least}"}}}}"#))
    });
    let items = "sku,price\nrye,3.90\nsour,5.20\n";
    let found = warned(&[("a.ndjson", &stores.join("\n")), ("b.csv", items)]);
    let reason = "the lowest price 5 is above the first step, 10 % off 3.90";
    assert_eq!(
        found,
        [
            format!("b.csv:2: no discount can ever be made in 2 of 3 stores, such as b: {reason}"),
            format!("b.csv:3: no discount can ever be made in 2 of 3 stores, such as b: {reason}")
                .replace("3.90", "5.20")
        ]
    );
}

#[test]
fn a_change_that_breaks_a_stored_rule_is_refused_and_changes_nothing() {
    let mut catalogue = Catalogue::default();
    import(&mut catalogue, &[("a.csv", "sku,price,floor\nrye,3.90,2.50\n")]);
    let before = catalogue.clone();
    let plan = import(&mut catalogue, &[("b.csv", "sku,price\nrye,2.00\n")]);
    let expected =
        "b.csv:2: floor \"2.50\" is above the price 2.00; no discount could ever be given";
    assert_eq!(texts(plan.refused), [expected]);
    assert_eq!(catalogue, before);
}
