//! The same input ends in the same stock and the same rows, deployed and on one machine.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::shop::Corner;
use crate::support::{
    ApiClient, FIGURES, READ, READER, Stage, UpProcess, WRITE, deployed, early_in_a_slot,
    eventually, has_processed, kept_alike, kept_by, now, skipped, stock_alike,
};
use crate::{bakery, offers_out};

/// Events of one request of a till or a gateway of a store.
const EVENTS_PER_REQUEST: usize = 500;

#[test]
fn a_real_bakerys_week_ends_in_the_stock_that_one_machine_makes_of_it() {
    let Some(sales) = bakery::sales() else {
        skipped(
            "no ../shared/data/bread-basket.csv beside the repository; \
             DAYMARK_BREAD_BASKET names it elsewhere",
        );
        return;
    };
    let stage = &deployed().stage;
    let up = UpProcess::start(&["--any-age", "--memory"]);
    post_to_both(stage, &up, "bakery", bakery::STORE, &sales);
    let stock = stock_alike(stage, &up, bakery::STORE);
    assert!(!stock.is_empty(), "the bakery sold");
}

#[test]
fn a_shops_afternoon_ends_in_the_same_windows_day_rows_histories_and_offers() {
    let stage = &deployed().stage;
    let corner = Corner::at(now());
    let store = &corner.store_id;
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (data, catalogue) = (path("data"), path("catalogue.ndjson"));
    std::fs::write(&catalogue, &corner.catalogue).expect("written");

    let up = UpProcess::start(&["--any-age", "--data", &data]);
    up.daymark(["catalog", "import", &catalogue]).success();
    stage.daymark(&["catalog", "import", &catalogue]);
    post_to_both(stage, &up, "afternoon", store, &corner.events);
    stock_alike(stage, &up, store);

    up.daymark(["days", "--store", store, "--close"]).success();
    stage.tick("day-close-schedule", corner.closed_at + TimeDelta::minutes(30));
    assert!(!kept_alike(stage, &up, "days", store).is_empty(), "yesterday is closed");

    // A start decides after some seconds; the next decision is up to a quarter of an hour away.
    up.interrupt();
    let due = early_in_a_slot();
    let up = UpProcess::start(&["--any-age", "--data", &data]);
    stage.tick("pricing-schedule", due);
    eventually("one machine offers", || match kept_by(&up, "offers", store).len() {
        0 => Err("nothing yet".to_owned()),
        _ => Ok(()),
    });
    // The start also visited the store. No window of the shop's events has ended since the tick.
    assert!(!kept_alike(stage, &up, "windows", store).is_empty(), "windows are rolled up");
    kept_alike(stage, &up, "offers", store);
    offers_out::pipes_tell_the_bus(stage, store);
    let path = format!("/v1/stores/{store}/offers");
    let token = stage.token(&stage.till("afternoon", &[store]), READ);
    let [here, there] = [ApiClient::new(&up).get(&path).json(), stage.get(&token, &path).json()];
    assert_eq!(without_valid_from(here), without_valid_from(there), "what shelf labels read");

    figures_alike(stage, &up, store);

    // A tick that comes twice: no store is sent to be priced twice.
    stage.invoke("pricing-schedule", &json!({ "due": due }));
    assert_eq!(stage.messages_in("pricing.fifo"), 0);
}

/// Compares what analysts read, with the token of a program.
fn figures_alike(stage: &Stage, up: &UpProcess, store: &str) {
    let token = stage.token(&stage.till(READER, &[store]), FIGURES);
    let stores = stage.get(&token, "/v1/stores").json();
    let stores = stores["rows"].as_array().expect("rows").iter().map(|row| &row["store_id"]);
    assert_eq!(stores.collect::<Vec<_>>(), [store], "no other store");
    let yesterday = (now() - TimeDelta::days(1)).date_naive();
    for path in [
        format!("/v1/days?store={store}"),
        format!("/v1/sales?store={store}"),
        format!("/v1/stores/{store}/stock?date={yesterday}"),
        format!("/v1/prices/lowest?store={store}"),
        format!("/v1/effect?store={store}"),
    ] {
        let mut answers = [ApiClient::new(up).get(&path).json(), stage.get(&token, &path).json()];
        for answer in &mut answers {
            assert!(answer["rows"].is_array(), "{path}: {answer}");
            // A cursor has the instant of its first page.
            answer.as_object_mut().expect("a page").remove("next_cursor");
        }
        let [here, there] = answers;
        assert_eq!(here, there, "{path}");
    }
    let till = stage.token(&stage.till("afternoon", &[store]), READ);
    assert_eq!(stage.get(&till, "/v1/days").status, 403, "a till reads no figures");
    let foreign = stage.get(&token, "/v1/days?store=elsewhere");
    assert_eq!(foreign.status, 403, "{}", foreign.text);
}

/// From when on an offer holds is when somebody decided it.
fn without_valid_from(mut answer: Value) -> Value {
    for offer in answer["offers"].as_array_mut().expect("offers") {
        offer
            .as_object_mut()
            .expect("an offer")
            .remove("valid_from")
            .expect("it holds from then on");
    }
    answer
}

/// Posts the same requests to both, and waits until one machine has processed them.
fn post_to_both(stage: &Stage, up: &UpProcess, till: &str, store: &str, events: &[Value]) {
    let token = stage.token(&stage.till(till, &[store]), WRITE);
    let wire = ApiClient::new(up);
    for some in events.chunks(EVENTS_PER_REQUEST) {
        let all = some.len() as u64;
        assert_eq!(wire.post_lines(some).stored(), all, "on one machine");
        assert_eq!(stage.post(Some(&token), some).stored(), all, "deployed");
    }
    has_processed(up, events.len());
}
