//! `daymark offers`: what an afternoon's offers are, what is behind one, and that it comes out the
//! same again.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::answers::agreeing;
use crate::support::{Up, Wire, event, eventually, now, sale};

/// A store in which it is three in the afternoon whenever this runs, with fifty loaves of this
/// morning of which one was sold, as servers that have just priced it. Of the buns there is only
/// history.
struct Corner {
    up: Up,
    at: DateTime<Utc>,
    date: String,
    folder: TempDir,
    /// Without its hours.
    store: Value,
}

impl Corner {
    fn open(policy: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let data = path("data");
        let at = now();
        let ahead = match 15 - i64::from(at.hour()) {
            ahead @ ..=12 => ahead,
            ahead => ahead - 24,
        };
        // In these names the sign is the other way round.
        let zone = format!("Etc/GMT{:+}", -ahead);
        let date = (at + TimeDelta::hours(ahead)).date_naive().to_string();
        let store = json!({ "store_id": "corner", "zone": zone, "policy": policy });
        let rye = json!({
            "sku": "rye", "price": "3.90", "cost": "1.10", "floor": "2.00", "category": "bread",
        });
        let bun = json!({ "sku": "bun", "price": "0.60", "category": "bread" });
        let entries = path("catalogue.ndjson");
        std::fs::write(&entries, format!("{rye}\n{bun}\n")).expect("written");

        let up = Up::start(&["--data", &data]);
        let corner = Self { up, at, date, folder, store };
        corner.hours("06:00-20:00");
        let Self { up, date, .. } = &corner;
        up.daymark(["catalog", "import", &entries]).well();
        let yesterday = at - TimeDelta::days(1);
        let mut buns = event("corner", "r-0", "bun", yesterday - TimeDelta::hours(5));
        buns["quantity"] = json!(3);
        let bun = sale("corner", "s-0", "bun", "0.60", yesterday);
        let mut receipt = event("corner", "r-1", "rye", at - TimeDelta::hours(5));
        receipt["quantity"] = json!(50);
        let sold = sale("corner", "s-1", "rye", "3.90", at - TimeDelta::minutes(30));
        assert_eq!(Wire::new(up).post_lines(&[buns, bun, receipt, sold]).stored(), 4);
        let stock = ["stock", "--store", "corner", "--date", date, "--format", "json"];
        eventually("the loaves are on the shelf", || {
            let rows = up.daymark(stock).rows();
            let found = rows.iter().any(|row| row["on_hand"] == "49");
            if found { Ok(()) } else { Err(format!("{rows:?}")) }
        });
        up.wait_for("corner", yesterday_of(date), "bun", ("sold", "1"));
        corner.close();
        // A start decides at once; the next decision is up to a quarter of an hour away.
        let Self { up, at, date, folder, store } = corner;
        assert_eq!(up.interrupt().code, Some(0));
        let up = Up::start(&["--data", &data]);
        Self { up, at, date, folder, store }
    }

    /// From now on the store has other hours, on the weekday of today.
    fn hours(&self, today: &str) {
        let date: NaiveDate = self.date.parse().expect("a date");
        let hours = date.iter_days().take(7).map(|day| {
            let hours = if day == date { today } else { "06:00-20:00" };
            format!("{} {hours}", day.format("%a").to_string().to_lowercase())
        });
        let mut store = self.store.clone();
        store["hours"] = json!(hours.collect::<Vec<_>>().join(", "));
        let path = self.folder.path().join("store.ndjson").display().to_string();
        std::fs::write(&path, format!("{store}\n")).expect("written");
        self.up.daymark(["catalog", "import", &path]).well();
    }

    /// Closes the days that are over.
    fn close(&self) {
        self.up.daymark(["days", "--store", "corner", "--close"]).well();
    }

    fn question<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["offers", "--store", "corner", "--date", &self.date][..], more].concat()
    }

    /// Waits for the first offer.
    fn offered(&self, more: &[&str]) {
        let question = self.question(&[more, &["--format", "json"]].concat());
        eventually("an offer appears", || {
            let rows = self.up.daymark(question.iter().copied()).rows();
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

/// What shelf labels and tills are told of an offer.
fn public(offer: &BTreeMap<String, String>) -> Value {
    let names = ["offer_id", "sku", "from", "until", "regular", "price", "currency", "percent_off"];
    let names = names.into_iter().chain(["was_price", "lowest_price", "reason"]);
    let mut public: Value = names.map(|name| (name.to_owned(), json!(offer[name]))).collect();
    public["revision"] = json!("1");
    public
}

#[test]
fn an_imported_store_in_its_afternoon_gets_offers() {
    let corner = Corner::open(&json!({}));
    corner.offered(&[]);
    let offers = agreeing(&corner.up, &corner.question(&[]));
    let [offer] = offers.as_slice() else { panic!("one offer: {offers:?}") };
    assert_eq!(offer["offer_id"], corner.first());
    assert_eq!((offer["regular"].as_str(), offer["on_hand"].as_str()), ("3.90", "49"));
    let price: f64 = offer["price"].parse().expect("a price");
    assert!((2.0..3.9).contains(&price), "{offer:?}");
    assert!(offer["reason"].contains("49 left"), "{offer:?}");
    assert_eq!(offer["until"][11..16], *"20:00");
    let told = ["was_price", "lowest_price", "arm", "trust", "shadow"].map(|name| &*offer[name]);
    assert_eq!(told, ["3.90", "", "policy", "full", "false"]);
    assert!(!offer["policy_version"].is_empty(), "{offer:?}");
    let figure = |name: &str| -> f64 { offer[name].parse().expect(name) };
    for outlook in ["expected", "unchanged"] {
        let [units, waste] = ["units", "waste"].map(|of| figure(&format!("{outlook}_{of}")));
        assert!((units + waste - 49.0).abs() < 1e-6, "{offer:?}");
    }
    assert!(figure("expected_revenue") > figure("unchanged_revenue"), "{offer:?}");

    // Over HTTP what is for everyone is the same, by name and text.
    let offers: Vec<Value> = offers.iter().map(public).collect();
    let wire = Wire::new(&corner.up);
    let dated = format!("/v1/stores/corner/offers?date={}", corner.date);
    for path in ["/v1/stores/corner/offers", &dated] {
        let answer = wire.get(path);
        let expected = json!({ "store_id": "corner", "date": corner.date, "offers": offers });
        assert_eq!((answer.status, answer.json()), (200, expected), "{path}");
    }
    let before = format!("/v1/stores/corner/offers?date={}", yesterday_of(&corner.date));
    assert_eq!(wire.get(&before).json()["offers"], json!([]));
}

#[test]
fn a_question_over_http_that_cannot_be_answered_says_why() {
    let up = Up::start(&["--memory"]);
    let wire = Wire::new(&up);
    for (path, status, told) in [
        ("/v1/stores/corner/offers", 404, "store corner is not in the catalogue"),
        ("/v1/stores/a%23b/offers", 400, "the store id in the path has the character '#'"),
        ("/v1/stores/corner/offers?date=today", 400, "the date \"today\" is none"),
        ("/v1/stores/corner/offers?day=1", 400, "the parameter \"day=1\" is not known"),
        ("/v1/stores/%ff/offers", 400, "the store id in the path is no text"),
    ] {
        let answer = wire.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        let detail = answer.json()["detail"].to_string().replace('\\', "");
        assert!(detail.contains(told), "{path}: {detail}");
    }
}

#[test]
fn an_offer_is_explained_decided_by_the_filter_and_replayed_to_the_same_bytes() {
    let corner = Corner::open(&json!({}));
    corner.offered(&[]);
    let id = corner.first();
    let daymark = |words: &[&str]| corner.up.daymark(words.iter().copied());
    let explained = daymark(&["offers", "explain", &id]).well();
    let told = ["% off 3.90", "49 left", "policy", "full", "sold for", "chosen", "floor"];
    for told in told {
        assert!(explained.contains(told), "{told} in {explained}");
    }

    // The afternoon is drawn as far as it has come, with what is expected of the rest.
    for drawn in ["rye: ", "On the shelf, pieces", "decided at 15:", "at 3.90: ", "Price, EUR"] {
        assert!(explained.contains(drawn), "{drawn} in {explained}");
    }
    let file = corner.folder.path().join("rye.svg").display().to_string();
    daymark(&["offers", "explain", &id, "--svg", &file]).well();
    let svg = std::fs::read_to_string(&file).expect("the file");
    assert!(svg.starts_with("<svg ") && svg.contains("at 3.90: "), "{svg}");
    let nowhere = corner.folder.path().join("no-folder/rye.svg").display().to_string();
    let said = daymark(&["offers", "explain", &id, "--svg", &nowhere]).refused();
    assert!(said.contains("cannot write") && said.contains("no-folder/rye.svg"), "{said}");

    let request = daymark(&["offers", "explain", &id, "--request"]).well();
    let answer = corner.up.daymark_reading(&request, ["decide"]).well();
    let answer: Value = serde_json::from_str(&answer).expect("a decision");
    let offers = corner.up.daymark(corner.question(&["--format", "json"])).rows();
    assert_eq!(answer["price"], offers[0]["price"]);
    assert_eq!(answer["reason"], offers[0]["reason"]);

    let replayed = daymark(&["offers", "replay", &id]).well();
    assert_eq!(replayed.matches("identical, byte for byte").count(), 2, "{replayed}");

    // A sale that was on its way for hours.
    let late = sale("corner", "s-2", "rye", "3.90", corner.at - TimeDelta::hours(3));
    assert_eq!(Wire::new(&corner.up).post(&late).stored(), 1);
    eventually("the sale is stored", || {
        let ran = daymark(&["offers", "replay", &id]);
        let told = "on_hand: 49 then, 48 now (events came later";
        if ran.out.contains(told) && ran.code == Some(1) { Ok(()) } else { Err(ran.out) }
    });
    let replayed = daymark(&["offers", "replay", &id]).out;
    assert!(replayed.contains("from what it keeps: identical, byte for byte"), "{replayed}");
    assert!(replayed.contains("].units: 0 then, 1 now"), "{replayed}");
}

#[test]
fn an_offer_is_replayed_to_the_same_bytes_when_its_day_is_history() {
    let corner = Corner::open(&json!({}));
    corner.offered(&[]);
    // The doors closed an hour ago, for as long as it takes to close the day.
    corner.hours("06:00-14:00");
    corner.close();
    // Whoever was first: the schedule of the servers closes days as well.
    let histories = corner.up.daymark(["history", "--store", "corner", "--format", "json"]).rows();
    // The category has the buns' day and now that of the rye.
    let is_known = histories.iter().any(|row| row["sku"] == "rye" && row["days"] == "2");
    assert!(is_known, "{histories:?}");
    corner.hours("06:00-20:00");
    let replayed = corner.up.daymark(["offers", "replay", &corner.first()]);
    assert_eq!(replayed.out.matches("identical, byte for byte").count(), 2, "{}", replayed.out);
    let request = corner.up.daymark(["offers", "explain", &corner.first(), "--request"]).well();
    assert!(request.contains(r#""basis":"category""#), "the buns' day is in it: {request}");
}

#[test]
fn a_shadow_is_shown_when_asked_for_and_holds_nowhere() {
    let corner = Corner::open(&json!({ "shadow": true }));
    corner.offered(&["--shadows"]);
    assert!(agreeing(&corner.up, &corner.question(&[])).is_empty());
    assert_eq!(agreeing(&corner.up, &corner.question(&["--shadows"])).len(), 1);
    let explained = corner.up.daymark(["offers", "explain", &corner.first()]).well();
    assert!(explained.contains("nowhere: a shadow"), "{explained}");
}

#[test]
fn an_offer_that_is_not_there_is_told_with_those_that_are() {
    let up = Up::start(&["--memory"]);
    for verb in ["explain", "replay"] {
        let message = up.daymark(["offers", verb, "2026-03-12/corner/rye/1"]).refused();
        assert!(message.contains("no offer 2026-03-12/corner/rye/1"), "{message}");
        let ran = up.daymark(["offers", verb, "2026-03-12/corner/rye"]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("like 2026-03-12/0042/BRT-1180/2"), "{}", ran.err);
    }
    let ran = up.daymark(["offers"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--store"), "{}", ran.err);
}
