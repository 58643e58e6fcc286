//! `daymark offers`: the offers of an afternoon, their details and their replay.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::formats::rows_in_every_format;
use crate::support::{ApiClient, UpProcess, event, eventually, now, sale};

/// Running program with a store in a time zone in which it is 15:00 now. Fifty loaves of rye were
/// received today and one was sold. The buns have a history only. The program was just restarted,
/// so that it prices the store at once.
pub(crate) struct CornerStore {
    pub(crate) up: UpProcess,
    pub(crate) at: DateTime<Utc>,
    pub(crate) date: String,
    folder: TempDir,
    /// Catalogue entry of the store without its hours.
    store: Value,
}

impl CornerStore {
    pub(crate) fn open(policy: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let data = path("data");
        let at = now();
        let ahead = match 15 - i64::from(at.hour()) {
            ahead @ ..=12 => ahead,
            ahead => ahead - 24,
        };
        // The signs of these names are inverted.
        let zone = format!("Etc/GMT{:+}", -ahead);
        let date = (at + TimeDelta::hours(ahead)).date_naive().to_string();
        let store = json!({ "store_id": "corner", "zone": zone, "policy": policy });
        let rye = json!({
            "sku": "rye", "price": "3.90", "cost": "1.10", "floor": "2.00", "category": "bread",
        });
        let bun = json!({ "sku": "bun", "price": "0.60", "category": "bread" });
        let entries = path("catalogue.ndjson");
        std::fs::write(&entries, format!("{rye}\n{bun}\n")).expect("written");

        let up = UpProcess::start(&["--data", &data]);
        let corner = Self { up, at, date, folder, store };
        corner.hours("06:00-20:00");
        let Self { up, date, .. } = &corner;
        up.daymark(["catalog", "import", &entries]).success();
        let yesterday = at - TimeDelta::days(1);
        let mut buns = event("corner", "r-0", "bun", yesterday - TimeDelta::hours(5));
        buns["quantity"] = json!(3);
        let bun = sale("corner", "s-0", "bun", "0.60", yesterday);
        let mut receipt = event("corner", "r-1", "rye", at - TimeDelta::hours(5));
        receipt["quantity"] = json!(50);
        let sold = sale("corner", "s-1", "rye", "3.90", at - TimeDelta::minutes(30));
        assert_eq!(ApiClient::new(up).post_lines(&[buns, bun, receipt, sold]).stored(), 4);
        let stock = ["stock", "--store", "corner", "--date", date, "--format", "json"];
        eventually("the loaves are on the shelf", || {
            let rows = up.daymark(stock).rows();
            let found = rows.iter().any(|row| row["on_hand"] == "49");
            if found { Ok(()) } else { Err(format!("{rows:?}")) }
        });
        up.wait_for("corner", yesterday_of(date), "bun", ("sold", "1"));
        corner.close();
        // The program prices at its start. The next slot is up to 15 minutes away.
        let Self { up, at, date, folder, store } = corner;
        assert_eq!(up.interrupt().code, Some(0));
        let up = UpProcess::start(&["--data", &data]);
        Self { up, at, date, folder, store }
    }

    /// Changes the hours of the store on the weekday of today.
    fn hours(&self, today: &str) {
        let date: NaiveDate = self.date.parse().expect("a date");
        let hours = date.iter_days().take(7).map(|day| {
            let hours = if day == date { today } else { "06:00-20:00" };
            format!("{} {hours}", day.format("%a").to_string().to_lowercase())
        });
        let mut store = self.store.clone();
        store["hours"] = json!(hours.collect::<Vec<_>>().join(", "));
        self.import(&store);
    }

    /// Imports an entry of the catalogue.
    pub(crate) fn import(&self, entry: &Value) {
        let path = self.folder.path().join("entry.ndjson").display().to_string();
        std::fs::write(&path, format!("{entry}\n")).expect("written");
        self.up.daymark(["catalog", "import", &path]).success();
    }

    /// Closes the days that have ended.
    fn close(&self) {
        self.up.daymark(["days", "--store", "corner", "--close"]).success();
    }

    pub(crate) fn list_command<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["offers", "--store", "corner", "--date", &self.date][..], more].concat()
    }

    /// Waits for the first offer.
    pub(crate) fn wait_for_offer(&self, more: &[&str]) {
        let command = self.list_command(&[more, &["--format", "json"]].concat());
        eventually("an offer appears", || {
            let rows = self.up.daymark(command.iter().copied()).rows();
            if rows.is_empty() { Err(format!("none for {}", self.date)) } else { Ok(()) }
        });
    }

    fn first(&self) -> String {
        format!("{}/corner/rye/1", self.date)
    }
}

fn yesterday_of(date: &str) -> NaiveDate {
    date.parse::<NaiveDate>().expect("a date") - Days::new(1)
}

/// Returns the public fields of an offer.
fn public(offer: &BTreeMap<String, String>) -> Value {
    let names = [
        "offer_id",
        "sku",
        "valid_from",
        "valid_until",
        "regular_price",
        "price",
        "currency",
        "label_percent_off",
    ];
    let names =
        names.into_iter().chain(["label_was_price", "lowest_price", "discount_percent", "reason"]);
    let mut public: Value = names.map(|name| (name.to_owned(), json!(offer[name]))).collect();
    public["revision"] = json!("1");
    public
}

#[test]
fn an_imported_store_in_its_afternoon_gets_offers() {
    let corner = CornerStore::open(&json!({}));
    corner.wait_for_offer(&[]);
    let offers = rows_in_every_format(&corner.up, &corner.list_command(&[]));
    let [offer] = offers.as_slice() else { panic!("one offer: {offers:?}") };
    assert_eq!(offer["offer_id"], corner.first());
    assert_eq!((offer["regular_price"].as_str(), offer["on_hand"].as_str()), ("3.90", "49"));
    let price: f64 = offer["price"].parse().expect("a price");
    assert!((2.0..3.9).contains(&price), "{offer:?}");
    assert!(offer["reason"].contains("49 left"), "{offer:?}");
    assert_eq!(offer["valid_until"][11..16], *"20:00");
    let output =
        ["label_was_price", "lowest_price", "arm", "trust", "shadow"].map(|name| &*offer[name]);
    // The lowest price is that of the day's sales before the offer.
    assert_eq!(output, ["3.90", "3.90", "policy", "full", "false"]);
    assert!(!offer["policy_version"].is_empty(), "{offer:?}");
    let figure = |name: &str| -> f64 { offer[name].parse().expect(name) };
    for outlook in ["expected", "if_unchanged_expected"] {
        let [units, waste] = ["units", "waste"].map(|of| figure(&format!("{outlook}_{of}")));
        assert!((units + waste - 49.0).abs() < 1e-6, "{offer:?}");
    }
    assert!(figure("expected_revenue") > figure("if_unchanged_expected_revenue"), "{offer:?}");

    // The public fields over HTTP have the same names and texts.
    let offers: Vec<Value> = offers.iter().map(public).collect();
    let wire = ApiClient::new(&corner.up);
    let dated = format!("/v1/stores/corner/offers?date={}", corner.date);
    for path in ["/v1/stores/corner/offers", &dated] {
        let answer = wire.get(path);
        let expected =
            json!({ "store_id": "corner", "business_date": corner.date, "offers": offers });
        assert_eq!((answer.status, answer.json()), (200, expected), "{path}");
    }
    let before = format!("/v1/stores/corner/offers?date={}", yesterday_of(&corner.date));
    assert_eq!(wire.get(&before).json()["offers"], json!([]));
}

#[test]
fn an_http_request_for_offers_that_fails_has_a_reason() {
    let up = UpProcess::start(&["--memory"]);
    let wire = ApiClient::new(&up);
    for (path, status, expected) in [
        ("/v1/stores/corner/offers", 404, "store corner is not in the catalogue"),
        ("/v1/stores/a%23b/offers", 400, "the store id in the path has the character '#'"),
        ("/v1/stores/corner/offers?date=today", 400, "the date \"today\" is none"),
        ("/v1/stores/corner/offers?day=1", 400, "the parameter \"day=1\" is not known"),
        ("/v1/stores/%ff/offers", 400, "the store id in the path is no text"),
    ] {
        let answer = wire.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        let detail = answer.json()["detail"].to_string().replace('\\', "");
        assert!(detail.contains(expected), "{path}: {detail}");
    }
}

#[test]
fn an_offer_is_explained_decided_by_the_filter_and_replayed_to_the_same_bytes() {
    let corner = CornerStore::open(&json!({}));
    corner.wait_for_offer(&[]);
    let id = corner.first();
    let daymark = |words: &[&str]| corner.up.daymark(words.iter().copied());
    let explained = daymark(&["offers", "explain", &id]).success();
    let expected =
        ["% step of 3.90", "% off", "49 left", "policy", "full", "sold for", "chosen", "floor"];
    for expected in expected {
        assert!(explained.contains(expected), "{expected} in {explained}");
    }

    // The chart shows the known part of the afternoon and the forecast.
    for drawn in ["rye: ", "On the shelf, pieces", "decided at 15:", "at 3.90: ", "Price, EUR"] {
        assert!(explained.contains(drawn), "{drawn} in {explained}");
    }
    let file = corner.folder.path().join("rye.svg").display().to_string();
    daymark(&["offers", "explain", &id, "--svg", &file]).success();
    let svg = std::fs::read_to_string(&file).expect("the file");
    assert!(svg.starts_with("<svg ") && svg.contains("at 3.90: "), "{svg}");
    let nowhere = corner.folder.path().join("no-folder/rye.svg").display().to_string();
    let output = daymark(&["offers", "explain", &id, "--svg", &nowhere]).failure();
    assert!(output.contains("cannot write") && output.contains("no-folder/rye.svg"), "{output}");

    let request = daymark(&["offers", "explain", &id, "--request"]).success();
    let answer = corner.up.daymark_with_input(&request, ["decide"]).success();
    let answer: Value = serde_json::from_str(&answer).expect("a decision");
    let offers = corner.up.daymark(corner.list_command(&["--format", "json"])).rows();
    assert_eq!(answer["price"], offers[0]["price"]);
    assert_eq!(answer["reason"], offers[0]["reason"]);

    let replayed = daymark(&["offers", "replay", &id]).success();
    assert_eq!(replayed.matches("identical, byte for byte").count(), 2, "{replayed}");

    // A sale that arrives hours late.
    let late = sale("corner", "s-2", "rye", "3.90", corner.at - TimeDelta::hours(3));
    assert_eq!(ApiClient::new(&corner.up).post(&late).stored(), 1);
    eventually("the sale is stored", || {
        let ran = daymark(&["offers", "replay", &id]);
        let expected = "on_hand: 49 then, 48 now (events came later";
        if ran.out.contains(expected) && ran.code == Some(1) { Ok(()) } else { Err(ran.out) }
    });
    let replayed = daymark(&["offers", "replay", &id]).out;
    assert!(replayed.contains("from what it keeps: identical, byte for byte"), "{replayed}");
    assert!(replayed.contains("].units: 0 then, 1 now"), "{replayed}");
}

#[test]
fn a_replay_names_the_catalogue_as_the_cause_of_another_price() {
    let corner = CornerStore::open(&json!({}));
    corner.wait_for_offer(&[]);
    corner.import(&json!({ "sku": "rye", "price": "4.40", "floor": "2.20" }));
    let ran = corner.up.daymark(["offers", "replay", &corner.first()]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    let cause = "then, \"4.40\" now (the catalogue was changed)";
    for field in ["regular_price: ", "sales_today[0].price: ", "current.price: "] {
        assert!(ran.out.contains(&format!("{field}\"3.90\" {cause}")), "{field}: {}", ran.out);
    }
    let floor = "policy.min_price: \"2.00\" then, \"2.20\" now (the catalogue was changed)";
    assert!(ran.out.contains(floor), "{}", ran.out);
    assert!(!ran.out.contains("events came later"), "{}", ran.out);
}

#[test]
fn an_offer_is_replayed_to_the_same_bytes_after_its_day_is_closed() {
    let corner = CornerStore::open(&json!({}));
    corner.wait_for_offer(&[]);
    // The store closed an hour ago, until the day is closed.
    corner.hours("06:00-14:00");
    corner.close();
    // The schedule of the program may have closed the day first.
    let days = ["days", "--store", "corner", "--sku", "rye", "--format", "json"];
    let days = corner.up.daymark(days).rows();
    let is_closed = days.iter().any(|row| row["business_date"] == corner.date);
    assert!(is_closed, "{days:?}");
    corner.hours("06:00-20:00");
    let replayed = corner.up.daymark(["offers", "replay", &corner.first()]);
    assert_eq!(replayed.out.matches("identical, byte for byte").count(), 2, "{}", replayed.out);
    let request = corner.up.daymark(["offers", "explain", &corner.first(), "--request"]).success();
    assert!(request.contains(r#""basis":"category""#), "the buns' day is in it: {request}");
}

#[test]
fn a_catalogue_price_below_the_offer_is_noted_and_shown_at_once() {
    let corner = CornerStore::open(&json!({}));
    corner.wait_for_offer(&[]);
    let file = corner.folder.path().join("prices.csv").display().to_string();
    std::fs::write(&file, "sku,price\nrye,4.20\n").expect("written");
    let ran = corner.up.daymark(["catalog", "import", &file]);
    let told = "is from the regular price 3.90, which holds until the close; the catalogue price \
                4.20 counts from the next day";
    assert!(ran.err.contains(told), "{}", ran.err);
    std::fs::write(&file, "sku,cost\nrye,1.05\n").expect("written");
    let ran = corner.up.daymark(["catalog", "import", &file]);
    assert!(!ran.err.contains("the offer of rye"), "{}", ran.err);
    std::fs::write(&file, "sku,price,floor\nrye,1.10,\n").expect("written");
    let ran = corner.up.daymark(["catalog", "import", &file]);
    assert!(ran.err.contains("store corner: the offer of rye, "), "{}", ran.err);
    assert!(ran.err.contains("above the catalogue price 1.10 now"), "{}", ran.err);
    let shown = corner.up.daymark(corner.list_command(&["--format", "json"])).rows();
    let [offer] = shown.as_slice() else { panic!("one offer: {shown:?}") };
    assert_eq!(
        (&*offer["price"], &*offer["label_was_price"], &*offer["label_percent_off"]),
        ("1.10", "3.90", "71")
    );
    let wire = ApiClient::new(&corner.up).get("/v1/stores/corner/offers").json();
    assert_eq!(wire["offers"][0]["price"], "1.10");
    for place in [&json!(offer), &wire["offers"][0]] {
        assert_eq!(
            (&place["regular_price"], &place["discount_percent"]),
            (&json!("1.10"), &json!("0"))
        );
        let reason = place["reason"].as_str().expect("a text");
        assert!(reason.starts_with("The catalogue price is 1.10 EUR now, below"), "{reason}");
    }
    let explained = corner.up.daymark(["offers", "explain", &corner.first()]).success();
    for expected in [
        "1.10 EUR: the catalogue price was lowered below the offer of ",
        "was 3.90, 71 % off",
        "The catalogue price is 1.10 EUR now, below",
    ] {
        assert!(explained.contains(expected), "{expected} in {explained}");
    }
    // The percentage of the table is between two prices in it.
    let table = corner.up.daymark(corner.list_command(&[])).success();
    let words: Vec<&str> = table.split_whitespace().collect();
    assert!(words.windows(3).any(|row| row == ["3.90", "1.10", "71"]), "{table}");
    assert!(table.contains("label was price") && !table.contains("regular price"), "{table}");
}

#[test]
fn a_new_currency_of_an_item_with_an_offer_is_noted() {
    let corner = CornerStore::open(&json!({}));
    corner.wait_for_offer(&[]);
    let file = corner.folder.path().join("prices.csv").display().to_string();
    std::fs::write(&file, "sku,price,currency,cost,floor\nrye,16.80,PLN,4.70,8.60\n")
        .expect("written");
    let ran = corner.up.daymark(["catalog", "import", &file]);
    assert!(ran.err.contains("store corner: the offer of rye, "), "{}", ran.err);
    let told = "EUR, is not in the currency of the catalogue price, 16.80 PLN, now; it stays until \
                the close at 20:00";
    assert!(ran.err.contains(told), "{}", ran.err);
    let shown = corner.up.daymark(corner.list_command(&["--format", "json"])).rows();
    assert_eq!(shown[0]["currency"], "EUR");
}

#[test]
fn a_shadow_offer_is_shown_on_request_and_valid_nowhere() {
    let corner = CornerStore::open(&json!({ "shadow": true }));
    corner.wait_for_offer(&["--shadows"]);
    assert!(rows_in_every_format(&corner.up, &corner.list_command(&[])).is_empty());
    assert_eq!(rows_in_every_format(&corner.up, &corner.list_command(&["--shadows"])).len(), 1);
    let explained = corner.up.daymark(["offers", "explain", &corner.first()]).success();
    assert!(explained.contains("nowhere: a shadow"), "{explained}");
}

#[test]
fn an_unknown_offer_is_refused_with_the_known_ones() {
    let up = UpProcess::start(&["--memory"]);
    for command in ["explain", "replay"] {
        let message = up.daymark(["offers", command, "2026-03-12/corner/rye/1"]).failure();
        assert!(message.contains("no offer 2026-03-12/corner/rye/1"), "{message}");
        let ran = up.daymark(["offers", command, "2026-03-12/corner/rye"]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("like 2026-03-12/0042/BRT-1180/2"), "{}", ran.err);
    }
    let message = up.daymark(["offers"]).failure();
    assert!(message.contains("there is no store in the catalogue"), "{message}");
}
