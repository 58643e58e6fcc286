//! Imports and removals as a running pass reads them.

use domain::Item;
use domain::ports::CatalogTable;

use crate::catalog::import;
use crate::support::UpProcess;
use crate::up::clients;

/// A running pass keeps the items of the chain until their version changes. An import that stopped
/// after some writes has not changed it.
#[test]
fn a_repeated_import_is_read_by_running_passes_also_if_everything_is_stored() {
    let up = UpProcess::start(&["--memory"]);
    import(&up, r#"{"sku":"rye","price":"3.90"}"#, &[]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let tables = || aws::Tables::new(clients(&up).dynamodb, &aws::ResourceNames::default());
    let running = tables();
    let prices = || -> Vec<String> {
        let store_id = "corner".parse().expect("an id");
        let items = runtime.block_on(running.load_items(&store_id)).expect("the items");
        items.iter().map(|item| item.price.to_string()).collect()
    };
    let stop_after = |entry| {
        let item = Item::parse(entry).expect("an item");
        runtime.block_on(tables().put_item_in_bulk(&item)).expect("written");
    };
    assert_eq!(prices(), ["3.90"]);
    let cheaper = r#"{"sku":"rye","price":"3.80"}"#;
    stop_after(cheaper);
    for (flags, expected) in [(&["--check"][..], "3.90"), (&[], "3.80")] {
        let out = import(&up, cheaper, flags);
        assert!(out.ends_with(": 1 items, 0 stores; 0 refused\n") && !out.contains("->"), "{out}");
        assert_eq!(prices(), [expected]);
    }
    // An import of a store's items alone keeps the version: no pass loads the chain's items again.
    stop_after(r#"{"sku":"rye","price":"3.70"}"#);
    import(&up, r#"{"sku":"bun","price":"0.60","store_id":"other"}"#, &[]);
    assert_eq!(prices(), ["3.80"]);
    up.daymark(["catalog", "remove", "rye"]).success();
    assert!(prices().is_empty());
}
