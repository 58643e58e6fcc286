//! Countries that are none, and currencies that a file leaves out or that differ from the country
//! of a store.

use std::path::Path;

use import::{CatalogEntry, CatalogFile, Catalogue, catalog_entries, plan};

/// Imports a file. Returns the refused lines, or else the warnings.
fn import(catalogue: &mut Catalogue, name: &str, text: &str) -> Vec<String> {
    let entries = catalog_entries(Path::new(name), text).expect("entries");
    let plan = plan(catalogue, &[CatalogFile { name: name.to_owned(), entries }]);
    let told = if plan.refused.is_empty() { plan.warnings } else { plan.refused };
    told.iter().map(ToString::to_string).collect()
}

fn store(id: &str, country: &str) -> String {
    format!(r#"{{"store_id":"{id}","country":"{country}","zone":"UTC","hours":"mon 07:00-18:00"}}"#)
}

/// Catalogue of a chain with stores in Korea and Germany.
fn korea_and_germany() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let stores = [store("seoul", "KR"), store("berlin", "DE")].join("\n");
    assert!(import(&mut catalogue, "stores.ndjson", &stores).is_empty());
    catalogue
}

#[test]
fn a_store_is_warned_of_items_in_another_currency_than_its_country_has() {
    let mut catalogue = Catalogue::default();
    import(&mut catalogue, "items.csv", "sku,price\nkim1,3.90\nkim2,4.50\n");
    let warning = |items: &str, country: &str, has: &str| {
        format!(
            "stores.ndjson:1: country {country} has {has}, but of the items of the store {items}, \
             such as kim1; give them the currency {has}, or the store entries of its own"
        )
    };
    let korea = |catalogue: &mut Catalogue| import(catalogue, "stores.ndjson", &store("s", "KR"));
    assert_eq!(korea(&mut catalogue), [warning("2 items are in EUR", "KR", "KRW")]);
    // An entry of the store replaces that of the chain.
    let own = "sku,store_id,price,currency\nkim2,s,6500,KRW\n";
    import(&mut catalogue, "own.csv", own);
    assert_eq!(korea(&mut catalogue), [warning("1 item is in EUR", "KR", "KRW")]);
    import(&mut catalogue, "own.csv", &own.replace("kim2", "kim1"));
    assert!(korea(&mut catalogue).is_empty());
    let moved = import(&mut catalogue, "stores.ndjson", r#"{"store_id":"s","country":"DE"}"#);
    assert_eq!(moved, [warning("2 items are in KRW", "DE", "EUR")]);
}

#[test]
fn a_new_item_of_the_chain_without_a_currency_is_warned_of_stores_without_the_euro() {
    let warning = "items.csv:2: currency is left out and is EUR, but some stores are in countries \
                   with KRW; give the item a currency, and these stores an entry of their own";
    let mut catalogue = korea_and_germany();
    assert_eq!(import(&mut catalogue, "items.csv", "sku,price\nkim4,9900\n"), [warning]);
    // A stored currency, or one in the file, is no accident.
    assert!(import(&mut catalogue, "items.csv", "sku,price\nkim4,9.90\n").is_empty());
    let named = "sku,price,currency\nkim5,9.90,EUR\n";
    assert!(import(&mut catalogue, "items.csv", named).is_empty());
}

#[test]
fn an_item_of_a_store_without_a_currency_follows_the_country_of_the_store() {
    let refused = "own.csv:2: currency is left out and would be EUR, but the country of the \
                   store, KR, has KRW; give the item a currency";
    let own = "sku,store_id,price\nkim4,seoul,9900\n";
    let mut catalogue = korea_and_germany();
    assert_eq!(import(&mut catalogue, "own.csv", own), [refused]);
    // The currency of the chain's item is no currency of the store's.
    import(&mut catalogue, "items.csv", "sku,price,currency\nkim4,9.90,EUR\nkim5,9900,KRW\n");
    assert_eq!(import(&mut catalogue, "own.csv", own), [refused]);
    let named = "sku,store_id,price,currency\nkim4,seoul,9900,KRW\n";
    assert!(import(&mut catalogue, "own.csv", named).is_empty());
    assert!(import(&mut catalogue, "own.csv", own).is_empty(), "the store's entry has a currency");
    let taken_over = "own.csv:2: currency KRW is that of the chain's item, but the country of \
                      the store, DE, has EUR; give the item a currency";
    let german = "sku,store_id,price\nkim5,berlin,690\n";
    assert_eq!(import(&mut catalogue, "own.csv", german), [taken_over]);
}

#[test]
fn a_country_that_is_not_assigned_is_refused_with_the_one_that_was_meant() {
    let zone = "zone \"UTC+25\" is not a time zone of the IANA database";
    for (country, told) in [
        ("UK", "country \"UK\" is not a country of ISO 3166; did you mean GB?"),
        ("de", "country \"de\" is not a country of ISO 3166; did you mean DE?"),
        ("XX", "country \"XX\" is not a country of ISO 3166, like DE"),
    ] {
        let store = store("corner", country).replace("UTC", "UTC+25");
        let refused = import(&mut Catalogue::default(), "a.json", &store);
        assert!(refused[0].contains(told) && refused[0].contains(zone), "{refused:?}");
    }
    let exempt = r#"{"chain":"W","perishables_exempt":["DE","UK"]}"#;
    assert_eq!(
        import(&mut Catalogue::default(), "a.json", exempt),
        ["a.json:1: perishables_exempt \"UK\" is not a country of ISO 3166; did you mean GB?"]
    );
    // A stored entry from before this rule stays, with a warning, until a file names the country.
    let mut catalogue = Catalogue::default();
    let stored = domain::Store::parse(&store("corner", "UK")).expect("a store");
    catalogue.insert(CatalogEntry::Store(Box::new(stored)));
    let renamed = import(&mut catalogue, "a.csv", "store_id,name\ncorner,Corner\n");
    let told = "a.csv:2: country UK is not a country of ISO 3166; did you mean GB?";
    assert_eq!(renamed, [told]);
    let name = catalogue.stores.values().next().and_then(|store| store.name.as_deref());
    assert_eq!(name, Some("Corner"));
}
