//! The user pool's trigger before a token is made: the claim `stores` says what the client was
//! granted. It is of trigger version 3, which also takes part in the tokens of programs.
//!
//! Only the client counts, whoever signs in through it: analysts sign in through a client that was
//! granted all stores, for reading. A client that was granted nothing gets a token without the
//! claim, which allows nothing. When the table does not answer there is no token at all, and the
//! client asks again.

#![recursion_limit = "256"]

use std::time::Duration;

use aws::Tables;
use aws::lambda::Function;
use domain::ClientId;
use domain::ports::ClientsTable;
use lambda_http::lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use tracing::Instrument;

/// Source: the Cognito developer guide, "Pre token generation Lambda trigger".
const VERSION: &str = "3";
/// The user pool waits five seconds, so that a call that hangs is tried again meanwhile.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?.with_attempts_within(ATTEMPT_TIMEOUT);
    let tables = function.tables()?;
    run(service_fn(async |event: LambdaEvent<Value>| answer(&tables, event.payload).await))
        .instrument(function.span())
        .await
}

/// The event with its response filled in, as the user pool wants it back.
async fn answer(tables: &Tables, mut event: Value) -> Result<Value, Error> {
    if event["version"] != VERSION {
        let given = &event["version"];
        return Err(format!(
            "the trigger sends an event of version {given}, which leaves the tokens of programs as \
             they are; set the trigger's version to V3_0"
        )
        .into());
    }
    let client_id = event["callerContext"]["clientId"].as_str().unwrap_or_default();
    let client_id: ClientId =
        client_id.parse().map_err(|error| format!("callerContext.clientId {error}"))?;
    match tables.load_grant(&client_id).await? {
        Some(grant) => {
            let claims = json!({ "stores": grant.authority.to_string() });
            event["response"] = json!({ "claimsAndScopeOverrideDetails": {
                "accessTokenGeneration": { "claimsToAddOrOverride": claims },
            }});
        }
        None => tracing::warn!(%client_id, "a client that was granted nothing signs in"),
    }
    Ok(event)
}
