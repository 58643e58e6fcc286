//! `daymark stock`: amounts charged, units of one item, and corrections that void nothing.

use serde_json::{Value, json};

use crate::support::{ApiClient, UpProcess, event, now};

fn with(mut event: Value, change: Value) -> Value {
    event
        .as_object_mut()
        .expect("an object")
        .extend(change.as_object().expect("an object").clone());
    event
}

fn post(up: &UpProcess, events: &[Value]) {
    assert_eq!(ApiClient::new(up).post_lines(events).stored(), events.len() as u64);
}

#[test]
fn the_revenue_is_what_the_till_charged() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let sale = |id: &str, fields: Value| {
        let sale = with(event("corner", id, "buns", at), json!({ "kind": "sale" }));
        with(with(sale, json!({ "currency": "EUR" })), fields)
    };
    let weighed: Vec<Value> = (0..10)
        .map(|number| {
            let fields = json!({
                "quantity": "0.384", "unit": "KGM", "unit_price": "3.98", "amount": "1.53",
                "receipt": "r-1", "line": number,
            });
            with(sale(&format!("w-{number}"), fields), json!({ "sku": "ham" }))
        })
        .collect();
    post(&up, &weighed);
    post(&up, &[sale("three", json!({ "quantity": 3, "amount": "5.00" }))]);
    up.wait_for("corner", at.date_naive(), "ham", ("revenue", "15.30"));
    up.wait_for("corner", at.date_naive(), "buns", ("revenue", "5.00"));
}

#[test]
fn windows_show_what_is_processed_before_any_rollup() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    post(&up, &[event("corner", "one", "rye", at), event("corner", "two", "rye", at)]);
    up.wait_for("corner", at.date_naive(), "rye", ("received", "2"));
    let date = at.date_naive().to_string();
    let words = ["stock", "--store", "corner", "--date", &date, "--windows", "--format", "json"];
    let rows = up.daymark(words).rows();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((&*rows[0]["sku"], &*rows[0]["received"]), ("rye", "2"));
}

#[test]
fn kilograms_and_pieces_are_added_up_only_with_a_conversion() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let delivered = with(event("corner", "d", "rye", at), json!({ "quantity": 5, "unit": "KGM" }));
    let wasted = with(event("corner", "w", "rye", at), json!({ "quantity": 3, "kind": "waste" }));
    post(&up, &[delivered, wasted]);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "5"));
    let told = up.daymark(["stock", "--store", "corner"]).err;
    let expected = "rye: not counted, because EA does not convert to KGM: 1 event (w); the fields \
                    unit and conversions of the catalogue say how many KGM one EA is";
    assert!(told.contains(expected), "{told}");
    up.wait_for("corner", at.date_naive(), "rye", ("not_counted", "1"));

    let store = json!({ "store_id": "corner", "zone": "UTC", "hours": "mon-sun 00:00-24:00" });
    let item = json!({
        "sku": "rye", "price": "3.90", "currency": "EUR", "unit": "KGM",
        "conversions": { "EA": "0.75" },
    });
    let folder = tempfile::tempdir().expect("a folder");
    for (name, entry) in [("store.json", store), ("item.json", item)] {
        let file = folder.path().join(name);
        std::fs::write(&file, entry.to_string()).expect("written");
        up.daymark(["catalog".as_ref(), "import".as_ref(), file.as_os_str()]).success();
    }
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "2.75"));
    up.wait_for("corner", at.date_naive(), "rye", ("wasted", "2.25"));
}

#[test]
fn a_correction_that_voids_nothing_is_told_and_listed_until_its_event_arrives() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let voids = json!({ "kind": "correction", "corrects": "late", "quantity": null });
    post(&up, &[event("corner", "other", "rye", at), with(event("corner", "v", "rye", at), voids)]);
    up.wait_for("corner", at.date_naive(), "rye", ("received", "1"));
    let listed = || up.daymark(["quarantine", "list", "--reason", "unmet_correction"]).success();
    let repair = || up.daymark(["check", "--store", "corner", "--repair"]).success();
    let told = || up.daymark(["stock", "--store", "corner"]).err;
    let expected =
        "rye: void nothing, because their event is missing at their instant: 1 event (v)";
    assert!(told().contains(expected), "{}", told());
    // Without it, the next slot lists the correction.
    repair();
    assert!(listed().contains("event late of item rye is not there"), "{}", listed());

    post(&up, &[event("corner", "late", "rye", at), event("corner", "last", "rye", at)]);
    up.wait_for("corner", at.date_naive(), "rye", ("received", "2"));
    assert!(!told().contains("void nothing"), "{}", told());
    repair();
    assert!(!listed().contains("event late"), "{}", listed());
}

#[test]
fn goods_past_the_date_printed_on_them_are_told() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    let folder = tempfile::tempdir().expect("a folder");
    let stores = r#"[{"store_id":"corner","zone":"UTC","hours":"mon-sun 07:00-18:00"}]"#;
    let items = "sku,price,shelf_life_days\nrye,3.90,10\n";
    let paths = [("stores.json", stores), ("items.csv", items)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    });
    up.daymark(["catalog", "import", &paths[0], &paths[1]]).success();
    let came = |id: &str, quantity: u32, at: &str, expires_on: &str| {
        let event = event("corner", id, "rye", at.parse().expect("an instant"));
        with(event, json!({ "quantity": quantity, "expires_on": expires_on }))
    };
    post(
        &up,
        &[
            came("r-1", 9, "2026-03-11T06:00:00Z", "2026-03-11"),
            came("r-2", 3, "2026-03-12T06:00:00Z", "2026-03-17"),
        ],
    );
    let date = "2026-03-12";
    up.wait_for("corner", date.parse().expect("a date"), "rye", ("on_hand", "12"));
    let stock = || {
        let words = ["stock", "--store", "corner", "--date", date, "--format", "json"];
        let ran = up.daymark(words);
        assert!(ran.err.contains("rye: 9 of 12 on hand are past the date"), "{}", ran.err);
        let rows = ran.rows();
        assert_eq!(rows[0]["past_date"].as_str(), "9");
        assert_eq!(rows[0]["problem"].as_str(), "past_date");
    };
    stock();
    // The close keeps the deliveries, so the answer stays.
    let words = ["days", "--store", "corner", "--from", "2026-03-11", "--to", date, "--close"];
    up.daymark(words).success();
    stock();
}
