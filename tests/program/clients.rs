//! `daymark clients`: grants are listed, replaced and revoked.

use crate::support::{UpProcess, daymark};

#[test]
fn a_grant_is_listed_replaced_and_revoked() {
    let up = UpProcess::start(&["--memory"]);
    let granted =
        up.daymark(["clients", "grant", "6qr3", "--store", "0043", "--store", "0042"]).success();
    assert_eq!(granted, "6qr3 may act for 0042, 0043\n");
    let granted = up.daymark(["clients", "grant", "9fk2", "--all-stores"]).success();
    assert_eq!(granted, "9fk2 may act for all stores\n");
    let granted = up.daymark(["clients", "grant", "6qr3", "--store", "0044"]);
    assert_eq!(granted.err, "store 0044 is not in the catalogue (yet)\n");
    assert_eq!(granted.success(), "6qr3 may act for 0044, in place of 0042, 0043\n");

    let rows = up.daymark(["clients", "list", "--format", "json"]).rows();
    let stores = rows.iter().map(|row| [&*row["client_id"], &*row["stores"]]);
    assert_eq!(stores.collect::<Vec<_>>(), [["6qr3", "0044"], ["9fk2", "*"]]);

    let revoked = up.daymark(["clients", "revoke", "6qr3"]).success();
    assert_eq!(revoked, "6qr3 may act for no store any more; it could for 0044\n");
    assert_eq!(up.daymark(["clients", "list", "--format", "json"]).rows().len(), 1);
    let message = up.daymark(["clients", "revoke", "6qr3"]).failure();
    assert!(message.contains("6qr3 was granted nothing"), "{message}");
}

#[test]
fn a_grant_names_its_stores_and_fits_into_a_token() {
    let nothing = daymark(["clients", "grant", "6qr3"]);
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.err.contains("<--store <STORE>|--all-stores>"), "{}", nothing.err);

    let stores: Vec<String> = (0..820).map(|number| format!("--store={number:04}")).collect();
    let many = ["clients", "grant", "6qr3"].map(str::to_owned).into_iter().chain(stores);
    let message = daymark(many).failure();
    for expected in ["of 820 stores make a claim of 4099 bytes; at most 4096", "several clients"] {
        assert!(message.contains(expected), "{message}");
    }
}
