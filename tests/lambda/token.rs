//! Trigger before the creation of a token.

use std::time::Duration;

use domain::Grant;
use domain::ports::ClientsTable;
use serde_json::{Value, json};

use crate::runtime_api::Answer;
use crate::world::{World, now};

/// Request of the user pool for client credentials. Source: the Cognito developer guide, "Pre token
/// generation Lambda trigger", event version 3.
fn sign_in(client_id: &str) -> Value {
    json!({
        "version": "3",
        "triggerSource": "TokenGeneration_ClientCredentials",
        "region": "eu-west-1",
        "userPoolId": "eu-west-1_EXAMPLE",
        "userName": "ClientCredentials",
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id },
        "request": {
            "userAttributes": {},
            "groupConfiguration": null,
            "scopes": ["daymark/events:write"],
        },
        "response": { "claimsAndScopeOverrideDetails": null },
    })
}

async fn grant(world: &World, client_id: &str, stores: &str) {
    let tables = world.tables("shop-");
    let (client_id, stores) = (client_id.parse().unwrap(), stores.parse().unwrap());
    let grant = Grant::new(client_id, stores, now()).expect("it fits a token");
    tables.put_grant(&grant).await.expect("the table answers");
}

#[tokio::test]
async fn a_token_names_the_stores_that_its_client_was_granted() {
    let world = World::start();
    world.create_tables("shop-").await;
    grant(&world, "till", "s2 s1").await;
    grant(&world, "hub", "*").await;
    let mut function = world.function("token-lambda", "shop-").await;
    for (client_id, claim) in [("till", "s1 s2"), ("hub", "*")] {
        let mut expected = sign_in(client_id);
        expected["response"] = json!({ "claimsAndScopeOverrideDetails": {
            "accessTokenGeneration": { "claimsToAddOrOverride": { "stores": claim } },
        }});
        assert_eq!(function.respond(sign_in(client_id)).await, expected);
    }
    // The token of a person has the grant of the client used for the sign-in.
    let mut person = sign_in("hub");
    person["triggerSource"] = json!("TokenGeneration_HostedAuth");
    person["userName"] = json!("analyst");
    let answer = function.respond(person).await;
    let claims = "/response/claimsAndScopeOverrideDetails/accessTokenGeneration";
    let claims = answer.pointer(claims).expect("claims");
    assert_eq!(*claims, json!({ "claimsToAddOrOverride": { "stores": "*" } }));
}

#[tokio::test]
async fn a_client_that_was_granted_nothing_gets_no_claim() {
    let world = World::start();
    world.create_tables("shop-").await;
    grant(&world, "till", "s1").await;
    let mut function = world.function("token-lambda", "shop-").await;
    assert_eq!(function.respond(sign_in("stranger")).await, sign_in("stranger"));
    let printed = function.end();
    let warned = printed.iter().any(|line| line.to_string().contains("stranger"));
    assert!(warned, "an operator sees who has no grant yet: {printed:?}");
}

#[tokio::test]
async fn no_token_is_created_while_the_grants_cannot_be_read() {
    let world = World::start();
    let mut function = world.function("token-lambda", "shop-").await;
    let Answer::Error(error) = function.invoke(sign_in("till")).await else { panic!("a token") };
    assert!(error["errorMessage"].to_string().contains("ResourceNotFoundException"), "{error}");
}

#[tokio::test]
async fn the_error_of_an_older_trigger_version_names_the_accepted_one() {
    let world = World::start();
    world.create_tables("shop-").await;
    let mut function = world.function("token-lambda", "shop-").await;
    let mut old = sign_in("till");
    old["version"] = json!("1");
    let Answer::Error(error) = function.invoke(old).await else { panic!("it was taken") };
    assert!(error["errorMessage"].to_string().contains("set the trigger's version to V3_0"));
}

#[tokio::test]
async fn a_call_that_hangs_is_retried_within_the_timeout_of_the_user_pool() {
    let world = World::start();
    world.create_tables("shop-").await;
    grant(&world, "till", "s1").await;
    let mut function = world.function_with_a_hung_call("token-lambda", "shop-").await;
    // With the default time limit the attempt would still hang; the user pool waits five seconds.
    let waited = tokio::time::timeout(Duration::from_secs(9), function.respond(sign_in("till")));
    let answer = waited.await.expect("an answer");
    let claims = "/response/claimsAndScopeOverrideDetails/accessTokenGeneration";
    let claims = answer.pointer(claims).expect("claims");
    assert_eq!(*claims, json!({ "claimsToAddOrOverride": { "stores": "s1" } }));
}
