//! Permissions of the role of each function. All other tests show that the permissions suffice,
//! because the emulator enforces the same roles there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Aws, REGION, Stage, deployed};

/// Functions with their allowed [`probes`].
const MAY: [(&str, &[&str]); 9] = [
    ("ingest", &["stream PutRecords"]),
    (
        "stock-processor",
        &[
            "quarantine PutItem",
            "stock-log BatchWriteItem",
            "stream GetRecords",
            "stream GetShardIterator",
            "stream ListShards",
        ],
    ),
    (
        "pricing",
        &[
            "catalog GetItem",
            "catalog Query",
            "days BatchGetItem",
            "days Query",
            "offers PutItem",
            "offers Query",
            "pricing DeleteMessage",
            "pricing ReceiveMessage",
            "stock-log Query",
        ],
    ),
    ("pricing-schedule", &["catalog BatchGetItem", "catalog Query", "pricing SendMessage"]),
    (
        "day-close",
        &[
            "catalog GetItem",
            "catalog Query",
            "day-close DeleteMessage",
            "day-close ReceiveMessage",
            "days BatchGetItem",
            "days DeleteItem",
            "days PutItem",
            "days Query",
            "offers Query",
            "quarantine DeleteItem",
            "quarantine PutItem",
            "stock-log PutItem",
            "stock-log Query",
            "windows PutItem",
            "windows Query",
        ],
    ),
    (
        "day-close-schedule",
        &["catalog BatchGetItem", "catalog Query", "day-close SendMessage", "stock-log Query"],
    ),
    ("token", &["clients GetItem"]),
    ("offers-api", &["catalog GetItem", "catalog Query", "offers Query"]),
    (
        "figures-api",
        &[
            "catalog BatchGetItem",
            "catalog GetItem",
            "catalog Query",
            "days BatchGetItem",
            "days Query",
            "offers Query",
            "stock-log Query",
        ],
    ),
];

#[test]
fn each_function_may_do_what_it_needs_and_nothing_else() {
    let stage = &deployed().stage;
    let probes = probes(stage);
    let mut wrong = Vec::new();
    for (function, may) in MAY {
        let role = assume_role_of(stage, function);
        let expected: BTreeSet<&str> = may.iter().copied().collect();
        let allowed = probes.iter().filter(|probe| probe.is_allowed(&role));
        let found: BTreeSet<&str> = allowed.map(|probe| probe.name.as_str()).collect();
        let [more, less] = [&found - &expected, &expected - &found];
        if !more.is_empty() || !less.is_empty() {
            wrong.push(format!("{function} may {more:?} too, and may not {less:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Puts on a function's role, which trusts Lambda alone until root says that it trusts the account.
fn assume_role_of(stage: &Stage, function: &str) -> Aws {
    let arn = stage.role_of(function);
    let trusts = |principal: Value| {
        let action = "sts:AssumeRole";
        json!({ "Effect": "Allow", "Action": action, "Principal": principal })
    };
    let lambda = trusts(json!({ "Service": "lambda.amazonaws.com" }));
    let account = trusts(json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }));
    let policy = json!({ "Version": "2012-10-17", "Statement": [lambda, account] }).to_string();
    let name = arn.rsplit('/').next().expect("a name");
    let asked = [("RoleName", name), ("PolicyDocument", &policy)];
    let answer = stage.aws.query("iam", "2010-05-08", "UpdateAssumeRolePolicy", &asked);
    assert_eq!(answer.status, 200, "{}", answer.text);
    stage.aws.assume(&arn)
}

/// Call that is tried with a role: a service and one of its operations.
struct Probe {
    name: String,
    service: &'static str,
    operation: String,
    input: Value,
}

impl Probe {
    /// Returns `true` if the role may do the call. An allowed call has no effect, because its input
    /// is invalid or names nothing that exists.
    fn is_allowed(&self, role: &Aws) -> bool {
        !role.json(self.service, &self.operation, &self.input).is_denied()
    }
}

fn probes(stage: &Stage) -> Vec<Probe> {
    let probe = |of: &str, service, protocol: &str, operation: &str, input: Value| {
        let (name, operation) = (format!("{of} {operation}"), format!("{protocol}.{operation}"));
        Probe { name, service, operation, input }
    };
    let mut probes = Vec::new();
    let tables = ["stock-log", "windows", "days", "offers", "catalog", "quarantine", "clients"];
    for table in tables {
        for (operation, input) in item_calls(&stage.of(table)) {
            probes.push(probe(table, "dynamodb", "DynamoDB_20120810", operation, input));
        }
    }
    let stream = format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{}", stage.of("events"));
    for (operation, input) in stream_calls() {
        let mut input = input.clone();
        input["StreamARN"] = json!(stream);
        probes.push(probe("stream", "kinesis", "Kinesis_20131202", operation, input));
    }
    for queue in ["pricing", "day-close"] {
        for (operation, mut input) in queue_calls() {
            input["QueueUrl"] = json!(stage.queue(&format!("{queue}.fifo")));
            probes.push(probe(queue, "sqs", "AmazonSQS", operation, input));
        }
    }
    let bus = json!({ "Entries": [{
        "EventBusName": format!("daymark-{}", stage.name), "Source": "daymark.offers",
    }] });
    probes.push(probe("bus", "events", "AWSEvents", "PutEvents", bus));
    let logs = json!({ "logGroupName": "/aws/lambda/another", "logStreamName": "probe" });
    probes.push(probe("logs", "logs", "Logs_20140328", "CreateLogStream", logs));
    let users = json!({ "UserPoolId": stage.output("UserPoolId") });
    let cognito = "AWSCognitoIdentityProviderService";
    probes.push(probe("users", "cognito-idp", cognito, "ListUserPoolClients", users));
    let name = json!({ "Name": "/cdk-bootstrap/hnb659fds/version" });
    probes.push(probe("parameters", "ssm", "AmazonSSM", "GetParameter", name));
    probes
}

fn stream_calls() -> [(&'static str, Value); 5] {
    [
        ("PutRecords", json!({ "Records": [] })),
        ("ListShards", json!({})),
        ("GetShardIterator", json!({ "ShardId": "none", "ShardIteratorType": "LATEST" })),
        ("GetRecords", json!({ "ShardIterator": "none" })),
        ("IncreaseStreamRetentionPeriod", json!({ "RetentionPeriodHours": 1 })),
    ]
}

fn queue_calls() -> [(&'static str, Value); 4] {
    [
        ("SendMessage", json!({ "MessageBody": "a group is missing" })),
        ("ReceiveMessage", json!({ "MaxNumberOfMessages": 99 })),
        ("DeleteMessage", json!({ "ReceiptHandle": "none" })),
        ("SetQueueAttributes", json!({ "Attributes": { "NoSuch": "1" } })),
    ]
}

fn item_calls(table: &str) -> [(&'static str, Value); 8] {
    let key = json!({ "pk": { "S": "probe" }, "sk": { "S": "probe" } });
    let never = "attribute_exists(pk)";
    [
        ("GetItem", json!({ "TableName": table, "Key": key })),
        ("BatchGetItem", json!({ "RequestItems": { table: { "Keys": [key] } } })),
        (
            "Query",
            json!({
                "TableName": table, "KeyConditionExpression": "pk = :pk",
                "ExpressionAttributeValues": { ":pk": { "S": "probe" } },
            }),
        ),
        (
            "BatchWriteItem",
            json!({ "RequestItems": { table: [{ "DeleteRequest": { "Key": key } }] } }),
        ),
        ("Scan", json!({ "TableName": table, "Limit": 1 })),
        ("PutItem", json!({ "TableName": table, "Item": key, "ConditionExpression": never })),
        ("UpdateItem", json!({ "TableName": table, "Key": key, "ConditionExpression": never })),
        ("DeleteItem", json!({ "TableName": table, "Key": key, "ConditionExpression": never })),
    ]
}
