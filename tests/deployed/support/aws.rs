//! Any service, in the words of its own protocol, signed as an SDK signs.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::config::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::run;

/// The emulator's region, account and root key.
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ACCOUNT: &str = "000000000000";
pub(crate) const ROOT_KEY: &str = "test";

/// A caller of the services behind an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    http: reqwest::Client,
    endpoint: String,
    caller: Credentials,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON, given that the call was allowed and made sense.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert!(self.status < 300, "{}: {}", self.status, self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The text of the first such element of XML.
    #[track_caller]
    pub(crate) fn element(&self, name: &str) -> String {
        let found = self.text.split_once(&format!("<{name}>"));
        let found = found.and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.text)).0.to_owned()
    }

    /// Number of stored events; fails unless all were stored.
    #[track_caller]
    pub(crate) fn stored(&self) -> u64 {
        assert_eq!(self.status, 202, "{}", self.text);
        self.json()["counts"]["stored"].as_u64().expect("a count")
    }

    /// `true` if IAM refused the request.
    pub(crate) fn is_denied(&self) -> bool {
        self.status >= 400 && self.text.contains("AccessDenied")
    }
}

impl Aws {
    /// The account's root.
    pub(crate) fn root(endpoint: &str) -> Self {
        let caller = Credentials::new(ROOT_KEY, ROOT_KEY, None, None, "emulator");
        Self { http: reqwest::Client::new(), endpoint: endpoint.to_owned(), caller }
    }

    /// The same services, called by a role.
    pub(crate) fn assume(&self, role_arn: &str) -> Self {
        let asked = [("RoleArn", role_arn), ("RoleSessionName", "proof")];
        let answer = self.query("sts", "2011-06-15", "AssumeRole", &asked);
        let [key, secret, token] = ["AccessKeyId", "SecretAccessKey", "SessionToken"]
            .map(|element| answer.element(element));
        let caller = Credentials::new(key, secret, Some(token), None, "role");
        Self { caller, ..self.clone() }
    }

    /// Calls `Target.Operation` in JSON.
    pub(crate) fn json(&self, service: &str, operation: &str, input: &Value) -> Answer {
        let version = if ["dynamodb", "sqs"].contains(&service) { "1.0" } else { "1.1" };
        let content_type = format!("application/x-amz-json-{version}");
        let headers = [("content-type", &*content_type), ("x-amz-target", operation)];
        self.send(service, "POST", "/", &headers, &input.to_string())
    }

    /// Calls an operation of a service that speaks forms and XML.
    pub(crate) fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        input: &[(&str, &str)],
    ) -> Answer {
        let mut form = Url::parse("http://form").expect("a URL");
        let fields = [("Action", action), ("Version", version)];
        form.query_pairs_mut().extend_pairs(fields.iter().chain(input));
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(service, "POST", "/", &headers, form.query().unwrap_or_default())
    }

    /// Calls a path of a service that speaks REST in JSON.
    pub(crate) fn rest(&self, service: &str, method: &str, path: &str, input: &Value) -> Answer {
        let body = if input.is_null() { String::new() } else { input.to_string() };
        self.send(service, method, path, &[("content-type", "application/json")], &body)
    }

    /// Sends a signed request, and once more where the service fails, as the SDKs do.
    pub(crate) fn send(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let send = || self.send_once(service, method, path, headers, body);
        let answer = send();
        if answer.status == 500 { send() } else { answer }
    }

    #[expect(clippy::disallowed_methods, reason = "a signature says when")]
    fn send_once(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let url = format!("{}{path}", self.endpoint);
        let identity = self.caller.clone().into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(std::time::SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .expect("everything is given")
            .into();
        let body_signed = SignableBody::Bytes(body.as_bytes());
        let given = headers.iter().copied();
        let request = SignableRequest::new(method, &url, given, body_signed).expect("a request");
        let (signature, _) = sign(request, &parameters).expect("a signature").into_parts();
        let header = |name: &str, value: &str| {
            let name: HeaderName = name.parse().expect("a header's name");
            (name, HeaderValue::from_str(value).expect("a header's value"))
        };
        let all: HeaderMap = headers
            .iter()
            .map(|(name, value)| header(name, value))
            .chain(signature.headers().map(|(name, value)| header(name, value)))
            .collect();
        let method = method.parse().expect("a method");
        let request = self.http.request(method, &url).headers(all).body(body.to_owned());
        run(async {
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            Answer { status, text: response.text().await.expect("a whole answer") }
        })
    }

    /// Everything in a table by its key, to the last attribute.
    pub(crate) fn items(&self, table: &str) -> BTreeMap<[String; 2], Value> {
        let mut items = BTreeMap::new();
        let mut input = json!({ "TableName": table, "ConsistentRead": true });
        loop {
            let page = self.json("dynamodb", "DynamoDB_20120810.Scan", &input).json();
            for item in page["Items"].as_array().expect("items") {
                let key = |name: &str| item[name]["S"].as_str().expect("a key").to_owned();
                items.insert([key("pk"), key("sk")], item.clone());
            }
            match &page["LastEvaluatedKey"] {
                Value::Null => return items,
                last => input["ExclusiveStartKey"] = last.clone(),
            }
        }
    }
}
