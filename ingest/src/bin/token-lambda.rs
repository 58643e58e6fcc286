//! Pre token generation trigger of the user pool. It adds the claim `stores` with the grant of the
//! client. Trigger version 3 also applies to the tokens of programs.
//!
//! The grant depends on the client and not on its user: analysts sign in through a client with a
//! grant for all stores, for reading. A client without a grant gets a token without the claim,
//! which allows nothing. If the table does not answer, no token is issued and the client asks
//! again.

#![recursion_limit = "256"]

use std::time::Duration;

use aws::Tables;
use aws::lambda::Function;
use domain::ClientId;
use domain::ports::ClientsTable;
use lambda_http::lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use tracing::Instrument;

/// Version of the trigger. Source: Cognito developer guide, "Pre token generation Lambda trigger".
const VERSION: &str = "3";
/// Time limit of one call. The user pool waits five seconds, which leaves time to repeat a call.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?.with_attempts_within(ATTEMPT_TIMEOUT);
    let tables = function.tables()?;
    run(service_fn(async |event: LambdaEvent<Value>| answer(&tables, event.payload).await))
        .instrument(function.span())
        .await
}

/// Returns the event with the response that the user pool expects.
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
        None => tracing::warn!(%client_id, "a client without a grant signs in"),
    }
    Ok(event)
}
