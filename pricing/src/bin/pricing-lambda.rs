//! The pricing as a Lambda function on a schedule. The schedule's own time decides the slot, so
//! that a tick that is delivered late or twice decides the same; or nothing, when the slot is over.

#![recursion_limit = "256"]

use aws::lambda::{Function, Tables};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pricing::Pricing;
use serde::{Deserialize, Serialize};
use tracing::Instrument;

/// What EventBridge sends.
#[derive(Deserialize)]
struct Tick {
    /// When the tick was due.
    time: DateTime<Utc>,
}

#[derive(Serialize)]
struct Answer {
    published: usize,
    shadows: usize,
    kept: usize,
    already_decided: usize,
    held_back: usize,
}

#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    pricing::metrics::describe();
    let Tables { catalog, stock, days, offers, .. } = function.tables()?;
    let pricing = Pricing { catalog, stock, days, offers };
    let handler = service_fn(async |event: LambdaEvent<Tick>| {
        let pass = pricing.tick(event.payload.time, now()).await;
        function.report(&event.context.request_id);
        let pass = pass?;
        Ok::<_, Error>(Answer {
            published: pass.published.len(),
            shadows: pass.shadows,
            kept: pass.kept,
            already_decided: pass.already_decided,
            held_back: pass.held_back.values().sum(),
        })
    });
    run(handler).instrument(function.span()).await
}
