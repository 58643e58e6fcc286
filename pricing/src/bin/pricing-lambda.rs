//! Lambda function of the pricing, behind the queue of its schedule: one store at a time. The
//! message names the slot, so that a repeated message decides the same. A message that is delivered
//! after the end of its slot decides nothing.
//!
//! A payload `{"decide": […]}` has requests of the public `decide` format. It is answered with the
//! decisions, from this binary and without the tables. The check of a release sends it.

#![recursion_limit = "256"]

use aws::BatchResponse;
use aws::lambda::{DueBatch, Function};
use chrono::{DateTime, Utc};
use domain::DueStore;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pricing::Pricing;
use pricing::contract::answer_line;
use pricing::metrics::{count_freshness, describe};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::Instrument;

/// Payload of an invocation.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected messages under `Records`, or requests under `decide`")]
enum Payload {
    Stores(DueBatch),
    Requests { decide: Vec<Value> },
}

/// Answer to a [`Payload`].
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Stores(BatchResponse),
    Decisions { decisions: Vec<Value> },
}

#[expect(clippy::disallowed_methods, reason = "the program reads the clock")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    describe();
    let pricing = Pricing { tables: function.tables()? };
    let handler = service_fn(async |event: LambdaEvent<Payload>| {
        let price = async |DueStore { store_id, due }| {
            let report = pricing.price_store(&store_id, due, now()).await?;
            count_freshness(&report, due, now());
            Ok(())
        };
        let answer = match event.payload {
            Payload::Stores(stores) => Answer::Stores(stores.serve(price).await),
            Payload::Requests { decide } => Answer::Decisions { decisions: decided(&decide)? },
        };
        function.report(&event.context.request_id);
        Ok::<_, Error>(answer)
    });
    run(handler).instrument(function.span()).await
}

/// Returns the decisions, in the order of their requests.
fn decided(requests: &[Value]) -> Result<Vec<Value>, serde_json::Error> {
    let answers = (1..).zip(requests);
    answers
        .filter_map(|(line, request)| answer_line(request.to_string().as_bytes(), line))
        .map(|answer| serde_json::from_str(&answer))
        .collect()
}
