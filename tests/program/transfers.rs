//! `daymark transfers`: transfers of which an end is missing.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::formats::rows_in_every_format;
use crate::support::{ApiClient, UpProcess, event, now};

/// Returns one end of a transfer.
fn end(kind: &str, store: &str, id: Option<&str>, quantity: u32, at: DateTime<Utc>) -> Value {
    let mut event = event(store, &format!("{kind}-{store}-{quantity}"), "rye", at);
    event["kind"] = json!(kind);
    event["quantity"] = json!(quantity);
    event["transfer_id"] = json!(id);
    event
}

#[test]
fn a_transfer_is_listed_until_both_ends_agree() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let sent = end("transfer_out", "bakery", Some("van-1"), 20, at);
    let received = end("transfer_in", "corner", Some("van-1"), 18, at);
    let unsent = end("transfer_in", "corner", Some("van-2"), 4, at);
    let unnamed = end("transfer_out", "bakery", None, 7, at);
    let post = |events: &[Value]| {
        assert_eq!(ApiClient::new(&up).post_lines(events).stored(), events.len() as u64);
    };
    post(&[sent, unsent, unnamed]);
    up.wait_for("corner", at.date_naive(), "rye", ("transferred_in", "4"));
    up.wait_for("bakery", at.date_naive(), "rye", ("transferred_out", "27"));

    let query = ["transfers", "--store", "bakery", "--store", "corner"];
    let cells = |query: &[&str]| -> Vec<Vec<String>> {
        let rows = rows_in_every_format(&up, query);
        let columns =
            ["transfer_id", "from_store", "to_store", "sent", "received", "missing", "unit"];
        rows.iter().map(|row| columns.map(|column| row[column].clone()).to_vec()).collect()
    };
    assert_eq!(
        cells(&query),
        [
            ["van-1", "bakery", "", "20", "0", "20", "EA"],
            ["van-2", "", "corner", "0", "4", "-4", "EA"]
        ]
    );
    post(&[received]);
    up.wait_for("corner", at.date_naive(), "rye", ("transferred_in", "22"));
    assert_eq!(cells(&query)[0], ["van-1", "bakery", "corner", "20", "18", "2", "EA"]);
    post(&[end("transfer_in", "corner", Some("van-1"), 2, at)]);
    up.wait_for("corner", at.date_naive(), "rye", ("transferred_in", "24"));
    assert_eq!(cells(&query).len(), 1);
    let query = ["transfers", "--all", "--store", "bakery", "--store", "corner"];
    assert_eq!(cells(&query)[0], ["van-1", "bakery", "corner", "20", "20", "0", "EA"]);
    let told = up.daymark(query).err;
    assert!(told.contains("not compared, because they have no transfer_id: 1 event"), "{told}");
}
