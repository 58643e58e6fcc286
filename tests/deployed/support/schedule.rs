//! The ticks of EventBridge Scheduler.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::aws::{ACCOUNT, REGION};
use super::{Stage, eventually, now};

/// A quarter of an hour, in seconds.
const SLOT: i64 = 900;
/// Time limit for two decisions and their reads on a slow machine.
const ENOUGH: i64 = 120;

impl Stage {
    /// Has the Scheduler tick for `due`: once, through the target of the deployed schedule. The
    /// emulator ticks by itself, but leaves `<aws.scheduler.scheduled-time>` as it is written.
    pub(crate) fn tick(&self, function: &str, due: DateTime<Utc>) {
        self.permit_batches(function);
        let schedule = self.schedule_of(function);
        let mut target = schedule["Target"].clone();
        assert_eq!(target["Input"], r#"{"due":"<aws.scheduler.scheduled-time>"}"#);
        target["Input"] = json!(json!({ "due": due }).to_string());
        let once = format!("{}-once", self.of(function));
        let at = (now() - TimeDelta::seconds(1)).format("at(%Y-%m-%dT%H:%M:%S)").to_string();
        let asked = json!({
            "ScheduleExpression": at, "FlexibleTimeWindow": { "Mode": "OFF" }, "Target": target,
            "ActionAfterCompletion": "DELETE",
        });
        let path = format!("/schedules/{once}");
        self.aws.rest("scheduler", "POST", &path, &asked).json();
        eventually(&format!("the Scheduler ticks {function}"), || {
            match self.aws.rest("scheduler", "GET", &path, &Value::Null).status {
                404 => Ok(()),
                status => Err(format!("{status}: it is still there")),
            }
        });
    }

    /// In AWS who may send a message may send ten at once: IAM has no other word for it. The
    /// emulator asks for `sqs:SendMessageBatch`, so the function's role gets that as well.
    fn permit_batches(&self, function: &str) {
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:*");
        let statement =
            json!({ "Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": arn });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let role = self.role_of(function);
        let name = role.rsplit('/').next().expect("a name");
        let asked = [("RoleName", name), ("PolicyName", "batches"), ("PolicyDocument", &*policy)];
        let answer = self.aws.query("iam", "2010-05-08", "PutRolePolicy", &asked);
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// The ARN of the role of a function.
    pub(crate) fn role_of(&self, function: &str) -> String {
        let path = format!("/2015-03-31/functions/{}", self.of(function));
        let found = self.aws.rest("lambda", "GET", &path, &Value::Null).json();
        found["Configuration"]["Role"].as_str().expect("a role").to_owned()
    }

    /// Invokes a function and waits for its answer.
    pub(crate) fn invoke(&self, function: &str, input: &Value) -> Value {
        let path = format!("/2015-03-31/functions/{}:live/invocations", self.of(function));
        let answer = self.aws.rest("lambda", "POST", &path, input).json();
        assert!(answer["errorType"].is_null(), "{function}: {answer}");
        answer
    }

    /// Number of messages in a queue: visible, delayed and in flight.
    pub(crate) fn messages_in(&self, queue: &str) -> usize {
        let asked = json!({ "QueueUrl": self.queue(queue), "AttributeNames": ["All"] });
        let answer = self.aws.json("sqs", "AmazonSQS.GetQueueAttributes", &asked).json();
        let count = |which: &str| -> usize {
            let name = format!("ApproximateNumberOfMessages{which}");
            answer["Attributes"][name].as_str().and_then(|count| count.parse().ok()).expect(which)
        };
        ["", "Delayed", "NotVisible"].into_iter().map(count).sum()
    }

    /// The deployed schedule whose target is a function's alias.
    fn schedule_of(&self, function: &str) -> Value {
        let schedules = self.aws.rest("scheduler", "GET", "/schedules", &Value::Null).json();
        let target = format!(":function:{}:live", self.of(function));
        let found = schedules["Schedules"].as_array().expect("schedules").iter().find(|schedule| {
            schedule["Target"]["Arn"].as_str().is_some_and(|arn| arn.ends_with(&target))
        });
        let found = found.unwrap_or_else(|| panic!("no schedule of {function}: {schedules}"));
        let [group, name] = ["GroupName", "Name"].map(|key| found[key].as_str().expect("a name"));
        let path = format!("/schedules/{name}?groupName={group}");
        self.aws.rest("scheduler", "GET", &path, &Value::Null).json()
    }
}

/// Now, or soon: what follows is in one slot of the pricing grid.
pub(crate) fn early_in_a_slot() -> DateTime<Utc> {
    let left = SLOT - now().timestamp().rem_euclid(SLOT);
    if left < ENOUGH {
        std::thread::sleep(Duration::from_secs(left.unsigned_abs() + 1));
    }
    now()
}
