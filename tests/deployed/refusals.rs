//! A refused request writes nothing.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::support::{Aws, READ, Stage, WRITE, deployed, deployed_stock, event, eventually, now};

/// Posts one event of a store to the deployed API with a token, or without one; gives the status.
fn post(stage: &Stage, token: Option<&str>, store: &str) -> u16 {
    stage.post(token, &[event(store, "e-1", "rye", now())]).status
}

/// Nothing of the store is in the tables, although what came later is.
fn nothing_is_written(stage: &Stage, store: &str) {
    let later = event("later", &format!("after-{store}"), store, now());
    let answer = stage.post_internal(Some(&stage.aws), &[later]);
    assert_eq!(answer.stored(), 1);
    eventually("what came later is stored", || {
        let windows = deployed_stock(stage, "later");
        let is_of_item = |[sku, _]: &[String; 2]| sku == store;
        if windows.keys().any(is_of_item) {
            Ok(())
        } else {
            Err(format!("{} windows", windows.len()))
        }
    });
    let log = stage.aws.items(&stage.of("stock-log"));
    let is_of_store = |[partition, sort]: &&[String; 2]| {
        partition.split('#').next() == Some(store) || sort == store
    };
    let found: Vec<_> = log.keys().filter(is_of_store).collect();
    assert!(found.is_empty(), "there is stock of {store}: {found:?}");
    let quarantine = stage.aws.items(&stage.of("quarantine"));
    assert!(quarantine.is_empty(), "no test sends anything that is poison: {quarantine:?}");
}

#[test]
fn without_a_token_nothing_is_written() {
    let stage = &deployed().stage;
    assert_eq!(post(stage, None, "no-token"), 401);
    nothing_is_written(stage, "no-token");
}

#[test]
fn a_token_that_cognito_did_not_sign_writes_nothing() {
    let stage = &deployed().stage;
    let token = stage.token(&stage.till("forged", &["forged"]), WRITE);
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts: {token}")
    };
    let mut more: Value =
        serde_json::from_slice(&BASE64.decode(claims).expect("base64")).expect("claims");
    more["stores"] = json!("*");
    let more = BASE64.encode(more.to_string());
    let none = BASE64.encode(r#"{"alg":"none"}"#);
    let forged = [
        "garbage".to_owned(),
        format!("{header}.{more}.{signature}"),
        format!("{header}.{claims}.{}", BASE64.encode("no signature")),
        format!("{none}.{more}."),
    ];
    for token in forged {
        assert_eq!(post(stage, Some(&token), "forged"), 401, "{token}");
    }
    nothing_is_written(stage, "forged");
}

#[test]
fn an_expired_token_writes_nothing() {
    let stage = &deployed().stage;
    let till = stage.till("expired", &["expired"]);
    stage.hasten(&till);
    let token = stage.token(&till, WRITE);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(post(stage, Some(&token), "expired"), 401);
    nothing_is_written(stage, "expired");
}

#[test]
fn a_token_without_the_scope_writes_nothing() {
    let stage = &deployed().stage;
    let till = stage.till("reader", &["reader"]);
    let token = stage.token(&till, READ);
    assert_eq!(post(stage, Some(&token), "reader"), 403);
    nothing_is_written(stage, "reader");
}

#[test]
fn a_token_of_another_store_writes_nothing() {
    let stage = &deployed().stage;
    let token = stage.token(&stage.till("mine", &["mine"]), WRITE);
    let answer = stage.post(Some(&token), &[event("foreign", "e-1", "rye", now())]);
    assert_eq!(answer.status, 403, "{}", answer.text);
    let mixed = [event("mine", "e-1", "rye", now()), event("foreign", "e-2", "rye", now())];
    let answer = stage.post(Some(&token), &mixed);
    assert_eq!(answer.status, 207, "{}", answer.text);
    assert_eq!(answer.json()["results"][1]["code"], "store_not_allowed", "{}", answer.text);
    eventually("the own event is stored", || {
        let windows = deployed_stock(stage, "mine").len();
        if windows == 1 { Ok(()) } else { Err(format!("{windows} windows")) }
    });
    nothing_is_written(stage, "foreign");
}

#[test]
fn a_client_that_was_granted_nothing_writes_nothing() {
    let stage = &deployed().stage;
    let token = stage.token(&stage.till("ungranted", &[]), WRITE);
    assert_eq!(post(stage, Some(&token), "ungranted"), 403);
    nothing_is_written(stage, "ungranted");
}

#[test]
fn a_wrong_secret_gets_no_token() {
    let stage = &deployed().stage;
    let answer = stage.ask_for_token(&stage.till("secret", &[]).with_secret("wrong"), WRITE);
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("invalid_client"), "{}", answer.text);
}

#[test]
fn the_route_of_internal_producers_takes_signed_requests_only() {
    let stage = &deployed().stage;
    let answer = stage.post_internal(None, &[event("internal", "e-1", "rye", now())]);
    assert_eq!(answer.status, 403, "{}", answer.text);
    nothing_is_written(stage, "internal");
    let answer = stage.post_internal(Some(&stage.aws), &[event("internal", "e-2", "rye", now())]);
    assert_eq!(answer.stored(), 1);
}

#[test]
fn a_queue_refuses_who_does_not_come_over_tls() {
    let stage = &deployed().stage;
    let asked = json!({ "QueueUrl": stage.queue("pricing.fifo"), "AttributeNames": ["All"] });
    let ask = |aws: &Aws| aws.json("sqs", "AmazonSQS.GetQueueAttributes", &asked);
    assert!(ask(&stage.in_the_clear).is_denied(), "even the account's root");
    ask(&stage.aws).json();
}
