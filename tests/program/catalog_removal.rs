//! `daymark catalog remove`: offers of what was removed.

use serde_json::json;

use crate::offers::CornerStore;

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
