//! `daymark send --like`: exports of known tills. The files are made up; the totals are the till's.

use crate::support::UpProcess;

/// Reads an export with `--like`, and returns the first line of sums and the notes.
fn sums(till: &str, flags: &str) -> (String, String) {
    let up = UpProcess::start(&["--memory"]);
    let path = format!("{}/tests/program/till_exports/{till}.csv", env!("CARGO_MANIFEST_DIR"));
    let words = ["send", &path, "--like", till, "--dry-run", "--format", "csv"];
    let ran = up.daymark(words.into_iter().chain(flags.split_whitespace()));
    let (notes, out) = (ran.err.clone(), ran.success());
    let all = out.lines().find(|line| line.starts_with("all,")).unwrap_or_default().to_owned();
    (all, notes + &out)
}

#[test]
fn square_items_have_the_units_and_the_revenue_of_the_till() {
    let (all, told) = sums("square", "--default currency=USD");
    assert_eq!(all, "all,,,6,7.384,1,0,0,33.83 USD,6,0,0", "{told}");
    assert!(!told.contains("meets no line"), "{told}");
}

#[test]
fn shopify_orders_have_the_units_and_the_revenue_of_the_till() {
    let (all, told) = sums("shopify", "--store elm --tax added");
    // Order 1005 keeps its two units; 6.48 of its 12.96 were paid back.
    assert_eq!(all, "all,,,5,14,0,0,0,31.04 USD,5,0,0", "{told}");
    assert!(told.contains("Financial Status is refunded: lines 7-8"), "{told}");
    let (all, _) = sums("shopify", "--store elm --tax included");
    assert_eq!(all, "all,,,5,14,0,0,0,28.68 USD,5,0,0");
}

#[test]
fn loyverse_receipts_have_the_units_and_the_revenue_of_the_till() {
    let flags = "--tax included --zone Europe/Berlin --default currency=EUR --map unit=SKU \
                 --value unit:10042=KGM --value unit:*=EA";
    let (all, told) = sums("loyverse", flags);
    assert_eq!(all, "all,,,5,4.384,1,0,0,17.30 EUR,5,0,0", "{told}");
    assert!(told.contains("Status is Cancelled: line 5"), "{told}");
}

#[test]
fn lightspeed_sales_have_the_units_and_the_revenue_of_the_till() {
    let flags = "--store leith --zone Pacific/Auckland --default currency=NZD";
    let (all, told) = sums("lightspeed", flags);
    assert_eq!(all, "all,,,6,5.384,1,0,0,24.20 NZD,6,0,0", "{told}");
    assert!(told.contains("0 refused"), "{told}");
}

#[test]
fn odoo_orders_have_the_units_and_the_revenue_of_the_till() {
    let flags = "--store namur --zone Europe/Brussels --default currency=EUR";
    let (all, told) = sums("odoo", flags);
    assert_eq!(all, "all,,,5,4.384,1,0,0,17.18 EUR,5,0,0", "{told}");
    assert!(told.contains("Status is Cancelled: lines 5-6"), "{told}");
}

#[test]
fn a_layout_is_shown_and_flags_count_before_it() {
    let shown = crate::support::daymark([
        "send",
        "--like",
        "square",
        "--map",
        "sku=SKU",
        "--map",
        "unit=",
        "--store",
        "elm",
        "--show-mapping",
    ]);
    let shown = shown.success();
    assert!(shown.contains("store = \"elm\"") && shown.contains("sku = \"SKU\""), "{shown}");
    assert!(!shown.contains("store_id") && !shown.contains("\nunit = "), "{shown}");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("square.toml"), &shown).expect("written");
    let kept = folder.path().join("square.toml").display().to_string();
    let again = crate::support::daymark(["send", "--mapping", &kept, "--show-mapping"]).success();
    assert_eq!(again, shown);
}
