//! Context that API Gateway adds to a request: the authority of the sender and the stage.

use domain::Authority;
use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext as Context;
use lambda_http::http::Uri;
use lambda_http::http::request::Parts;
use lambda_http::request::RequestContext;

/// Claim of an access token with the stores. The function `token` adds the claim.
const STORES: &str = "stores";
/// Name of the stage that is not part of the path.
const DEFAULT_STAGE: &str = "$default";

/// Adds the authority of the sender to a request, and removes the stage from its path. Routers that
/// need an authority refuse a request without one.
#[must_use]
pub fn admitted(request: Request) -> Request {
    let (mut head, body) = request.into_parts();
    if let Some(RequestContext::ApiGatewayV2(context)) = head.extensions.get().cloned() {
        admit(&mut head, &context);
    }
    Request::from_parts(head, body)
}

fn admit(head: &mut Parts, context: &Context) {
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    if let Ok(uri) = path_below_stage(path, context).parse::<Uri>() {
        head.uri = uri;
    }
    if let Some(authority) = authority(context) {
        head.extensions.insert(authority);
    }
}

/// Returns the authority of the sender. `None` if the route has no authorizer and the sender is
/// unverified.
///
/// A token names the stores in the claim `stores`; without the claim it allows no store. A sender
/// with an IAM signature is a program of the retailer and may act for all stores, because IAM
/// policies decide which programs may call the route.
fn authority(context: &Context) -> Option<Authority> {
    let authorizer = context.authorizer.as_ref()?;
    if let Some(jwt) = &authorizer.jwt {
        let claim = jwt.claims.get(STORES).map_or("", String::as_str);
        return Some(claim.parse().unwrap_or_else(|error| {
            tracing::error!(claim, %error, "the claim `stores` is unreadable and allows nothing");
            Authority::nothing()
        }));
    }
    authorizer.iam.as_ref().map(|_| Authority::everything())
}

/// Removes the stage from a path. A stage with a name is the first segment of the path.
fn path_below_stage<'a>(path: &'a str, context: &Context) -> &'a str {
    let stage = context.stage.as_deref().filter(|stage| *stage != DEFAULT_STAGE);
    let below = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    below.filter(|below| below.starts_with('/')).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use lambda_http::RequestExt;
    use serde_json::{Value, json};

    use super::*;

    fn context(stage: &str, authorizer: Value) -> Context {
        let http = json!({ "method": "POST", "path": "/v1/events", "protocol": "HTTP/1.1" });
        let context = json!({ "stage": stage, "http": http, "authorizer": authorizer });
        serde_json::from_value(context).unwrap()
    }

    /// Format of "Working with AWS Lambda proxy integrations for HTTP APIs" in the developer guide.
    fn token(claims: Value) -> Value {
        json!({ "jwt": { "claims": claims, "scopes": ["daymark/events:write"] } })
    }

    fn found(authorizer: Value) -> Option<Authority> {
        authority(&context("$default", authorizer))
    }

    #[test]
    fn a_token_allows_the_stores_of_its_claim_and_no_others() {
        let claims = |stores| json!({ "client_id": "till", "stores": stores });
        assert_eq!(found(token(claims("s1 s2"))), Some("s1 s2".parse().unwrap()));
        assert_eq!(found(token(claims("*"))), Some(Authority::Everything));
        // A list in brackets, and `*` among other stores, are not valid claims.
        for unreadable in ["[s1 s2]", "s1,s2", "s1 *"] {
            assert_eq!(found(token(claims(unreadable))), Some(Authority::nothing()));
        }
    }

    #[test]
    fn a_token_without_the_claim_allows_no_store() {
        assert_eq!(found(token(json!({ "client_id": "till" }))), Some(Authority::nothing()));
        assert_eq!(found(token(Value::Null)), Some(Authority::nothing()));
    }

    #[test]
    fn a_sender_with_an_iam_signature_may_write_for_every_store() {
        let iam = json!({ "iam": {
            "accessKey": "ASIA", "accountId": "000000000000", "callerId": "AROA:session",
            "cognitoIdentity": null, "principalOrgId": "aws:PrincipalOrgID",
            "userArn": "arn:aws:sts::000000000000:assumed-role/hub/session", "userId": "AROA",
        }});
        assert_eq!(found(iam), Some(Authority::Everything));
    }

    #[test]
    fn without_an_authorizer_there_is_no_authority() {
        let stores = json!({ "stores": "*" });
        for unchecked in [Value::Null, json!({}), json!({ "lambda": stores })] {
            assert_eq!(found(unchecked), None);
        }
    }

    #[test]
    fn an_admitted_request_has_its_authority_and_keeps_its_query() {
        let context = context("dev", token(json!({ "stores": "s1" })));
        let mut request = Request::new(lambda_http::Body::Empty);
        *request.uri_mut() =
            "https://host/dev/v1/stores/s1/offers?date=2026-03-12".parse().unwrap();
        let unchecked = admitted(request);
        assert_eq!(unchecked.extensions().get::<Authority>(), None);
        let request =
            admitted(unchecked.with_request_context(RequestContext::ApiGatewayV2(context)));
        assert_eq!(request.uri(), "/v1/stores/s1/offers?date=2026-03-12");
        assert_eq!(request.extensions().get(), Some(&"s1".parse::<Authority>().unwrap()));
    }

    #[test]
    fn a_named_stage_is_removed_from_the_path() {
        let below = |stage, path: &'static str| {
            path_below_stage(path, &context(stage, Value::Null)).to_owned()
        };
        assert_eq!(below("$default", "/v1/events"), "/v1/events");
        assert_eq!(below("dev", "/dev/v1/events"), "/v1/events");
        assert_eq!(below("v1", "/v1/v1/events"), "/v1/events");
        assert_eq!(below("dev", "/v1/events"), "/v1/events");
        assert_eq!(below("dev", "/developers"), "/developers");
    }
}
