//! Offers as events: what the pipes make of the rows, and whom it reaches.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Stage, eventually};

/// Stands in for the pipes, which deliver to no bus in the emulator: puts on the bus what the
/// deployed pipes' own templates make of the rows, and waits until the subscriber has all of it.
pub(crate) fn pipes_tell_the_bus(stage: &Stage, store: &str) {
    let mut offers = stage.aws.items(&stage.of("offers"));
    offers.retain(|_, offer| offer["store_id"]["S"] == store);
    assert!(!offers.is_empty(), "some of what is left is cheaper now");
    let mut told = BTreeSet::new();
    for offer in offers.values() {
        let is_first = offer["revision"]["N"] == "1";
        let detail_type = if is_first { "OfferPublished" } else { "OfferDeepened" };
        let detail = filled_in(&template_of(stage, detail_type), offer);
        let entry = json!({
            "EventBusName": format!("daymark-{}", stage.name), "Source": "daymark.offers",
            "DetailType": detail_type, "Detail": detail,
        });
        let put = json!({ "Entries": [entry] });
        let answer = stage.aws.json("events", "AWSEvents.PutEvents", &put).json();
        assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
        let detail: Value = serde_json::from_str(&detail).expect("JSON");
        assert_eq!(detail["price"], offer["price"]["N"], "the price is what it is: {detail}");
        told.insert(detail["offer_id"].as_str().expect("an id").to_owned());
    }
    let queue = json!({ "QueueUrl": stage.queue("offers-labels"), "MaxNumberOfMessages": 10 });
    let mut got = BTreeSet::new();
    eventually("the subscriber has every offer", || {
        let answer = stage.aws.json("sqs", "AmazonSQS.ReceiveMessage", &queue).json();
        for message in answer["Messages"].as_array().into_iter().flatten() {
            let event: Value = message["Body"]
                .as_str()
                .and_then(|body| serde_json::from_str(body).ok())
                .expect("an event");
            got.insert(event["detail"]["offer_id"].as_str().expect("an id").to_owned());
        }
        if got == told { Ok(()) } else { Err(format!("{} of {}", got.len(), told.len())) }
    });
}

/// The input template of the deployed pipe that makes events of this type.
fn template_of(stage: &Stage, detail_type: &str) -> String {
    let template = stage.template();
    let resources = template["Resources"].as_object().expect("resources");
    let targets = resources
        .values()
        .filter(|resource| resource["Type"] == "AWS::Pipes::Pipe")
        .map(|pipe| &pipe["Properties"]["TargetParameters"]);
    let found = targets
        .into_iter()
        .find(|target| target["EventBridgeEventBusParameters"]["DetailType"] == detail_type);
    found.and_then(|target| target["InputTemplate"].as_str()).expect("a template").to_owned()
}

/// A template with what its paths find in a new row, as EventBridge Pipes fills one in.
fn filled_in(template: &str, row: &Value) -> String {
    let mut parts = template.split('<');
    let mut filled = parts.next().expect("a beginning").to_owned();
    for part in parts {
        let (path, rest) = part.split_once('>').expect("a path ends");
        let keys = path.strip_prefix("$.dynamodb.NewImage.").expect("a path into the row");
        let found = keys.split('.').fold(row, |value, key| &value[key]);
        assert!(!found.is_null(), "{path} finds nothing in {row}");
        filled.push_str(&found.to_string());
        filled.push_str(rest);
    }
    filled
}
