//! A stage that is taken down is gone.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Aws, Stage, WRITE, deployed, event, now};

/// Kinds of resources of which a destroyed stage without `keepData` leaves none.
const KINDS: [&str; 18] = [
    "stack",
    "stream",
    "table",
    "function",
    "event source mapping",
    "queue",
    "topic",
    "subscription",
    "event bus",
    "schedule",
    "pipe",
    "user pool",
    "API",
    "bucket",
    "role",
    "log group",
    "alarm",
    "key alias",
];

#[test]
fn a_destroyed_stage_leaves_nothing_and_its_neighbour_whole() {
    let neighbour = &deployed().stage;
    let stage = deployed().deploy("brief");
    let token = stage.token(&stage.till("brief", &["corner"]), WRITE);
    let answer = stage.post(Some(&token), &[event("corner", "e-1", "rye", now())]);
    assert_eq!(answer.stored(), 1, "it works");
    for kind in KINDS {
        assert!(!named(&stage, kind).is_empty(), "it has at least one {kind}");
    }
    let of_neighbour = KINDS.map(|kind| named(neighbour, kind));

    stage.destroy();
    for (kind, before) in KINDS.into_iter().zip(of_neighbour) {
        assert_eq!(named(&stage, kind), BTreeSet::new(), "no {kind} is left");
        let after = named(neighbour, kind);
        let gone: Vec<_> = before.difference(&after).filter(|name| !is_brief(name)).collect();
        assert!(gone.is_empty(), "the neighbour lost a {kind}: {gone:?}");
    }
}

/// Other tests have schedules that tick once.
fn is_brief(name: &str) -> bool {
    name.ends_with("-once")
}

/// Resources of this kind with the name of the stage.
fn named(stage: &Stage, kind: &str) -> BTreeSet<String> {
    let text = list(&stage.aws, kind);
    let names = text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_./:".contains(c));
    let of_stage = |name: &&str| name.to_lowercase().contains(&format!("daymark-{}", stage.name));
    names.filter(of_stage).map(str::to_owned).collect()
}

/// Response of the service to a list call for a kind.
fn list(aws: &Aws, kind: &str) -> String {
    let json = |service: &str, operation: &str, input: Value| aws.json(service, operation, &input);
    let query =
        |service: &str, version: &str, action: &str| aws.query(service, version, action, &[]);
    let rest = |service: &str, path: &str| aws.rest(service, "GET", path, &Value::Null);
    let answer = match kind {
        "stack" => query("cloudformation", "2010-05-15", "DescribeStacks"),
        "stream" => json("kinesis", "Kinesis_20131202.ListStreams", json!({})),
        "table" => json("dynamodb", "DynamoDB_20120810.ListTables", json!({})),
        "function" => rest("lambda", "/2015-03-31/functions"),
        "event source mapping" => rest("lambda", "/2015-03-31/event-source-mappings"),
        "queue" => json("sqs", "AmazonSQS.ListQueues", json!({})),
        "topic" => query("sns", "2010-03-31", "ListTopics"),
        "subscription" => query("sns", "2010-03-31", "ListSubscriptions"),
        "event bus" => json("events", "AWSEvents.ListEventBuses", json!({})),
        "schedule" => rest("scheduler", "/schedules"),
        "pipe" => rest("pipes", "/v1/pipes"),
        "user pool" => json(
            "cognito-idp",
            "AWSCognitoIdentityProviderService.ListUserPools",
            json!({ "MaxResults": 60 }),
        ),
        "API" => rest("apigateway", "/v2/apis"),
        "bucket" => rest("s3", "/"),
        "role" => query("iam", "2010-05-08", "ListRoles"),
        "log group" => json("logs", "Logs_20140328.DescribeLogGroups", json!({})),
        "alarm" => query("monitoring", "2010-08-01", "DescribeAlarms"),
        "key alias" => json("kms", "TrentService.ListAliases", json!({})),
        other => panic!("no list of {other}"),
    };
    assert!(answer.status < 300, "{kind}: {}", answer.text);
    answer.text
}
